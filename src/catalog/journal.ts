import type { Knex } from 'knex';
import { inSnapshot, required, type Catalog } from './db.js';
import { noteSubject, readNotesOf, readRecords, type FrameRecord, type Note } from './records.js';
import type { Row } from './schema.js';
import type { Role } from './visibility.js';

/** An account without anything that is secret. */
export interface UserRecord {
  readonly id: number;
  readonly username: string;
  readonly role: Role;
  readonly disabled: boolean;
  readonly createdMs: number;
}

/** How things stand with one subject: all of it, so that the last state says everything. */
export type JournalState =
  | { readonly kind: 'frame'; readonly record: FrameRecord }
  /** In the trash: `row` as in the table, without what can be read from the files again. */
  | {
      readonly kind: 'trash';
      readonly row: Row;
      readonly record: FrameRecord;
      readonly notes: readonly Note[];
    }
  | { readonly kind: 'gone' }
  | { readonly kind: 'notes'; readonly notes: readonly Note[] }
  | { readonly kind: 'users'; readonly users: readonly UserRecord[] };

/** One line of the journal. */
export interface JournalEntry {
  /** The catalogue that told it: one that was lost and made anew has another. */
  readonly epoch: number;
  /** Of one subject and epoch, the state with the highest number is the newest. */
  readonly seq: number;
  /** `frame:<id>`, `night:<date>`, `users`. */
  readonly subject: string;
  readonly state: JournalState;
}

/**
 * The oldest changes that the journal was not told of, as the states they led to.
 *
 * @param limit changes at most; several of one subject are one entry
 * @returns `last` to be given to `forgetUnjournaled` when the entries are written; undefined if none is
 */
export async function readUnjournaled(
  catalog: Catalog,
  limit: number,
): Promise<{ readonly entries: readonly JournalEntry[]; readonly last: number | undefined }> {
  return inSnapshot(catalog, async (tx) => {
    const rows: { id: number; subject: string }[] = await tx('journal_queue')
      .orderBy('id')
      .limit(limit)
      .select('id', 'subject');
    if (rows.length === 0) return { entries: [], last: undefined };
    const seqOf = new Map(rows.map(({ id, subject }) => [subject, id]));
    const states = await readStates(tx, [...seqOf.keys()]);
    const epoch = await readEpoch(tx);
    const entries = [...states].map(([subject, state]) => {
      return { epoch, seq: required(seqOf.get(subject)), subject, state };
    });
    return { entries, last: rows.at(-1)?.id };
  });
}

/** Forgets changes up to `last`, once the journal is on disk. Readers of frames see no change in that. */
export async function forgetUnjournaled(catalog: Catalog, last: number): Promise<void> {
  await catalog.write('journal_queue').where('id', '<=', last).delete();
}

/** How many changes the journal has not been told yet: its lag. */
export async function countUnjournaled(catalog: Catalog): Promise<number> {
  const row = await catalog.read('journal_queue').count({ total: '*' }).first();
  return Number(row?.total ?? 0);
}

/** The number that tells this catalogue from others that were here before. */
export async function readEpoch(db: Knex): Promise<number> {
  const row: { value: number } | undefined = await db('counters')
    .where({ name: 'epoch' })
    .first('value');
  return required(row).value;
}

async function readStates(
  tx: Knex,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, JournalState>> {
  const frameIds = subjects.flatMap((subject) => parseFrameSubject(subject) ?? []);
  const notes = await readNotesOf(tx, subjects);
  const records = await readRecords(tx, frameIds);
  const trash: Row[] = await tx('trash').whereIn('frame_id', frameIds);
  const trashed = new Map(trash.map((row) => [Number(row.frame_id), row]));
  const states = new Map<string, JournalState>();
  for (const subject of subjects) {
    const id = parseFrameSubject(subject);
    if (subject === 'users') states.set(subject, { kind: 'users', users: await readUsers(tx) });
    else if (id === undefined) {
      states.set(subject, { kind: 'notes', notes: notes.get(subject) ?? [] });
    } else {
      const record = records.get(id);
      const state = record === undefined ? toGone(trashed.get(id), notes) : toFrame(record);
      states.set(subject, state);
    }
  }
  return states;
}

function toFrame(record: FrameRecord): JournalState {
  return { kind: 'frame', record };
}

function toGone(
  trashed: Row | undefined,
  notes: ReadonlyMap<string, readonly Note[]>,
): JournalState {
  if (trashed === undefined) return { kind: 'gone' };
  // The record is told beside it, and the files tell the content again.
  const row = { ...trashed, record: null, content: null };
  return {
    kind: 'trash',
    row,
    record: JSON.parse(String(trashed.record)) as FrameRecord,
    notes: notes.get(noteSubject(Number(trashed.frame_id))) ?? [],
  };
}

function parseFrameSubject(subject: string): number | undefined {
  const id = /^frame:(\d+)$/.exec(subject)?.[1];
  return id === undefined ? undefined : Number(id);
}

async function readUsers(tx: Knex): Promise<UserRecord[]> {
  const rows: Row[] = await tx('users')
    .orderBy('id')
    .select('id', 'username', 'role', 'disabled', 'created_ms');
  return rows.map((row) => ({
    id: Number(row.id),
    username: String(row.username),
    role: String(row.role) as Role,
    disabled: Boolean(row.disabled),
    createdMs: Number(row.created_ms),
  }));
}
