import type { Knex } from 'knex';
import { smallestSet } from './count.js';
import { canBeNull, directionOf, type FrameOrder, type SortKey } from './order.js';
import { readPieces, type Piece, type Stretch } from './pieces.js';
import { narrow, type Search } from './search.js';
import { countOf, type Position } from './ties.js';
import { chooseWay } from './ways.js';

/** A column of a list, as it is read. */
interface Key {
  readonly column: string;
  readonly values: 'asc' | 'desc';
  readonly canBeNull: boolean;
}

/**
 * A stretch of a list in order of several columns of `frames`, each of which decides where those before
 * it are equal; frames without a value stand last in each, and the id decides at the end. What is equal
 * in the first column is sorted, nothing more, where an index has that order.
 *
 * @returns in the order in which they are read; each value is that of all columns, as JSON
 */
export async function readByKeys(
  db: Knex,
  search: Search,
  stretch: Stretch,
  then: readonly SortKey[],
): Promise<Position[]> {
  const { order, isReversed = false } = stretch;
  const keys = [order, ...then].map((key) => toKey(key, isReversed));
  const [first] = keys;
  const parts = first?.canBeNull === true ? [false, true] : [false];
  if (isReversed) parts.reverse();
  const pieces = parts.map((isNull) => pieceOf(db, search, stretch, { keys, isNull }));
  return readPieces(stretch, pieces);
}

function toKey(key: SortKey, isReversed: boolean): Key {
  const { column } = key;
  return { column, values: directionOf(key, isReversed), canBeNull: canBeNull(key) };
}

/** The frames that have a value of the first column, or those that have none. */
function pieceOf(
  db: Knex,
  search: Search,
  stretch: Stretch,
  { keys, isNull }: { readonly keys: readonly Key[]; readonly isNull: boolean },
): Piece {
  const { after, isReversed = false, order, total } = stretch;
  const ids = isReversed ? 'desc' : 'asc';
  const query = (offset: number, limit: number) => {
    const errand = { order: firstOf(order), offset, limit, total, isNull };
    const way = chooseWay(search, errand);
    const set = way.kind === 'one' ? way : smallestSet(search);
    const hint = set.narrowing.by === 'seek' ? '+' : '';
    const hinted = keys.map((key) => ({ ...key, column: `${hint}${key.column}` }));
    const rows = db.from(db.raw(set.from)).modify(narrow, db, search, set.narrowing);
    const [first] = hinted;
    if (first?.canBeNull === true)
      void rows.whereRaw(`${first.column} is ${isNull ? '' : 'not'} null`);
    if (after !== undefined) behind(rows, hinted, after, isReversed);
    return { rows, hinted };
  };
  return {
    async read(offset, limit) {
      const { rows, hinted } = query(offset, limit);
      const terms = hinted.slice(isNull ? 1 : 0).map((key) => orderOf(key, isReversed));
      const found: { id: number }[] = await rows
        .select('frames.id as id', ...keys.map(({ column }, at) => `${column} as key${at}`))
        .orderByRaw([...(isNull ? terms : withoutNulls(terms, hinted)), `frames.id ${ids}`].join())
        .limit(limit)
        .offset(offset);
      return found.map(({ id, ...values }) => ({
        id,
        value: JSON.stringify(Object.values(values)),
      }));
    },
    count: () => countOf(query(0, Infinity).rows),
  };
}

function firstOf({ column, descending }: FrameOrder): FrameOrder {
  return { column, descending };
}

/** None of the first column is null here: saying so keeps SQLite from walking the index that has it. */
function withoutNulls(terms: readonly string[], [first]: readonly Key[]): string[] {
  return first === undefined ? [] : [`${first.column} ${first.values}`, ...terms.slice(1)];
}

function orderOf({ column, values, canBeNull: hasNulls }: Key, isReversed: boolean): string {
  const nulls = hasNulls ? `${column} is null ${isReversed ? 'desc' : 'asc'}, ` : '';
  return `${nulls}${column} ${values}`;
}

/** Leaves what stands behind a place: greater in one column, and equal in all before it. */
function behind(
  query: Knex.QueryBuilder,
  keys: readonly Key[],
  { value, id }: Position,
  isReversed: boolean,
): void {
  const values = valuesOf(value, keys.length);
  const equals: string[] = [];
  const bindings: (string | number | null)[] = [];
  const either: string[] = [];
  for (const [at, { column, ...key }] of keys.entries()) {
    const own = values[at] ?? null;
    const beyond = beyondOf(column, key, own, isReversed);
    if (beyond !== undefined) {
      either.push([...equals, beyond].join(' and '));
      bindings.push(...values.slice(0, at), ...(own === null ? [] : [own]));
    }
    equals.push(`${column} is ?`);
  }
  either.push([...equals, `frames.id ${isReversed ? '<' : '>'} ?`].join(' and '));
  void query.whereRaw(`(${either.join(' or ')})`, [
    ...bindings,
    ...values,
    id,
  ] as Knex.RawBinding[]);
}

/** What lies beyond a value of a column; undefined if nothing does. */
function beyondOf(
  column: string,
  { values, canBeNull: hasNulls }: Omit<Key, 'column'>,
  own: string | number | null,
  isReversed: boolean,
): string | undefined {
  if (own === null) return isReversed ? `${column} is not null` : undefined;
  const further = `${column} ${values === 'asc' ? '>' : '<'} ?`;
  return hasNulls && !isReversed ? `(${further} or ${column} is null)` : further;
}

function valuesOf(value: Position['value'], count: number): (string | number | null)[] {
  const values: unknown = typeof value === 'string' ? JSON.parse(value) : [];
  return Array.isArray(values) ? (values as (string | number | null)[]).slice(0, count) : [];
}
