import type { Knex } from 'knex';

/**
 * A condition of a search, by what it is about, so that a query can be answered from the smallest
 * table that knows: the facets of frames (site, telescope, instrument, type, filter, binning, level,
 * proposal), their nights, or the frames themselves.
 */
export interface Condition {
  readonly about: 'facet' | 'night' | 'frame';
  /**
   * Adds the condition to a query.
   *
   * @param table the table with the columns it is about; `frames` has them all, `facets` those of
   *        facets, `nights` that of the night
   */
  readonly apply: (query: Knex.QueryBuilder, table: string) => void;
  /** Finds out first what SQL alone cannot say; the condition it gives takes the place of this one. */
  readonly prepare?: (db: Knex) => Promise<Condition>;
}

/** A condition over columns of facets. */
export function onFacets(apply: Condition['apply']): Condition {
  return { about: 'facet', apply };
}

/** A condition over the night. */
export function onNights(apply: Condition['apply']): Condition {
  return { about: 'night', apply };
}

/** A condition over columns that only `frames` has. */
export function onFrames(apply: (query: Knex.QueryBuilder) => void): Condition {
  return { about: 'frame', apply };
}
