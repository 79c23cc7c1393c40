import type { Knex } from 'knex';

/** Where a frame stands in a list: what the list is sorted by, and its id. */
export interface Position {
  readonly value: string | number | null;
  readonly id: number;
}

/** A walk along an index whose values go one way while equal ones are wanted by id the other way. */
export interface AgainstIds {
  readonly column: string;
  /** The column of the frame's id. */
  readonly id: string;
  readonly values: 'asc' | 'desc';
  readonly ids: 'asc' | 'desc';
  readonly offset: number;
  readonly limit: number;
}

/**
 * Reads a part of a list whose values fall while the ids of equal ones rise. SQLite walks the index for
 * the values and sorts those that are equal, all of them: of an archive whose files are all of one size
 * that is everything. So the values of the part are read first, which needs no ids; of the two at its
 * ends only the frames that are wanted are read, by id, and those between are no more than the part.
 *
 * @param walk a new query over the index each time, with all its conditions
 */
export async function readAmongEquals(
  walk: () => Knex.QueryBuilder,
  { column, id, values, ids, offset, limit }: AgainstIds,
): Promise<Position[]> {
  const inPart: { value: string | number }[] = await walk()
    .select(`${column} as value`)
    .orderByRaw(`${column} ${values}`)
    .limit(limit)
    .offset(offset);
  const first = inPart[0]?.value;
  const last = inPart.at(-1)?.value;
  if (first === undefined || last === undefined) return [];
  const [before, behind] = values === 'desc' ? ['>', '<'] : ['<', '>'];
  const equals = async (value: string | number, skip: number): Promise<Position[]> =>
    walk()
      .whereRaw(`${column} = ?`, [value])
      .select(`${column} as value`, `${id} as id`)
      .orderByRaw(`${id} ${ids}`)
      .limit(inPart.filter((each) => each.value === value).length)
      .offset(skip);
  const passed =
    offset === 0 ? 0 : await countOf(walk().whereRaw(`${column} ${before} ?`, [first]));
  const found = await equals(first, offset - passed);
  if (last === first) return found;
  const between: Position[] = await walk()
    .whereRaw(`${column} ${behind} ? and ${column} ${before} ?`, [first, last])
    .select(`${column} as value`, `${id} as id`)
    .orderByRaw(`${column} ${values}, ${id} ${ids}`);
  return [...found, ...between, ...(await equals(last, 0))];
}

/** How many rows a query has. */
export async function countOf(query: Knex.QueryBuilder): Promise<number> {
  const row = (await query.count({ total: '*' }).first()) as { total: number } | undefined;
  return row?.total ?? 0;
}
