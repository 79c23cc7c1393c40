import type { Knex } from 'knex';
import type { Condition, DateRange } from './conditions.js';
import type { Viewer } from './visibility.js';
import { visibleTo } from './visibility.js';

/** Kinds of conditions that a small table of their own answers: its name, and the column in `frames`. */
export const TABLES = { facet: 'facets', night: 'nights', object: 'objects' } as const;
export type Kind = keyof typeof TABLES;
const KINDS = ['facet', 'night', 'object'] as const;

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
  /** At most one of each kind. */
  readonly choices: readonly Choice[];
  /** The range that all conditions about dates have in common. */
  readonly dates: DateRange | undefined;
  /** Conditions about frames that an index of their own answers, and those that none does. */
  readonly seeks: readonly Condition[];
  readonly tests: readonly Condition[];
}

/** Beyond this, ids are asked for again where they are needed. */
const MAX_IDS = 256;

/** @param db inside the snapshot that the query is to see */
export async function resolveSearch(
  db: Knex,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<Search> {
  const ready: Condition[] = [];
  for (const condition of conditions) ready.push((await condition.prepare?.(db)) ?? condition);
  const choices: Choice[] = [];
  for (const kind of KINDS) {
    const own = ready.filter(({ about }) => about === kind);
    if (own.length > 0) choices.push(await choose(db, kind, own));
  }
  const frames = ready.filter(({ about }) => about === 'frame');
  return {
    viewer,
    choices,
    dates: commonRange(ready),
    seeks: frames.filter(({ test }) => test !== undefined),
    tests: frames.filter(({ test }) => test === undefined),
  };
}

async function choose(db: Knex, kind: Kind, conditions: readonly Condition[]): Promise<Choice> {
  const table = TABLES[kind];
  const matching = db(table).modify(applyAll, conditions, table);
  const found: { rows: number; frames: number | null; ids: string } | undefined = await db
    .from(matching.select(`${table}.id`, `${table}.frames`).as('matching'))
    .first(
      db.raw('count(*) as "rows"'),
      db.raw('sum(frames) as frames'),
      db.raw(`case when count(*) <= ${MAX_IDS} then json_group_array(id) end as ids`),
    );
  const ids = typeof found?.ids === 'string' ? (JSON.parse(found.ids) as number[]) : undefined;
  return { kind, rows: found?.rows ?? 0, frames: found?.frames ?? 0, ids, conditions };
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
    void query.whereRaw(`${column} in (${ids.join(', ')})`);
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
  for (const { apply, test } of search.seeks) {
    if (by === 'seek' || test === undefined) apply(query, 'frames');
    else test(query);
  }
  for (const { apply } of search.tests) apply(query, 'frames');
  void query.modify(visibleTo, search.viewer);
}

/** True if everyone who may see frames sees all of them. */
export function seesAll({ role }: Viewer): boolean {
  return role !== 'anonymous';
}

/** True if facets, nights and dates are all that is asked for: the cube can count it. */
export function isAboutCube({ choices, seeks, tests }: Search): boolean {
  return seeks.length === 0 && tests.length === 0 && choices.every(({ kind }) => kind !== 'object');
}
