import type { Knex } from 'knex';
import { DAY_MS, toPublicDay } from './cube-keys.js';
import type { Condition } from './conditions.js';
import {
  applyAll,
  choiceOf,
  findsNothing,
  isAboutCube,
  narrow,
  within,
  withinDates,
  type Narrowing,
  type Search,
} from './search.js';
import { FEW } from './seeks.js';
import {
  OWN_BY,
  OWN_VERSIONS,
  PROPOSAL_FACETS,
  proposalList,
  seesNothing,
  type Viewer,
} from './visibility.js';

/** How many frames a search finds: from the smallest tables that know it. */
export async function countFrames(db: Knex, search: Search): Promise<number> {
  const known = knownTotal(search);
  if (known !== undefined) return known;
  if (isAboutCube(search)) return sum(await cubeCells(db, search, 'total'));
  const [row] = await counting(db, search).select(db.raw('count(*) as frames')).as('total');
  return sum([row]);
}

/** The same if the search itself tells it. */
export function knownTotal(search: Search): number | undefined {
  const { all, choices, viewer } = search;
  if (seesNothing(viewer) || findsNothing(search)) return 0;
  const isPlain = search.seeks.length === 0 && search.tests.length === 0;
  if (!isPlain || search.dates !== undefined || !viewer.seesAll) return undefined;
  if (choices.length === 0) return all;
  return choices.length === 1 ? choices[0]?.frames : undefined;
}

/** A column with the same number for a search that `isAboutCube`. */
export function cubeTotal(db: Knex, search: Search): Knex.QueryBuilder {
  const cells = db.unionAll(cubeQueries(db, search, 'total')).as('cells');
  return db.from(cells).select(db.raw('sum(frames)'));
}

/** Number of frames of a search for each facet that has any. */
export async function countByFacet(db: Knex, search: Search): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  if (seesNothing(search.viewer)) return counts;
  if (findsNothing(search)) return counts;
  for (const { facet_id, frames } of await facetCells(db, search)) {
    if (facet_id === null || frames === null || frames === 0) continue;
    counts.set(facet_id, (counts.get(facet_id) ?? 0) + frames);
  }
  return counts;
}

interface Cell {
  readonly facet_id: number | null;
  readonly frames: number | null;
}

function sum(cells: readonly (Cell | undefined)[]): number {
  return cells.reduce((total, cell) => total + (cell?.frames ?? 0), 0);
}

async function facetCells(db: Knex, search: Search): Promise<Cell[]> {
  if (isAboutCube(search)) {
    const isPlain = search.dates === undefined && choiceOf(search, 'night') === undefined;
    if (!isPlain || !search.viewer.seesAll) return cubeCells(db, search, 'facet');
    const query = db('facets').select('id as facet_id', 'frames');
    const choice = choiceOf(search, 'facet');
    if (choice !== undefined) void query.modify(applyAll, choice.conditions, 'facets');
    return query;
  }
  return grouping(db, search)
    .groupByRaw('+frames.facet_id')
    .select('frames.facet_id', db.raw('count(*) as frames'));
}

/**
 * A query over the frames of a search whose facets are wanted too. The index that finds frames does not
 * have their facets. Those of a few are read from the frames; for many, the list of ids is made first,
 * and then compared with the index of facets, which is read through in order of id.
 */
function grouping(db: Knex, search: Search): Knex.QueryBuilder {
  const { narrowing } = smallestSet(search);
  const isFew = narrowing.by === 'seek' && search.few !== undefined;
  if (isFew || (narrowing.by !== undefined && narrowing.by !== 'seek')) return counting(db, search);
  const hasDates = search.dates !== undefined || choiceOf(search, 'object') !== undefined;
  const query = db
    .from(db.raw(`frames indexed by frames_facet${hasDates ? '_date' : ''}`))
    .modify(narrow, db, { ...search, seeks: [], tests: [] }, { by: 'seek' });
  for (const { apply } of [...search.seeks, ...search.tests]) {
    const ids = db('frames').select('frames.id');
    apply(ids, 'frames');
    void query.whereRaw('+frames.id in ?', [ids]);
  }
  return query;
}

