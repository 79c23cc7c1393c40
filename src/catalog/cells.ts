import type { Knex } from 'knex';
import { keepSure, seenOtherwise, smallestSet } from './count.js';
import { findsNothing, isAboutCube, narrow, within, type Search } from './search.js';
import { EXPOSURE_MS, IS_SIGHTING } from './sightings.js';

/** Tables of numbers of frames, and what is selected of each besides the night and the facet. */
const COLUMNS = {
  cube: ['frames'],
  sightings: ['object_id', 'frames', 'exposure_ms'],
} as const;

/**
 * What a search finds, as rows of the cube or of `sightings`: `night_id`, `facet_id`, `frames`, and of
 * sightings `object_id` and `exposure_ms`. From the frames where these alone can tell: of conditions
 * that the tables do not know, and of what is seen since today or because it is one's own; then each
 * frame is a row.
 *
 * @param objectIds only these objects
 */
export function cellsOf(
  db: Knex,
  search: Search,
  table: keyof typeof COLUMNS,
  objectIds?: readonly number[],
): Knex.QueryBuilder {
  const columns = ['night_id', 'facet_id', ...COLUMNS[table]].map((name) => `cube.${name}`);
  if (findsNothing(search)) return db(`${table} as cube`).select(columns).whereRaw('1 = 0');
  const objects = objectIds === undefined ? undefined : JSON.stringify(objectIds);
  const keep = (query: Knex.QueryBuilder, column: string): void => {
    if (objects === undefined) return;
    void query.whereRaw(`${column} in (select value from json_each(?))`, [objects]);
  };
  if (!isKnown(search, table)) {
    const { from, narrowing } = smallestSet(search);
    const isByObject = objects !== undefined;
    const source = isByObject ? 'frames indexed by frames_object_date' : from;
    const query = db.from(db.raw(source)).modify(narrow, db, search, isByObject ? {} : narrowing);
    keep(query, 'frames.object_id');
    return ofFrames(query, db, table);
  }
  // By this name, because what is seen for sure is told of the cube.
  const known = db(`${table} as cube`).select(columns);
  for (const choice of search.choices) within(known, db, choice, `cube.${choice.kind}_id`);
  keep(known, 'cube.object_id');
  if (search.viewer.seesAll) return known;
  void known.modify(keepSure, search.viewer, 'cube', search.now);
  const others = seenOtherwise(db, search.viewer, search.now).map((query) => {
    for (const choice of search.choices) within(query, db, choice, `+frames.${choice.kind}_id`);
    keep(query, '+frames.object_id');
    return ofFrames(query, db, table);
  });
  return known.unionAll(others);
}

function isKnown(search: Search, table: keyof typeof COLUMNS): boolean {
  if (search.dates !== undefined) return false;
  if (table === 'cube') return isAboutCube(search);
  const choices = search.choices.filter(({ kind }) => kind !== 'object');
  return isAboutCube({ ...search, choices });
}

function ofFrames(
  query: Knex.QueryBuilder,
  db: Knex,
  table: keyof typeof COLUMNS,
): Knex.QueryBuilder {
  void query.select('frames.night_id', 'frames.facet_id');
  if (table === 'cube') return query.select(db.raw('1 as frames'));
  return query
    .whereRaw(IS_SIGHTING)
    .select('frames.object_id')
    .select(db.raw('1 as frames'), db.raw(`${EXPOSURE_MS} as exposure_ms`));
}
