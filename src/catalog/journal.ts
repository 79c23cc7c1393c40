import type { Knex } from 'knex';
import { inSnapshot, required, type Catalog } from './db.js';
import type { HighestIds } from './journal-index.js';
import { readHighestIds, readMark, readMarkOf, TOLD_BYTES, writeMark } from './rebuild.js';
import { noteSubject, readNotesOf, readRecords, type FrameRecord, type Note } from './records.js';
import { listSentReports, type SentReport } from './reports.js';
import { listRules, type RepairRule } from './rules.js';
import type { Row } from './schema.js';
import { readShareRecords, type ShareRecord } from './share-records.js';
import type { Sight } from './sight.js';
import { listUsersIn } from './users.js';
import type { Role } from './visibility.js';

/** An account without anything that is secret. */
export interface UserRecord {
  readonly id: number;
  readonly username: string;
  readonly role: Role;
  readonly disabled: boolean;
  readonly createdMs: number;
  /** What it is shown, if that is not everything. */
  readonly sight?: Sight;
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
  | { readonly kind: 'share'; readonly share: ShareRecord }
  | { readonly kind: 'rules'; readonly rules: readonly RepairRule[] }
  /** The reports of nights that went out last. */
  | { readonly kind: 'reports'; readonly sent: readonly SentReport[] }
  | { readonly kind: 'users'; readonly users: readonly UserRecord[] }
  /** The highest ids that were ever given, for a journal that does not tell of all of them. */
  | { readonly kind: 'ids'; readonly ids: HighestIds };

/** One line of the journal. */
export interface JournalEntry {
  /** The catalogue that told it: one that was lost and made anew has another. */
  readonly epoch: number;
  /** Of one subject and epoch, the state with the highest number is the newest. */
  readonly seq: number;
  /** `frame:<id>`, `night:<date>`, `share:<id>`, `rules`, `reports`, `users`, `ids`. */
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

/**
 * Forgets changes up to `last`, once the journal is on disk. Readers of frames see no change in that.
 *
 * @param bytes that were appended for them
 */
export async function forgetUnjournaled(
  catalog: Catalog,
  last: number,
  bytes: number,
): Promise<void> {
  await catalog.write.transaction(async (tx) => {
    await tx('journal_queue').where('id', '<=', last).delete();
    // A sum, so that what the journal has lost stays missed, and two processes may write to it.
    await writeMark(tx, TOLD_BYTES, ((await readMarkOf(tx, TOLD_BYTES)) ?? 0) + bytes);
  });
}

/** The bytes that the journal has at least, unless some are lost; undefined if it was told nothing yet. */
export async function readToldBytes(catalog: Catalog): Promise<number | undefined> {
  const bytes = await readMark(catalog, TOLD_BYTES);
  if (bytes !== undefined) return bytes === 0 ? undefined : bytes;
  // Older programs did not write it down. Accounts are the first that a journal is told.
  const queued: unknown = await catalog.read('journal_queue').where({ subject: USERS }).first('id');
  return queued === undefined ? 0 : undefined;
}

/** Writes down that the journal has no more bytes than these: its files were replaced, or have gone. */
export async function limitToldBytes(catalog: Catalog, most: number): Promise<void> {
  await catalog.write('counters').where({ name: TOLD_BYTES }).andWhere('value', '>', most).update({
    value: most,
  });
}

/** How many changes the journal has not been told yet: its lag. */
export async function countUnjournaled(catalog: Catalog): Promise<number> {
  const row = await catalog.read('journal_queue').count({ total: '*' }).first();
  return Number(row?.total ?? 0);
}

/**
 * How things stand with some subjects, but for those that the journal has still to be told of: what it
 * tells of the others has to be the same.
 */
export async function readToldStates(
  catalog: Catalog,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, JournalState>> {
  return inSnapshot(catalog, async (tx) => {
    const rows: { subject: string }[] = await tx('journal_queue')
      .whereIn('subject', subjects)
      .select('subject');
    const queued = new Set(rows.map(({ subject }) => subject));
    return readStates(
      tx,
      subjects.filter((subject) => !queued.has(subject)),
    );
  });
}

const PAGE = 500;

/** Every subject that the journal should tell to be there, page by page. */
export async function* eachSubject(catalog: Catalog): AsyncIterable<readonly string[]> {
  for (const [table, column] of [
    ['frames', 'id'],
    ['trash', 'frame_id'],
  ] as const) {
    for (let after = -1; ;) {
      const rows: { id: number }[] = await catalog
        .read(table)
        .where(column, '>', after)
        .orderBy(column)
        .limit(PAGE)
        .select({ id: column });
      const last = rows.at(-1);
      if (last === undefined) break;
      yield rows.map(({ id }) => noteSubject(id));
      after = last.id;
    }
  }
  const nights: { subject: string }[] = await catalog
    .read('notes')
    .where('subject', 'like', 'night:%')
    .distinct('subject');
  const shares: { id: number }[] = await catalog.read('shares').orderBy('id').select('id');
  const shared = shares.map(({ id }) => `share:${id}`);
  yield [...nights.map(({ subject }) => subject), ...shared, RULES, REPORTS, USERS];
}

/** The number that tells this catalogue from others that were here before. */
export async function readEpoch(db: Knex): Promise<number> {
  const row: { value: number } | undefined = await db('counters')
    .where({ name: 'epoch' })
    .first('value');
  return required(row).value;
}

/** Subjects of which there is one: accounts, rules, sent reports, and the highest ids that were given. */
export const [USERS, RULES, REPORTS, IDS] = ['users', 'rules', 'reports', 'ids'] as const;

async function readStates(
  tx: Knex,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, JournalState>> {
  const frameIds = subjects.flatMap((subject) => parseFrameSubject(subject) ?? []);
  const notes = await readNotesOf(tx, subjects);
  const records = await readRecords(tx, frameIds);
  const trash: Row[] = await tx('trash').whereIn('frame_id', frameIds);
  const trashed = new Map(trash.map((row) => [Number(row.frame_id), row]));
  const shares = await readShareRecords(tx, subjects.flatMap(shareIdOf));
  const states = new Map<string, JournalState>();
  for (const subject of subjects) {
    const id = parseFrameSubject(subject);
    if (subject === USERS) states.set(subject, { kind: 'users', users: await readUsers(tx) });
    else if (subject === IDS) states.set(subject, { kind: 'ids', ids: await readHighestIds(tx) });
    else if (subject === RULES) states.set(subject, { kind: 'rules', rules: await listRules(tx) });
    else if (subject === REPORTS) {
      states.set(subject, { kind: 'reports', sent: await listSentReports(tx) });
    } else if (shareIdOf(subject).length > 0) {
      const share = shareIdOf(subject).map((shareId) => shares.get(shareId))[0];
      states.set(subject, share === undefined ? { kind: 'gone' } : { kind: 'share', share });
    } else if (id === undefined) {
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

function shareIdOf(subject: string): number[] {
  const id = /^share:(\d+)$/.exec(subject)?.[1];
  return id === undefined ? [] : [Number(id)];
}

/** Id of the frame that a subject is; undefined if it is none. */
export function parseFrameSubject(subject: string): number | undefined {
  const id = /^frame:(\d+)$/.exec(subject)?.[1];
  return id === undefined ? undefined : Number(id);
}

async function readUsers(tx: Knex): Promise<UserRecord[]> {
  const users = (await listUsersIn(tx)).sort((a, b) => a.id - b.id);
  return users.map(({ id, username, role, disabled, createdMs, seesAll, proposals }) => {
    const isEverything = seesAll && proposals.length === 0;
    const sight = isEverything ? {} : { sight: { seesAll, proposals } };
    return { id, username, role, disabled, createdMs, ...sight };
  });
}
