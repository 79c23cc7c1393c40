import {
  findClashes,
  findFrameIds,
  forgetSubjects,
  insertHdus,
  insertNotes,
  insertOwners,
  insertRecord,
  insertTrashState,
  inTransaction,
  type FrameRecord,
  type JournalIndex,
  type JournalState,
  type SubjectState,
  type VersionRecord,
} from '../catalog/index.js';
import { hashStored, readStored, type Reading, type StoredFacts } from '../ingest/index.js';
import { AppError } from '../lib/errors.js';
import { mapConcurrently } from '../lib/pool.js';
import { inBatches, type LooseParts } from './loose.js';

/** Something that is not as the journal tells it. */
export interface Finding {
  readonly kind:
    | 'missing'
    | 'changed'
    | 'unreadable'
    | 'clash'
    | 'damaged-line'
    | 'refused'
    | 'failed'
    | 'same-bytes'
    | 'no-password';
  /** Key of a file, name of an account; '' if it is about neither. */
  readonly key: string;
  readonly text: string;
}

/** What is told while states are restored. */
export interface Reporter {
  found(finding: Finding): void;
  /** A file of so many bytes is dealt with; `trusted` if its bytes were not read. */
  read(sizeBytes: number, trusted: boolean): void;
  restored(what: 'frames' | 'trashed' | 'notes'): void;
  /** An account was made for an owner. */
  owner(name: string): void;
}

export interface RestoreOptions {
  /** True to read every byte; else files that are older than their row, with its size, are trusted. */
  readonly readData: boolean;
  /** Epochs that were restored before this one, and win over it. */
  readonly newer: readonly number[];
}

const BATCH = 32;
/** Times of a file and of the clock may differ by what file systems round. */
const CLOCK_SLACK_MS = 2_000;

/** Ids for what was told under one that another frame has. */
interface FreshIds {
  frames: number;
  versions: number;
  notes: number;
}

/**
 * Writes back what one catalogue told the journal, as far as its files are there. Of a catalogue that
 * another one followed, only what that one does not know of.
 */
export async function restoreEpoch(
  parts: LooseParts,
  index: JournalIndex,
  epoch: number,
  { options, report, fresh }: { options: RestoreOptions; report: Reporter; fresh: FreshIds },
): Promise<void> {
  const { catalog, lanes } = parts;
  const isNewest = options.newer.length === 0;
  for await (const batch of inBatches(index.eachState(epoch), BATCH)) {
    const known = await findFrameIds(catalog.read, batch.flatMap(frameIdOf));
    const wanted = isNewest ? batch.filter((each) => !isIn(known, each)) : batch;
    const prepared = await mapConcurrently(wanted, lanes, (each) =>
      prepare(parts, each, options, report),
    );
    await inTransaction(catalog, async (tx) => {
      for (const each of prepared) {
        if (each === undefined) continue;
        const adjusted = isNewest
          ? each
          : await adjust(tx, index, each, { options, report, fresh });
        if (adjusted !== undefined) await write(tx, adjusted, isNewest, report);
      }
    });
  }
}

function frameIdOf({ state }: SubjectState): number[] {
  return state.kind === 'frame' || state.kind === 'trash' ? [state.record.id] : [];
}

function isIn(known: ReadonlySet<number>, each: SubjectState): boolean {
  const [id] = frameIdOf(each);
  return id !== undefined && known.has(id);
}

/** A state with what its files say. */
interface Prepared {
  readonly subject: string;
  readonly state: JournalState;
  /** Of a frame: by number of the version. */
  readonly files?: ReadonlyMap<number, StoredFacts>;
  /** Whether it is exactly what the journal tells: then the journal need not be told. */
  readonly isSame: boolean;
}

async function prepare(
  parts: LooseParts,
  { subject, state }: SubjectState,
  options: RestoreOptions,
  report: Reporter,
): Promise<Prepared | undefined> {
  if (state.kind === 'gone' || state.kind === 'users' || state.kind === 'ids') return undefined;
  if (state.kind !== 'frame') return { subject, state, isSame: true };
  const { record } = state;
  const files = new Map<number, StoredFacts>();
  const kept: VersionRecord[] = [];
  for (const version of record.versions) {
    const isCurrent = version.number === record.currentVersion;
    const found = await readVersion(parts, record, version, { isCurrent, options, report });
    if (found === undefined) continue;
    kept.push(version);
    if (found !== 'no-headers') files.set(version.number, found);
  }
  const current = kept.find(({ number }) => number === record.currentVersion) ?? kept.at(-1);
  if (current === undefined || !files.has(current.number)) return undefined;
  const isSame = kept.length === record.versions.length;
  const restored = { ...record, versions: kept, currentVersion: current.number };
  return { subject, state: { kind: 'frame', record: restored }, files, isSame };
}

/**
 * What the file of a version says. One that has other bytes than it should is kept with the sums that
 * it should have, so that the damage stays visible.
 *
 * @returns undefined if there is nothing to be restored; `no-headers` for a former version that cannot
 *          be read any more
 */
