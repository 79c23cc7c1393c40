import type { Knex } from 'knex';
import { countByFacet, smallestSet } from './count.js';
import type { Query } from './db.js';
import {
  canBeNull,
  directionOf,
  facetColumnOf,
  isSaid,
  joinOf,
  mayTie,
  MEASURES,
  walkOf,
  type FrameOrder,
} from './order.js';
import { findStart, LONG_WAY, type Start } from './far.js';
import { findsNothing, narrow, type Choice, type Search } from './search.js';
import { readByKeys } from './many-keys.js';
import { readPieces, type Stretch } from './pieces.js';
import { readBySaid } from './said-order.js';
import { readAmongEquals, type Position } from './ties.js';
import { chooseWay, isByDate, isEverything, type Way } from './ways.js';

/**
 * Frames of one stretch of a list, by place and id only: the least that has to be read to know which
 * frames to show. Frames without a value stand last, ties by id, ascending, whichever way the list
 * is sorted.
 *
 * @returns in the order in which they are read
 */
export async function readStretch(db: Knex, search: Search, stretch: Stretch): Promise<Position[]> {
  const { offset, limit, total } = stretch;
  if (findsNothing(search)) return [];
  if (total === undefined || offset <= total / 2) return readForward(db, search, stretch);
  // Nearer to the end: there is less to skip from there.
  const count = Math.min(limit, total - offset);
  const fromEnd = { ...stretch, isReversed: true, limit: count, offset: total - offset - count };
  return (await readForward(db, search, fromEnd)).reverse();
}

async function readForward(db: Knex, search: Search, stretch: Stretch): Promise<Position[]> {
  const { then = [] } = stretch.order;
  if (then.length > 0) return readByKeys(db, search, stretch, then);
  if (isSaid(stretch.order)) return readBySaid(db, search, stretch);
  const facetColumn = facetColumnOf(stretch.order);
  if (facetColumn !== undefined) return readByFacets(db, search, stretch, facetColumn);
  const parts = partsOf(stretch, search);
  return readPieces(
    stretch,
    parts.map((part) => ({
      read: (offset, limit) => readPart(db, search, part, { ...stretch, offset, limit }),
      count: () => countPart(db, search, part),
    })),
  );
}

/** One of the two pieces of a list: frames with a value, or frames without. */
interface Part {
  readonly isNull: boolean;
  readonly column: string;
  /** `asc` or `desc`, of the values and of the ids among equal values. */
  readonly values: 'asc' | 'desc';
  readonly ids: 'asc' | 'desc';
  readonly after: Position | undefined;
}

function partsOf({ order, after, isReversed = false }: Stretch, search: Search): Part[] {
  const values = directionOf(order, isReversed);
  const part = (isNull: boolean): Part => ({
    isNull,
    column: order.column,
    values,
    ids: isReversed ? 'desc' : 'asc',
    after: (after?.value === null) === isNull ? after : undefined,
  });
  const hasNulls = canBeNull(order) && !(isByDate(order) && search.dates !== undefined);
  const parts = hasNulls ? [part(false), part(true)] : [part(false)];
  if (isReversed) parts.reverse();
  // Behind a place of the second piece nothing of the first one is left.
  const isInSecond = after !== undefined && parts.length > 1 && parts[1]?.after !== undefined;
  return isInSecond ? parts.slice(1) : parts;
}

/** Adds what makes a query one about a part of a list; with a `+`, it is not found by its place. */
function toPart(query: Knex.QueryBuilder, part: Part, hint: '' | '+' = ''): void {
  const { after, isNull } = part;
  const column = `${hint}${part.column}`;
  const beyond = part.ids === 'asc' ? '>' : '<';
  if (isNull) {
    void query.whereRaw(`${column} is null`);
    if (after !== undefined) void query.whereRaw(`${hint}frames.id ${beyond} ?`, [after.id]);
    return;
  }
  if (canBeNull(part)) void query.whereRaw(`${column} is not null`);
  if (after === undefined || after.value === null) return;
  if (part.column === 'frames.id') {
    void query.whereRaw(`${column} ${part.values === 'asc' ? '>' : '<'} ?`, [after.id]);
    return;
  }
  const further = part.values === 'asc' ? '>' : '<';
  void query.whereRaw(
    `${column} ${further}= ? and (${column} ${further} ? or ${hint}frames.id ${beyond} ?)`,
    [after.value, after.value, after.id],
  );
}