/** A query over the frames of a search, in no order. */
export function counting(db: Knex, search: Search): Knex.QueryBuilder {
  const { from, narrowing } = smallestSet(search);
  return db.from(db.raw(from)).modify(narrow, db, search, narrowing);
}

/** The part of `frames` that has to be looked at to find all that a search finds, and its index. */
export function smallestSet(search: Search): {
  readonly from: string;
  readonly narrowing: Narrowing;
  /** Frames in it; undefined if nobody knows. */
  readonly frames: number | undefined;
} {
  const [least] = [...search.choices].sort((a, b) => a.frames - b.frames);
  const { dated = Infinity } = search;
  // Nobody knows how many frames more than a few are; a choice that is not much more is as good.
  const most = search.few ?? 5 * FEW;
  if (search.seeks.length > 0 && most <= Math.min(dated, least?.frames ?? Infinity)) {
    return { from: 'frames', narrowing: { by: 'seek' }, frames: search.few };
  }
  if (least !== undefined && least.frames <= dated) {
    const from = `frames indexed by frames_${least.kind}_date`;
    return { from, narrowing: { by: least.kind }, frames: least.frames };
  }
  if (search.dated !== undefined) {
    const from = 'frames indexed by frames_date';
    return { from, narrowing: { by: 'date' }, frames: search.dated };
  }
  if (search.seeks.length > 0)
    return { from: 'frames', narrowing: { by: 'seek' }, frames: undefined };
  return { from: 'frames', narrowing: {}, frames: undefined };
}

/**
 * Counts by the cube. Nights that lie in a range of dates with all their frames are counted by the
 * cube as well, and only those that lie across one of its ends by their frames. For those who see
 * what is public, the cube knows up to yesterday, and the frames of today are looked at. It knows
 * proposals, but not who uploaded what: of an account held to proposals, its own frames are looked at.
 */
async function cubeCells(db: Knex, search: Search, by: 'total' | 'facet'): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const part of cubeQueries(db, search, by)) cells.push(...((await part) as Cell[]));
  return cells;
}

function cubeQueries(db: Knex, search: Search, by: 'total' | 'facet'): Knex.QueryBuilder[] {
  const { dates, viewer } = search;
  const parts: Knex.QueryBuilder[] = [];
  if (viewer.seesAll) {
    parts.push(wholeNights(db, search, by));
    if (dates !== undefined) parts.push(partialNights(db, search, by));
  } else {
    const { now } = search;
    parts.push(wholeNights(db, search, 'facet').modify(keepSure, viewer, 'cube', now));
    if (dates !== undefined) {
      parts.push(partialNights(db, search, by).modify(keepSure, viewer, 'frames', now));
    }
    for (const frames of seenOtherwise(db, viewer, now)) {
      parts.push(byFacet(frames.modify(keepNights, db, search), db, search, by));
    }
  }
  return parts;
}

/**
 * Leaves what has been public since before today, and what belongs to the proposals of who asks: the
 * part of what is seen that the cube can tell.
 */
export function keepSure(
  query: Knex.QueryBuilder,
  viewer: Viewer,
  table: 'cube' | 'frames',
  now: number,
): void {
  const today = toPublicDay(now);
  const [column, day] =
    table === 'cube' ? ['cube.public_day', today] : ['frames.public_date_ms', startOf(today)];
  void query.where((either) => {
    void either.where(column, '<', day);
    if (viewer.proposals.length === 0) return;
    const list = proposalList(viewer);
    void either.orWhereRaw(`${table}.facet_id in ${PROPOSAL_FACETS}`, [list]);
  });
}

/**
 * Frames that `keepSure` leaves out, although they are seen: those that have become public since
 * midnight, and those that who asks has uploaded; each is in one of the queries.
 */
export function seenOtherwise(db: Knex, viewer: Viewer, now: number): Knex.QueryBuilder[] {
  const keepOthers = (query: Knex.QueryBuilder): void => {
    if (viewer.proposals.length === 0) return;
    void query.whereRaw(`+frames.facet_id not in ${PROPOSAL_FACETS}`, [proposalList(viewer)]);
  };
  const today = db
    .from(db.raw('frames indexed by frames_public'))
    .whereBetween('frames.public_date_ms', [startOf(toPublicDay(now)), now])
    .modify(keepOthers);
  if (viewer.role === 'anonymous') return [today];
  const own = db
    .from(db.raw(`${OWN_VERSIONS} cross join frames on frames.id = own.frame_id`))
    .whereRaw(OWN_BY, [viewer.userId])
    .whereRaw('(frames.public_date_ms is null or frames.public_date_ms > ?)', [now])
    .modify(keepOthers);
  return [today, own];
}

