import { wrapHalf } from '../sky/index.js';
import type { SkyClaims } from './claims.js';
import { lookFrom } from './look.js';

/** A number of the header beside that of the almanac. */
export interface Gap {
  readonly name: string;
  readonly said: number;
  readonly found: number;
  readonly gapDeg: number;
}

/** Many programs have the Moon as seen from the centre of the Earth, and by few terms of its motion. */
const MOON_SLACK_DEG = 1.3;
/** Looks at most so far apart: between them nothing bends by more than some tenths of a degree. */
const STEP_MS = 900_000;
/** Each costs the time of a look for each way in which a header may be wrong. */
const MOST_STEPS = 16;
/** What is longer than any dark is the sum of many exposures: nobody knows when they were taken. */
const LONGEST_MS = 12 * 3_600_000;

/**
 * Instants of an exposure that header values may be told for: start, middle and end, and in a long one
 * some between. Of the sum of many exposures the start alone.
 */
export function instantsOf({ startMs, exposureSec }: SkyClaims): number[] {
  const lastsMs = Math.max(0, exposureSec * 1000);
  if (lastsMs === 0 || lastsMs > LONGEST_MS) return [startMs];
  const steps = Math.min(MOST_STEPS, 2 * Math.ceil(lastsMs / (2 * STEP_MS)));
  return Array.from({ length: steps + 1 }, (_, i) => startMs + (i * lastsMs) / steps);
}

/**
 * Numbers of the header beside the nearest of those that the almanac has for its exposure: some are told
 * for the start, some for the middle or the end, and an airmass may be the mean.
 */
export function gapsOf(claims: SkyClaims): Gap[] {
  // Of a sum, any number may be that of another day.
  if (claims.exposureSec * 1000 > LONGEST_MS) return [];
  const nearest = new Map<string, Gap>();
  let before = new Map<string, Gap>();
  for (const ms of instantsOf(claims)) {
    const here = new Map(gapsAt(claims, ms).map((gap) => [gap.name, gap]));
    for (const gap of here.values()) {
      const gapDeg = isPassed(before.get(gap.name), gap) ? 0 : gap.gapDeg;
      if (gapDeg < (nearest.get(gap.name)?.gapDeg ?? Infinity)) {
        nearest.set(gap.name, { ...gap, gapDeg });
      }
    }
    before = here;
  }
  return [...nearest.values()];
}

/** Whether what the header says lies between the numbers of two instants. */
function isPassed(before: Gap | undefined, { said, found }: Gap): boolean {
  if (before === undefined) return false;
  const way = turnBetween(before.found, found);
  return turnBetween(before.found, said) + turnBetween(said, found) <= way + 1e-9;
}

function gapsAt(claims: SkyClaims, ms: number): Gap[] {
  const { sun, moon, siderealDeg, at } = lookFrom(claims.place, ms);
  const target = claims.position === null ? undefined : at(claims.position);
  const gaps: Gap[] = [];
  const add = (
    name: string,
    said: number | null,
    found: number | undefined,
    { weight = 1, slackDeg = 0 } = {},
  ): void => {
    if (said === null || found === undefined) return;
    const gapDeg = Math.max(0, turnBetween(said, found) * weight - slackDeg);
    gaps.push({ name, said, found, gapDeg });
  };
  const moonSlack = { slackDeg: MOON_SLACK_DEG };
  add('altitude', claims.altDeg, target?.altDeg);
  // Some count azimuth from the south: then all of them are off by half a turn, which is no finding.
  const narrowing = Math.cos(((target?.altDeg ?? 0) * Math.PI) / 180);
  const isTurned = turnBetween(claims.azDeg ?? 0, (target?.azDeg ?? 0) + 180) * narrowing < 1;
  if (!isTurned) add('azimuth', claims.azDeg, target?.azDeg, { weight: narrowing });
  const byAirmass = altitudeOf(claims.airmass);
  // Airmasses have few digits, which near the zenith tell little of the altitude.
  const trust = Math.min(1, 1 / Math.tan(((byAirmass ?? 45) * Math.PI) / 180) + 0.1);
  add('altitude by airmass', byAirmass, target?.altDeg, { weight: trust });
  add('Sun altitude', claims.sunAltDeg, sun.altDeg);
  add('Moon altitude', claims.moonAltDeg, moon.altDeg, moonSlack);
  add('Moon distance', claims.moonDistanceDeg, target?.moonDistanceDeg, moonSlack);
  add('sidereal time', claims.siderealDeg, siderealDeg);
  return gaps;
}

/** By the secant: other formulae give the same to half a degree down to 10°. 1 itself is often a default. */
function altitudeOf(airmass: number | null): number | null {
  if (airmass === null || airmass <= 1 || airmass > 10) return null;
  return (Math.asin(1 / airmass) * 180) / Math.PI;
}

/** Angle between two directions of a circle, 0…180. */
function turnBetween(a: number, b: number): number {
  return Math.abs(wrapHalf(a - b));
}
