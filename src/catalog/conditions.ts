import type { Knex } from 'knex';

/**
 * A condition of a search, by what it is about, so that a query can be answered from the smallest
 * table that knows: the facets of frames (site, telescope, instrument, type, filter, binning, level,
 * proposal), their nights, the names of their objects, the cells of the sky in which they point, the
 * instants at which they begin, or the frames themselves.
 */
export interface Condition {
  readonly about: 'facet' | 'night' | 'object' | 'cell' | 'date' | 'frame';
  /**
   * Adds the condition to a query.
   *
   * @param table the table with the columns it is about; `frames` has them all, `facets` those of
   *        facets, `nights` that of the night, `objects` that of the object, `sky_cells`
   *        that of the cell
   */
  readonly apply: (query: Knex.QueryBuilder, table: string) => void;
  /** Bounds of `date_obs_ms`, both inclusive; only of a condition about dates. */
  readonly dates?: DateRange;
  /**
   * Only of a condition about frames that `apply` answers through an index of its own (a name, a
   * position, a number): the same as a test of one frame at hand, for when very many match and it is
   * cheaper to look at frames in the order that is asked for until a page is full. Of one about cells:
   * what their frames have to stand besides, if not all of them are meant.
   */
  readonly test?: (query: Knex.QueryBuilder) => void;
  /** True if it asks for what is found out of frames after they came: measures, findings, flags, tags. */
  readonly isLater?: true;
  /** Finds out first what SQL alone cannot say; the condition it gives takes the place of this one. */
  readonly prepare?: (db: Knex) => Promise<Condition>;
}

/** Instants, epoch ms, both inclusive; an end that is missing is open. */
export interface DateRange {
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** A condition over columns of facets. */
export function onFacets(apply: Condition['apply']): Condition {
  return { about: 'facet', apply };
}

/** A condition over the night. */
export function onNights(apply: Condition['apply']): Condition {
  return { about: 'night', apply };
}

/** A condition over the name of the object. */
export function onObjects(apply: Condition['apply']): Condition {
  return { about: 'object', apply };
}

/**
 * A condition over cells of the sky.
 *
 * @param test what frames of these cells have to stand besides; undefined if all are meant
 */
export function onCells(ids: readonly number[], test: Condition['test'] | undefined): Condition {
  const list = JSON.stringify(ids);
  return {
    about: 'cell',
    apply(query, table) {
      const column = table === 'frames' ? 'frames.cell_id' : `${table}.id`;
      void query.whereRaw(`${column} in (select value from json_each(?))`, [list]);
      if (table === 'frames') test?.(query);
    },
    ...(test === undefined ? {} : { test }),
  };
}

/** Frames that began within a range; those without a date are never in it. */
export function onDates(dates: DateRange): Condition {
  return {
    about: 'date',
    dates,
    apply(query) {
      if (dates.fromMs !== undefined) void query.where('frames.date_obs_ms', '>=', dates.fromMs);
      if (dates.toMs !== undefined) void query.where('frames.date_obs_ms', '<=', dates.toMs);
      if (dates.fromMs === undefined && dates.toMs === undefined)
        void query.whereNotNull('frames.date_obs_ms');
    },
  };
}

/** A condition over columns that only `frames` has: each frame that is looked at is tested. */
export function onFrames(apply: (query: Knex.QueryBuilder) => void): Condition {
  return { about: 'frame', apply };
}

/** A condition about frames that an index of its own answers. */
export type Seek = Condition & Required<Pick<Condition, 'test'>>;

/**
 * A condition that an index of its own answers, such as a name or a position.
 *
 * @param find adds `frames.id in (…)`, or an equality with an indexed column
 * @param test the same for one frame at hand, without that index
 */
export function onIndex(
  find: (query: Knex.QueryBuilder) => void,
  test: (query: Knex.QueryBuilder) => void,
): Seek {
  return { about: 'frame', apply: find, test };
}

/** Columns of what the sky was like. */
export type SkyColumn =
  | 'alt_deg'
  | 'az_deg'
  | 'airmass'
  | 'sidereal_hours'
  | 'hour_angle_hours'
  | 'sun_alt_deg'
  | 'sun_distance_deg'
  | 'moon_alt_deg'
  | 'moon_fraction'
  | 'moon_distance_deg';

/**
 * A comparison with a column of `frames` that has an index, as SQL behind the column's name: it can be
 * looked for by the index, or tested on a frame at hand (the `+` keeps SQLite from the index).
 */
export function onColumn(
  column: 'id' | 'exposure_sec' | 'object' | 'public_date_ms' | SkyColumn,
  comparison: string,
  bindings: readonly number[] = [],
): Condition {
  return onIndex(
    (query) => void query.whereRaw(`frames.${column} ${comparison}`, bindings),
    (query) => void query.whereRaw(`+frames.${column} ${comparison}`, bindings),
  );
}

/**
 * What tells conditions from others, for what is kept by them as long as their frames are the same;
 * undefined if they ask for more than what a frame was entered with under its facet, night, object and date.
 */
export function conditionsKey(
  { read }: { readonly read: Knex },
  conditions: readonly Condition[],
): string | undefined {
  if (conditions.some(({ about, prepare }) => about === 'frame' || prepare !== undefined)) {
    return undefined;
  }
  return conditionsText({ read }, conditions);
}

/** All that some conditions ask for as one text. What is to be prepared must stand for itself until then. */
export function conditionsText(
  { read }: { readonly read: Knex },
  conditions: readonly Condition[],
): string {
  const query = read('frames');
  for (const { apply } of conditions) apply(query, 'frames');
  const { sql, bindings } = query.toSQL();
  return JSON.stringify([sql, bindings]);
}
