import { getTrashed, listTrashed, OPERATOR } from '../catalog/index.js';
import { openToLook, openTrash, readConfig } from '../context.js';
import { adoptedFilesOf } from '../keeping/index.js';
import { AppError, hasCode } from '../lib/errors.js';
import { formatInstant } from '../lib/time.js';
import { COMMON_EXITS, type Command, type CommandArguments, type Output } from './command.js';

/** Rows that are read at once. */
const ROWS = 1000;

/** An adopted tree is only read. */
const STAYS =
  'A file in an adopted tree stays where it is, and the next adopt takes it in again unless you remove it.';

export const trashList: Command = {
  usage: 'trash list [--json]',
  summary: 'List the deleted frames that can come back, what was deleted last first.',
  exits: COMMON_EXITS,
  options: {},
  async run(_args, out) {
    const archive = await openToLook(readConfig().config);
    try {
      for (let offset = 0; ; offset += ROWS) {
        const { items } = await listTrashed(archive.catalog, { limit: ROWS, offset }, OPERATOR);
        for (const item of items) {
          const { frameId: id, basename, night, sizeBytes, by, reason } = item;
          const at = formatInstant(item.trashedMs);
          const text = [id, basename, night ?? '-', sizeBytes, at, by, reason].join('\t');
          out.record({ id, basename, night, sizeBytes, at, by, reason }, text);
        }
        if (items.length < ROWS) return 0;
      }
    } finally {
      await archive.close();
    }
  },
};

export const trashRestore: Command = {
  usage: 'trash restore ID...',
  summary: 'Bring deleted frames back, under their old ids and names.',
  exits: { ...COMMON_EXITS, 1: 'some did not come back' },
  options: {},
  run: (args, out) =>
    eachId(args, out, async (id, { trash }) => {
      const { basename } = await trash.restore(id, OPERATOR);
      return `${basename} is back.`;
    }),
};

export const trashPurge: Command = {
  usage: 'trash purge ID...',
  summary: `Remove deleted frames and their files for good. ${STAYS}`,
  exits: { ...COMMON_EXITS, 1: 'some were not removed' },
  options: {},
  run: (args, out) =>
    eachId(args, out, async (id, { catalog, trash }) => {
      const { record } = await getTrashed(catalog.read, id, OPERATOR);
      await trash.purge(id, OPERATOR);
      const left = adoptedFilesOf(record);
      const told = left.length === 0 ? '' : ` ${left.join(', ')}: ${STAYS}`;
      return `Frame ${id} is gone for good.${told}`;
    }),
};

export const trashEmpty: Command = {
  usage: 'trash empty --yes',
  summary: `Remove all deleted frames and their files for good. ${STAYS}`,
  exits: COMMON_EXITS,
  options: { yes: { type: 'boolean' } },
  async run({ values }, out) {
    const archive = await openTrash(readConfig().config);
    try {
      const { total, bytes } = await listTrashed(
        archive.catalog,
        { limit: 0, offset: 0 },
        OPERATOR,
      );
      if (values.yes !== true) {
        out.problem(
          `${total} frames of ${bytes} bytes would be gone for good. Say --yes to do it.`,
        );
        return 2;
      }
      let count = 0;
      for (;;) {
        const { items } = await listTrashed(archive.catalog, { limit: ROWS, offset: 0 }, OPERATOR);
        if (items.length === 0) break;
        for (const { frameId } of items) await archive.trash.purge(frameId, OPERATOR);
        count += items.length;
      }
      out.record({ purged: count }, `${count} frames are gone for good.`);
      return 0;
    } finally {
      await archive.close();
    }
  },
};

/** Does something with each of the frames named, and tells of those with which it cannot be done. */
async function eachId(
  { positionals }: CommandArguments,
  out: Output,
  work: (id: number, archive: Awaited<ReturnType<typeof openTrash>>) => Promise<string>,
): Promise<number> {
  if (positionals.length === 0 || !positionals.every((text) => /^\d{1,15}$/.test(text))) {
    throw new AppError('bad_request', 'Name the frames by their ids, as `trash list` shows them.');
  }
  const archive = await openTrash(readConfig().config);
  try {
    let failed = 0;
    for (const id of positionals.map(Number)) {
      try {
        const text = await work(id, archive);
        out.record({ id, done: true }, text);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        failed += 1;
        const isGone = hasCode(error, 'not_found');
        out.problem(isGone ? `Frame ${id} is not in the trash.` : error.message);
      }
    }
    return failed === 0 ? 0 : 1;
  } finally {
    await archive.close();
  }
}
