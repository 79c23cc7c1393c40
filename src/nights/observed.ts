import type { NightRow, ObjectPart } from '../catalog/index.js';
import { groupBy } from '../lib/groups.js';
import { mergeObjects } from '../targets/index.js';
import { isScience } from './use.js';

/** Frames and open shutter in one filter. */
export interface FilterSum {
  readonly filter: string | null;
  readonly frames: number;
  readonly exposureSec: number;
}

/** What was taken of an object in a night. */
export interface NightTarget {
  readonly name: string;
  /** As the frames spell it. */
  readonly names: readonly string[];
  readonly frames: number;
  /** Of one reduction level, that with most of it: raw and reduced frames are the same light. */
  readonly exposureSec: number;
  readonly filters: readonly FilterSum[];
}

/** A frame as far as it tells what was observed. */
export type ObservedRow = Pick<
  NightRow,
  'objectId' | 'object' | 'imageKind' | 'reductionLevel' | 'filter' | 'instrument' | 'exposureSec'
>;

/** Frames of the sky of one night by object and how they were taken, as `listObjectParts` has them. */
export function partsOf(rows: readonly ObservedRow[]): Omit<ObjectPart, 'night'>[] {
  const seen = rows.filter((row) => row.object !== null && isScience(row));
  const keyOf = (row: ObservedRow): string =>
    JSON.stringify([row.objectId, row.reductionLevel, row.filter, row.instrument]);
  return [...groupBy(seen, keyOf).values()].flatMap((some) => {
    const [first] = some;
    if (first?.object === null || first === undefined) return [];
    const { objectId, object, reductionLevel, filter, instrument } = first;
    const exposureSec = some.reduce((sum, row) => sum + Math.max(0, row.exposureSec ?? 0), 0);
    return [
      { objectId, object, reductionLevel, filter, instrument, frames: some.length, exposureSec },
    ];
  });
}

/** Objects of one night, the longest observed first. */
export function observedIn(parts: readonly Omit<ObjectPart, 'night'>[]): NightTarget[] {
  const targets = mergeObjects(parts, () => undefined).map(({ name, names, members }) => {
    const byLevel = groupBy(members, ({ reductionLevel }) => reductionLevel);
    const [most] = [...byLevel].sort((a, b) => exposureOf(b[1]) - exposureOf(a[1]) || a[0] - b[0]);
    const counted = most?.[1] ?? [];
    const filters = [...groupBy(members, ({ filter }) => filter)].map(([filter, some]) => ({
      filter,
      frames: framesOf(some),
      exposureSec: exposureOf(some.filter((part) => counted.includes(part))),
    }));
    return {
      name,
      names,
      frames: framesOf(members),
      exposureSec: exposureOf(counted),
      filters: filters.sort((a, b) => compareText(a.filter, b.filter)),
    };
  });
  return targets.sort((a, b) => b.exposureSec - a.exposureSec || compareText(a.name, b.name));
}

function framesOf(parts: readonly Pick<ObjectPart, 'frames'>[]): number {
  return parts.reduce((sum, { frames }) => sum + frames, 0);
}

function exposureOf(parts: readonly Pick<ObjectPart, 'exposureSec'>[]): number {
  return parts.reduce((sum, { exposureSec }) => sum + exposureSec, 0);
}

/** None last. */
function compareText(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return a < b ? -1 : Number(a > b);
}
