import type { Knex } from 'knex';
import { inTransaction, required, type Catalog } from './db.js';
import type { HighestIds } from './journal-index.js';
import type { JournalState, UserRecord } from './journal.js';
import { insertNotes, noteSubject, type FrameRecord, type VersionRecord } from './records.js';
import type { Row } from './schema.js';
import { writeSight } from './sight.js';
import { insertRow } from './write.js';

/** A password hash that no password has. */
const NO_PASSWORD = '';

/** Those of these frames that are here, or in the trash. */
export async function findFrameIds(
  db: Knex,
  frameIds: readonly number[],
): Promise<ReadonlySet<number>> {
  const frames: { id: number }[] = await db('frames').whereIn('id', frameIds).select('id');
  const trashed: { frame_id: number }[] = await db('trash')
    .whereIn('frame_id', frameIds)
    .select('frame_id');
  return new Set([...frames.map(({ id }) => id), ...trashed.map((row) => row.frame_id)]);
}

/** What of a record belongs to a frame that is here. */
export interface Clashes {
  /** Its name, or the very same bytes. */
  readonly isKnown: boolean;
  /** One of its files, or it is in the trash itself: it was told of anew. */
  readonly isFiled: boolean;
  /** The id of it, of one of its versions, or of one of its notes. */
  readonly hasTakenId: boolean;
}

export async function findClashes(db: Knex, record: FrameRecord): Promise<Clashes> {
  const { id, basename, versions, notes } = record;
  const values = <K extends 'key' | 'sha256' | 'id'>(name: K): VersionRecord[K][] =>
    versions.map((version) => version[name]);
  const has = async (query: Knex.QueryBuilder): Promise<boolean> =>
    ((await query.first('*')) as unknown) !== undefined;
  const noteIds = notes.map((note) => note.id);
  return {
    isFiled:
      (await has(db('versions').whereIn('key', values('key')))) || (await isTrashed(db, record)),
    isKnown:
      (await has(db('frames').where({ basename }))) ||
      (await has(db('versions').whereIn('sha256', values('sha256')))),
    hasTakenId:
      (await findFrameIds(db, [id])).has(id) ||
      (await has(db('versions').whereIn('id', values('id')))) ||
      (await has(db('notes').whereIn('id', noteIds))),
  };
}

/** Whether this very frame is in the trash, and not another one that was given its id. */
async function isTrashed(db: Knex, { id, versions }: FrameRecord): Promise<boolean> {
  const row: { record: string } | undefined = await db('trash')
    .where({ frame_id: id })
    .first('record');
  if (row === undefined) return false;
  const trashed = JSON.parse(row.record) as FrameRecord;
  const sums = new Set(trashed.versions.map(({ sha256 }) => sha256));
  return versions.some(({ sha256 }) => sums.has(sha256));
}

/** Writes accounts back, closed and without a password; those whose name is there stay as they are. */
export async function insertUserRecords(
  tx: Knex.Transaction,
  users: readonly (Omit<UserRecord, 'id' | 'disabled'> & { readonly id?: number })[],
): Promise<string[]> {
  const made: string[] = [];
  for (const { id, username, role, createdMs, sight } of users) {
    const username_key = username.toLowerCase();
    const known: unknown = await tx('users').where({ username_key }).first('id');
    if (known !== undefined) continue;
    const isFree = id !== undefined && (await isAbsent(tx('users').where({ id })));
    const newId = await insertRow(tx, 'users', {
      ...(isFree ? { id } : {}),
      username,
      username_key,
      password_hash: NO_PASSWORD,
      role,
      disabled: true,
      created_ms: createdMs,
    });
    if (sight !== undefined) await writeSight(tx, newId, sight);
    made.push(username);
  }
  return made;
}

async function isAbsent(query: Knex.QueryBuilder): Promise<boolean> {
  const row: unknown = await query.first('id');
  return row === undefined;
}

/**
 * Writes accounts for owners that only their frames know of. Nobody knows what else they were shown:
 * until an admin says so, it is what they have uploaded.
 *
 * @returns names of those that were made
 */
