import type { Knex } from 'knex';

/** Fewer frames are passed over more quickly than the nights are looked at. */
export const LONG_WAY = 5_000;

/** A date to begin at instead of the first one, and how many frames lie before it in the list. */
export interface Start {
  readonly ms: number;
  readonly passed: number;
}

/** What is otherwise in a list that goes up in time, and in one that goes down. */
const WORDS = {
  asc: {
    end: 'min(night)',
    following: "night > year || '~'",
    edge: 'min(first_ms)',
    first: 'first_ms',
    last: 'last_ms',
    before: '<',
    behind: '>=',
  },
  desc: {
    end: 'max(night)',
    following: 'night < year',
    edge: 'max(last_ms)',
    first: 'last_ms',
    last: 'first_ms',
    before: '>',
    behind: '<=',
  },
};

/**
 * Where to begin reading a list of all frames in order of time, so that little is left to pass over:
 * the numbers of frames in the nights before are known, and only nights that reach beyond the date
 * have to be counted.
 *
 * @returns undefined if there is no better place than the beginning
 */
export async function findStart(
  db: Knex,
  direction: 'asc' | 'desc',
  offset: number,
): Promise<Start | undefined> {
  const ms = await dateNear(db, direction, offset);
  if (ms === undefined) return undefined;
  const { first, last, before, behind } = WORDS[direction];
  const [row]: { passed: number }[] = await db.raw(
    `select coalesce((select sum(frames) from nights where ${first} ${before} :ms), 0)
        - (select count(*) from frames indexed by frames_night_date
            where date_obs_ms ${behind} :ms and night_id in
              (select id from nights where ${first} ${before} :ms and ${last} ${behind} :ms)
          ) as passed`,
    { ms },
  );
  return row === undefined || row.passed > offset ? undefined : { ms, passed: row.passed };
}

/**
 * A date that lies not far before the place `offset` of the list, and hardly ever behind it: the edge of
 * a night. Years are added up before nights, since that takes no more than a look into an index.
 */
async function dateNear(
  db: Knex,
  direction: 'asc' | 'desc',
  offset: number,
): Promise<number | undefined> {
  const { end, following, edge } = WORDS[direction];
  const sumBefore = (of: string): string =>
    `sum(frames) over (order by ${of} ${direction} rows unbounded preceding) - frames`;
  const [row]: { ms: number | null }[] = await db.raw(
    `with recursive
      years (year) as (
        select substr(${end}, 1, 4) from nights
        union all
        select (select substr(${end}, 1, 4) from nights where ${following})
          from years where year is not null),
      year_sums as (
        select year, (select sum(frames) from nights where night between year and year || '~') as frames
          from years where year is not null),
      begun as (
        select * from (select year, ${sumBefore('year')} as passed from year_sums)
          where passed <= :offset order by passed desc limit 1),
      of_year as (
        select night, ${edge} as ms, sum(frames) as frames, begun.passed as earlier
          from begun cross join nights where night between year and year || '~' group by night)
      select ms from (select ms, earlier + ${sumBefore('night')} as passed from of_year)
        where passed <= :offset and ms is not null order by passed desc limit 1`,
    { offset },
  );
  return row?.ms ?? undefined;
}
