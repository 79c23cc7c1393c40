import type { Knex } from 'knex';
import { required, type Catalog } from './db.js';
import { parseStoredCards } from './write-cards.js';
import type { FrameRecord } from './records.js';
import type { Frame, FrameFacts, Relation, StoredHdu } from './schema.js';
import { trashedFor, type Actor, type Viewer } from './visibility.js';

/** A frame that was deleted and can still come back. */
export interface Trashed {
  /** Id of the frame. */
  readonly frameId: number;
  readonly basename: string;
  readonly record: FrameRecord;
  /** Bytes of all its versions. */
  readonly sizeBytes: number;
  readonly night: string | null;
  readonly by: string;
  readonly trashedMs: number;
  /** What whoever deleted it wrote; '' if nothing. */
  readonly reason: string;
  /** When its files had left the tree; null if that has still to be done. */
  readonly movedMs: number | null;
  /** When it was decided to remove its files for good; null as long as it can come back. */
  readonly purgedMs: number | null;
}

/** What the catalogue knew of a frame beyond its record, so that it comes back exactly as it was. */
export interface FrameContent {
  readonly facts: FrameFacts;
  /** Headers by number of the version. */
  readonly hdus: Readonly<Record<number, readonly StoredHdu[]>>;
}

export type NewTrashed = Omit<Trashed, 'basename' | 'movedMs' | 'purgedMs' | 'frameId'>;

/**
 * Writes down that a frame is in the trash, in the transaction that deletes it.
 *
 * @param content undefined if only its record is known: its file then tells the rest
 */
export async function insertTrashed(
  tx: Knex.Transaction,
  item: NewTrashed,
  content: FrameContent | undefined,
): Promise<void> {
  const { record } = item;
  await tx('trash').insert({
    frame_id: record.id,
    basename: record.basename,
    record: JSON.stringify(record),
    content: content === undefined ? null : JSON.stringify(content),
    size_bytes: item.sizeBytes,
    night: item.night,
    trashed_by: item.by,
    trashed_ms: item.trashedMs,
    reason: item.reason,
  });
}

/** What the catalogue knows of a frame beyond its record. In the transaction that deletes it. */
export async function readContent(tx: Knex, frame: Frame): Promise<FrameContent> {
  const { id } = frame;
  const relations: { keyword: string; name: string }[] = await tx('relations')
    .where({ frame_id: id })
    .orderByRaw('rowid')
    .select('keyword', 'name');
  const rows: HduRow[] = await tx('hdus')
    .join('versions', 'versions.id', 'hdus.version_id')
    .where('versions.frame_id', id)
    .orderBy(['versions.number', 'hdus.hdu'])
    .select('versions.number', 'hdus.hdu', 'hdus.name', 'hdus.kind', 'hdus.bitpix', 'hdus.axes')
    .select('hdus.checksum', 'hdus.cards');
  const hdus: Record<number, StoredHdu[]> = {};
  for (const { number, axes, cards, ...row } of rows) {
    const hdu = {
      ...row,
      axes: JSON.parse(axes) as number[],
      cards: await parseStoredCards(cards),
    };
    (hdus[number] ??= []).push(hdu);
  }
  const named = relations.map(({ keyword, name }): Relation => ({ key: keyword, name }));
  return { facts: { ...factsOf(frame), relations: named }, hdus };
}

/** Of a frame, what is not one of its facts. */
const OTHERS: ReadonlySet<string> = new Set<Exclude<keyof Frame, keyof FrameFacts>>([
  'id',
  'basename',
  'version',
  'relatedIds',
  'createdMs',
  'updatedMs',
]);

function factsOf(frame: Frame): Omit<FrameFacts, 'relations'> {
  const facts = Object.entries(frame).filter(([name]) => !OTHERS.has(name));
  return Object.fromEntries(facts) as unknown as Omit<FrameFacts, 'relations'>;
}

interface HduRow extends Omit<StoredHdu, 'axes' | 'cards'> {
  readonly number: number;
  readonly axes: string;
  readonly cards: string;
}

/** What `readContent` found when the frame was deleted; undefined if only its record is known. */
export async function findContent(db: Knex, frameId: number): Promise<FrameContent | undefined> {
  const row: { content: string | null } | undefined = await db('trash')
    .where({ frame_id: frameId })
    .first('content');
  return typeof row?.content === 'string' ? (JSON.parse(row.content) as FrameContent) : undefined;
}

/**
 * One page of the trash as `by` may see it, what was deleted last first; those that are being purged are
 * not in it.
 */
