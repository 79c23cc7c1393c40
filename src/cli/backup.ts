import { OPERATOR, toCatalogError } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { openArchive, programVersion, readConfig } from '../context.js';
import {
  backUp,
  chooseSnapshot,
  describeAway,
  listSnapshots,
  normalizeAddress,
  openTarget,
  parseSnapshotName,
  restore as restoreArchive,
  verifyBackup,
  type BackupResult,
  type BackupTarget,
  type Snapshot,
} from '../keeping/index.js';
import { AppError } from '../lib/errors.js';
import { COMMON_EXITS, type Command, type CommandArguments, type Output } from './command.js';
import { startBar } from './progress.js';

const WHERE = { from: { type: 'string' } } as const;
const FROM = '[--from DIR|s3://BUCKET/PREFIX]';

export const backup: Command = {
  usage: 'backup [DIR|s3://BUCKET/PREFIX] [--json]',
  summary:
    'Back the archive up, beside a running server: a copy of the catalogue and the files that are not there yet. Default: BACKUP_TARGET.',
  exits: {
    0: 'done, and everything is in it',
    1: 'failed; what was copied need not be copied again',
    2: 'wrong usage',
    4: 'done, but files are missing or damaged in the archive, or on a disk that is away, and have no copy in the back-up',
  },
  options: {},
  async run(args, out) {
    const { config } = readConfig();
    const address = addressOf(config, oneOf(args, 'place'));
    const archive = await openArchive(config, { create: false });
    const bar = startBar();
    try {
      const parts = { ...archive, version: await programVersion() };
      const result = await backUp(parts, address, {
        by: OPERATOR,
        onProgress: ({ files, bytes }) => {
          bar.show(`${files} files copied, ${megabytes(bytes)}`);
        },
      });
      bar.clear();
      tell(result, out);
      return countLacking(result.snapshot) === 0 ? 0 : 4;
    } finally {
      bar.clear();
      await archive.close();
    }
  },
};

export const backupList: Command = {
  usage: `backup list ${FROM} [--json]`,
  summary: 'List the back-ups of a place, newest first.',
  exits: COMMON_EXITS,
  options: WHERE,
  async run(args, out) {
    noPositionals(args);
    return withTarget(args, async (target) => {
      for (const { name, files, bytes, lost, away, program } of await listSnapshots(target)) {
        const told = [
          ...(lost.length === 0 ? [] : [`\t${lost.length} lost`]),
          ...away.map((each) => `\t${each.files} not reached (${each.part} was away)`),
        ].join('');
        out.record(
          { name, files, bytes, lost, away, program },
          `${name}\t${files} files\t${megabytes(bytes)}${told}`,
        );
      }
      return 0;
    });
  },
};

export const backupVerify: Command = {
  usage: `backup verify [NAME] ${FROM} [--read-data] [--json]`,
  summary:
    'Compare a back-up, by default the newest, with its list; with --read-data read every file. Nothing is changed.',
  exits: {
    0: 'all is there',
    1: 'something is missing or damaged',
    2: 'wrong usage',
    3: 'could not finish',
  },
  options: { ...WHERE, 'read-data': { type: 'boolean' } },
  async run(args, out) {
    const name = nameOf(args);
    const bar = startBar();
    try {
      return await withTarget(args, async (target) => {
        const snapshot = await chooseSnapshot(target, name);
        let faults = 0;
        const options = {
          readData: args.values['read-data'] === true,
          onProgress: (files: number) => {
            bar.show(`${files} of ${snapshot.files} files`);
          },
        };
        for await (const fault of verifyBackup(target, snapshot, options)) {
          faults += 1;
          bar.clear();
          out.record({ ...fault }, `${fault.kind}: ${fault.path}: ${fault.text}`);
        }
        return faults === 0 ? 0 : 1;
      });
    } catch (error) {
      const known = error instanceof AppError ? error : toCatalogError(error);
      if (known === undefined || known.code === 'bad_request') throw error;
      out.problem(known.message);
      return known.code === 'damaged' ? 1 : 3;
    } finally {
      bar.clear();
    }
  },
};

