import { describeDiscs } from './discs.js';
import type { Background } from './background.js';
import type { Saturation } from './levels.js';
import type { Finding, Picture, Star } from './types.js';
import { formatNumber, formatShare } from './words.js';
import { areAlike, middleOf } from './spread.js';
import { measureTrails } from './trail.js';

/** What the stars of a frame say together. */
export interface Verdict {
  /** Medians over good stars, as in Measures; null without any. */
  readonly fwhmPx: number | null;
  readonly hfrPx: number | null;
  readonly elongation: number | null;
  /** Direction that the long axes share; null if they share none. */
  readonly elongationAngleDeg: number | null;
  readonly findings: readonly Finding[];
}

/** Signal to noise from which the shape of a star is known well; from which it is known at all. */
const CLEAR_SNR = 20;
const LEAST_SNR = 8;
/** Clear stars that are enough to leave the faint ones out. */
const ENOUGH = 5;

/** Stars that must agree before anything is said of the mount or the focus: fewer may be galaxies. */
const LEAST_STARS = 5;
/** Median a/b from which stars are drawn out; of stars so small that the pixels shape them. */
const DRAWN_OUT = 1.3;
const DRAWN_OUT_SMALL = 1.6;
const SMALL_PX = 2.2;
/** How far long axes agree, 0…1: by chance five stars reach it in one of 30 frames of elongated stars. */
const ALIGNED = 0.75;
/** Lines, far longer than wide, that agree so far need not be of one length: the longest are cut off. */
const PARALLEL = 0.95;
const LINES = 3;
/** Discs out of focus are cut by the edges of the optics, but not to less than two thirds. */
const LONGEST_DISC = 1.5;
/** Trails of which the ends may lie outside of what was cut out are followed, pixels. */
const LONG_TRAIL_PX = 30;

/** Share of the stars that lost their cores from which a person should know. */
const MANY_MASKED = 0.05;
/** Stars below which what was measured rests on little. */
const FEW_STARS = 3;
/** Shares from which a sky frame was exposed for too long. */
const MANY_FULL = 0.005;
const MANY_FULL_STARS = 0.3;
const BRIGHT_SKY = 0.8;

/**
 * Whether stars were drawn out by the mount, or are out of focus, hidden, or saturated: each only if
 * several agree. Crowded and undersampled fields and single stars are not blamed.
 *
 * @param stars all that were found
 */
export function judgeStars(
  picture: Picture,
  background: Background,
  stars: readonly Star[],
  saturation: Saturation,
): Verdict {
  const good = goodStars(stars);
  const shape = shapeOf(good);
  const clear = good.filter(({ snr }) => snr >= CLEAR_SNR);
  const clearShape = clear.length >= LEAST_STARS ? shapeOf(clear) : undefined;
  // A star that the mount drew out, or doubled by a jump, has no peak either.
  const discs = isLine(clearShape) ? undefined : describeDiscs(picture, background, stars);
  const found = [
    judgeCount(picture, background, stars),
    discs ?? judgeTrail(clearShape, picture, background),
    judgeFull(background, stars, saturation),
  ];
  return {
    fwhmPx: shape?.fwhmPx ?? null,
    hfrPx: shape?.hfrPx ?? null,
    elongation: shape?.elongation ?? null,
    elongationAngleDeg: clearShape?.isAligned === true ? clearShape.angleDeg : null,
    findings: found.filter((each) => each !== undefined),
  };
}

/** Whole stars whose shape is their own; the clearest ones if there are enough. */
export function goodStars(stars: readonly Star[]): readonly Star[] {
  const own = stars.filter(
    (star) => !star.isSaturated && !star.isCut && !star.isBlended && star.snr >= LEAST_SNR,
  );
  const clear = own.filter(({ snr }) => snr >= CLEAR_SNR);
  return clear.length >= ENOUGH ? clear : own;
}

/** What the shapes of stars have in common. */
interface Shape {
  readonly stars: readonly Star[];
  readonly fwhmPx: number;
  readonly hfrPx: number;
  readonly elongation: number;
  readonly angleDeg: number;
  readonly isAligned: boolean;
}

function shapeOf(stars: readonly Star[]): Shape | undefined {
  if (stars.length === 0) return undefined;
  const { agreement, angleDeg } = directionOf(stars);
  const elongation = middleOf(stars.map(elongationOf));
  const isParallel = agreement >= PARALLEL && elongation >= LINES;
  return {
    stars,
    fwhmPx: middleOf(stars.map((star) => star.fwhmPx)),
    hfrPx: middleOf(stars.map((star) => star.halfFluxRadiusPx)),
    elongation,
    angleDeg,
    isAligned: isParallel || (agreement >= ALIGNED && areAlike(stars.map(longAxis))),
  };
}

/** Whether stars are drawn out along one direction by more than any disc out of focus is. */
function isLine(shape: Shape | undefined): boolean {
  return shape !== undefined && shape.isAligned && shape.elongation >= LONGEST_DISC;
}

function elongationOf({ ellipticity }: Star): number {
  return 1 / (1 - Math.min(0.99, ellipticity));
}

/** A mount draws all stars out by as much. */
function longAxis({ fwhmPx, ellipticity }: Star): number {
  return fwhmPx / Math.sqrt(1 - Math.min(0.99, ellipticity));
}

/** The mean direction of long axes, which point both ways: angles are doubled to be averaged. */
function directionOf(stars: readonly Star[]): { agreement: number; angleDeg: number } {
  let [x, y, all] = [0, 0, 0];
  for (const { ellipticity, angleDeg } of stars) {
    // Each counts by its length, but none more than a clear line.
    const weight = Math.min(ellipticity, 0.5);
    x += weight * Math.cos((angleDeg * Math.PI) / 90);
    y += weight * Math.sin((angleDeg * Math.PI) / 90);
    all += weight;
  }
  const angleDeg = (Math.atan2(y, x) * 90) / Math.PI;
  return { agreement: all === 0 ? 0 : Math.hypot(x, y) / all, angleDeg };
}

