import { conditionsKey, conditionsText, type Condition } from './conditions.js';
import { counting, cubeTotal, knownTotal, smallestSet } from './count.js';
import { CHANGES, readChanges, toColumns, type Catalog } from './db.js';
import type { FrameReader } from './frame-json.js';
import type { FrameQuery, Page } from './frames.js';
import { LONG_WAY } from './far.js';
import { mayBeOne, placesQuery } from './page.js';
import {
  findsNothing,
  isAboutCube,
  knownColumns,
  resolveSearch,
  toKnown,
  type Search,
} from './search.js';
import { A_FEW, isSeek } from './seeks.js';
import { framesTouched } from './touches.js';
import type { Viewer } from './visibility.js';

/**
 * A page of a plain list by one question, where a view that is held takes six: it reads the page, its
 * count, and what the way to read it was chosen by. That is known from the last page of this kind, or
 * else asked for first; if it was otherwise when the page was read, nothing was read.
 *
 * @returns undefined if the page cannot be had so
 */
export async function readAtOnce<T>(
  catalog: Catalog,
  reader: FrameReader<T>,
  query: FrameQuery,
  viewer: Viewer,
): Promise<Page<T> | undefined> {
  const { conditions, order, limit, offset } = query;
  const isNear = limit > 0 && offset < LONG_WAY;
  if (!viewer.seesAll || reader.ofPage === undefined || !isNear || !mayBeOne(order)) {
    return undefined;
  }
  const key = conditionsKey(catalog, conditions);
  if (key === undefined) return readFound(catalog, reader, query, viewer);
  const known = catalog.searches.get(key);
  const page = known && (await readBy(catalog, reader, query, { ...known, viewer, key }));
  if (page !== undefined) return page;
  const search = await resolveSearch(catalog.read, conditions, viewer);
  const total = knownTotal(search);
  if (total !== undefined && offset >= total) return { total, items: [] };
  return readBy(catalog, reader, query, { ...search, key });
}

/**
 * A page of a list of which an index finds all frames, if they are few. First it is asked which they are,
 * then they are read and counted. Frames that have come in between are in both the count and the page or
 * in neither, as if it had been asked before; what is found out of frames later is told as it is then. If
 * anything else may have changed meanwhile, nothing was read.
 */
async function readFound<T>(
  catalog: Catalog,
  reader: FrameReader<T>,
  { conditions, order, limit, offset }: FrameQuery,
  viewer: Viewer,
): Promise<Page<T> | undefined> {
  const { read: db, touches, findsMany } = catalog;
  if (conditions.some(isWalked)) return undefined;
  const text = conditionsText(catalog, conditions);
  if (findsMany.has(text)) return undefined;
  const isPrepared = conditions.some(({ prepare }) => prepare !== undefined);
  const before = isPrepared ? await readChanges(catalog) : undefined;
  const search = await resolveSearch(db, conditions, viewer);
  const since = before ?? search.changes;
  const hasOnlyMore = (now: number): boolean =>
    framesTouched(touches, { since, now }, conditions) !== undefined;
  if (findsNothing(search)) {
    return hasOnlyMore(search.changes) ? { total: 0, items: [] } : undefined;
  }
  const { frames = Infinity } = smallestSet(search);
  if (frames > A_FEW) findsMany.set(text, true);
  const places = placesQuery(db, search, { order, limit, offset });
  if (frames > A_FEW || places === undefined || reader.ofPage === undefined) return undefined;
  const counted = counting(db, search).select(db.raw('count(*)')).as('total');
  const beside = toColumns(db, [db.raw(CHANGES), counted]);
  const { items, shown, row } = await reader.ofPage(db, { places, beside }, search);
  const total = Number(row.total);
  const isWhole = shown === Math.min(limit, Math.max(0, total - offset));
  return isWhole && hasOnlyMore(Number(row.changes)) ? { total, items } : undefined;
}

/** True of a condition that no index answers, or only after a look at each frame. */
function isWalked(condition: Condition): boolean {
  return condition.about === 'frame' && !isSeek(condition);
}

/** @returns undefined if the search is not any more what it was */
async function readBy<T>(
  { read: db, searches }: Catalog,
  reader: FrameReader<T>,
  { order, limit, offset }: FrameQuery,
  { key, ...search }: Search & { readonly key: string },
): Promise<Page<T> | undefined> {
  const { choices, dates } = search;
  const total = knownTotal(search);
  const places = placesQuery(db, search, { order, limit, offset, total });
  const isCounted = total !== undefined || isAboutCube(search);
  if (places === undefined || !isCounted || reader.ofPage === undefined) return undefined;
  const beside = toColumns(db, [
    ...knownColumns(db, choices, dates),
    ...(total === undefined ? [cubeTotal(db, search).as('total')] : []),
  ]);
  const { items, shown, row } = await reader.ofPage(db, { places, beside }, search);
  const now: Search = { ...search, ...toKnown(row, choices, dates) };
  if (!isSame(search, now)) return undefined;
  searches.set(key, now);
  const count = total === undefined ? Number(row.total) : (knownTotal(now) ?? 0);
  const isWhole = shown === Math.min(limit, Math.max(0, count - offset));
  return isWhole ? { total: count, items } : undefined;
}

/** True if the same rows of small tables are chosen: the query for the places names them. */
function isSame(before: Search, now: Search): boolean {
  return before.choices.every(
    ({ ids }, at) => JSON.stringify(ids) === JSON.stringify(now.choices[at]?.ids),
  );
}
