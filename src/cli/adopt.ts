import { openArchive, openTools, readConfig } from '../context.js';
import { adoptTree, type LooseParts } from '../keeping/index.js';
import { AppError } from '../lib/errors.js';
import type { Command, CommandArguments, Output } from './command.js';
import { startFileBar } from './file-bar.js';

export const adopt: Command = {
  usage: 'adopt DIR [--dry-run] [--json]',
  summary: 'Take the FITS files of a folder into the archive where they lie, untouched.',
  exits: {
    0: 'done; every file was taken in, or was there already; links and hidden files are passed over',
    1: 'done, but some files were refused, or were changed since they were taken in; or it could not be finished: run it again',
    2: 'wrong usage',
  },
  options: { 'dry-run': { type: 'boolean' } },
  async run(args, out) {
    const folder = requireFolder(args);
    const isDry = args.values['dry-run'] === true;
    return fileWithReport(out, isDry, (parts, onTotal) =>
      adoptTree(parts, folder, { isDry, onTotal }),
    );
  },
};

/** @throws 'bad_request' */
function requireFolder({ positionals }: CommandArguments): string {
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) {
    throw new AppError('bad_request', 'One DIR is needed: the folder of the files.');
  }
  return folder;
}

/** What became of one thing. */
interface Result {
  readonly status: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly text: string;
}

/** Results that a person must do something about. */
const TROUBLES = ['refused', 'failed', 'changed', 'missing-file'];

/**
 * Files what `work` comes upon, with a progress bar, a line for each thing that a person must know of,
 * and the numbers of all at the end.
 *
 * @returns the exit status
 */
export async function fileWithReport(
  out: Output,
  isDry: boolean,
  work: (
    parts: LooseParts,
    onTotal: (total: { files: number; bytes: number }) => void,
  ) => AsyncIterable<Result>,
): Promise<number> {
  const { config } = readConfig();
  const bar = startFileBar();
  const archive = await openArchive(config, { create: !isDry });
  const tools = await openTools(config);
  const counts: Record<string, number> = {};
  const progress = { files: 0, totalFiles: 0, bytes: 0, totalBytes: 0 };
  const onTotal = ({ files, bytes }: { files: number; bytes: number }): void => {
    Object.assign(progress, { totalFiles: files, totalBytes: bytes });
  };
  try {
    for await (const result of work({ ...archive, ...tools }, onTotal)) {
      const { status, key, text, sizeBytes } = result;
      counts[status] = (counts[status] ?? 0) + 1;
      progress.files += 1;
      progress.bytes += sizeBytes;
      if (text !== '') {
        bar.clear();
        out.record({ ...result }, `${status}: ${key}: ${text}`);
      }
      bar.show(progress);
    }
  } finally {
    bar.clear();
    await tools.pool.close();
    await archive.close();
  }
  const numbers = Object.entries(counts).map(([status, count]) => `${status}: ${count}`);
  const told = numbers.length === 0 ? 'There are no files.' : `${numbers.join(', ')}.`;
  const text = isDry ? `${told} Nothing was changed.` : told;
  out.record({ status: 'summary', isDry, counts }, text);
  return TROUBLES.some((status) => (counts[status] ?? 0) > 0) ? 1 : 0;
}
