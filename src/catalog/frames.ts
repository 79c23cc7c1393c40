import type { Knex } from 'knex';
import { askOnce, inSnapshot, required, type Catalog } from './db.js';
import type { Condition } from './conditions.js';
import {
  FRAME_SELECT,
  toFrame,
  toVersion,
  VERSION_COLUMNS,
  type Frame,
  type Row,
} from './schema.js';
import { countFrames } from './count.js';
import { formatCursor, parseCursor } from './cursor.js';
import type { FrameReader } from './frame-json.js';
import type { FrameOrder } from './order.js';
import { readAtOnce } from './at-once.js';
import { readStretch } from './page.js';
import { relatedTo } from './relations.js';
import { applyAll, questionOf, resolveSearch, TABLES, type Search } from './search.js';
import type { Position } from './ties.js';
import { visibleTo, type Viewer } from './visibility.js';

export interface FrameQuery {
  readonly conditions: readonly Condition[];
  /** Frames without a value stand last; ties are broken by id, ascending, so that pages never overlap. */
  readonly order: FrameOrder;
  readonly limit: number;
  readonly offset: number;
}

export interface Page<T> {
  readonly total: number;
  readonly items: readonly T[];
}

/** One page of the frames that `viewer` may see; count and page come from one snapshot. */
export async function listFrames(
  catalog: Catalog,
  query: FrameQuery,
  viewer: Viewer,
): Promise<Page<Frame>> {
  return listFramesAs(catalog, readFrames, query, viewer);
}

/** The same, of frames that are read otherwise. */
export async function listFramesAs<T>(
  catalog: Catalog,
  read: FrameReader<T>,
  query: FrameQuery,
  viewer: Viewer,
): Promise<Page<T>> {
  const { order, limit, offset } = query;
  const page = await readAtOnce(catalog, read, query, viewer);
  if (page !== undefined) return page;
  return inSnapshot(catalog, async (tx) => {
    const search = await resolveSearch(tx, query.conditions, viewer);
    const total = await countOnce(catalog, tx, search);
    if (limit === 0 || offset >= total) return { total, items: [] };
    const places = await readStretch(tx, search, { order, limit, offset, total });
    const ids = idsOf(places);
    return { total, items: await read.byIds(tx, ids, search) };
  });
}

export interface CursorQuery {
  readonly conditions: readonly Condition[];
  readonly order: FrameOrder;
  readonly limit: number;
  /** From `next` or `previous` of another page; undefined for the first. */
  readonly cursor?: string | undefined;
}

export interface CursorPage<T> {
  readonly items: readonly T[];
  /** Cursors of the pages around this one; null at the ends. */
  readonly next: string | null;
  readonly previous: string | null;
}

/**
 * One page of a list by the place where it begins instead of its number: nothing is counted or
 * skipped, and frames that come or go in the meantime neither repeat nor hide others.
 *
 * @throws 'bad_request' if the cursor is none, or belongs to a list in another order
 */
export async function listFramesByCursor<T>(
  catalog: Catalog,
  read: FrameReader<T>,
  { conditions, order, limit, cursor }: CursorQuery,
  viewer: Viewer,
): Promise<CursorPage<T>> {
  const from = cursor === undefined ? undefined : parseCursor(order, cursor);
  const isReversed = from?.direction === 'previous';
  return inSnapshot(catalog, async (tx) => {
    const search = await resolveSearch(tx, conditions, viewer);
    const stretch = { order, offset: 0, limit: limit + 1, after: from, isReversed };
    const places = await readStretch(tx, search, stretch);
    // One more than was asked for tells whether there is a page behind this one.
    const hasMore = places.length > limit;
    const shown = isReversed ? places.slice(0, limit).reverse() : places.slice(0, limit);
    const at = (place: Position | undefined, direction: 'next' | 'previous'): string | null =>
      place === undefined ? null : formatCursor(order, { ...place, direction });
    return {
      items: await read.byIds(tx, idsOf(shown), search),
      next: isReversed || hasMore ? at(shown.at(-1), 'next') : null,
      previous: (isReversed ? hasMore : from !== undefined) ? at(shown[0], 'previous') : null,
    };
  });
}

function idsOf(places: readonly Position[]): number[] {
  return places.map(({ id }) => id);
}

