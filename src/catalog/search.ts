import type { Knex } from 'knex';
import { onFrames, onIndex, type Condition, type DateRange, type Seek } from './conditions.js';
import { CHANGES } from './db.js';
import { A_FEW, FEW, idsColumn, isSeek, toSought, type Sought } from './seeks.js';
import {
  OWN_BY,
  OWN_VERSIONS,
  PROPOSAL_FACETS,
  proposalList,
  visibleTo,
  type Viewer,
} from './visibility.js';

/** Kinds of conditions that a small table of their own answers: its name, and the column in `frames`. */
export const TABLES = {
  facet: 'facets',
  night: 'nights',
  object: 'objects',
  cell: 'sky_cells',
} as const;
export type Kind = keyof typeof TABLES;
const KINDS = ['facet', 'night', 'object', 'cell'] as const;
/** Those by which the cube counts. */
const OF_CUBE: readonly Kind[] = ['facet', 'night'];

/** Rows of a small table that conditions chose. */
export interface Choice {
  readonly kind: Kind;
  /** How many rows, and how many frames belong to them (whoever may see these). */
  readonly rows: number;
  readonly frames: number;
  /** Ids of the rows; undefined if they are too many to be listed. */
  readonly ids: readonly number[] | undefined;
  readonly conditions: readonly Condition[];
}

/** What the conditions of a query come to. */
export interface Search {
  readonly viewer: Viewer;
  /** When it was asked, epoch ms: all its queries agree on what is public. */
  readonly now: number;
  /** How often the catalogue that it sees has changed, as `readChanges` tells it. */
  readonly changes: number;
  /** How many frames there are, whoever may see them. */
  readonly all: number;
  /** At most one of each kind. */
  readonly choices: readonly Choice[];
  /** The range that all conditions about dates have in common. */
  readonly dates: DateRange | undefined;
  /** Frames of all nights that have some in that range: at least as many as are in it. */
  readonly dated: number | undefined;
  /** Conditions about frames that an index of their own answers, and those that none does. */
  readonly seeks: readonly Condition[];
  /** Frames that the first of `seeks` finds; undefined if that is FEW or more, or there is none. */
  readonly few: number | undefined;
  readonly tests: readonly Condition[];
  /** The one of `seeks` that finds all that the viewer may see, if these are few. */
  readonly reach: Condition | undefined;
}

/** Beyond this, ids are asked for again where they are needed. */
const MAX_IDS = 256;

/**
 * @param db a view that is held, if it has to be all of one moment; each of its questions is of one
 */
