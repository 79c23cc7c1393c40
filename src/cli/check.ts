import { checkCube } from '../catalog/index.js';
import { openArchive, readConfig } from '../context.js';
import { compareStore } from '../ingest/index.js';
import type { Command } from './command.js';

export const check: Command = {
  usage: 'check [--read-data] [--json]',
  summary: 'Compare the catalogue with the stored files and report every difference.',
  exits: { 0: 'no differences', 1: 'differences found, or it could not finish', 2: 'wrong usage' },
  options: { 'read-data': { type: 'boolean' } },
  async run(args, out) {
    const archive = await openArchive(readConfig().config, { create: false });
    try {
      let differences = 0;
      const readData = args.values['read-data'] === true;
      for await (const difference of compareStore(archive.catalog, archive.store, { readData })) {
        differences += 1;
        out.record({ ...difference }, `${difference.kind}: ${difference.key}: ${difference.text}`);
      }
      for (const text of await checkCube(archive.catalog)) {
        differences += 1;
        out.record({ kind: 'wrong-count', key: 'catalogue', text }, `wrong-count: ${text}`);
      }
      return differences === 0 ? 0 : 1;
    } finally {
      await archive.close();
    }
  },
};