async function readVersion(
  parts: LooseParts,
  record: FrameRecord,
  version: VersionRecord,
  context: { isCurrent: boolean; options: RestoreOptions; report: Reporter },
): Promise<StoredFacts | 'no-headers' | undefined> {
  const { options, report } = context;
  const { key } = version;
  const about = `version ${version.number} of '${record.basename}'`;
  const fault = await findFault(parts, version, options, report);
  if (fault !== undefined) report.found({ ...fault, key, text: `${about}: ${fault.text}` });
  if (fault?.kind === 'missing') return undefined;
  try {
    const reading = context.isCurrent ? { reading: readingOf(record, parts) } : {};
    return await readStored(parts, key, { ...reading, isPacked: version.original !== null });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    report.found({ kind: 'unreadable', key, text: `${about}: ${error.message}` });
    return context.isCurrent ? undefined : 'no-headers';
  }
}

/** How people wanted the headers to be read. A profile that was taken away since is no obstacle. */
function readingOf({ corrections, chosenProfile }: FrameRecord, { profiles }: LooseParts): Reading {
  const isThere = profiles.some(({ name }) => name === chosenProfile);
  return {
    overrides: new Map(corrections.map(({ keyword, value }) => [keyword, value])),
    profile: isThere ? chosenProfile : null,
  };
}

async function findFault(
  parts: LooseParts,
  { key, sizeBytes, sha256, createdMs }: VersionRecord,
  { readData }: RestoreOptions,
  report: Reporter,
): Promise<{ kind: 'missing' | 'changed'; text: string } | undefined> {
  const found = await parts.store.stat(key);
  if (found === undefined) return { kind: 'missing', text: 'its file is missing.' };
  if (found.sizeBytes !== sizeBytes) {
    const text = `its file has ${found.sizeBytes} bytes instead of ${sizeBytes}.`;
    return { kind: 'changed', text };
  }
  const trusted = !readData && found.modifiedMs <= createdMs + CLOCK_SLACK_MS;
  const isWhole = trusted || (await hashStored(parts, key)).sha256 === sha256;
  report.read(sizeBytes, trusted);
  return isWhole
    ? undefined
    : { kind: 'changed', text: 'its bytes are not those that were stored.' };
}

type Transaction = Parameters<typeof insertRecord>[0];

/** Of a catalogue that another one followed: what of it is still true, under ids that are free. */
async function adjust(
  tx: Transaction,
  index: JournalIndex,
  prepared: Prepared,
  context: { options: RestoreOptions; report: Reporter; fresh: FreshIds },
): Promise<Prepared | undefined> {
  const { state, subject } = prepared;
  const { report, fresh, options } = context;
  if (state.kind === 'notes') {
    const notes = state.notes.map((note) => ({ ...note, id: ++fresh.notes }));
    return { ...prepared, state: { ...state, notes } };
  }
  if (state.kind !== 'frame' && state.kind !== 'trash') return undefined;
  const { record } = state;
  const clashes = await findClashes(tx, record);
  if (clashes.isFiled) return undefined;
  if (clashes.isKnown) {
    const key = record.versions[0]?.key ?? '';
    const text = `'${record.basename}' is the name, or has the bytes, of a frame that came later.`;
    report.found({ kind: 'clash', key, text });
    return undefined;
  }
  let isTaken = clashes.hasTakenId;
  for (const epoch of options.newer) isTaken ||= await index.knows(epoch, subject);
  if (!isTaken) return prepared;
  const renumbered = {
    ...record,
    id: ++fresh.frames,
    versions: record.versions.map((version) => ({ ...version, id: ++fresh.versions })),
    notes: record.notes.map((note) => ({ ...note, id: ++fresh.notes })),
  };
  if (state.kind === 'frame') return { ...prepared, state: { ...state, record: renumbered } };
  const row = { ...state.row, frame_id: renumbered.id };
  return { ...prepared, state: { ...state, row, record: renumbered, notes: renumbered.notes } };
}

async function write(
  tx: Transaction,
  { subject, state, files, isSame }: Prepared,
  isNewest: boolean,
  report: Reporter,
): Promise<void> {
  if (state.kind === 'notes') {
    await insertNotes(tx, subject, state.notes);
    report.restored('notes');
  } else if (state.kind === 'trash') {
    await insertTrashState(tx, state);
    report.restored('trashed');
  } else if (state.kind === 'frame') {
    await writeFrame(tx, state.record, files ?? new Map(), report);
    report.restored('frames');
  }
  if (isSame && isNewest) await forgetSubjects(tx, [subject]);
}

async function writeFrame(
  tx: Transaction,
  record: FrameRecord,
  files: ReadonlyMap<number, StoredFacts>,
  report: Reporter,
): Promise<void> {
  const current = files.get(record.currentVersion);
  if (current === undefined) return;
  const owners = record.versions.flatMap(({ uploadedBy }) => uploadedBy ?? []);
  for (const name of await insertOwners(tx, owners)) report.owner(name);
  await insertRecord(tx, record, current.facts, current.inspected.stored);
  for (const { id, number } of record.versions) {
    const file = files.get(number);
    if (file === undefined || number === record.currentVersion) continue;
    await insertHdus(tx, id, file.inspected.stored);
  }
}