export async function insertOwners(
  tx: Knex.Transaction,
  names: readonly string[],
): Promise<string[]> {
  const made: string[] = [];
  for (const username of new Set(names)) {
    const username_key = username.toLowerCase();
    const known: unknown = await tx('users').where({ username_key }).first('id');
    if (known !== undefined) continue;
    await tx('users').insert({
      username,
      username_key,
      password_hash: NO_PASSWORD,
      role: 'user',
      disabled: true,
      sees_all: false,
      created_ms: Date.now(),
    });
    made.push(username);
  }
  return made;
}

/** Writes back that a frame is in the trash, as the journal tells it. */
export async function insertTrashState(
  tx: Knex.Transaction,
  { row, record, notes }: Extract<JournalState, { kind: 'trash' }>,
): Promise<void> {
  const columns = await tx('trash').columnInfo();
  const known = Object.entries(row).filter(([name]) => Object.hasOwn(columns, name));
  await tx('trash').insert({ ...Object.fromEntries(known), record: JSON.stringify(record) });
  await insertNotes(tx, noteSubject(record.id), notes);
}

/** Whether any file below a folder is filed. */
export async function hasKeysBelow(db: Knex, prefix: string): Promise<boolean> {
  // `0` is what follows `/`: a range of the index, where LIKE would read all of it.
  const row: unknown = await db('versions')
    .where('key', '>', `${prefix}/`)
    .where('key', '<', `${prefix}0`)
    .first('id');
  return row !== undefined;
}

/** Keys of the files of all frames in the trash: some may still lie in the tree. */
export async function listTrashKeys(db: Knex): Promise<ReadonlySet<string>> {
  const rows: { record: string }[] = await db('trash').select('record');
  const records = rows.map(({ record }) => JSON.parse(record) as FrameRecord);
  return new Set(records.flatMap(({ versions }) => versions.map(({ key }) => key)));
}

/** Says that the journal knows all about a subject as it is now. */
export async function forgetSubjects(
  tx: Knex.Transaction,
  subjects: readonly string[],
): Promise<void> {
  await tx('journal_queue').whereIn('subject', subjects).delete();
}

/** Makes sure that ids of a table that were given once are not given again. */
export async function skipIds(tx: Knex.Transaction, table: string, upTo: number): Promise<void> {
  const changed = await tx('sqlite_sequence')
    .where('name', table)
    .update({ seq: tx.raw('max(seq, ?)', [upTo]) });
  if (changed === 0) await tx('sqlite_sequence').insert({ name: table, seq: upTo });
}

/** The highest ids that a catalogue has ever given. */
export async function readHighestIds(db: Knex): Promise<HighestIds> {
  const rows: { name: string; seq: number }[] = await db('sqlite_sequence').select('name', 'seq');
  const of = (table: string): number => rows.find(({ name }) => name === table)?.seq ?? 0;
  return { frames: of('frames'), versions: of('versions'), notes: of('notes') };
}

/** Makes sure that none of these ids, or lower ones, is given to something new. */
export async function skipAllIds(tx: Knex.Transaction, highest: HighestIds): Promise<void> {
  for (const table of ['frames', 'versions', 'notes'] as const) {
    await skipIds(tx, table, highest[table]);
  }
}

/** Goes on with the part of the journal that another catalogue began. */
export async function continueEpoch(
  tx: Knex.Transaction,
  epoch: number,
  lastSeq: number,
): Promise<void> {
  await tx('counters').where({ name: 'epoch' }).update({ value: epoch });
  await skipIds(tx, 'journal_queue', lastSeq);
}

/**
 * Begins a part of the journal of its own: for a catalogue that was put back to an earlier state, and
 * would otherwise tell other things under numbers that were told before.
 *
 * @param epoch any number that no catalogue of this archive has had
 */
export async function beginEpoch(catalog: Catalog, epoch: number): Promise<void> {
  await inTransaction(catalog, async (tx) => {
    await tx('counters').where({ name: 'epoch' }).update({ value: epoch });
    await writeMark(tx, TOLD_BYTES, 0);
    await tx.raw("insert into journal_queue (subject) select 'frame:' || id from frames");
    await queueOthers(tx);
  });
}

/** Has the journal told all that is no frame of a list. */
async function queueOthers(tx: Knex): Promise<void> {
  const subjects = [
    "select 'frame:' || frame_id from trash",
    "select distinct subject from notes where subject like 'night:%'",
    "select 'share:' || id from shares",
    "select 'rules' where exists (select 1 from repair_rules)",
    "select 'reports' where exists (select 1 from reports where state = 'sent')",
    "select 'users'",
    "select 'ids'",
  ];
  for (const sql of subjects) await tx.raw(`insert into journal_queue (subject) ${sql}`);
}

