import type { ObjectPart, ObjectPlace, ObjectSum, SharpFrame } from '../catalog/index.js';
import { groupBy } from '../lib/groups.js';
import type { MergedObject, Target } from '../targets/index.js';

/** An object with the sums over its frames. */
export interface TargetSummary {
  readonly merged: MergedObject<ObjectSum>;
  readonly frames: number;
  /** The level whose exposure counts. */
  readonly reductionLevel: number;
  readonly exposureSec: number;
  readonly firstNight: string | null;
  readonly lastNight: string | null;
}

/** An object as the catalogue of names has it. */
export function toCatalogueShape(target: Target): Record<string, unknown> {
  return {
    name: target.name,
    aliases: target.aliases,
    type: target.type,
    ra: target.raDeg,
    dec: target.decDeg,
    magnitude: target.magnitude,
    size: target.sizeArcmin,
  };
}

/** An object of frames: what is told in lists, and its nights, newest first. */
export function toTargetShape(
  summary: TargetSummary,
  known: {
    readonly parts: readonly ObjectPart[];
    readonly place: ObjectPlace | undefined;
    readonly best: SharpFrame | undefined;
  },
  root: string,
): { readonly shape: Record<string, unknown>; readonly nights: readonly unknown[] } {
  const { merged, frames, reductionLevel, exposureSec, firstNight, lastNight } = summary;
  const { target } = merged;
  const place = target ?? known.place;
  const { best } = known;
  const sums = (keyOf: (part: ObjectPart) => string | null): Sum[] =>
    sumBy(known.parts, reductionLevel, keyOf);
  const yearOf = ({ night }: ObjectPart): string | null => night?.slice(0, 4) ?? null;
  const instruments = [...new Set(known.parts.map(({ instrument }) => instrument))];
  const shape = {
    name: merged.name,
    names: merged.names,
    aliases: target?.aliases ?? [],
    in_catalogue: target !== undefined,
    type: target?.type ?? null,
    ra: place?.raDeg ?? null,
    dec: place?.decDeg ?? null,
    magnitude: target?.magnitude ?? null,
    size: target?.sizeArcmin ?? null,
    frames,
    hours: toHours(exposureSec),
    first_night: firstNight,
    last_night: lastNight,
    filters: sums(({ filter }) => filter).map((sum) => toSumShape('filter', sum)),
    years: sums(yearOf).map((sum) => toSumShape('year', sum)),
    filter_years: filterYears(known.parts, reductionLevel, yearOf),
    instruments: instruments.sort(),
    best_fwhm: best === undefined ? null : { frame: best.frameId, fwhm: best.fwhmArcsec },
    url: `${root}targets/${encodeURIComponent(merged.name)}/`,
    frames_url: `${root}frames/?target=${encodeURIComponent(merged.name)}`,
  };
  const nights = sums(({ night }) => night)
    .reverse()
    .map((sum) => toSumShape('night', sum));
  return { shape, nights };
}

interface Sum {
  readonly key: string | null;
  readonly frames: number;
  readonly exposureSec: number;
}

/** Frames of all levels, exposure of one; in the order of the keys, without one last. */
function sumBy(
  parts: readonly ObjectPart[],
  level: number,
  keyOf: (part: ObjectPart) => string | null,
): Sum[] {
  const groups = [...groupBy(parts, keyOf)];
  const sums = groups.map(([key, some]) => ({
    key,
    frames: some.reduce((sum, part) => sum + part.frames, 0),
    exposureSec: some
      .filter(({ reductionLevel }) => reductionLevel === level)
      .reduce((sum, part) => sum + part.exposureSec, 0),
  }));
  return sums.sort(({ key: a }, { key: b }) => {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return a < b ? -1 : 1;
  });
}

function filterYears(
  parts: readonly ObjectPart[],
  level: number,
  yearOf: (part: ObjectPart) => string | null,
): unknown[] {
  return [...groupBy(parts, ({ filter }) => filter)].flatMap(([filter, some]) =>
    sumBy(some, level, yearOf).map((sum) => ({ filter, ...toSumShape('year', sum) })),
  );
}

function toSumShape(name: string, { key, frames, exposureSec }: Sum): Record<string, unknown> {
  return { [name]: key, frames, hours: toHours(exposureSec) };
}

/** Hours to the ten-thousandth: a third of a second. */
function toHours(seconds: number): number {
  return Math.round((seconds / 3600) * 1e4) / 1e4;
}
