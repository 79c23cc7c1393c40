import {
  listQuarantined,
  OPERATOR,
  parseOverrides,
  parseWhy,
  type Overrides,
} from '../catalog/index.js';
import { openMending, openToLook, readConfig } from '../context.js';
import { AppError, hasCode } from '../lib/errors.js';
import { formatInstant } from '../lib/time.js';
import { COMMON_EXITS, type Command, type CommandArguments, type Output } from './command.js';

/** Rows that are read at once. */
const ROWS = 1000;

export const quarantineList: Command = {
  usage: 'quarantine list [--code WORD] [--json]',
  summary: 'List the refused files and why they were refused, the newest first.',
  exits: COMMON_EXITS,
  options: { code: { type: 'string' } },
  async run({ values }, out) {
    const { code } = values;
    const filter = typeof code === 'string' ? { code } : {};
    const archive = await openToLook(readConfig().config);
    try {
      for (let offset = 0; ; offset += ROWS) {
        const items = await listQuarantined(
          archive.catalog,
          { ...filter, limit: ROWS, offset },
          OPERATOR,
        );
        for (const { id, uploadName, sizeBytes, code, reason, createdMs, attempts } of items) {
          const at = formatInstant(createdMs);
          const text = [id, uploadName, sizeBytes, at, code, reason].join('\t');
          out.record({ id, uploadName, sizeBytes, at, code, reason, attempts }, text);
        }
        if (items.length < ROWS) return 0;
      }
    } finally {
      await archive.close();
    }
  },
};

export const quarantineRetry: Command = {
  usage: 'quarantine retry ID... [--set KEYWORD=VALUE]... [--profile NAME] [--why TEXT] [--json]',
  summary: 'Try to store refused files once more, with other header values or another profile.',
  exits: { ...COMMON_EXITS, 1: 'some are still refused' },
  options: {
    set: { type: 'string', multiple: true },
    profile: { type: 'string' },
    why: { type: 'string' },
  },
  async run(args, out) {
    const { profile, why } = args.values;
    const overrides = readValues(args.values.set);
    const mend = {
      overrides,
      profile: typeof profile === 'string' ? profile || null : undefined,
      why: typeof why === 'string' ? parseWhy(why) : undefined,
    };
    return eachFile(args, out, async (id, { mending }) => {
      const { status, basename, error } = await mending.retry(id, mend, OPERATOR);
      const isStored = basename !== null;
      out.record(
        { id, status, basename, error },
        isStored ? `${status}: ${basename}` : `${status}: ${error ?? ''}`,
      );
      return isStored;
    });
  },
};

export const quarantineDiscard: Command = {
  usage: 'quarantine discard ID...',
  summary: 'Throw refused files away.',
  exits: { ...COMMON_EXITS, 1: 'some were not there' },
  options: {},
  run: (args, out) =>
    eachFile(args, out, async (id, { mending }) => {
      await mending.discard(id, OPERATOR);
      out.record({ id, status: 'discarded' }, `File ${id} is gone.`);
      return true;
    }),
};

/** `KEYWORD=VALUE`; a plain number is a number, nothing after the sign takes the keyword as absent. */
function readValues(set: CommandArguments['values'][string]): Overrides | undefined {
  if (!Array.isArray(set)) return undefined;
  const pairs = set.map((text): [string, unknown] => {
    const [, keyword = '', value = ''] = /^([^=]+)=(.*)$/s.exec(String(text)) ?? [];
    if (keyword === '') {
      throw new AppError('bad_request', `'${String(text)}' is not KEYWORD=VALUE.`);
    }
    const isNumber = /^[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/.test(value);
    return [keyword, value === '' ? null : isNumber ? Number(value) : value];
  });
  return parseOverrides(Object.fromEntries(pairs));
}

/** Does something with each of the files named. @returns 1 if it did not succeed with all */
async function eachFile(
  { positionals }: CommandArguments,
  out: Output,
  work: (id: number, archive: Awaited<ReturnType<typeof openMending>>) => Promise<boolean>,
): Promise<number> {
  if (positionals.length === 0 || !positionals.every((text) => /^\d{1,15}$/.test(text))) {
    throw new AppError(
      'bad_request',
      'Name the files by the numbers that `quarantine list` shows.',
    );
  }
  const archive = await openMending(readConfig().config);
  try {
    let failed = 0;
    for (const id of positionals.map(Number)) {
      try {
        if (!(await work(id, archive))) failed += 1;
      } catch (error) {
        if (!(error instanceof AppError) || error.code === 'bad_request') throw error;
        failed += 1;
        const isGone = hasCode(error, 'not_found');
        out.problem(isGone ? `There is no file ${id} in quarantine.` : error.message);
      }
    }
    return failed === 0 ? 0 : 1;
  } finally {
    await archive.close();
  }
}
