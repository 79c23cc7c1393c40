import { databasePath } from '../catalog/index.js';
import { lockTree, openTools, readConfig } from '../context.js';
import { reindex as makeAnew, type ReindexSummary } from '../keeping/index.js';
import type { Command, Output } from './command.js';
import { startFileBar } from './file-bar.js';

export const reindex: Command = {
  usage: 'reindex [--dry-run] [--read-data] [--json]',
  summary: 'Make the whole catalogue anew from the tree of files; the old one is kept beside it.',
  exits: {
    0: 'done, and nothing to be said',
    1: 'done, with findings; or it could not be done, and nothing was changed',
    2: 'wrong usage',
  },
  options: { 'dry-run': { type: 'boolean' }, 'read-data': { type: 'boolean' } },
  async run(args, out) {
    const { config } = readConfig();
    const isDry = args.values['dry-run'] === true;
    const bar = startFileBar();
    const lock = await lockTree(config.ARCHIVE_ROOT, { isDry });
    const tools = await openTools(config);
    try {
      const parts = { ...tools, config, path: databasePath(config.DATABASE_URL) };
      const summary = await makeAnew(parts, {
        isDry,
        readData: args.values['read-data'] === true,
        onFinding(finding) {
          bar.clear();
          const { kind, key, text } = finding;
          out.record({ ...finding }, key === '' ? `${kind}: ${text}` : `${kind}: ${key}: ${text}`);
        },
        onProgress: (progress) => {
          bar.show(progress);
        },
      });
      bar.clear();
      tell(out, summary, isDry);
      return summary.findings === 0 ? 0 : 1;
    } finally {
      bar.clear();
      await tools.pool.close();
      await lock.release();
    }
  },
};

const OLD_TEXTS: Readonly<Record<ReindexSummary['oldState'], string>> = {
  absent: 'There was no old catalogue to take accounts, tokens and the log from.',
  empty: 'The old catalogue was empty: there were no accounts, tokens and log in it to take over.',
  unreadable:
    'The old catalogue cannot be read: accounts are those that the journal tells; tokens and the log could not be taken over.',
  whole: 'Accounts, tokens and the log were taken over from the old catalogue.',
};

function tell(out: Output, summary: ReindexSummary, isDry: boolean): void {
  const { restored, filed, trashed, read, trusted, untold, oldCatalogue } = summary;
  const made = isDry ? 'The new catalogue would have' : 'The new catalogue has';
  const lines = [
    `${made} ${restored} frames that the journal knows and ${filed} files that only tell themselves; ${trashed} frames are in the trash.`,
    `Read and compared: ${read} files. Taken for what they were, by size and time: ${trusted} files (--read-data reads all).`,
    OLD_TEXTS[summary.oldState],
    ...(summary.refused === 0
      ? []
      : [`${summary.refused} refused files that lay in quarantine are listed there again.`]),
    ...(oldCatalogue === undefined ? [] : [`The old catalogue lies at ${oldCatalogue}.`]),
    ...(isDry ? ['Nothing was changed, and nothing was written to the journal.'] : []),
    ...(untold === 0
      ? []
      : [
          `${untold} changes that the old catalogue has still to tell the journal are left out here; without --dry-run they are told first.`,
        ]),
  ];
  out.record({ kind: 'summary', isDry, ...summary }, lines.join('\n'));
}
