import type { Knex } from 'knex';
import { onIndex, type Condition, type Seek } from './conditions.js';

/** Frames that are looked at one by one rather than by any other way. */
export const FEW = 20_000;
/** Frames whose ids are kept for the queries that follow: then an index is asked only once. */
export const A_FEW = 1000;

/** What an index has found. */
export interface Sought {
  /** If only a few were found, they themselves take the place of the condition: none come to them. */
  readonly seek: Condition;
  /** How many frames; FEW if there are as many or more, which are not all counted. */
  readonly found: number;
}

/** True of a condition that can be looked for by an index, or tested on a frame at hand. */
export function isSeek(condition: Condition): condition is Seek {
  return condition.about === 'frame' && condition.test !== undefined;
}

/** The frames that an index finds, as a column of a question about something else. */
export function idsColumn(db: Knex, seek: Condition): Knex.Raw {
  const { sql, bindings } = idsOf(db, seek);
  return db.raw(
    `(select json_group_array(id) from (select id from (${sql}) limit ${A_FEW + 1}))`,
    bindings,
  );
}

/** @param json what `idsColumn` gave */
export async function toSought(db: Knex, seek: Seek, json: string): Promise<Sought> {
  const { test } = seek;
  const ids = JSON.parse(json) as number[];
  if (ids.length > A_FEW) return { seek, found: await countSome(db, seek) };
  const known = (column: string) => (query: Knex.QueryBuilder) => {
    void query.whereRaw(`${column} in (select value from json_each(?))`, [json]);
    test(query);
  };
  return { seek: onIndex(known('frames.id'), known('+frames.id')), found: ids.length };
}

/** How many frames an index finds; FEW if there are as many or more. */
async function countSome(db: Knex, seek: Condition): Promise<number> {
  const { sql, bindings } = idsOf(db, seek);
  const [row] = await db.raw<{ found: number }[]>(
    `select count(*) as found from (select 1 from (${sql}) limit ${FEW})`,
    bindings,
  );
  return row?.found ?? FEW;
}

/** The ids that an index finds, as a query with one column, `id`. */
function idsOf(db: Knex, seek: Condition): { sql: string; bindings: Knex.RawBinding[] } {
  const { sql, bindings } = sqlOf(db, seek);
  const list = listIn(sql);
  if (list === undefined) return { sql: `select id from frames where ${sql}`, bindings };
  const own = bindings.slice(0, list.split('?').length - 1);
  return { sql: `with found (id) as (${list}) select id from found`, bindings: own };
}

/** What stands behind WHERE for a condition about frames. */
function sqlOf(db: Knex, { apply }: Condition): { sql: string; bindings: Knex.RawBinding[] } {
  const query = db('frames').select('id');
  apply(query, 'frames');
  const { sql, bindings } = query.toSQL();
  return {
    sql: sql.replace(/^select `id` from `frames` where /, ''),
    bindings: [...bindings] as Knex.RawBinding[],
  };
}

/**
 * The query in `frames.id in (…)` at the beginning of a condition: on its own it can be stopped, while
 * SQLite makes a list of all that it finds before it looks at the first.
 */
function listIn(sql: string): string | undefined {
  const start = 'frames.id in (';
  if (!sql.startsWith(start)) return undefined;
  let depth = 1;
  for (let at = start.length; at < sql.length; at += 1) {
    if (sql[at] === '(') depth += 1;
    else if (sql[at] === ')') depth -= 1;
    if (depth === 0) return sql.slice(start.length, at);
  }
  return undefined;
}
