import type { Knex } from 'knex';
import { counting, smallestSet } from './count.js';
import { keywordNames } from './header-values.js';
import { directionOf, keywordOf, MEASURES, type FrameOrder } from './order.js';
import { readPieces, type Piece, type Stretch } from './pieces.js';
import { narrow, type Search } from './search.js';
import { countOf, readAmongEquals, type Position } from './ties.js';
import { COST, guessTotal, isEverything } from './ways.js';

/** What is said of frames, in values that can be put in order: a query for `frame_id` and `value`. */
interface Said {
  readonly type: 'number' | 'string';
  /** Each frame at most once. */
  readonly sql: string;
}

/** Words of people and findings. The least of a frame is the one that its column begins with. */
const WORDS: Readonly<Record<string, string>> = {
  'said.flag': 'select frame_id, flag as value from flags',
  'said.tag': 'select frame_id, min(tag) as value from tags group by frame_id',
  'said.finding': `select frame_id,
    min(case level when 'error' then '0' when 'warning' then '1' else '2' end || code) as value
    from findings group by frame_id`,
};

/**
 * A stretch of a list in order of what tables beside `frames` say: a keyword of the header, first
 * numbers and then texts; a flag; the first tag; the gravest finding. Each table that is in that order
 * is walked. Frames of which nothing is said stand last, ties by id, as in every list.
 *
 * @returns in the order in which they are read
 */
export async function readBySaid(db: Knex, search: Search, stretch: Stretch): Promise<Position[]> {
  const { order, isReversed = false } = stretch;
  const said = await saidBy(db, order);
  const sorted = order.descending ? [...said].reverse() : said;
  const pieces = [
    ...sorted.map((each) => ({ type: each.type, piece: saidPiece(db, search, stretch, each) })),
    { type: 'object', piece: silentPiece(db, search, stretch, said) },
  ];
  if (isReversed) pieces.reverse();
  const { after } = stretch;
  const at = after === undefined ? 0 : pieces.findIndex(({ type }) => type === typeof after.value);
  return readPieces(
    stretch,
    pieces.slice(Math.max(0, at)).map(({ piece }) => piece),
  );
}

/** Tables that an order is about, in their own order. */
async function saidBy(db: Knex, order: FrameOrder): Promise<Said[]> {
  const keyword = keywordOf(order);
  if (keyword === undefined) {
    const sql = WORDS[order.column];
    if (sql === undefined) throw new Error(`nothing is said by ${order.column}`);
    return [{ type: 'string', sql }];
  }
  const known: { id: number; name: string }[] = await db('header_keywords')
    .whereIn('name', keywordNames(keyword))
    .select('id', 'name');
  const id = (known.find(({ name }) => name === keyword) ?? known[0])?.id;
  if (id === undefined) return [];
  const others: unknown = await db('header_others').where('keyword_id', id).first('keyword_id');
  const first = (type: Said['type']): string =>
    others === undefined
      ? ''
      : `and not exists (select 1 from header_others where keyword_id = ${id}
          and header_others.frame_id = kept.frame_id and value = ${type === 'number' ? 'number' : 'text'}
          and typeof(value) ${type === 'number' ? '<>' : '='} 'text')`;
  return [
    {
      type: 'number',
      sql: `select frame_id, number as value from header_numbers as kept
        where keyword_id = ${id} ${first('number')}`,
    },
    {
      type: 'string',
      sql: `select frame_id, text as value from header_texts as kept
        where keyword_id = ${id} and text <> '' ${first('string')}`,
    },
  ];
}