function judgeTrail(
  shape: Shape | undefined,
  picture: Picture,
  background: Background,
): Finding | undefined {
  if (shape === undefined) return undefined;
  const { fwhmPx, elongation, angleDeg, isAligned, stars } = shape;
  if (elongation < (fwhmPx < SMALL_PX ? DRAWN_OUT_SMALL : DRAWN_OUT)) return undefined;
  const ratio = `a/b ${elongation.toFixed(2)}, median of ${stars.length}`;
  if (!isAligned) {
    // Small stars are shaped by the pixels, each in its own way.
    if (fwhmPx < SMALL_PX) return undefined;
    const text = `Stars are elongated (${ratio}), but in no common direction: optics, or a crowded field.`;
    return { code: 'elongated', level: 'note', text };
  }
  const seenPx = trailLength(fwhmPx, elongation);
  const followedPx = seenPx < LONG_TRAIL_PX ? NaN : measureTrails(picture, background, shape);
  const lengthPx = Number.isNaN(followedPx) ? seenPx : followedPx;
  const { pixelScaleArcsec } = picture;
  const arcsec = pixelScaleArcsec === null ? '' : `, ${(lengthPx * pixelScaleArcsec).toFixed(1)}″`;
  const direction = String(Math.round(angleDeg)); // of -0 it makes 0, other than toFixed
  const text = `Stars are drawn out (${ratio}) along ${direction}° by about ${lengthPx.toFixed(1)} pixels${arcsec}: the mount moved.`;
  return { code: 'trailed', level: 'warning', text };
}

/** Length of the line that makes a round star so elongated: the variance of an even line is L²/12. */
function trailLength(fwhmPx: number, elongation: number): number {
  const difference = fwhmPx * fwhmPx * (elongation - 1 / elongation);
  return Math.sqrt((12 / (8 * Math.LN2)) * difference);
}

/** Cut by the edge and not by pixels without a value, as some programs write saturated ones. */
export function isAtEdge(
  { x, y, fwhmPx, isCut }: Star,
  { width, height }: { width: number; height: number },
): boolean {
  return isCut && Math.min(x - 1, y - 1, width - x, height - y) <= 1.5 * fwhmPx + 1;
}

function judgeCount(
  picture: Picture,
  { level, noise }: Background,
  stars: readonly Star[],
): Finding | undefined {
  const whole = stars.filter(({ isCut }) => !isCut).length;
  if (whole >= FEW_STARS) return judgeMasked(picture, stars);
  const { biasLevel = null } = picture;
  if (stars.length >= FEW_STARS) {
    const text = `Of ${stars.length} stars that were found ${wholeCount(whole)}: edges or pixels without a value cut the others.`;
    return { code: 'few-stars', level: 'note', text };
  }
  if (stars.length > 0) {
    const cut = stars.filter(({ isCut }) => isCut).length;
    const count = stars.length === 1 ? 'Only one star was found' : 'Only two stars were found';
    const where = cut === 0 ? '' : `, ${cut === stars.length ? '' : 'one of them '}cut by an edge`;
    const text = `${count}${where}: the numbers rest on little.`;
    return { code: 'few-stars', level: 'note', text };
  }
  if (biasLevel !== null && level - biasLevel < Math.max(noise, 0.005 * biasLevel)) {
    const text = `No star was found, and the level of ${formatNumber(level)} is that of a bias frame: the shutter stayed shut.`;
    return { code: 'shutter', level: 'error', text };
  }
  const text = `No star was found over a background of ${formatNumber(level)} ± ${formatNumber(noise, 3)}: clouds, a closed dome or shutter, a field without stars, or stars so small that they look like hot pixels.`;
  return { code: 'no-stars', level: 'warning', text };
}

function judgeMasked(picture: Picture, stars: readonly Star[]): Finding | undefined {
  const parts = stars.filter((star) => star.isCut && !isAtEdge(star, picture));
  // Light on more than one side of a hole is that of one star.
  const masked = parts.filter(
    ({ x, y, fwhmPx }, index) =>
      !parts.slice(0, index).some((other) => Math.hypot(other.x - x, other.y - y) < 2 * fwhmPx),
  ).length;
  const all = stars.length - parts.length + masked;
  if (masked < Math.max(LEAST_STARS, MANY_MASKED * all)) return undefined;
  const text = `Of ${all} stars that were found ${masked} have cores without values, as masks of saturated pixels leave them: they do not count.`;
  return { code: 'few-stars', level: 'note', text };
}

function wholeCount(whole: number): string {
  if (whole === 0) return 'none is whole';
  return whole === 1 ? 'only one is whole' : 'only two are whole';
}

function judgeFull(
  background: Background,
  stars: readonly Star[],
  saturation: Saturation,
): Finding | undefined {
  const full = stars.filter(({ isSaturated }) => isSaturated).length;
  const { level, share } = saturation;
  if (level === null) return undefined;
  if (background.level > BRIGHT_SKY * level) {
    const text = `The background of ${formatNumber(background.level)} is ${formatShare(background.level / level)} of the saturation.`;
    return { code: 'saturated', level: 'error', text };
  }
  const isMuch = share > MANY_FULL;
  if (!isMuch && (full < LEAST_STARS || full < MANY_FULL_STARS * stars.length)) return undefined;
  const text = `${full} of ${stars.length} stars and ${formatShare(share)} of the pixels are saturated (${formatNumber(level)}).`;
  return { code: 'saturated', level: 'warning', text };
}