function orderOf(part: Part, value = part.column, id = 'frames.id'): string {
  if (part.column === 'frames.id') return `${id} ${part.values}`;
  return part.isNull ? `${id} ${part.ids}` : `${value} ${part.values}, ${id} ${part.ids}`;
}

async function countPart(db: Knex, search: Search, part: Part): Promise<number> {
  const { from, narrowing } = smallestSet(search);
  const isWhole = from === 'frames' && search.seeks.length === 0 && search.tests.length === 0;
  const walk = isWhole ? walkOf(part, part.isNull) : undefined;
  const source = walk ?? `${isWhole ? MEASURES : from} ${joinOf(part) ?? ''}`;
  const row: { total: number } | undefined = await db
    .from(db.raw(source))
    .modify(narrow, db, search, narrowing)
    .modify(toPart, { ...part, after: undefined })
    .first(db.raw('count(*) as total'));
  return row?.total ?? 0;
}

async function readPart(
  db: Knex,
  search: Search,
  part: Part,
  stretch: Stretch,
): Promise<Position[]> {
  if (stretch.limit <= 0) return [];
  const start = await startOf(db, search, part, stretch.offset);
  const way = chooseWay(search, { ...stretch, isNull: part.isNull });
  if (way.kind === 'one' && isAgainstIds(part, way.from)) {
    const walk = (): Knex.QueryBuilder =>
      db.from(db.raw(way.from)).modify(narrow, db, search, way.narrowing).modify(toPart, part);
    return readAmongEquals(walk, {
      ...part,
      id: 'frames.id',
      offset: stretch.offset,
      limit: stretch.limit,
    });
  }
  const { sql, bindings } = partQuery(db, search, part, { ...stretch, way, start });
  return db.raw<Position[]>(sql, bindings as Knex.RawBinding[]);
}

/** True if the places of a list in this order may be had by one query. */
export function mayBeOne(order: FrameOrder): boolean {
  const isPlain = (order.then ?? []).length === 0 && facetColumnOf(order) === undefined;
  return isPlain && !isSaid(order);
}

/**
 * The query for the places of a stretch that lies in the first piece of its list, of which `mayBeOne`;
 * undefined if it takes more than one. What it finds is short where the stretch goes on in another piece.
 */
export function placesQuery(db: Knex, search: Search, stretch: Stretch): Query | undefined {
  const [part] = partsOf(stretch, search);
  const way = chooseWay(search, stretch);
  if (part === undefined || (way.kind === 'one' && isAgainstIds(part, way.from))) return undefined;
  return partQuery(db, search, part, { ...stretch, way, start: undefined });
}

function partQuery(
  db: Knex,
  search: Search,
  part: Part,
  {
    way,
    start,
    limit,
    offset,
  }: { way: Way; start: Start | undefined; limit: number; offset: number },
): Query {
  // Or else SQLite walks in the order of the list, and tests each frame for what an index finds.
  const hint = way.kind === 'one' && way.narrowing.by === 'seek' ? '+' : '';
  const order =
    way.kind === 'merge'
      ? orderOf(part, 'value', 'id')
      : orderOf(part, `${hint}${part.column}`, `${hint}frames.id`);
  const parts = way.kind === 'merge' ? mergeTerms(db, search, part, way.choice) : [];
  if (way.kind !== 'merge') {
    const query = db
      .from(db.raw(way.from))
      .modify(narrow, db, search, way.narrowing)
      .modify(toPart, part, hint)
      .modify(fromStart, part, start);
    parts.push(term(query, part));
  }
  const sqls = parts.map(({ sql }) => sql);
  const bindings = parts.flatMap((each) => each.bindings);
  return {
    sql: `${sqls.join(' union all ')} order by ${order} limit ? offset ?`,
    bindings: [...bindings, limit, offset - (start?.passed ?? 0)],
  };
}

/** True if `from` is walked for values that may be equal, and the ids of these go the other way. */
function isAgainstIds(part: Part, from: string): boolean {
  return !part.isNull && part.values !== part.ids && mayTie(part) && walkOf(part) === from;
}

/** Where to begin a list of all frames whose place lies far from its first; undefined: at that one. */
async function startOf(
  db: Knex,
  search: Search,
  part: Part,
  offset: number,
): Promise<Start | undefined> {
  const isWhole = isEverything(search) && search.viewer.seesAll;
  const isPlain = isByDate(part) && !part.isNull && part.after === undefined;
  return offset < LONG_WAY || !isWhole || !isPlain ? undefined : findStart(db, part.values, offset);
}

