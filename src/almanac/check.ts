import type { Finding } from '../lib/finding.js';
import { celestialFrame, separationDeg, toUnitVector, fromUnitVector } from '../sky/index.js';
import type { CelestialSystem, SkyPoint } from '../sky/index.js';
import { clocks, wrapHalf, type Clock } from './clocks.js';
import { lookFrom, type Place } from './look.js';

/** What a header says of the sky; null where it says nothing. Angles are degrees. */
export interface SkyClaims {
  /** Where the frame was taken, as the archive knows it, else as the header says. */
  readonly place: Place;
  /** Coordinates in the header itself. */
  readonly latitudeDeg: number | null;
  readonly longitudeDeg: number | null;
  readonly startMs: number;
  readonly exposureSec: number;
  /** True for frames of objects or standards, which are not taken by day. */
  readonly isScience: boolean;
  /** Taken for ICRS; null for frames whose position means nothing. */
  readonly position: SkyPoint | null;
  /** Centre of the image by a WCS that was fitted to stars. */
  readonly solved: SkyPoint | null;
  readonly altDeg: number | null;
  readonly azDeg: number | null;
  readonly airmass: number | null;
  readonly sunAltDeg: number | null;
  readonly moonAltDeg: number | null;
  readonly moonDistanceDeg: number | null;
  readonly siderealDeg: number | null;
}

/** By how much a header may be off, degrees, before something is said of it. */
export interface SkyTolerance {
  readonly toleranceDeg: number;
  /** Least altitude that can be seen in a direction; absent: 0. */
  readonly horizon?: (azDeg: number) => number;
}

/** A number of the header beside that of the almanac. */
interface Gap {
  readonly name: string;
  readonly said: number;
  readonly found: number;
  readonly gapDeg: number;
}

/** What may be wrong with a header, and what its numbers would then be compared with. */
interface Cause {
  readonly code: 'wrong-clock' | 'wrong-site' | 'wrong-epoch';
  readonly words: string;
  readonly claims: SkyClaims;
  /** The Moon alone tells days apart: the stars move by a degree in each. */
  readonly needsMoon?: boolean;
}

/** A Sun so high is no twilight any more. */
const DAY_SUN_ALT = -2;
/** Many programs have the Moon as seen from the centre of the Earth, and by few terms of its motion. */
const MOON_SLACK_DEG = 1.3;
/** The Sun itself is observed by day. */
const SOLAR_DEG = 10;

/**
 * Compares what a header says of the sky with the almanac. Several numbers that are all right for
 * another time, site or position tell what is wrong; one alone only that something is.
 *
 * @returns findings `wrong-clock`, `wrong-site`, `wrong-epoch`, `below-horizon` and `wrong-sky`
 */
export function checkSky(claims: SkyClaims, tolerance: SkyTolerance): Finding[] {
  const { toleranceDeg } = tolerance;
  const named = [siteGap(claims, toleranceDeg), solvedGap(claims)].filter(
    (finding) => finding !== undefined,
  );
  const gaps = gapsOf(claims);
  const wide = gaps.filter(({ gapDeg }) => gapDeg > toleranceDeg);
  const cause = wide.length === 0 ? undefined : findCause(claims, tolerance);
  const told = cause === undefined ? tellWide(wide, gaps, named) : tellCause(cause, wide, named);
  const found = [...named, ...told];
  return found.some(({ code }) => code !== 'wrong-epoch')
    ? found
    : [...found, ...dayFinding(claims), ...horizonFinding(claims, tolerance)];
}

/** What is said of a cause, unless it was found by other means already. */
function tellCause(cause: Cause, wide: readonly Gap[], named: readonly Finding[]): Finding[] {
  if (named.some(({ code }) => code === cause.code)) return [];
  const text = `${listOf(wide)}: ${cause.words}`;
  return [{ code: cause.code, level: 'warning', text }];
}

function tellWide(wide: readonly Gap[], all: readonly Gap[], named: readonly Finding[]): Finding[] {
  if (wide.length === 0 || named.length > 0) return [];
  const right = all.filter((gap) => !wide.includes(gap)).map(({ name }) => name);
  const isLone = wide.length === 1 && right.length > 0;
  const why = isLone
    ? `its ${right.join(', ')} agree${right.length === 1 ? 's' : ''} with time, site and position.`
    : 'time, site or position is wrong, or these values are.';
  return [
    { code: 'wrong-sky', level: isLone ? 'note' : 'warning', text: `${listOf(wide)}: ${why}` },
  ];
}

