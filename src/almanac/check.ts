import type { Finding } from '../lib/finding.js';
import { celestialFrame, separationDeg, toUnitVector, fromUnitVector } from '../sky/index.js';
import type { CelestialSystem, SkyPoint } from '../sky/index.js';
import { findCause, type Cause } from './causes.js';
import type { SkyClaims, SkyTolerance } from './claims.js';
import { gapsOf, type Gap } from './gaps.js';
import { dayFinding, horizonFinding } from './limits.js';
import { placesGapDeg } from './place.js';
import { degreesText, placeText } from './words.js';

/**
 * Compares what a header says of the sky with the almanac. Several numbers that are all right for
 * another time, site or position tell what is wrong; one alone only that something is.
 *
 * @returns findings `wrong-clock`, `wrong-site`, `wrong-epoch`, `below-horizon` and `wrong-sky`
 */
export function checkSky(claims: SkyClaims, tolerance: SkyTolerance): Finding[] {
  const { toleranceDeg } = tolerance;
  const named = [siteGap(claims, toleranceDeg), checkEpoch(claims)].filter(
    (finding) => finding !== undefined,
  );
  const gaps = gapsOf(claims);
  const wide = gaps.filter(({ gapDeg }) => gapDeg > toleranceDeg);
  const cause = wide.length === 0 ? undefined : findCause(claims, tolerance);
  const told = cause === undefined ? tellWide(wide, gaps, named) : tellCause(cause, wide, named);
  const found = [...named, ...told];
  if (found.some(({ code }) => code !== 'wrong-epoch')) return found;
  const day = dayFinding(claims, isAware(gaps, wide));
  return [...found, ...day, ...horizonFinding(claims, tolerance)];
}

/** Numbers of those who look: airmass and sidereal time come from the clock, as the date itself. */
const SEEN: ReadonlySet<string> = new Set(['altitude', 'azimuth', 'Sun altitude', 'Moon altitude']);

/**
 * Whether a header tells rightly where telescope, Sun or Moon stood: who knew that the Sun was up exposed
 * by day on purpose.
 */
function isAware(gaps: readonly Gap[], wide: readonly Gap[]): boolean {
  return wide.length === 0 && gaps.some(({ name }) => SEEN.has(name));
}

/** What is said of a cause, unless it was found by other means already. */
function tellCause(cause: Cause, wide: readonly Gap[], named: readonly Finding[]): Finding[] {
  if (named.some(({ code }) => code === cause.code)) return [];
  const text = `${listOf(wide)}: they would be right ${cause.words}.`;
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
    ({ name, said, found }) => `${name} ${degreesText(said)}, not ${degreesText(found)}`,
  );
  return `The header says ${each.join('; ')}`;
}

/** Coordinates of the header against those that the archive knows for its site. */
function siteGap(claims: SkyClaims, toleranceDeg: number): Finding | undefined {
  const { place, latitudeDeg, longitudeDeg } = claims;
  const said = {
    latitudeDeg: latitudeDeg ?? place.latitudeDeg,
    longitudeDeg: longitudeDeg ?? place.longitudeDeg,
  };
  const gapDeg = placesGapDeg(said, place);
  if (gapDeg <= toleranceDeg) return undefined;
  const flipped = { ...said, longitudeDeg: -said.longitudeDeg };
  const isFlipped = placesGapDeg(flipped, place) <= toleranceDeg;
  const why = isFlipped ? ': its longitude has the wrong sign' : '';
  const text =
    `The header says ${placeText(said)}, ${degreesText(gapDeg)} away from the site, ` +
    `which is at ${placeText(place)}${why}.`;
  return { code: 'wrong-site', level: 'warning', text };
}

/** Smaller offsets are those of any telescope. */
const LEAST_PRECESSION_DEG = 0.15;

/**
 * The pointing against the place of the image by its stars: what would bring one to the other tells what
 * is wrong with it.
 *
 * @returns the finding `wrong-epoch`; undefined if they are near, or nothing of the kind explains it
 */
export function checkEpoch({
  position,
  solved,
  startMs,
}: Pick<SkyClaims, 'position' | 'solved' | 'startMs'>): Finding | undefined {
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
    `The position of the header is ${gapDeg.toFixed(2)}° away from where its stars are by the WCS: ` +
    `it ${found.words}, and was taken for ICRS degrees.`;
  return { code: 'wrong-epoch', level: 'warning', text };
}

function fromEquinox(system: CelestialSystem, equinox: number, point: SkyPoint): SkyPoint {
  return fromUnitVector(celestialFrame(system, equinox).toIcrs(toUnitVector(point)));
}
