import type { Knex } from 'knex';
import { countAll, countByFacet, smallestSet } from './count.js';
import {
  canBeNull,
  facetColumnOf,
  isCovered,
  MEASURES,
  walkOf,
  type FrameOrder,
} from './order.js';
import { narrow, seesAll, type Choice, type Narrowing, type Search } from './search.js';

/** Where a frame stands in a list: what the list is sorted by, and its id. */
export interface Position {
  readonly value: string | number | null;
  readonly id: number;
}

/** A stretch of a list. */
export interface Stretch {
  readonly order: FrameOrder;
  readonly offset: number;
  readonly limit: number;
  /** Length of the list, if it has been counted. */
  readonly total?: number | undefined;
  /** The stretch begins behind this place… */
  readonly after?: Position | undefined;
  /** …and the list is read from its end to its beginning. */
  readonly isReversed?: boolean | undefined;
}

/**
 * Frames of one stretch of a list, by place and id only: the least that has to be read to know which
 * frames to show. Frames without a value stand last, ties by id, ascending, whichever way the list
 * is sorted.
 *
 * @returns in the order in which they are read
 */
export async function readStretch(db: Knex, search: Search, stretch: Stretch): Promise<Position[]> {
  const { offset, limit, total } = stretch;
  if (search.choices.some(({ rows }) => rows === 0)) return [];
  if (total === undefined || offset <= total / 2) return readForward(db, search, stretch);
  // Nearer to the end: there is less to skip from there.
  const count = Math.min(limit, total - offset);
  const fromEnd = { ...stretch, isReversed: true, limit: count, offset: total - offset - count };
  return (await readForward(db, search, fromEnd)).reverse();
}

async function readForward(db: Knex, search: Search, stretch: Stretch): Promise<Position[]> {
  const facetColumn = facetColumnOf(stretch.order);
  if (facetColumn !== undefined) return readByFacets(db, search, stretch, facetColumn);
  const parts = partsOf(stretch, search);
  return readParts(
    stretch,
    parts.map((part) => ({
      read: (offset, limit) => readPart(db, search, part, { ...stretch, offset, limit }),
      count: () => countPart(db, search, part),
    })),
  );
}

/** A piece of a list that can be read from anywhere. */
interface Piece {
  readonly read: (offset: number, limit: number) => Promise<Position[]>;
  readonly count: () => Promise<number>;
}

/** Reads through pieces one after the other until the stretch is full. */
async function readParts(
  { offset, limit }: Stretch,
  pieces: readonly Piece[],
): Promise<Position[]> {
  const found: Position[] = [];
  let skip = offset;
  for (const [at, piece] of pieces.entries()) {
    const rows = await piece.read(skip, limit - found.length);
    found.push(...rows);
    if (found.length >= limit || at === pieces.length - 1) break;
    if (rows.length > 0) skip = 0;
    else if (skip > 0) skip -= await piece.count();
  }
  return found;
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
  const { column, descending } = order;
  const values = descending === isReversed ? 'asc' : 'desc';
  const part = (isNull: boolean): Part => ({
    isNull,
    column,
    values,
    ids: isReversed ? 'desc' : 'asc',
    after: (after?.value === null) === isNull ? after : undefined,
  });
  const hasNulls = canBeNull(order) && !(isDate(column) && search.dates !== undefined);
  const parts = hasNulls ? [part(false), part(true)] : [part(false)];
  if (isReversed) parts.reverse();
  // Behind a place of the second piece nothing of the first one is left.
  const isInSecond = after !== undefined && parts.length > 1 && parts[1]?.after !== undefined;
  return isInSecond ? parts.slice(1) : parts;
}

function isDate(column: string): boolean {
  return column === 'frames.date_obs_ms';
}