export async function listTrashed(
  catalog: Catalog,
  { limit, offset }: { readonly limit: number; readonly offset: number },
  by: Actor | Viewer,
): Promise<{ total: number; bytes: number; items: Trashed[] }> {
  const there = (): Knex.QueryBuilder =>
    catalog.read('trash').whereNull('purged_ms').modify(trashedFor, by);
  const [sums]: { total: number; bytes: number | null }[] = await there().select(
    catalog.read.raw('count(*) as total, sum(size_bytes) as bytes'),
  );
  const rows: TrashRow[] = await there()
    .orderBy([
      { column: 'trashed_ms', order: 'desc' },
      { column: 'frame_id', order: 'desc' },
    ])
    .limit(limit)
    .offset(offset)
    .select(COLUMNS);
  return { total: sums?.total ?? 0, bytes: sums?.bytes ?? 0, items: rows.map(toTrashed) };
}

/** @throws 'not_found' if no such frame is in the trash, `by` may not see it, or it is being purged */
export async function getTrashed(db: Knex, frameId: number, by: Actor | Viewer): Promise<Trashed> {
  const row: TrashRow | undefined = await db('trash')
    .where({ frame_id: frameId })
    .whereNull('purged_ms')
    .modify(trashedFor, by)
    .first(COLUMNS);
  return toTrashed(required(row));
}

/**
 * Whose the name of a deleted frame is, as `findOwner` of the frame before it was deleted; of several of
 * that name the oldest. undefined if no frame of that name can come back.
 */
export async function findTrashedOwner(
  db: Knex,
  basename: string,
): Promise<number | null | undefined> {
  const row: Pick<TrashRow, 'record'> | undefined = await db('trash')
    .where({ basename })
    .whereNull('purged_ms')
    .orderBy('frame_id')
    .first('record');
  if (row === undefined) return undefined;
  const { versions } = JSON.parse(row.record) as FrameRecord;
  const name = versions.find(({ number }) => number === 1)?.uploadedBy ?? '';
  const user: { id: number } | undefined = await db('users')
    .where({ username_key: name.toLowerCase() })
    .first('id');
  return user?.id ?? null;
}

/** What was begun and not finished: files to be moved, or to be removed for good. */
export async function listUnfinishedTrash(catalog: Catalog): Promise<Trashed[]> {
  const rows: TrashRow[] = await catalog
    .read('trash')
    .whereNull('moved_ms')
    .orWhereNotNull('purged_ms')
    .orderBy('frame_id')
    .select(COLUMNS);
  return rows.map(toTrashed);
}

/** Ids of the frames that were deleted before `beforeMs`. */
export async function listTrashedBefore(catalog: Catalog, beforeMs: number): Promise<number[]> {
  const rows: { frame_id: number }[] = await catalog
    .read('trash')
    .whereNull('purged_ms')
    .where('trashed_ms', '<', beforeMs)
    .orderBy('frame_id')
    .select('frame_id');
  return rows.map((row) => row.frame_id);
}

/** Writes down that the files of a deleted frame have left the tree. */
export async function noteMoved(catalog: Catalog, frameId: number): Promise<void> {
  await catalog.write('trash').where({ frame_id: frameId }).update({ moved_ms: Date.now() });
}

/** Writes down that the files of a deleted frame may be in their old places: they are on the way back. */
export async function noteReturning(catalog: Catalog, frameId: number): Promise<void> {
  await catalog.write('trash').where({ frame_id: frameId }).update({ moved_ms: null });
}

/** Decides that a frame is not to come back. @throws 'not_found' if it is not in the trash */
export async function notePurged(tx: Knex.Transaction, frameId: number): Promise<void> {
  const changed = await tx('trash')
    .where({ frame_id: frameId })
    .whereNull('purged_ms')
    .update({ purged_ms: Date.now() });
  required(changed > 0 ? changed : undefined);
}

/** Takes a frame off the list: it is back, or all of it is gone. */
export async function removeTrashed(db: Knex, frameId: number): Promise<void> {
  await db('trash').where({ frame_id: frameId }).delete();
}

interface TrashRow {
  readonly frame_id: number;
  readonly basename: string;
  readonly record: string;
  readonly size_bytes: number;
  readonly night: string | null;
  readonly trashed_by: string;
  readonly trashed_ms: number;
  readonly reason: string;
  readonly moved_ms: number | null;
  readonly purged_ms: number | null;
}

/** All but the content, which may be megabytes. */
const COLUMNS = [
  'frame_id',
  'basename',
  'record',
  'size_bytes',
  'night',
  'trashed_by',
  'trashed_ms',
  'reason',
  'moved_ms',
  'purged_ms',
];

function toTrashed(row: TrashRow): Trashed {
  return {
    frameId: row.frame_id,
    basename: row.basename,
    record: JSON.parse(row.record) as FrameRecord,
    sizeBytes: row.size_bytes,
    night: row.night,
    by: row.trashed_by,
    trashedMs: row.trashed_ms,
    reason: row.reason,
    movedMs: row.moved_ms,
    purgedMs: row.purged_ms,
  };
}