/**
 * The length of a list. It is counted once for as long as nothing changes, unless it depends on the
 * clock: then it is always counted.
 */
async function countOnce(catalog: Catalog, tx: Knex, search: Search): Promise<number> {
  const question = questionOf(tx, search);
  if (question === undefined) return countFrames(tx, search);
  return askOnce(catalog.known, question, () => countFrames(tx, search));
}

/** Reads frames as objects. */
export const readFrames: FrameReader<Frame> = {
  async byIds(tx, ids, { viewer, now }) {
    if (ids.length === 0) return [];
    const related = await relatedTo(tx, ids, { viewer, now });
    const rows: Row[] = await tx('frames')
      .modify(visibleTo, viewer, now)
      .whereRaw(`frames.id in (${ids.join(', ')})`)
      .join('versions', 'versions.id', 'frames.version_id')
      .select(tx.raw(FRAME_SELECT));
    const frames = rows.map((row) => toFrame(row, related));
    const found = new Map(frames.map((frame) => [frame.id, frame]));
    return ids.flatMap((id) => found.get(id) ?? []);
  },
};

/** Frames by id, in the order of `ids`; those that are unknown or hidden are left out. */
export async function findFrames(
  catalog: Catalog,
  ids: readonly number[],
  viewer: Viewer,
): Promise<readonly Frame[]> {
  return findFramesAs(catalog, readFrames, ids, viewer);
}

/** Frames in one query. */
const AT_ONCE = 500;

/** The same, read otherwise. */
export async function findFramesAs<T>(
  catalog: Catalog,
  read: FrameReader<T>,
  ids: readonly number[],
  viewer: Viewer,
): Promise<readonly T[]> {
  const seer = { viewer, now: Date.now() };
  if (ids.length <= AT_ONCE) return read.byIds(catalog.read, ids, seer);
  return inSnapshot(catalog, async (tx) => {
    const found: T[] = [];
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const some = ids.slice(at, at + AT_ONCE);
      found.push(...(await read.byIds(tx, some, seer)));
    }
    return found;
  });
}

/** @throws 'not_found' if there is no such frame, or `viewer` may not see it */
export async function getFrame(catalog: Catalog, id: number, viewer: Viewer): Promise<Frame> {
  return getFrameAs(catalog, readFrames, id, viewer);
}

/** The same, read otherwise. */
export async function getFrameAs<T>(
  catalog: Catalog,
  read: FrameReader<T>,
  id: number,
  viewer: Viewer,
): Promise<T> {
  const [frame] = await findFramesAs(catalog, read, [id], viewer);
  return required(frame);
}

/** A frame as far as its file goes. */
export type FrameFile = Pick<Frame, 'id' | 'basename' | 'version'>;

/**
 * The same in one query, for those who only want the file.
 * @throws 'not_found' if there is no such frame, or `viewer` may not see it
 */
export async function getFrameFile(
  { read }: Catalog,
  id: number,
  viewer: Viewer,
): Promise<FrameFile> {
  const row: Row | undefined = await read('frames')
    .modify(visibleTo, viewer)
    .where('frames.id', id)
    .join('versions', 'versions.id', 'frames.version_id')
    .first('frames.basename', ...VERSION_COLUMNS);
  const found = required(row);
  return { id, basename: String(found.basename), version: toVersion(found) };
}

/** What conditions may be about whose columns the frames have themselves. */
const OF_FRAMES: readonly Condition['about'][] = ['cell', 'date', 'frame'];

/**
 * The frames that `viewer` may see under `conditions`, for queries that read all of them. Conditions
 * must be ready (`prepare`).
 */
export function matching(
  db: Knex,
  conditions: readonly Condition[],
  viewer: Viewer,
): Knex.QueryBuilder {
  const query = db('frames').modify(visibleTo, viewer);
  for (const kind of ['facet', 'night', 'object'] as const) {
    const own = conditions.filter(({ about }) => about === kind);
    if (own.length === 0) continue;
    const table = TABLES[kind];
    void query.whereIn(
      `frames.${kind}_id`,
      db(table).modify(applyAll, own, table).select(`${table}.id`),
    );
  }
  const others = conditions.filter(({ about }) => OF_FRAMES.includes(about));
  return query.modify(applyAll, others, 'frames');
}
