import type { Knex } from 'knex';
import { cubeTotal, knownTotal } from './count.js';
import type { Catalog } from './db.js';
import type { FrameReader, Query } from './frame-json.js';
import type { FrameQuery, Page } from './frames.js';
import { LONG_WAY, placesQuery } from './page.js';
import { isAboutCube, knownColumns, resolveSearch, toKnown, type Search } from './search.js';
import type { Viewer } from './visibility.js';

/**
 * A page of a plain list by two questions, where a view that is held takes six: the first finds out
 * where to look, and the second reads the page, its count, and once more what the first was told. If
 * that has changed in between, nothing was read.
 *
 * @returns undefined if the page cannot be had so
 */
export async function readAtOnce<T>(
  catalog: Catalog,
  reader: FrameReader<T>,
  { conditions, order, limit, offset }: FrameQuery,
  viewer: Viewer,
): Promise<Page<T> | undefined> {
  const isPlain = conditions.every(
    ({ about, prepare }) => about !== 'frame' && prepare === undefined,
  );
  const isNear = limit > 0 && offset < LONG_WAY;
  if (!viewer.seesAll || !isPlain || !isNear || reader.ofPage === undefined) return undefined;
  const db = catalog.read;
  const search = await resolveSearch(db, conditions, viewer);
  const total = knownTotal(search);
  if (total !== undefined && offset >= total) return { total, items: [] };
  const places = placesQuery(db, search, { order, limit, offset, total });
  if (places === undefined || (total === undefined && !isAboutCube(search))) return undefined;
  const beside = toQuery(db, [
    ...knownColumns(db, search.choices, search.dates),
    ...(total === undefined ? [cubeTotal(db, search).as('total')] : []),
  ]);
  const { items, shown, row } = await reader.ofPage(db, { places, beside }, search);
  const now: Search = { ...search, ...toKnown(row, search.choices, search.dates) };
  const count = total === undefined ? Number(row.total) : (knownTotal(now) ?? 0);
  const isWhole = shown === Math.min(limit, Math.max(0, count - offset));
  return isWhole && isSame(search, now) ? { total: count, items } : undefined;
}

/** True if the same rows of small tables are chosen: the query for the places names them. */
function isSame(before: Search, now: Search): boolean {
  return before.choices.every(
    ({ ids }, at) => JSON.stringify(ids) === JSON.stringify(now.choices[at]?.ids),
  );
}

/** Columns as they stand behind SELECT. */
function toQuery(db: Knex, columns: readonly (Knex.Raw | Knex.QueryBuilder)[]): Query {
  const { sql, bindings } = db.select(...columns).toSQL();
  return { sql: sql.replace(/^select /, ''), bindings };
}