/** Frames of which something is said. */
function saidPiece(db: Knex, search: Search, stretch: Stretch, { type, sql }: Said): Piece {
  const { order, after, isReversed = false, total } = stretch;
  const [values, ids] = directionsOf(order, isReversed);
  const place = typeof after?.value === type ? after : undefined;
  const query = (reach: number): (() => Knex.QueryBuilder) => {
    const isJoined = !isWhole(search) && isWalkShorter(search, { reach, total });
    return () => {
      const from = db.from(db.raw(`(${sql}) as said`));
      if (isJoined) {
        void from.joinRaw('cross join frames on frames.id = said.frame_id');
        void from.modify(narrow, db, search, {});
      } else if (!isWhole(search)) {
        void from.whereRaw('said.frame_id in ?', [counting(db, search).select('frames.id')]);
      }
      return from.modify(behind, place, values, ids);
    };
  };
  return {
    async read(offset, limit) {
      const walk = query(offset + limit);
      const columns = { column: 'said.value', id: 'said.frame_id', values, ids };
      if (values !== ids) return readAmongEquals(walk, { ...columns, offset, limit });
      return walk()
        .select('said.value as value', 'said.frame_id as id')
        .orderByRaw(`said.value ${values}, said.frame_id ${ids}`)
        .limit(limit)
        .offset(offset);
    },
    count: () => countOf(query(Infinity)()),
  };
}

/** Frames of which nothing is said, in order of id. */
function silentPiece(db: Knex, search: Search, stretch: Stretch, said: readonly Said[]): Piece {
  const { after, order, isReversed = false } = stretch;
  const [, ids] = directionsOf(order, isReversed);
  const query = (): Knex.QueryBuilder => {
    const frames: Knex.QueryBuilder = isWhole(search)
      ? db.from(db.raw(MEASURES))
      : counting(db, search);
    for (const { sql } of said)
      void frames.whereRaw(`frames.id not in (select frame_id from (${sql}))`);
    if (after !== undefined && after.value === null)
      void frames.whereRaw(`frames.id ${ids === 'asc' ? '>' : '<'} ?`, [after.id]);
    return frames;
  };
  return {
    async read(offset, limit) {
      if (isWhole(search) && (await isAllSaid(db, search, said))) return [];
      const found: { id: number }[] = await query()
        .select('frames.id as id')
        .orderByRaw(`frames.id ${ids}`)
        .limit(limit)
        .offset(offset);
      return found.map(({ id }) => ({ value: null, id }));
    },
    count: () => countOf(query()),
  };
}

function directionsOf(
  order: FrameOrder,
  isReversed: boolean,
): readonly ['asc' | 'desc', 'asc' | 'desc'] {
  return [directionOf(order, isReversed), isReversed ? 'desc' : 'asc'];
}

function isWhole(search: Search): boolean {
  return isEverything(search) && search.viewer.seesAll;
}

/** Leaves what stands behind a place. */
function behind(
  query: Knex.QueryBuilder,
  place: Position | undefined,
  values: 'asc' | 'desc',
  ids: 'asc' | 'desc',
): void {
  if (place === undefined) return;
  const further = values === 'asc' ? '>' : '<';
  void query.whereRaw(
    `said.value ${further}= ? and (said.value ${further} ? or said.frame_id ${ids === 'asc' ? '>' : '<'} ?)`,
    [place.value, place.value, place.id],
  );
}

/** Whether looking at frames along the walk until a page is full beats listing all that is searched. */
function isWalkShorter(
  search: Search,
  { reach, total }: { reach: number; total: number | undefined },
): boolean {
  const all = Math.max(1, search.all);
  const share = Math.max(1, total ?? guessTotal(search)) / all;
  const walked = Math.min(all, reach / Math.min(1, share));
  const listed = smallestSet(search).frames ?? all;
  return walked * (COST.row + COST.entry) < listed * COST.row + all * COST.entry;
}

/** Whether no frame of the archive is left without a value: then nobody has to look for one. */
async function isAllSaid(db: Knex, { all }: Search, said: readonly Said[]): Promise<boolean> {
  let frames = 0;
  for (const { sql } of said) frames += await countOf(db.from(db.raw(`(${sql}) as said`)));
  return frames >= all;
}
