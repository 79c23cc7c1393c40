import { importPyobs } from '../keeping/index.js';
import { AppError } from '../lib/errors.js';
import { fileWithReport } from './adopt.js';
import type { Command } from './command.js';

export const importFromPyobs: Command = {
  usage: 'import pyobs --database URL --root DIR [--dry-run] [--json]',
  summary:
    'Take over a pyobs-archive: its database (sqlite:<path> or postgres://…), and its files where they lie.',
  exits: {
    0: 'done; every row has its file',
    1: 'done, but rows lack their file, or files were refused, or changed since they were taken in; or it could not be finished: run it again',
    2: 'wrong usage',
  },
  options: {
    database: { type: 'string' },
    root: { type: 'string' },
    'dry-run': { type: 'boolean' },
  },
  async run(args, out) {
    const { database, root } = args.values;
    if (typeof database !== 'string' || typeof root !== 'string') {
      throw new AppError('bad_request', '--database URL and --root DIR are needed.');
    }
    const isDry = args.values['dry-run'] === true;
    return fileWithReport(out, isDry, (parts, onTotal) =>
      importPyobs(parts, { database, root, isDry, onTotal }),
    );
  },
};