export const restore: Command = {
  usage: `restore [NAME] ${FROM} [--new-root] [--dry-run] [--json]`,
  summary:
    'Make the archive what it was at a back-up, by default the newest; with --new-root in a place where it never was. The server must be stopped; the catalogue that was there and files in the way are kept.',
  exits: {
    ...COMMON_EXITS,
    4: 'done, but some files were not put back: missing or damaged in the back-up, or of an adopted tree',
  },
  options: { ...WHERE, 'dry-run': { type: 'boolean' }, 'new-root': { type: 'boolean' } },
  async run(args, out) {
    const name = nameOf(args);
    const dryRun = args.values['dry-run'] === true;
    const bar = startBar();
    let files = 0;
    try {
      return await withTarget(args, async (target, config) => {
        const restored = await restoreArchive(config, target, {
          name,
          dryRun,
          isNewRoot: args.values['new-root'] === true,
          onFile: ({ outcome, entry, text }) => {
            bar.show(`${(files += 1)} files`);
            if (outcome === 'same') return;
            bar.clear();
            out.record({ outcome, area: entry.area, key: entry.key, text }, `${outcome}: ${text}`);
          },
        });
        bar.clear();
        const { snapshot, safetyCopy, aside, ...sums } = restored;
        const end = {
          name: snapshot.name,
          dryRun,
          ...sums,
          // A dry run reads no bytes of the back-up.
          damaged: dryRun ? null : sums.damaged,
          lost: snapshot.lost,
          away: snapshot.away,
          safetyCopy,
          aside,
        };
        out.record(end, describe(end));
        return sums.damaged + sums.left + countLacking(snapshot) === 0 ? 0 : 4;
      });
    } finally {
      bar.clear();
    }
  },
};

interface End {
  readonly name: string;
  readonly dryRun: boolean;
  readonly written: number;
  readonly same: number;
  readonly replaced: number;
  /** Null where nobody has looked. */
  readonly damaged: number | null;
  readonly left: number;
  readonly lost: readonly string[];
  readonly away: Snapshot['away'];
  readonly safetyCopy: string | null;
  readonly aside: string;
}

function describe(end: End): string {
  const verb = end.dryRun ? 'would be' : 'were';
  const damaged = end.damaged === null ? '' : `, ${end.damaged} are damaged in the back-up`;
  const lines = [
    `Back-up ${end.name}: ${end.written} files ${verb} written, ${end.same} are there already, ${end.replaced} ${verb} replaced${damaged}.`,
    ...(end.dryRun
      ? [
          'Whether these files are whole in the back-up was not looked at: `platevault backup verify --read-data` does that.',
        ]
      : []),
    ...(end.replaced === 0
      ? []
      : [`The files that ${end.dryRun ? 'would be' : 'were'} in the way: ${end.aside}`]),
    ...(end.safetyCopy === null ? [] : [`The catalogue that was there: ${end.safetyCopy}`]),
    ...end.lost.map((key) => `Not in the back-up, because it was lost before: ${key}`),
    ...describeAway(end),
    ...(end.dryRun
      ? ['Nothing was changed.']
      : ['Run `platevault check --read-data` before you start the server.']),
  ];
  return lines.join('\n');
}

/** Files of the archive that a back-up does not have. */
function countLacking({ lost, away }: Snapshot): number {
  return away.reduce((sum, { files }) => sum + files, lost.length);
}

function tell({ snapshot, target, files, bytes, pruned }: BackupResult, out: Output): void {
  const { name, lost, away } = snapshot;
  const record = {
    name,
    target,
    files,
    bytes,
    totalFiles: snapshot.files,
    totalBytes: snapshot.bytes,
  };
  out.record(
    { ...record, lost, away, pruned },
    `Back-up ${name} in ${target}: ${snapshot.files} files, ${megabytes(snapshot.bytes)}; ${files} of them, ${megabytes(bytes)}, are new.`,
  );
  for (const key of lost)
    out.problem(`Not in the back-up: ${key} is missing or damaged in the archive.`);
  for (const text of describeAway(snapshot)) out.problem(text);
  if (pruned.refused !== null) out.problem(pruned.refused);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

async function withTarget(
  args: CommandArguments,
  work: (target: BackupTarget, config: Config) => Promise<number>,
): Promise<number> {
  const { config } = readConfig();
  const from = args.values.from;
  const address = addressOf(config, typeof from === 'string' ? from : undefined);
  const target = await openTarget(address, config);
  try {
    return await work(target, config);
  } finally {
    await target.close();
  }
}

/** @throws 'bad_request' if there is none */
function addressOf(config: Config, given: string | undefined): string {
  const address = normalizeAddress(given ?? config.BACKUP_TARGET);
  if (address !== '') return address;
  const message =
    'Where are the back-ups? Name a folder or s3://bucket/prefix, or set BACKUP_TARGET.';
  throw new AppError('bad_request', message);
}

function nameOf(args: CommandArguments): string | undefined {
  const name = oneOf(args, 'name');
  return name === undefined ? undefined : parseSnapshotName(name);
}

function oneOf({ positionals }: CommandArguments, what: string): string | undefined {
  const [one, more] = positionals;
  if (more === undefined) return one;
  throw new AppError('bad_request', `One ${what} is enough; '${more}' is not understood.`);
}

function noPositionals({ positionals }: CommandArguments): void {
  const [one] = positionals;
  if (one !== undefined) throw new AppError('bad_request', `'${one}' is not understood.`);
}