function listOf(gaps: readonly Gap[]): string {
  const each = gaps.map(
    ({ name, said, found }) => `${name} ${degrees(said)}, not ${degrees(found)}`,
  );
  return `The header says ${each.join('; ')}`;
}

function degrees(value: number): string {
  return `${value.toFixed(1).replace('-', '−')}°`;
}

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
function instantsOf({ startMs, exposureSec }: SkyClaims): number[] {
  const lastsMs = Math.max(0, exposureSec * 1000);
  if (lastsMs === 0 || lastsMs > LONGEST_MS) return [startMs];
  const steps = Math.min(MOST_STEPS, 2 * Math.ceil(lastsMs / (2 * STEP_MS)));
  return Array.from({ length: steps + 1 }, (_, i) => startMs + (i * lastsMs) / steps);
}

/**
 * Numbers of the header beside the nearest of those that the almanac has for its exposure: some are told
 * for the start, some for the middle or the end, and an airmass may be the mean.
 */
function gapsOf(claims: SkyClaims): Gap[] {
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

/** The cause under which all numbers of the header are right, the best if there are several. */
function findCause(claims: SkyClaims, tolerance: SkyTolerance): Cause | undefined {
  let best: { readonly cause: Cause; readonly worst: number } | undefined;
  for (const cause of causesOf(claims)) {
    const gaps = gapsOf(cause.claims);
    const worst = Math.max(...gaps.map(({ gapDeg }) => gapDeg));
    if (worst > tolerance.toleranceDeg || worst >= (best?.worst ?? Infinity)) continue;
    if (cause.needsMoon === true && !gaps.some(({ name }) => name.startsWith('Moon'))) continue;
    // Any one number is right at some time or other; of the few other causes by chance none is.
    const isEnough = gaps.length > 1 || cause.code !== 'wrong-clock';
    const impossible = [...dayFinding(cause.claims), ...horizonFinding(cause.claims, tolerance)];
    if (!isEnough || impossible.length > 0) continue;
    best = { cause, worst };
  }
  return best?.cause;
}

function causesOf(claims: SkyClaims): Cause[] {
  return [...siteCauses(claims), ...positionCauses(claims), ...clockCauses(claims)];
}

function siteCauses(claims: SkyClaims): Cause[] {
  const { place } = claims;
  const [latitudeDeg, longitudeDeg] = [-place.latitudeDeg, -place.longitudeDeg];
  const flipped: readonly (readonly [string, Place])[] = [
    ['the longitude had the other sign', { ...place, longitudeDeg }],
    ['the latitude had the other sign', { ...place, latitudeDeg }],
    ['latitude and longitude had the other sign', { ...place, latitudeDeg, longitudeDeg }],
  ];
  return flipped.map(([what, changed]) => ({
    code: 'wrong-site',
    words: `they would be right if ${what} (${placeText(changed)}).`,
    claims: { ...claims, place: changed },
  }));
}

function positionCauses(claims: SkyClaims): Cause[] {
  const { position } = claims;
  if (position === null || position.raDeg >= 24) return [];
  const raDeg = position.raDeg * 15;
  return [
    {
      code: 'wrong-epoch',
      words: `they would be right if the right ascension ${position.raDeg.toFixed(3)} were hours, not degrees.`,
      claims: { ...claims, position: { ...position, raDeg } },
    },
  ];
}

function clockCauses(claims: SkyClaims): Cause[] {
  const { place, siderealDeg, startMs } = claims;
  const offDeg = siderealDeg === null ? null : siderealDeg - lookFrom(place, startMs).siderealDeg;
  return clocks(offDeg).map(({ shiftMs, words, isOfDays, turnDeg }: Clock) => {
    const longitudeDeg = wrapHalf(place.longitudeDeg + (turnDeg ?? 0));
    const or = turnDeg === null ? '' : `, or at ${placeText({ ...place, longitudeDeg })}`;
    return {
      code: 'wrong-clock',
      words: `they would be right ${words} than DATE-OBS${or}.`,
      claims: { ...claims, startMs: startMs + shiftMs },
      needsMoon: isOfDays,
    };
  });
}

/** Coordinates of the header against those that the archive knows for its site. */
function siteGap(claims: SkyClaims, toleranceDeg: number): Finding | undefined {
  const { place, latitudeDeg, longitudeDeg } = claims;
  const said = {
    latitudeDeg: latitudeDeg ?? place.latitudeDeg,
    longitudeDeg: longitudeDeg ?? place.longitudeDeg,
  };
  const gapDeg = separationDeg(pointOf(said), pointOf(place));
  if (gapDeg <= toleranceDeg) return undefined;
  const flipped = { ...said, longitudeDeg: -said.longitudeDeg };
  const isFlipped = separationDeg(pointOf(flipped), pointOf(place)) <= toleranceDeg;
  const why = isFlipped ? ': its longitude has the wrong sign' : '';
  const text =
    `The header says ${placeText(said)}, ${degrees(gapDeg)} away from the site, ` +
    `which is at ${placeText(place)}${why}.`;
  return { code: 'wrong-site', level: 'warning', text };
}

function pointOf({ latitudeDeg, longitudeDeg }: Omit<Place, 'elevationM'>): SkyPoint {
  return { raDeg: longitudeDeg, decDeg: latitudeDeg };
}

function placeText({ latitudeDeg, longitudeDeg }: Omit<Place, 'elevationM'>): string {
  const [north, east] = [latitudeDeg < 0 ? 'S' : 'N', longitudeDeg < 0 ? 'W' : 'E'];
  return `${Math.abs(latitudeDeg).toFixed(2)}° ${north}, ${Math.abs(longitudeDeg).toFixed(2)}° ${east}`;
}

/** Smaller offsets are those of any telescope. */
const LEAST_PRECESSION_DEG = 0.15;

/** The pointing against the WCS: what would bring one to the other tells what is wrong with it. */
function solvedGap({ position, solved, startMs }: SkyClaims): Finding | undefined {
  if (position === null || solved === null) return undefined;
  const gapDeg = separationDeg(position, solved);
  if (gapDeg < LEAST_PRECESSION_DEG) return undefined;
  const julianYear = 2000 + (startMs - Date.UTC(2000, 0, 1, 12)) / (365.25 * 86_400_000);
  const others: readonly (readonly [string, SkyPoint])[] = [
    ['is of the equinox of that day', fromEquinox('fk5', julianYear, position)],
    ['is of the equinox B1950', fromEquinox('fk4', 1950, position)],
    ['has its right ascension in hours', { ...position, raDeg: (position.raDeg * 15) % 360 }],
  ];
  const found = others
    .map(([words, point]) => ({ words, restDeg: separationDeg(point, solved) }))
    .sort((a, b) => a.restDeg - b.restDeg)[0];
  if (found === undefined || found.restDeg > gapDeg / 5) return undefined;
  const text =
    `The position of the header is ${gapDeg.toFixed(2)}° away from where the WCS has the image: ` +
    `it ${found.words}, and was taken for ICRS degrees.`;
  return { code: 'wrong-epoch', level: 'warning', text };
}

function fromEquinox(system: CelestialSystem, equinox: number, point: SkyPoint): SkyPoint {
  return fromUnitVector(celestialFrame(system, equinox).toIcrs(toUnitVector(point)));
}

/** A science frame by day, from its start to its end. */
function dayFinding(claims: SkyClaims): Finding[] {
  if (!claims.isScience) return [];
  const { place, position } = claims;
  const looks = instantsOf(claims).map((ms) => lookFrom(place, ms));
  const sunAltDeg = Math.min(...looks.map(({ sun }) => sun.altDeg));
  const isSolar =
    position !== null && looks.some(({ at }) => at(position).sunDistanceDeg < SOLAR_DEG);
  if (sunAltDeg <= DAY_SUN_ALT || isSolar) return [];
  const text =
    `The Sun stood at ${degrees(sunAltDeg)} during an exposure of the sky: ` +
    'the clock was wrong, or in local time, or the site is another one.';
  return [{ code: 'wrong-clock', level: 'warning', text }];
}

function horizonFinding(claims: SkyClaims, { toleranceDeg, horizon }: SkyTolerance): Finding[] {
  const { place, position } = claims;
  if (position === null) return [];
  const looks = instantsOf(claims).map((ms) => lookFrom(place, ms).at(position));
  const [highest] = looks.sort((a, b) => b.altDeg - a.altDeg);
  if (highest === undefined) return [];
  const { altDeg, azDeg } = highest;
  const least = horizon?.(azDeg) ?? 0;
  if (altDeg >= least - toleranceDeg) return [];
  const behind = least === 0 ? '' : `, below the horizon of the site there (${degrees(least)})`;
  const text =
    `The position of the header stood at altitude ${degrees(altDeg)}, ` +
    `azimuth ${degrees(azDeg)}${behind}: time, site or position is wrong.`;
  return [{ code: 'below-horizon', level: 'warning', text }];
}
