import type { ObjectSum } from '../catalog/index.js';
import { targetKey, type MergedObject } from '../targets/index.js';

/** An object of which there are frames, under all of its names, with the sums over them. */
export interface ObjectSummary {
  readonly merged: MergedObject<ObjectSum>;
  readonly frames: number;
  /** The level whose exposure counts. */
  readonly reductionLevel: number;
  readonly exposureSec: number;
  readonly firstNight: string | null;
  readonly lastNight: string | null;
}

/**
 * The exposure is that of one reduction level, the one with most of it: a raw frame and what was made
 * of it are the same light.
 */
export function toSummary(merged: MergedObject<ObjectSum>): ObjectSummary {
  const levels = new Map<number, number>();
  let frames = 0;
  const nights: string[] = [];
  for (const each of merged.members) {
    const { reductionLevel, exposureSec } = each;
    levels.set(reductionLevel, (levels.get(reductionLevel) ?? 0) + exposureSec);
    frames += each.frames;
    nights.push(...[each.firstNight ?? [], each.lastNight ?? []].flat());
  }
  const [most] = [...levels].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  nights.sort();
  return {
    merged,
    frames,
    reductionLevel: most?.[0] ?? 0,
    exposureSec: most?.[1] ?? 0,
    firstNight: nights[0] ?? null,
    lastNight: nights.at(-1) ?? null,
  };
}

/** The object of a name: by its spelling to the letter, else by what it means. */
export function pick(all: readonly ObjectSummary[], name: string): ObjectSummary | undefined {
  const key = targetKey(name);
  return (
    all.find(({ merged }) => merged.names.includes(name)) ??
    all.find(({ merged }) => merged.name === name) ??
    all.find(({ merged }) => key !== '' && targetKey(merged.name) === key)
  );
}

/** An object of which no frame matches: it is there all the same. */
export function withoutFrames(summary: ObjectSummary): ObjectSummary {
  return { ...summary, frames: 0, exposureSec: 0, firstNight: null, lastNight: null };
}

/** What the catalogue calls the names of an object. */
export function idsOf({ merged }: ObjectSummary): number[] {
  return [...new Set(merged.members.map(({ objectId }) => objectId))];
}
