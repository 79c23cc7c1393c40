import type { ObjectPart, SharpFrame } from '../catalog/index.js';
import { groupBy } from '../lib/groups.js';
import type { SkyPoint } from '../sky/index.js';
import type { ObjectSummary } from './summary.js';

/** Frames of one filter, year or night. */
export interface ObjectTotal {
  /** Null for frames that have none. */
  readonly key: string | null;
  /** Of all reduction levels. */
  readonly frames: number;
  /** Of one, so that the same light counts once. */
  readonly exposureSec: number;
}

/** The years of one filter. */
export interface FilterYears {
  readonly filter: string | null;
  readonly years: readonly ObjectTotal[];
}

/** All that is told of an object. Totals are in the order of their keys, without one last. */
export interface ObjectReport {
  readonly summary: ObjectSummary;
  /** Where the catalogue of names has it, or else where one of its frames points. */
  readonly place: SkyPoint | undefined;
  /** The frame with the smallest stars; undefined if none was measured. */
  readonly best: SharpFrame | undefined;
  readonly instruments: readonly string[];
  readonly filters: readonly ObjectTotal[];
  readonly years: readonly ObjectTotal[];
  readonly filterYears: readonly FilterYears[];
  readonly nights: readonly ObjectTotal[];
}

/** Puts together what is known of an object. @param known.parts of this object alone */
export function toReport(
  summary: ObjectSummary,
  known: {
    readonly parts: readonly ObjectPart[];
    readonly place: SkyPoint | undefined;
    readonly best: SharpFrame | undefined;
  },
): ObjectReport {
  const { parts } = known;
  const level = summary.reductionLevel;
  const yearOf = ({ night }: ObjectPart): string | null => night?.slice(0, 4) ?? null;
  const filterOf = ({ filter }: ObjectPart): string | null => filter;
  const byFilter = groupBy(parts, filterOf);
  return {
    summary,
    place: summary.merged.target ?? known.place,
    best: known.best,
    instruments: [...new Set(parts.map(({ instrument }) => instrument))].sort(),
    filters: sumBy(parts, level, filterOf),
    years: sumBy(parts, level, yearOf),
    filterYears: [...byFilter].map(([filter, some]) => ({
      filter,
      years: sumBy(some, level, yearOf),
    })),
    nights: sumBy(parts, level, ({ night }) => night),
  };
}

function sumBy(
  parts: readonly ObjectPart[],
  level: number,
  keyOf: (part: ObjectPart) => string | null,
): ObjectTotal[] {
  const totals = [...groupBy(parts, keyOf)].map(([key, some]) => ({
    key,
    frames: some.reduce((sum, part) => sum + part.frames, 0),
    exposureSec: some
      .filter(({ reductionLevel }) => reductionLevel === level)
      .reduce((sum, part) => sum + part.exposureSec, 0),
  }));
  return totals.sort(({ key: a }, { key: b }) => {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return a < b ? -1 : 1;
  });
}
