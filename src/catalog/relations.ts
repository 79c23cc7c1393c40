import type { Knex } from 'knex';
import { required, toColumns, type Catalog } from './db.js';
import type { FrameReader, Seer } from './frame-json.js';
import { visibleTo, type Viewer } from './visibility.js';

/** Relations of a frame: to those that its headers name, to those whose headers name it, or all. */
export const DIRECTIONS = ['uses', 'used_by', 'both'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Those that name a frame, at most: a bias may be named by all that was ever reduced with it. */
const MAX_USERS = 1000;

/** For frames by id: the ids of those that their headers name and the viewer may see; in one query. */
export async function relatedTo(
  db: Knex,
  ids: readonly number[],
  seer: Seer,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const pairs: { frame_id: number; id: number }[] = await named(db, seer)
    .whereRaw(`relations.frame_id in (${ids.join(', ')})`)
    .whereRaw('frames.id <> relations.frame_id')
    .distinct('relations.frame_id', 'frames.id')
    .orderBy('frames.id');
  const related = new Map<number, number[]>();
  for (const pair of pairs) {
    const list = related.get(pair.frame_id);
    if (list === undefined) related.set(pair.frame_id, [pair.id]);
    else list.push(pair.id);
  }
  return related;
}

/** Ids of the frames whose headers name `basename`. */
export async function findUsers(
  { read }: Catalog,
  basename: string,
  viewer: Viewer,
): Promise<number[]> {
  const rows: { id: number }[] = await naming(read, { viewer, now: Date.now() })
    .where('relations.name', basename)
    .select('frames.id');
  return rows.map((row) => row.id);
}

/**
 * The frames that a frame has relations to, in one question: first those that it names, then others.
 *
 * @throws 'not_found' if there is no such frame, or `viewer` may not see it
 */
export async function listRelatedAs<T>(
  { read: db }: Catalog,
  reader: Required<FrameReader<T>>,
  { id, direction }: { readonly id: number; readonly direction: Direction },
  viewer: Viewer,
): Promise<readonly T[]> {
  const seer = { viewer, now: Date.now() };
  const basename = db('frames').where({ id }).select('basename');
  const used = named(db, seer).where('relations.frame_id', id);
  const users = naming(db, seer).where('relations.name', basename);
  const ways = [
    ...(direction === 'used_by' ? [] : [used.select(db.raw('1 as way'), 'frames.id')]),
    ...(direction === 'uses' ? [] : [users.select(db.raw('2 as way'), 'frames.id')]),
  ];
  const places = db
    .from(db.unionAll(ways.map((way) => db.from(way.as('way')).select('*'))).as('related'))
    .whereNot({ id })
    .groupBy('id')
    .orderByRaw('min(way), id')
    .limit(-1); // without a limit SQLite leaves out an order in a join
  const own = db('frames').where({ id }).modify(visibleTo, viewer, seer.now).select('id');
  const page = { places: places.select('id').toSQL(), beside: toColumns(db, [own.as('own')]) };
  const { items, row } = await reader.ofPage(db, page, seer);
  required(row.own ?? undefined); // NULL: there is none
  return items;
}

/** Relations with the frames that they name, as `frames`. */
export function named(db: Knex, { viewer, now }: Seer): Knex.QueryBuilder {
  return db('relations')
    .join('frames', 'frames.basename', 'relations.name')
    .modify(visibleTo, viewer, now);
}

/** The frames that name somebody, each once, joined with what names them: the first MAX_USERS. */
function naming(db: Knex, { viewer, now }: Seer): Knex.QueryBuilder {
  return db('frames')
    .modify(visibleTo, viewer, now)
    .join('relations', 'relations.frame_id', 'frames.id')
    .groupBy('frames.id')
    .orderBy('frames.id')
    .limit(MAX_USERS);
}