/** Frames of one transaction: others write in between. */
const PIECE = 5_000;
/** Counter: the last frame that was queued by what was begun and not finished. */
const ANEW = 'journal_anew';

/** Whether the journal is to be told everything anew, and not all of that has been queued yet. */
export async function isToldAnew(catalog: Catalog): Promise<boolean> {
  return (await readMark(catalog, ANEW)) !== undefined;
}

/**
 * Has the journal told everything anew, in the same part of it. Goes on where a process that died was;
 * what changes meanwhile is queued by the change itself.
 */
export async function tellAnew(catalog: Catalog): Promise<void> {
  for (let after = (await readMark(catalog, ANEW)) ?? -1; ;) {
    const last = await catalog.write.transaction((tx) => queuePiece(tx, after));
    if (last === undefined) return;
    after = last;
  }
}

/** @returns id of the last frame that was queued; undefined when all is queued */
async function queuePiece(tx: Knex, after: number): Promise<number | undefined> {
  // Written first, so that nobody else can write between what is read here and what is made of it.
  await writeMark(tx, ANEW, after);
  const piece = tx('frames').where('id', '>', after).orderBy('id').limit(PIECE).select('id');
  const row: { last: number | null } | undefined = await tx
    .from(piece.as('piece'))
    .max({ last: 'id' })
    .first();
  const last = row?.last ?? undefined;
  if (last === undefined) await queueOthers(tx);
  else {
    await tx.raw(
      "insert into journal_queue (subject) select 'frame:' || id from frames where id > ? and id <= ? order by id",
      [after, last],
    );
  }
  await writeMark(tx, ANEW, last);
  return last;
}

/** Counter: the bytes that this catalogue has told the journal. */
export const TOLD_BYTES = 'journal_bytes';

/** A number that a program keeps for itself; undefined if it was never set. */
export async function readMark(catalog: Catalog, name: string): Promise<number | undefined> {
  return readMarkOf(catalog.read, name);
}

/** The same on a handle, such as a transaction. */
export async function readMarkOf(db: Knex, name: string): Promise<number | undefined> {
  const row: { value: number } | undefined = await db('counters').where({ name }).first('value');
  return row?.value;
}

/** Sets such a number; undefined removes it. */
export async function writeMark(tx: Knex, name: string, value: number | undefined): Promise<void> {
  await tx('counters').where({ name }).delete();
  if (value !== undefined) await tx('counters').insert({ name, value });
}

/** What stands in an old catalogue and in no file of the tree. */
const TAKEN_OVER = [
  'users',
  'user_proposals',
  'tokens',
  'audit',
  'quarantine',
  'backups',
  'reports',
];

/**
 * Copies accounts, tokens, the log and such from another catalogue into this one, which must have none.
 *
 * @returns rows by table
 * @throws what SQLite says of a file that it cannot read
 */
export async function takeOver(
  catalog: Catalog,
  path: string,
): Promise<Readonly<Record<string, number>>> {
  const { write } = catalog;
  await write.raw('attach database ? as old', [path]);
  try {
    return await write.transaction(async (tx) => {
      const rows: Record<string, number> = {};
      for (const table of TAKEN_OVER) rows[table] = await copyTable(tx, table);
      return rows;
    });
  } finally {
    await write.raw('detach database old');
  }
}

/** Copies the columns that both have: the old catalogue may be older. */
async function copyTable(tx: Knex.Transaction, table: string): Promise<number> {
  const columns = async (schema: string): Promise<string[]> => {
    const rows: Row[] = await tx.raw(`pragma ${schema}.table_info(${table})`);
    return rows.map((row) => String(row.name));
  };
  const there = new Set(await columns('old'));
  const shared = (await columns('main')).filter((name) => there.has(name)).join(', ');
  if (shared === '') return 0;
  await tx.raw(`insert into main.${table} (${shared}) select ${shared} from old.${table}`);
  const [row]: { total: number }[] = await tx.raw(`select count(*) as total from main.${table}`);
  return required(row).total;
}
