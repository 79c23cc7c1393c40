import { wrapHalf } from '../sky/index.js';
import { clocks, type Clock } from './clocks.js';
import type { SkyClaims, SkyTolerance } from './claims.js';
import { gapsOf } from './gaps.js';
import { dayFinding, horizonFinding } from './limits.js';
import { lookFrom, type Place } from './look.js';
import { placesGapDeg } from './place.js';
import { placeText } from './words.js';

/** What may be wrong with a header, and what its numbers would then be compared with. */
export interface Cause {
  readonly code: 'wrong-clock' | 'wrong-site' | 'wrong-epoch';
  /** What would have to be so, behind "they would be right". */
  readonly words: string;
  readonly claims: SkyClaims;
  readonly rank: number;
  /** The Moon alone tells days apart: the stars move by a degree in each. */
  readonly needsMoon?: boolean;
}

/** How far one looks for another cause: the lower is supposed first, whichever fits better. */
const RANKS = {
  /** Zones and summer time: the commonest fault by far. */
  hour: 0,
  site: 1,
  position: 1,
  clock: 2,
  /** A sign that two sources tell alike. */
  sureSite: 3,
  /** By the sidereal time, which can be explained in this way whatever it is. */
  measured: 4,
} as const;

/** Of a clock that is a minute off the hour, the minute is told. */
const SLIGHT_DEG = 0.25;

interface Fit {
  readonly cause: Cause;
  readonly worstDeg: number;
}

/**
 * The cause under which all numbers of the header are right: the likeliest if there are several, with
 * words for another that is as good.
 */
export function findCause(claims: SkyClaims, tolerance: SkyTolerance): Cause | undefined {
  const isSure = isPlaceSure(claims, tolerance);
  const fits = causesOf(claims, isSure)
    .flatMap((cause) => fitOf(cause, tolerance, isSure))
    .sort((a, b) => a.cause.rank - b.cause.rank || a.worstDeg - b.worstDeg);
  const [first] = fits;
  if (first === undefined) return undefined;
  const measured = fits.find(({ cause }) => cause.rank === RANKS.measured);
  const isClock = first.cause.code === 'wrong-clock';
  if (isClock && measured !== undefined && measured.worstDeg < first.worstDeg - SLIGHT_DEG) {
    return measured.cause;
  }
  const other = isClock ? fits.find(({ cause }) => cause.rank === RANKS.site) : undefined;
  const or = other === undefined ? '' : `, or ${other.cause.words}`;
  return { ...first.cause, words: `${first.cause.words}${or}` };
}

/** Header and archive tell the same coordinates: that both have the same slip is not likely. */
function isPlaceSure(
  { isSite, latitudeDeg, longitudeDeg, place }: SkyClaims,
  { toleranceDeg }: SkyTolerance,
): boolean {
  if (!isSite || latitudeDeg === null || longitudeDeg === null) return false;
  return placesGapDeg({ latitudeDeg, longitudeDeg }, place) <= toleranceDeg;
}

function fitOf(cause: Cause, tolerance: SkyTolerance, isSure: boolean): Fit[] {
  const gaps = gapsOf(cause.claims);
  const worstDeg = Math.max(...gaps.map(({ gapDeg }) => gapDeg));
  if (worstDeg > tolerance.toleranceDeg) return [];
  if (cause.needsMoon === true && !gaps.some(({ name }) => name.startsWith('Moon'))) return [];
  // Any one number is right at some time or other; of the few other causes by chance none is.
  const isOdd = cause.code === 'wrong-clock' || (cause.code === 'wrong-site' && isSure);
  if (isOdd && gaps.length < 2) return [];
  const impossible = [
    ...dayFinding(cause.claims, false),
    ...horizonFinding(cause.claims, tolerance),
  ];
  return impossible.length > 0 ? [] : [{ cause, worstDeg }];
}

function causesOf(claims: SkyClaims, isSure: boolean): Cause[] {
  return [...siteCauses(claims, isSure), ...positionCauses(claims), ...clockCauses(claims)];
}

function siteCauses(claims: SkyClaims, isSure: boolean): Cause[] {
  const { place } = claims;
  const [latitudeDeg, longitudeDeg] = [-place.latitudeDeg, -place.longitudeDeg];
  const flipped: readonly (readonly [string, Place])[] = [
    ['the longitude had the other sign', { ...place, longitudeDeg }],
    ['the latitude had the other sign', { ...place, latitudeDeg }],
    ['latitude and longitude had the other sign', { ...place, latitudeDeg, longitudeDeg }],
  ];
  return flipped.map(([what, changed]) => ({
    code: 'wrong-site',
    words: `if ${what} (${placeText(changed)})`,
    claims: { ...claims, place: changed },
    rank: isSure ? RANKS.sureSite : RANKS.site,
  }));
}

function positionCauses(claims: SkyClaims): Cause[] {
  const { position } = claims;
  if (position === null || position.raDeg >= 24) return [];
  const raDeg = position.raDeg * 15;
  return [
    {
      code: 'wrong-epoch',
      words: `if the right ascension ${position.raDeg.toFixed(3)} were hours, not degrees`,
      claims: { ...claims, position: { ...position, raDeg } },
      rank: RANKS.position,
    },
  ];
}

/** Of a longer exposure, half of it is more than the minutes that are told. */
const SHORT_SEC = 60;

/**
 * Clocks that would explain a header. Whether its sidereal time is that of the start or of the end is not
 * told: that of the middle is off by half the exposure at most.
 */
function clockCauses(claims: SkyClaims): Cause[] {
  const { place, siderealDeg, startMs, exposureSec } = claims;
  const middleMs = startMs + Math.max(0, exposureSec) * 500;
  const offDeg = siderealDeg === null ? null : siderealDeg - lookFrom(place, middleMs).siderealDeg;
  return clocks(offDeg).map((clock) => {
    const { shiftMs, words, isOfDays, turnDeg } = clock;
    const isRough = turnDeg !== null && exposureSec > SHORT_SEC;
    const longitudeDeg = wrapHalf(place.longitudeDeg + (turnDeg ?? 0));
    const or = turnDeg === null ? '' : `, or at ${placeText({ ...place, longitudeDeg })}`;
    return {
      code: 'wrong-clock',
      words: `${isRough ? 'about ' : ''}${words} than DATE-OBS${or}`,
      claims: { ...claims, startMs: startMs + shiftMs },
      rank: rankOf(clock, place),
      needsMoon: isOfDays,
    };
  });
}

/** How far the time zone of a place, in summer too, may be from that of its longitude, hours. */
const ZONE_SLACK_H = 2;

function rankOf({ shiftMs, turnDeg }: Clock, { longitudeDeg }: Place): number {
  if (turnDeg !== null) return RANKS.measured;
  const hours = Math.abs(shiftMs) / 3_600_000;
  const isZone = Math.abs(hours - Math.abs(longitudeDeg) / 15) <= ZONE_SLACK_H;
  return Number.isInteger(hours) && (hours <= ZONE_SLACK_H || isZone) ? RANKS.hour : RANKS.clock;
}