/** Adds what makes a query one about a part of a list. */
function toPart(query: Knex.QueryBuilder, part: Part): void {
  const { column, after, isNull } = part;
  const beyond = part.ids === 'asc' ? '>' : '<';
  if (isNull) {
    void query.whereRaw(`${column} is null`);
    if (after !== undefined) void query.whereRaw(`frames.id ${beyond} ?`, [after.id]);
    return;
  }
  if (canBeNull({ column, descending: false })) void query.whereRaw(`${column} is not null`);
  if (after === undefined || after.value === null) return;
  if (column === 'frames.id') {
    void query.whereRaw(`frames.id ${part.values === 'asc' ? '>' : '<'} ?`, [after.id]);
    return;
  }
  const further = part.values === 'asc' ? '>' : '<';
  void query.whereRaw(
    `${column} ${further}= ? and (${column} ${further} ? or frames.id ${beyond} ?)`,
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
  const order = { column: part.column, descending: part.values === 'desc' };
  const source = isWhole ? (walkOf(order) ?? MEASURES) : from;
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
  const way = await chooseWay(db, search, stretch);
  const order = way.kind === 'merge' ? orderOf(part, 'value', 'id') : orderOf(part);
  const parts = way.kind === 'merge' ? mergeTerms(db, search, part, way.choice) : [];
  if (way.kind !== 'merge') {
    const query = db
      .from(db.raw(way.from))
      .modify(narrow, db, search, way.narrowing)
      .modify(toPart, part);
    parts.push(term(query, part));
  }
  const sqls = parts.map(({ sql }) => sql);
  const bindings = parts.flatMap((each) => each.bindings);
  const rows: unknown = await db.raw(`${sqls.join(' union all ')} order by ${order} limit ? offset ?`, [
    ...bindings,
    stretch.limit,
    stretch.offset,
  ] as Knex.RawBinding[]);
  return rows as Position[];
}

interface Term {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

function term(query: Knex.QueryBuilder, part: Part): Term {
  const { sql, bindings } = query.select(`${part.column} as value`, 'frames.id as id').toSQL();
  return { sql, bindings };
}

/**
 * One query for each facet, night or object, each in order by its index: SQLite merges them row by
 * row, and reads no further than the page.
 */
function mergeTerms(db: Knex, search: Search, part: Part, choice: Choice): Term[] {
  const { kind, ids = [] } = choice;
  return ids.map((id) => {
    const query = db
      .from(db.raw(`frames indexed by frames_${kind}${isDate(part.column) ? '_date' : ''}`))
      .whereRaw(`frames.${kind}_id = ${id}`)
      .modify(narrow, db, search, { by: kind, without: kind })
      .modify(toPart, part);
    return term(query, part);
  });
}

type Way =
  | { readonly kind: 'merge'; readonly choice: Choice; readonly cost: number }
  | {
      readonly kind: 'one';
      readonly from: string;
      readonly narrowing: Narrowing;
      readonly cost: number;
    };

/** What reading costs, in microseconds: measured, and good enough to choose by. */
const COST = { entry: 0.1, row: 2, merged: 1, term: 30, sorted: 0.5, seek: 3 };
const MAX_TERMS = 64;

/** The cheapest of the ways to read a part of a list in its order. */
async function chooseWay(db: Knex, search: Search, stretch: Stretch): Promise<Way> {
  const walk = walkOf(stretch.order);
  if (walk !== undefined && isEverything(search)) {
    return { kind: 'one', from: walk, narrowing: {}, cost: 0 };
  }
  const all = Math.max(1, await countAll(db));
  const total = Math.max(1, stretch.total ?? guessTotal(search, all));
  const reach = stretch.offset + stretch.limit;
  const ways = [
    ...mergeWays(search, stretch, { total, reach }),
    ...walkWays(search, stretch, { all, total, reach }),
    ...sortWays(search, stretch, { all, total }),
  ];
  return ways.reduce((best, way) => (way.cost < best.cost ? way : best));
}

/** True if nothing is asked for: then there is nothing to weigh up either. */
function isEverything({ choices, dates, seeks, tests }: Search): boolean {
  return choices.length + seeks.length + tests.length === 0 && dates === undefined;
}

function mergeWays(
  search: Search,
  { order }: Stretch,
  { total, reach }: { total: number; reach: number },
): Way[] {
  const test = search.tests.length + search.seeks.length > 0 ? COST.row : 0;
  return search.choices.flatMap((choice) => {
    const { kind, ids, frames } = choice;
    const isSorted = isDate(order.column) || (order.column === 'frames.id' && kind === 'facet');
    if (!isSorted || ids === undefined || ids.length > MAX_TERMS) return [];
    const passed = Math.min(frames, reach * Math.max(1, frames / total));
    return [
      { kind: 'merge' as const, choice, cost: ids.length * COST.term + passed * (COST.merged + test) },
    ];
  });
}

function walkWays(
  search: Search,
  { order }: Stretch,
  { all, total, reach }: { all: number; total: number; reach: number },
): Way[] {
  const from = walkOf(order);
  if (from === undefined) return [];
  const hasTests = search.tests.length + search.seeks.length > 0;
  const isNarrowed =
    search.choices.length > 0 || search.dates !== undefined || !seesAll(search.viewer);
  const needsRow = hasTests || (isNarrowed && !isCovered(order)) || order.column === 'versions.key';
  // A range of dates is what the index begins and ends with: it passes over nothing.
  const share =
    isDate(order.column) && search.dates !== undefined && !hasTests
      ? shareOf(search.choices, all)
      : Math.min(1, total / all);
  const passed = Math.min(all, reach / Math.max(share, 1 / all));
  const cost = passed * (needsRow ? COST.row + COST.entry : COST.entry);
  const narrowing = isDate(order.column) ? ({ by: 'date' } as const) : {};
  return [{ kind: 'one', from, narrowing, cost }];
}

/** Collects all that match, and sorts it. */
function sortWays(
  search: Search,
  { order }: Stretch,
  { all, total }: { all: number; total: number },
): Way[] {
  const set = smallestSet(search);
  const test = search.tests.length > 0 ? COST.row : 0;
  const ways: Way[] = [];
  const isCheap = isDate(order.column) || order.column === 'frames.id';
  const isJoined = order.column === 'versions.key';
  if (search.seeks.length > 0) {
    ways.push({ kind: 'one', from: 'frames', narrowing: { by: 'seek' }, cost: total * COST.seek });
  } else if (search.choices.length > 0 || search.dates !== undefined) {
    const each = (isCheap ? COST.sorted : COST.row) + test;
    ways.push({ kind: 'one', ...set, cost: (set.frames ?? total) * each });
  }
  if (!isJoined && walkOf(order) === undefined) {
    const each = COST.entry * 3 + (search.tests.length + search.seeks.length > 0 ? COST.row : 0);
    ways.push({ kind: 'one', from: MEASURES, narrowing: {}, cost: all * each });
  }
  return isJoined ? ways.map(withVersions) : ways;
}

function withVersions(way: Way): Way {
  if (way.kind === 'merge') return way;
  return { ...way, from: `${way.from} join versions on versions.id = frames.version_id` };
}

/** Part of the frames that choices leave, if they have nothing to do with each other. */
function shareOf(choices: readonly Choice[], all: number): number {
  return choices.reduce((share, { frames }) => share * (frames / all), 1);
}

/** For lists that nobody counts: a condition that cannot be judged is taken to leave one in ten. */
function guessTotal(search: Search, all: number): number {
  const others = search.tests.length + search.seeks.length + (search.dates === undefined ? 0 : 1);
  return Math.ceil(all * shareOf(search.choices, all) * 0.1 ** others);
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
  return readParts(
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
      groups.push({ value, ids: [id], frames, after: isHere ? { value: after.id, id: after.id } : undefined });
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
