import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import {
  databasePath,
  openCatalog,
  toCatalogError,
  type Catalog,
  type Share,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { openToLook, readConfig } from '../context.js';
import { checkArchive, type CheckProgress } from '../keeping/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import type { Command, CommandArguments, Output } from './command.js';
import { startBar } from './progress.js';

/** Files that are read at once: as many as a disk and two cores keep up with. */
const JOBS = '2';

export const check: Command = {
  usage: 'check [--read-data] [--subset N/T] [--jobs N] [--notes] [--no-record] [--json]',
  summary:
    'Compare the catalogue with its counts, the journal in the tree, the stored files and, with --read-data, their bytes, and report every difference. Nothing is changed.',
  exits: {
    0: 'no differences',
    1: 'differences found, or there is no archive',
    2: 'wrong usage',
    3: 'could not finish: what was found so far is told',
  },
  options: {
    'read-data': { type: 'boolean' },
    subset: { type: 'string' },
    jobs: { type: 'string' },
    notes: { type: 'boolean' },
    'no-record': { type: 'boolean' },
  },
  async run(args, out) {
    const options = parseOptions(args);
    const { config } = readConfig();
    try {
      return await run(config, options, out);
    } catch (error) {
      const known = error instanceof AppError ? error : toCatalogError(error);
      if (known === undefined || known.code === 'not_found') throw error;
      out.problem(known.message);
      return 3;
    }
  },
};

interface Options {
  readonly readData: boolean;
  readonly share: Share;
  readonly jobs: number;
  readonly notes: boolean;
  readonly records: boolean;
}

async function run(config: Config, options: Options, out: Output): Promise<number> {
  const archive = await openToLook(config);
  const record = openRecord(config, options, out);
  const { catalog, store } = archive;
  const limits = {
    maxExpandedBytes: config.MAX_EXPANDED_BYTES,
    maxExpansionRatio: config.MAX_EXPANSION_RATIO,
    tempDir: tmpdir(), // the root may be read-only
  };
  const bar = startBar();
  try {
    let differences = 0;
    const parts = { catalog, store, config, record };
    const onProgress = (progress: CheckProgress): void => {
      bar.show(describe(progress));
    };
    for await (const difference of checkArchive(parts, { ...options, limits, onProgress })) {
      if (difference.kind === 'note' && !options.notes) continue;
      if (difference.kind !== 'note') differences += 1;
      bar.clear();
      out.record({ ...difference }, `${difference.kind}: ${difference.key}: ${difference.text}`);
    }
    return differences === 0 ? 0 : 1;
  } finally {
    bar.clear();
    await closeAll(record, archive);
  }
}

/** Where the times of the readings are written down; undefined if they are not to be, or cannot. */
function openRecord(config: Config, options: Options, out: Output): Catalog | undefined {
  if (!options.records) return undefined;
  const path = databasePath(config.DATABASE_URL);
  try {
    for (const place of [path, dirname(path)]) accessSync(place, constants.W_OK);
  } catch (error) {
    const code = String(systemCode(error));
    out.problem(`What is read is not written down: ${path} cannot be written (${code}).`);
    return undefined;
  }
  return openCatalog(config.DATABASE_URL);
}

async function closeAll(
  record: Catalog | undefined,
  archive: { close(): Promise<void> },
): Promise<void> {
  await archive.close();
  await record?.close();
}

function describe({ files, bytes, totalFiles, totalBytes }: CheckProgress): string {
  const share = totalBytes === 0 ? 100 : Math.floor((100 * bytes) / totalBytes);
  const read = bytes === 0 ? '' : `, ${Math.round(bytes / 1e6)} MB (${share} %) read`;
  return `${files} of ${totalFiles} files${read}`;
}

/** @throws 'bad_request' */
function parseOptions({ values, positionals }: CommandArguments): Options {
  const [extra] = positionals;
  if (extra !== undefined) throw new AppError('bad_request', `'${extra}' is not understood.`);
  return {
    readData: values['read-data'] === true,
    share: parseShare(values.subset),
    jobs: parseJobs(values.jobs),
    notes: values.notes === true,
    records: values['no-record'] !== true,
  };
}

function parseShare(value: unknown): Share {
  if (typeof value !== 'string') return { number: 1, of: 1 };
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(value);
  const [number, of] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || number < 1 || number > of) {
    const message = `--subset needs two numbers such as 3/30, the third of thirty shares; not '${value}'.`;
    throw new AppError('bad_request', message);
  }
  return { number, of };
}

function parseJobs(value: unknown): number {
  const jobs = Number(value ?? JOBS);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64) {
    throw new AppError('bad_request', '--jobs needs a whole number from 1 to 64.');
  }
  return jobs;
}