function fromStart(query: Knex.QueryBuilder, part: Part, start: Start | undefined): void {
  if (start === undefined) return;
  void query.where('frames.date_obs_ms', part.values === 'asc' ? '>=' : '<=', start.ms);
}

function term(query: Knex.QueryBuilder, part: Part): Query {
  return query.select(`${part.column} as value`, 'frames.id as id').toSQL();
}

/**
 * One query for each facet, night or object, each in order by its index: SQLite merges them row by
 * row, and reads no further than the page.
 */
function mergeTerms(db: Knex, search: Search, part: Part, choice: Choice): Query[] {
  const { kind, ids = [] } = choice;
  return ids.map((id) => {
    const query = db
      .from(db.raw(`frames indexed by frames_${kind}${isByDate(part) ? '_date' : ''}`))
      .whereRaw(`frames.${kind}_id = ?`, [id])
      .modify(narrow, db, search, { by: kind, without: kind })
      .modify(toPart, part);
    return term(query, part);
  });
}

/**
 * A list in order of a column of facets: the values there are, one after the other, each with the
 * frames of its facets in order of id.
 */
async function readByFacets(
  db: Knex,
  search: Search,
  stretch: Stretch,
  column: string,
): Promise<Position[]> {
  const groups = await facetGroups(db, search, stretch, column);
  return readPieces(
    stretch,
    groups.map(({ value, ids, frames, after }) => {
      const choice: Choice = { kind: 'facet', rows: ids.length, frames, ids, conditions: [] };
      const others = search.choices.filter(({ kind }) => kind !== 'facet');
      const inGroup: Search = { ...search, choices: [...others, choice] };
      const order = { column: 'frames.id', descending: stretch.isReversed === true };
      return {
        async read(offset, limit) {
          if (offset >= frames && after === undefined) return [];
          const within: Stretch = { order, offset, limit, total: frames, after };
          const rows = await readPartOfIds(db, inGroup, within);
          return rows.map(({ id }) => ({ value, id }));
        },
        count: () => Promise.resolve(frames),
      };
    }),
  );
}

function readPartOfIds(db: Knex, search: Search, stretch: Stretch): Promise<Position[]> {
  const [part] = partsOf(stretch, search);
  return part === undefined ? Promise.resolve([]) : readPart(db, search, part, stretch);
}

interface FacetGroup {
  readonly value: string | number | null;
  readonly ids: number[];
  frames: number;
  /** The place in this group behind which the stretch begins, if it does. */
  readonly after: Position | undefined;
}

/** Facets with frames that are searched for, by their value, in the order of the list. */
async function facetGroups(
  db: Knex,
  search: Search,
  { order, after, isReversed = false }: Stretch,
  column: string,
): Promise<FacetGroup[]> {
  const counts = await countByFacet(db, search);
  const rows: { id: number; value: string | number | null }[] = await db('facets')
    .select('id', `${column} as value`)
    .modify(fromPlace, { column, after, order, isReversed })
    .orderByRaw(`${column} is null, ${column} ${order.descending ? 'desc' : 'asc'}`);
  const groups: FacetGroup[] = [];
  for (const { id, value } of rows) {
    const frames = counts.get(id) ?? 0;
    if (frames === 0) continue;
    const last = groups.at(-1);
    if (last !== undefined && last.value === value) {
      last.ids.push(id);
      last.frames += frames;
    } else {
      const isHere = after !== undefined && after.value === value;
      groups.push({
        value,
        ids: [id],
        frames,
        after: isHere ? { value: after.id, id: after.id } : undefined,
      });
    }
  }
  return isReversed ? groups.reverse() : groups;
}

/** Leaves facets at or behind the place where a stretch begins, whether or not its value still is. */
function fromPlace(
  query: Knex.QueryBuilder,
  {
    column,
    after,
    order,
    isReversed,
  }: { column: string; after: Position | undefined; order: FrameOrder; isReversed: boolean },
): void {
  if (after === undefined) return;
  if (after.value === null) {
    if (!isReversed) void query.whereNull(column);
    return;
  }
  const value = after.value;
  void query.where((either) => {
    void either.where(column, order.descending === isReversed ? '>=' : '<=', value);
    if (!isReversed) void either.orWhereNull(column);
  });
}
