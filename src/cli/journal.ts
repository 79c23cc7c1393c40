import { openArchive, readConfig } from '../context.js';
import { rebuildJournal } from '../keeping/index.js';
import { AppError } from '../lib/errors.js';
import { COMMON_EXITS, type Command } from './command.js';

export const journalRebuild: Command = {
  usage: 'journal rebuild [--json]',
  summary:
    'Write the journal in the tree anew from the catalogue, beside a running server too; the old one is kept in .platevault/replaced/.',
  exits: { ...COMMON_EXITS, 1: 'it could not be done: the old journal is in force' },
  options: {},
  async run({ positionals }, out) {
    const [extra] = positionals;
    if (extra !== undefined) throw new AppError('bad_request', `'${extra}' is not understood.`);
    const archive = await openArchive(readConfig().config, { create: false });
    try {
      const { lines, oldFiles } = await rebuildJournal(archive.catalog, archive.store);
      const kept = oldFiles === undefined ? '' : ` The old one lies in ${oldFiles}.`;
      out.record({ lines, oldFiles: oldFiles ?? null }, `${lines} lines were written.${kept}`);
      return 0;
    } finally {
      await archive.close();
    }
  },
};
