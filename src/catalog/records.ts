import type { Knex } from 'knex';
import {
  insertCorrections,
  insertFormer,
  readFormerOf,
  toCorrection,
  type Correction,
  type FormerCorrection,
} from './correction-steps.js';
import { required } from './db.js';
import { insertMarks, readMarksOf, type Mark } from './marks.js';
import { indexHeaders, removeHeaderValues } from './header-values.js';
import { insertOtherNames, readOtherNamesOf, type OtherName } from './other-names.js';
import {
  toVersion,
  toVersionRow,
  VERSION_COLUMNS,
  type FrameFacts,
  type NewVersion,
  type Row,
  type StoredHdu,
  type Version,
} from './schema.js';
import {
  insertSolution,
  readSolutionsOf,
  withSolution,
  type Solution,
  type SolutionRecord,
} from './solutions.js';
import { solveAnew } from './solving-anew.js';
import { insertFrame } from './write.js';

/** A note as it was written; notes are never changed, only followed by others. */
export interface Note {
  readonly id: number;
  readonly text: string;
  readonly by: string;
  readonly atMs: number;
}

/** A version with the name of its uploader instead of an id: names outlive a catalogue. */
export interface VersionRecord extends Omit<Version, 'frameId' | 'uploadedBy'> {
  readonly uploadedBy: string | null;
}

/** All of a frame that its files do not say: with them it can be made anew as it was. */
export interface FrameRecord {
  readonly id: number;
  readonly basename: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** The profile that a person chose; null for the one that fits its header. */
  readonly chosenProfile: string | null;
  readonly corrections: readonly Correction[];
  /** Those before them, in the order in which they happened; absent if nothing was ever changed or withdrawn. */
  readonly formerCorrections?: readonly FormerCorrection[];
  readonly notes: readonly Note[];
  /** Names of related frames that an older archive knew of, and its header does not name. */
  readonly related: readonly string[];
  /** Flags and tags, withdrawn ones too, oldest first; absent if it never had one. */
  readonly marks?: readonly Mark[];
  /** Under which its bytes came once more, the first one first; absent if there is none. */
  readonly otherNames?: readonly OtherName[];
  /** Where it lies by its stars; absent if nobody has solved it. */
  readonly solution?: SolutionRecord;
  /** Number of the version that the frame shows. */
  readonly currentVersion: number;
  /** In order of their numbers. */
  readonly versions: readonly VersionRecord[];
}

/** The record of a frame. @param db a transaction, or `catalog.read`; @throws 'not_found' */
export async function readRecord(db: Knex, frameId: number): Promise<FrameRecord> {
  return required((await readRecords(db, [frameId])).get(frameId));
}