export async function resolveSearch(
  db: Knex,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<Search> {
  const ready: Condition[] = [];
  for (const condition of conditions) ready.push((await condition.prepare?.(db)) ?? condition);
  const dates = commonRange(ready);
  const frames = ready.filter(({ about }) => about === 'frame');
  const ofCells = ready.filter(({ about }) => about === 'cell').flatMap(({ test }) => test ?? []);
  const now = Date.now();
  const own = reachOf(viewer, now);
  const seeks = [...frames.filter(isSeek), ...(own === undefined ? [] : [own])];
  const { sought, ...known } = await askTables(db, ready, { dates, seeks });
  const ofOwn = own && sought.pop();
  const reach = ofOwn !== undefined && ofOwn.found < FEW ? ofOwn : undefined;
  if (reach !== undefined) sought.push(reach);
  sought.sort((a, b) => a.found - b.found);
  const least = sought[0]?.found ?? FEW;
  return {
    viewer,
    now,
    ...known,
    dates,
    seeks: sought.map(({ seek }) => seek),
    few: least < FEW ? least : undefined,
    tests: [...frames.filter((each) => !isSeek(each)), ...ofCells.map(onFrames)],
    reach: reach?.seek,
  };
}

/**
 * All that an account held to proposals may see, as something to be sought: among millions of frames
 * its few would be a long walk apart. Undefined for everyone else.
 */
function reachOf(viewer: Viewer, now: number): Seek | undefined {
  if (viewer.seesAll || viewer.role === 'anonymous') return undefined;
  const test = (query: Knex.QueryBuilder): void => {
    visibleTo(query, viewer, now);
  };
  const find = (query: Knex.QueryBuilder): void => {
    void query.whereRaw(
      `frames.id in (select id from frames indexed by frames_public where public_date_ms <= ?
        union all select id from frames where facet_id in ${PROPOSAL_FACETS}
        union all select frame_id from ${OWN_VERSIONS} where ${OWN_BY})`,
      [now, proposalList(viewer), viewer.userId],
    );
  };
  return onIndex(find, test);
}

/** What small tables know of a search. */
type Known = Pick<Search, 'changes' | 'all' | 'choices' | 'dated'>;

/** Asks all small tables and indexes in one go: a question costs more than its answer. */
async function askTables(
  db: Knex,
  conditions: readonly Condition[],
  { dates, seeks }: { readonly dates: DateRange | undefined; readonly seeks: readonly Seek[] },
): Promise<Known & { readonly sought: Sought[] }> {
  const asked = KINDS.map((kind) => {
    const own = conditions.filter(({ about }) => about === kind);
    return { kind, conditions: own };
  }).filter((each) => each.conditions.length > 0);
  const row: Row = await db.first(
    ...knownColumns(db, asked, dates),
    ...seeks.map((seek, at) => db.raw('? as ??', [idsColumn(db, seek), `sought${at}`])),
  );
  const sought: Sought[] = [];
  for (const [at, seek] of seeks.entries()) {
    sought.push(await toSought(db, seek, String(row[`sought${at}`])));
  }
  return { ...toKnown(row, asked, dates), sought };
}

type Asked = Pick<Choice, 'kind' | 'conditions'>;
type Row = Readonly<Record<string, unknown>>;

/** What small tables know of a search, as columns of one row. */
export function knownColumns(
  db: Knex,
  asked: readonly Asked[],
  dates: DateRange | undefined,
): (Knex.Raw | Knex.QueryBuilder)[] {
  return [
    db.raw(CHANGES),
    db.raw('(select sum(frames) from facets) as "all"'),
    ...asked.map((each) => choosing(db, each).as(each.kind)),
    ...(dates === undefined ? [] : [counted(db, dates).as('dated')]),
  ];
}

export function toKnown(row: Row, asked: readonly Asked[], dates: DateRange | undefined): Known {
  return {
    changes: Number(row.changes),
    all: Number(row.all),
    choices: asked.map((each) => ({ ...each, ...toChosen(String(row[each.kind])) })),
    dated: dates === undefined ? undefined : Number(row.dated),
  };
}

/** A query for the rows of a small table that some conditions choose, as JSON. */
function choosing(db: Knex, { kind, conditions }: Asked): Knex.QueryBuilder {
  const table = TABLES[kind];
  const matching = db(table).modify(applyAll, conditions, table);
  return db.from(matching.select(`${table}.id`, `${table}.frames`).as('matching')).select(
    db.raw(
      `json_array(count(*), sum(frames),
           json(case when count(*) <= ${MAX_IDS} then json_group_array(id) end))`,
    ),
  );
}

function toChosen(json: string): Pick<Choice, 'rows' | 'frames' | 'ids'> {
  const [rows, frames, ids] = JSON.parse(json) as [number, number | null, number[] | null];
  return { rows, frames: frames ?? 0, ids: ids ?? undefined };
}

/** A query for the number of frames in nights that have some in a range. */
function counted(db: Knex, { fromMs, toMs }: DateRange): Knex.QueryBuilder {
  const query = db('nights').whereNotNull('first_ms');
  if (fromMs !== undefined) void query.where('last_ms', '>=', fromMs);
  if (toMs !== undefined) void query.where('first_ms', '<=', toMs);
  return query.select(db.raw('sum(frames)'));
}

export function applyAll(
  query: Knex.QueryBuilder,
  conditions: readonly Condition[],
  table: string,
): void {
  for (const { apply } of conditions) apply(query, table);
}

function commonRange(conditions: readonly Condition[]): DateRange | undefined {
  const ranges = conditions.filter(({ about }) => about === 'date').map(({ dates }) => dates ?? {});
  if (ranges.length === 0) return undefined;
  const from = ranges.flatMap(({ fromMs }) => fromMs ?? []);
  const to = ranges.flatMap(({ toMs }) => toMs ?? []);
  return {
    ...(from.length === 0 ? {} : { fromMs: Math.max(...from) }),
    ...(to.length === 0 ? {} : { toMs: Math.min(...to) }),
  };
}

/** The choice of one kind, if there are conditions of it. */
export function choiceOf({ choices }: Search, kind: Kind): Choice | undefined {
  return choices.find((choice) => choice.kind === kind);
}

/**
 * Leaves only rows of the chosen facet, night or object.
 *
 * @param column such as `frames.facet_id` or `cube.night_id`; with a `+` before it no index is used
 */
export function within(query: Knex.QueryBuilder, db: Knex, choice: Choice, column: string): void {
  const { ids, kind, conditions } = choice;
  if (ids !== undefined) {
    // Bound: so questions about other nights or facets are the same text, which is kept prepared.
    void query.whereRaw(`${column} in (${ids.map(() => '?').join(', ')})`, [...ids]);
    return;
  }
  const table = TABLES[kind];
  const rows = db(table).modify(applyAll, conditions, table).select(`${table}.id`);
  void query.whereRaw(`${column} in ?`, [rows]);
}

/** Leaves only frames that began within the range. */
export function withinDates(
  query: Knex.QueryBuilder,
  { fromMs, toMs }: DateRange,
  column = 'frames.date_obs_ms',
): void {
  if (fromMs !== undefined) void query.whereRaw(`${column} >= ?`, [fromMs]);
  if (toMs !== undefined) void query.whereRaw(`${column} <= ?`, [toMs]);
  if (fromMs === undefined && toMs === undefined) void query.whereRaw(`${column} is not null`);
}

/** How the conditions of a search are put into a query over `frames`. */
export interface Narrowing {
  /** The kind whose index the query is to use, or 'date' or 'seek'; undefined: none of them. */
  readonly by?: Kind | 'date' | 'seek' | undefined;
  /** Kinds that the query has seen to itself. */
  readonly without?: Kind;
}

/**
 * Adds everything of a search to a query over `frames`. What is not to be found by an index is
 * marked so with a `+`, which SQLite takes as a hint and every database as nothing.
 */
export function narrow(
  query: Knex.QueryBuilder,
  db: Knex,
  search: Search,
  { by, without }: Narrowing,
): void {
  for (const choice of search.choices) {
    if (choice.kind === without) continue;
    within(query, db, choice, `${by === choice.kind ? '' : '+'}frames.${choice.kind}_id`);
  }
  if (search.dates !== undefined) {
    const plus = by === 'seek' ? '+' : '';
    withinDates(query, search.dates, `${plus}frames.date_obs_ms`);
  }
  for (const [at, { apply, test }] of search.seeks.entries()) {
    // Few frames are tested for the rest one by one; of many, SQLite takes what all lists have.
    const isSought = by === 'seek' && (at === 0 || search.few === undefined);
    if (isSought || test === undefined) apply(query, 'frames');
    else test(query);
  }
  for (const { apply } of search.tests) apply(query, 'frames');
  void query.modify(visibleTo, search.viewer, search.now);
}

/**
 * All that the number of frames of a search depends on, for `askOnce`; undefined if the clock is part
 * of it, or it is known at once.
 */
export function questionOf(tx: Knex, search: Search): unknown[] | undefined {
  if (isTiny(search)) return undefined;
  const isQuick = search.seeks.length === 0 && search.tests.length === 0;
  if (!search.viewer.seesAll || (isQuick && search.dates === undefined)) return undefined;
  const { sql, bindings } = tx('frames').modify(narrow, tx, search, { by: 'seek' }).toSQL();
  return [search.changes, sql, bindings];
}

/**
 * True if it is known already that nothing is found. Then no query is made of it: SQLite refuses one that
 * is told an index to use for a condition that nothing can meet.
 */
export function findsNothing({ few, choices }: Search): boolean {
  return few === 0 || choices.some(({ rows }) => rows === 0);
}

/** True if an index finds so few frames that nothing has to be weighed up. */
export function isTiny({ few }: Search): boolean {
  return few !== undefined && few <= A_FEW;
}

/** True if facets, nights and dates are all that is asked for: the cube can count it. */
export function isAboutCube({ choices, seeks, tests, reach }: Search): boolean {
  const isPlain = tests.length === 0 && seeks.every((seek) => seek === reach);
  return isPlain && choices.every(({ kind }) => OF_CUBE.includes(kind));
}
