/**
 * Keys of the rows of `facets`, `nights` and `objects`, the same text whether made here or by the
 * database. Parts are joined by a character that cannot be inside of them.
 */

/** Columns of a facet, in `frames` as in `facets`. */
export const FACET_COLUMNS = [
  'site_id',
  'telescope',
  'instrument',
  'image_type',
  'image_kind',
  'filter',
  'binning_x',
  'binning_y',
  'reduction_level',
  'proposal',
] as const;

type Value = string | number | null;

/** Columns of a row of `frames` that decide where it stands in the cube. */
export type CubeColumns = Readonly<Record<(typeof FACET_COLUMNS)[number], Value>> & {
  readonly night: string | null;
  readonly object: string | null;
  readonly date_obs_ms: number | null;
  readonly public_date_ms: number | null;
  readonly exposure_sec: number | null;
  /** 1 if the frames around it say that it was not exposed as long; frames that come are 0. */
  readonly exposure_odd?: 0 | 1;
};

export const DAY_MS = 86_400_000;

/** The public day of frames that never become public: beyond every day. */
const NEVER = 2 ** 31 - 1;

/** Day since 1970-01-01 UTC in which a frame becomes public. */
export function toPublicDay(publicDateMs: number | null): number {
  return publicDateMs === null ? NEVER : Math.floor(publicDateMs / DAY_MS);
}

/** As `toPublicDay`, in SQL; division of integers cuts towards zero, also below it. */
export function publicDaySql(column: string): string {
  const rest = `((${column} % ${DAY_MS}) + ${DAY_MS}) % ${DAY_MS}`;
  return `case when ${column} is null then ${NEVER} else (${column} - ${rest}) / ${DAY_MS} end`;
}

const UNIT = '\u001f';

/** A value inside of a key: the separator cannot stand alone in it, and NULL is like no text. */
function keyPart(value: Value): string {
  return value === null ? `${UNIT}2` : String(value).replaceAll(UNIT, `${UNIT}1`);
}

function keyPartSql(column: string): string {
  return `coalesce(replace(cast(${column} as text), char(31), char(31) || '1'), char(31) || '2')`;
}

export function facetKey(row: CubeColumns): string {
  return FACET_COLUMNS.map((column) => keyPart(row[column])).join(`${UNIT}0`);
}

/** @param prefix of the columns, such as `frames.` */
export function facetKeySql(prefix = ''): string {
  return FACET_COLUMNS.map((column) => keyPartSql(prefix + column)).join(" || char(31) || '0' || ");
}

/** A night with dates and the same night without are two. */
export function nightKey({ night, date_obs_ms }: CubeColumns): string {
  return `${date_obs_ms === null ? '-' : '+'}${keyPart(night)}`;
}

export function nightKeySql(prefix = ''): string {
  return `(case when ${prefix}date_obs_ms is null then '-' else '+' end) || ${keyPartSql(`${prefix}night`)}`;
}

export function objectKey({ object }: CubeColumns): string {
  return keyPart(object);
}

export function objectKeySql(prefix = ''): string {
  return keyPartSql(`${prefix}object`);
}
