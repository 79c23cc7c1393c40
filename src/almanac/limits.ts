import { Body } from 'astronomy-engine';
import type { Finding } from '../lib/finding.js';
import { separationDeg, type SkyPoint } from '../sky/index.js';
import type { SkyClaims, SkyTolerance } from './claims.js';
import { instantsOf } from './gaps.js';
import { bodyAt, lookFrom } from './look.js';
import { degreesText } from './words.js';

/** A Sun so high is no twilight any more. */
const DAY_SUN_ALT = -2;
/** The Sun itself is observed by day, with all that is around it. */
const SOLAR_DEG = 10;
/** So are Moon and bright planets; their positions may be of any equinox, or of the limb. */
const BODY_DEG = 2;
const DAY_BODIES = [Body.Moon, Body.Mercury, Body.Venus, Body.Mars, Body.Jupiter];

/** In low sunlight, as that of a midsummer night, short-lived things are still exposed for long. */
const BRIGHT_SUN_ALT = 10;
/** Then the sky alone fills every pixel of a camera within less. */
const LONGEST_BY_DAY_SEC = 10;

/**
 * A science frame by day, from its start to its end, of what is not seen by day.
 *
 * @param isAware whether its header knows that the Sun was up: then it was meant so. A program that works
 *        all out from a wrong clock knows it as well: of exposures that nobody makes by day it is no excuse
 */
export function dayFinding(claims: SkyClaims, isAware: boolean): Finding[] {
  if (!claims.isScience) return [];
  const { place, position } = claims;
  const looks = instantsOf(claims).map((ms) => lookFrom(place, ms));
  const sunAltDeg = Math.min(...looks.map(({ sun }) => sun.altDeg));
  if (sunAltDeg <= DAY_SUN_ALT) return [];
  const isTooLong = claims.exposureSec > LONGEST_BY_DAY_SEC && sunAltDeg > BRIGHT_SUN_ALT;
  if (isAware && !isTooLong) return [];
  if (position !== null && isSeenByDay(position, claims)) return [];
  const text =
    `The Sun stood at ${degreesText(sunAltDeg)} during an exposure of the sky: ` +
    'the clock was wrong, or in local time, or the site is another one.';
  return [{ code: 'wrong-clock', level: 'warning', text }];
}

function isSeenByDay(position: SkyPoint, { place, startMs }: SkyClaims): boolean {
  if (lookFrom(place, startMs).at(position).sunDistanceDeg < SOLAR_DEG) return true;
  return DAY_BODIES.some(
    (body) => separationDeg(position, bodyAt(body, place, startMs)) < BODY_DEG,
  );
}

/** A position that never stands above the horizon during its exposure. */
export function horizonFinding(
  claims: SkyClaims,
  { toleranceDeg, horizon }: SkyTolerance,
): Finding[] {
  const { place, position } = claims;
  if (position === null) return [];
  const looks = instantsOf(claims).map((ms) => lookFrom(place, ms).at(position));
  const [highest] = looks.sort((a, b) => b.altDeg - a.altDeg);
  if (highest === undefined) return [];
  const { altDeg, azDeg } = highest;
  const least = horizon?.(azDeg) ?? 0;
  if (altDeg >= least - toleranceDeg) return [];
  const behind = least === 0 ? '' : `, below the horizon of the site there (${degreesText(least)})`;
  const text =
    `The position of the header stood at altitude ${degreesText(altDeg)}, ` +
    `azimuth ${degreesText(azDeg)}${behind}: time, site or position is wrong.`;
  return [{ code: 'below-horizon', level: 'warning', text }];
}