/** The records of those frames that are there, by id: a few queries for hundreds of frames. */
export async function readRecords(
  db: Knex,
  frameIds: readonly number[],
): Promise<ReadonlyMap<number, FrameRecord>> {
  const frames: Row[] = await db('frames')
    .join('versions', 'versions.id', 'frames.version_id')
    .whereIn('frames.id', frameIds)
    .select('frames.id', 'frames.basename', 'frames.created_ms', 'frames.updated_ms')
    .select('frames.chosen_profile', 'versions.number');
  const versions: Row[] = await db('versions')
    .leftJoin('users', 'users.id', 'versions.uploaded_by')
    .whereIn('versions.frame_id', frameIds)
    .orderBy('versions.number')
    .select(...VERSION_COLUMNS, 'users.username');
  const corrections: Row[] = await db('corrections')
    .whereIn('frame_id', frameIds)
    .orderBy('keyword');
  const notes = await readNotesOf(db, frameIds.map(noteSubject));
  const related: Row[] = await db('relations')
    .where({ keyword: FROM_ELSEWHERE })
    .whereIn('frame_id', frameIds)
    .orderByRaw('rowid');
  const former = await readFormerOf(db, frameIds);
  const marks = await readMarksOf(db, frameIds);
  const otherNames = await readOtherNamesOf(db, frameIds);
  const solutions = await readSolutionsOf(db, frameIds);
  const versionsOf = groupBy(versions, 'v_frame_id');
  const relatedOf = groupBy(related, 'frame_id');
  const correctionsOf = groupBy(corrections, 'frame_id');
  return new Map(
    frames.map((row): [number, FrameRecord] => {
      const id = Number(row.id);
      const record = {
        id,
        basename: String(row.basename),
        createdMs: Number(row.created_ms),
        updatedMs: Number(row.updated_ms),
        chosenProfile: typeof row.chosen_profile === 'string' ? row.chosen_profile : null,
        corrections: (correctionsOf.get(id) ?? []).map(toCorrection),
        notes: notes.get(noteSubject(id)) ?? [],
        related: (relatedOf.get(id) ?? []).map(({ name }) => String(name)),
        currentVersion: Number(row.number),
        versions: (versionsOf.get(id) ?? []).map(toVersionRecord),
        ...(former.has(id) ? { formerCorrections: former.get(id) ?? [] } : {}),
        ...(marks.has(id) ? { marks: marks.get(id) ?? [] } : {}),
        ...(otherNames.has(id) ? { otherNames: otherNames.get(id) ?? [] } : {}),
        ...toSolutionRecord(solutions.get(id), Number(row.number)),
      };
      return [id, record];
    }),
  );
}

/**
 * Writes a frame back under its old ids and times, in the caller's transaction. Uploaders that have no
 * account any more become unknown. The frame must not be there: a UNIQUE error says that its id, its
 * name, or one of its files is taken.
 *
 * @param facts what its current file says, under its corrections
 * @param hdus  of its current file; `insertHdus` writes those of the others
 */
export async function insertRecord(
  tx: Knex.Transaction,
  record: FrameRecord,
  facts: FrameFacts,
  hdus: readonly StoredHdu[],
): Promise<void> {
  const current = required(record.versions.find(({ number }) => number === record.currentVersion));
  const users = await userIds(tx, record);
  const version = toNewVersion(current, users);
  const { id: frameId, basename, createdMs, updatedMs, chosenProfile } = record;
  const as = {
    frameId,
    createdMs,
    updatedMs,
    version: { id: current.id, number: current.number, createdMs: current.createdMs },
  };
  const { solution } = record;
  const solved = solution?.version === current.number ? solution : undefined;
  const frame = { basename, facts: withSolution(facts, solved), version, hdus };
  await insertFrame(tx, frame, undefined, as);
  if (solved !== undefined) {
    const dateMs = facts.dateObsMs ?? createdMs;
    await insertSolution(tx, { frameId, versionId: current.id, dateMs }, solved);
  } else {
    // Its version may be older than those that are looked for.
    await solveAnew(tx, frameId);
  }
  for (const other of record.versions) {
    if (other === current) continue;
    await tx('versions').insert({
      ...toVersionRow(toNewVersion(other, users)),
      id: other.id,
      frame_id: frameId,
      number: other.number,
      created_ms: other.createdMs,
    });
  }
  if (chosenProfile !== null) {
    await tx('frames').where({ id: frameId }).update({ chosen_profile: chosenProfile });
  }
  await writeCorrections(tx, record);
  await insertRelated(tx, frameId, record.related);
  await insertNotes(tx, noteSubject(frameId), record.notes);
  await insertMarks(tx, frameId, record.marks ?? []);
  await insertOtherNames(tx, frameId, record.otherNames ?? []);
}

/** Keyword of a relation that no header tells of. */
const FROM_ELSEWHERE = '';