function startOf(day: number): number {
  return day * DAY_MS;
}

/** Nights of a search all of whose frames lie in its range of dates, as conditions for `nights`. */
function wholeIn(query: Knex.QueryBuilder, { dates }: Search): void {
  if (dates === undefined) return;
  void query.whereNotNull('nights.first_ms');
  if (dates.fromMs !== undefined) void query.where('nights.first_ms', '>=', dates.fromMs);
  if (dates.toMs !== undefined) void query.where('nights.last_ms', '<=', dates.toMs);
}

/** Those that have dates on both sides of one of its ends. */
function partlyIn(query: Knex.QueryBuilder, { dates = {} }: Search): void {
  const { fromMs, toMs } = dates;
  if (fromMs !== undefined) void query.where('nights.last_ms', '>=', fromMs);
  if (toMs !== undefined) void query.where('nights.first_ms', '<=', toMs);
  void query.where((either) => {
    if (fromMs !== undefined) void either.orWhere('nights.first_ms', '<', fromMs);
    if (toMs !== undefined) void either.orWhere('nights.last_ms', '>', toMs);
    if (fromMs === undefined && toMs === undefined) void either.whereRaw('1 = 0');
  });
}

function nightConditions(search: Search): readonly Condition[] {
  return choiceOf(search, 'night')?.conditions ?? [];
}

function wholeNights(db: Knex, search: Search, by: 'total' | 'facet'): Knex.QueryBuilder {
  const facet = choiceOf(search, 'facet');
  const nights = db('nights')
    .modify(applyAll, nightConditions(search), 'nights')
    .modify(wholeIn, search);
  if (by === 'total' && facet === undefined && search.viewer.seesAll) {
    return nights.select(db.raw('null as facet_id'), db.raw('sum(frames) as frames'));
  }
  const query = db('cube');
  // The nights lead, by the primary key: the facets of a night are few.
  if (search.dates !== undefined || choiceOf(search, 'night') !== undefined) {
    void query.whereIn('cube.night_id', nights.select('nights.id'));
  }
  if (facet !== undefined) within(query, db, facet, '+cube.facet_id');
  if (by === 'total') {
    return query.select(db.raw('null as facet_id'), db.raw('sum(frames) as frames'));
  }
  return query.groupBy('cube.facet_id').select('cube.facet_id', db.raw('sum(frames) as frames'));
}

function partialNights(db: Knex, search: Search, by: 'total' | 'facet'): Knex.QueryBuilder {
  const nights = db('nights')
    .modify(applyAll, nightConditions(search), 'nights')
    .modify(partlyIn, search)
    .select('nights.id');
  const query = db
    .from(db.raw('frames indexed by frames_night_date'))
    .whereIn('frames.night_id', nights);
  withinDates(query, search.dates ?? {});
  return byFacet(query, db, search, by);
}

function byFacet(
  query: Knex.QueryBuilder,
  db: Knex,
  search: Search,
  by: 'total' | 'facet',
): Knex.QueryBuilder {
  const facet = choiceOf(search, 'facet');
  if (facet !== undefined) within(query, db, facet, '+frames.facet_id');
  if (by === 'total') {
    return query.select(db.raw('null as facet_id'), db.raw('count(*) as frames'));
  }
  return query.groupBy('frames.facet_id').select('frames.facet_id', db.raw('count(*) as frames'));
}

/** Leaves only frames of the nights and within the dates of a search. */
function keepNights(query: Knex.QueryBuilder, db: Knex, search: Search): void {
  const night = choiceOf(search, 'night');
  if (night !== undefined) within(query, db, night, '+frames.night_id');
  if (search.dates !== undefined) withinDates(query, search.dates, '+frames.date_obs_ms');
}
