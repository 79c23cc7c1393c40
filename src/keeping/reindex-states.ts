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
  type Transaction,
  type VersionRecord,
} from '../catalog/index.js';
import { hashStored, readStored, type Reading, type StoredFacts } from '../ingest/index.js';
import { AppError } from '../lib/errors.js';
import { mapConcurrently } from '../lib/pool.js';
import { inBatches, type LooseParts } from './loose.js';
import { unreadFacts } from './reindex-unread.js';

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
  const unread: Prepared[] = [];
  for await (const batch of inBatches(index.eachState(epoch), BATCH)) {
    const known = await findFrameIds(catalog.read, batch.flatMap(frameIdOf));
    const wanted = isNewest ? batch.filter((each) => !isIn(known, each)) : batch;
    const prepared = await mapConcurrently(wanted, lanes, (each) =>
      prepare(parts, each, options, report),
    );
    await inTransaction(catalog, async (tx) => {
      for (const each of prepared) {
        if (each === undefined) continue;
        if (isNewest && each.state.kind === 'frame' && each.files.size === 0) {
          unread.push(each);
          continue;
        }
        const adjusted = isNewest
          ? each
          : await adjust(tx, index, each, { options, report, fresh });
        if (adjusted !== undefined) await write(tx, adjusted, parts, { isNewest, report });
      }
    });
  }
  // Last: an older program may have filed one of them anew, under another id.
  for (const each of unread) {
    await inTransaction(catalog, async (tx) => {
      if (await isKnownOtherwise(tx, each, report)) return;
      await write(tx, each, parts, { isNewest, report });
    });
  }
}

/** Whether a frame is here under another id; then it is told. */
async function isKnownOtherwise(
  tx: Transaction,
  { state }: Prepared,
  report: Reporter,
): Promise<boolean> {
  if (state.kind !== 'frame') return false;
  const { isFiled, isKnown } = await findClashes(tx, state.record);
  if (isFiled || isKnown) reportClash(state.record, report);
  return isFiled || isKnown;
}

function reportClash({ basename, versions }: FrameRecord, report: Reporter): void {
  const key = versions[0]?.key ?? '';
  const text = `'${basename}' is the name, or has the bytes, of a frame that came later.`;
  report.found({ kind: 'clash', key, text });
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
  /** Of a frame: by number of the version, as far as they could be read. */
  readonly files: ReadonlyMap<number, StoredFacts>;
}

async function prepare(
  parts: LooseParts,
  { subject, state }: SubjectState,
  options: RestoreOptions,
  report: Reporter,
): Promise<Prepared | undefined> {
  if (state.kind === 'trash' || state.kind === 'notes') return { subject, state, files: new Map() };
  if (state.kind !== 'frame') return undefined;
  const { record } = state;
  const files = new Map<number, StoredFacts>();
  for (const version of record.versions) {
    const isCurrent = version.number === record.currentVersion;
    const found = await readVersion(parts, record, version, { isCurrent, options, report });
    if (found !== undefined) files.set(version.number, found);
  }
  return { subject, state, files };
}

/**
 * What the file of a version says. One that has other bytes than it should is kept with the sums that
 * it should have, and one that is missing with all that the journal tells of it, so that the damage
 * stays visible.
 *
 * @returns undefined if it cannot be read
 */
async function readVersion(
  parts: LooseParts,
  record: FrameRecord,
  version: VersionRecord,
  context: { isCurrent: boolean; options: RestoreOptions; report: Reporter },
): Promise<StoredFacts | undefined> {
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
    return undefined;
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
    reportClash(record, report);
    return undefined;
  }
  let isTaken = clashes.hasTakenId;
  for (const epoch of options.newer) isTaken ||= await index.knows(epoch, subject);
  if (!isTaken) return prepared;
  // A later catalogue had a frame of this id, which is gone: most likely this one, removed for good.
  if (state.kind === 'frame' && prepared.files.size === 0) return undefined;
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
  { subject, state, files }: Prepared,
  parts: LooseParts,
  { isNewest, report }: { isNewest: boolean; report: Reporter },
): Promise<void> {
  if (state.kind === 'notes') {
    await insertNotes(tx, subject, state.notes);
    report.restored('notes');
  } else if (state.kind === 'trash') {
    await insertTrashState(tx, state);
    report.restored('trashed');
  } else if (state.kind === 'frame') {
    await writeFrame(tx, parts, { record: state.record, files }, report);
    report.restored('frames');
  }
  if (isNewest) await forgetSubjects(tx, [subject]);
}

async function writeFrame(
  tx: Transaction,
  { config }: LooseParts,
  { record, files }: { record: FrameRecord; files: ReadonlyMap<number, StoredFacts> },
  report: Reporter,
): Promise<void> {
  const current = files.get(record.currentVersion);
  const owners = record.versions.flatMap(({ uploadedBy }) => uploadedBy ?? []);
  for (const name of await insertOwners(tx, owners)) report.owner(name);
  const facts = current?.facts ?? unreadFacts(config, record);
  await insertRecord(tx, record, facts, current?.inspected.stored ?? []);
  for (const { id, number } of record.versions) {
    const file = files.get(number);
    if (file === undefined || number === record.currentVersion) continue;
    await insertHdus(tx, id, file.inspected.stored);
  }
}