/** Writes down related frames that no header names; those that are there already are not doubled. */
export async function insertRelated(
  tx: Knex.Transaction,
  frameId: number,
  names: readonly string[],
): Promise<void> {
  const rows: { name: string }[] = await tx('relations')
    .where({ frame_id: frameId })
    .select('name');
  const known = new Set(rows.map(({ name }) => name));
  const fresh = [...new Set(names)].filter((name) => !known.has(name));
  const relations = fresh.map((name) => ({ frame_id: frameId, keyword: FROM_ELSEWHERE, name }));
  if (relations.length > 0) await tx.batchInsert('relations', relations, 100);
}

/** What notes on a frame are written under. */
export function noteSubject(frameId: number): string {
  return `frame:${frameId}`;
}

/** The notes on a subject (`frame:<id>`, `night:<date>`), oldest first. */
export async function readNotes(db: Knex, subject: string): Promise<Note[]> {
  return (await readNotesOf(db, [subject])).get(subject) ?? [];
}

/** The notes on many subjects, by subject. */
export async function readNotesOf(
  db: Knex,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, Note[]>> {
  const rows: Row[] = await db('notes').whereIn('subject', subjects).orderBy('id');
  const groups = groupBy(rows, 'subject');
  return new Map([...groups].map(([subject, some]) => [String(subject), some.map(toNote)]));
}

/** Writes notes back under their old ids; those that are there already stay as they are. */
export async function insertNotes(
  tx: Knex.Transaction,
  subject: string,
  notes: readonly Note[],
): Promise<void> {
  for (const { id, text, by, atMs } of notes) {
    await tx('notes')
      .insert({ id, subject, text, made_by: by, made_ms: atMs })
      .onConflict('id')
      .ignore();
  }
}

/** What is searched depends on the corrections: it is written anew under them. */
async function writeCorrections(
  tx: Knex.Transaction,
  { id, corrections, formerCorrections = [] }: FrameRecord,
): Promise<void> {
  await insertFormer(tx, id, formerCorrections);
  if (corrections.length === 0) return;
  await removeHeaderValues(tx, id);
  await insertCorrections(tx, id, corrections);
  await indexHeaders(tx, id);
}

function toSolutionRecord(
  solution: Solution | undefined,
  version: number,
): { readonly solution?: SolutionRecord } {
  return solution === undefined ? {} : { solution: { ...solution, version } };
}

function toNote(row: Row): Note {
  return {
    id: Number(row.id),
    text: String(row.text),
    by: String(row.made_by),
    atMs: Number(row.made_ms),
  };
}

/** Rows by the value of a column, each group in the order of the rows. */
function groupBy(rows: readonly Row[], column: string): ReadonlyMap<Row[string], Row[]> {
  const groups = new Map<Row[string], Row[]>();
  for (const row of rows) {
    const value = row[column] ?? null;
    groups.set(value, [...(groups.get(value) ?? []), row]);
  }
  return groups;
}

/** Ids of those who uploaded the versions of a frame, by name. */
async function userIds(tx: Knex, { versions }: FrameRecord): Promise<ReadonlyMap<string, number>> {
  const keys = versions.flatMap(({ uploadedBy }) => uploadedBy?.toLowerCase() ?? []);
  const rows: { id: number; username_key: string }[] = await tx('users')
    .whereIn('username_key', [...new Set(keys)])
    .select('id', 'username_key');
  return new Map(rows.map((row) => [row.username_key, row.id]));
}

function toNewVersion(
  { uploadedBy, ...version }: VersionRecord,
  users: ReadonlyMap<string, number>,
): NewVersion {
  return { ...version, uploadedBy: users.get(uploadedBy?.toLowerCase() ?? '') ?? null };
}

function toVersionRecord(row: Row): VersionRecord {
  const { username } = row;
  const { id, number, key, extension, container, original, uploadName, createdMs, ...sums } =
    toVersion(row);
  const { sizeBytes, sha256, md5, crc32 } = sums;
  return {
    id,
    number,
    key,
    extension,
    container,
    sizeBytes,
    sha256,
    md5,
    crc32,
    original,
    uploadName,
    uploadedBy: typeof username === 'string' ? username : null,
    createdMs,
  };
}
