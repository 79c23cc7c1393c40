import type { Background } from './background.js';
import type { Cutter, Patch, Place } from './cutout.js';
import type { GrowthMeter } from './growth.js';
import type { Peak } from './peaks.js';
import { MAX_RADIUS, type Seeing } from './seeing.js';
import { axesOf, matchGaussian, sumUnder, type Shape } from './shape.js';
import { selectFirst } from './spread.js';
import type { Star } from './types.js';

/** What is known when a star is measured. */
export interface Measuring {
  readonly cut: Cutter;
  readonly measureGrowth: GrowthMeter;
  readonly background: Background;
  readonly seeing: Seeing;
  /** Room for the light at the rim of a patch: as many values as it is looked at. */
  readonly rim: Float64Array;
}

/** All the light lies within so many full widths at half maximum, for what is asked here. */
const REACH_FWHM = 2.5;
/** Radius of the aperture of the flux, in half-flux radii. */
const APERTURE = 2.5;
/** A star whose short axis is less than this part of what the optics make of a point is none. */
const NARROWEST = 0.6;
/** What has axes as uneven as this, and is so much larger than a star, is the trail of a satellite. */
const LONGEST = 0.25;
const LARGEST = 2.5;
/** Noise can make a star fainter than its filtered peak, but not by more. */
const LEAST_SNR = 3.5;
/** Nearer to the edge of the picture than this many full widths at half maximum a star is cut. */
const EDGE_FWHM = 1.5;
/** Further out than this what has no value is well known from the other side of the star. */
const CORE_FWHM = 0.75;
/** Light at the rim of a patch, as a share of its middle, that cannot be the wings of the star. */
const RIM = 0.015;
/** What is not matched and larger than this, in widths of a star, is no faint star. */
const LARGEST_FAINT = 2;
const FAINT_SNR = 15;
const FAINTEST_SNR = 6;

/**
 * Measures what stands at a peak.
 *
 * @param options.radius     half the size of the cut-out, pixels
 * @param options.neighbours other peaks that may reach into it
 * @returns undefined for what is no star: without light of its own, or narrower than the optics allow
 */
export function measureStar(
  measuring: Measuring,
  peak: Peak,
  options: { radius: number; neighbours: readonly Place[] },
): Star | undefined {
  const { cut, measureGrowth, background, seeing, rim } = measuring;
  const { radius, neighbours } = options;
  const noise = noiseAt(background, peak);
  let patch = liftFrom(cut(peak, { radius, neighbours }), rim);
  let shape = shapeIn(patch, seeing.fwhmPx / seeing.width, noise);
  if (isTooLarge(shape, radius) && radius < MAX_RADIUS) {
    const larger = Math.min(MAX_RADIUS, 3 * radius);
    patch = liftFrom(cut(peak, { radius: larger, neighbours }), rim);
    shape = shapeIn(patch, (2 * seeing.fwhmPx) / seeing.width, noise);
  }
  const { long, short, angleDeg } = axesOf(shape);
  const fwhmPx = seeing.width * Math.sqrt(long * short);
  const snr = (shape.height * Math.sqrt(Math.PI * long * short)) / noise;
  const isFull = patch.fullAtPx <= Math.max(2, seeing.fwhmPx);
  if (!isFull && !isStar(shape, snr, seeing)) return undefined;
  const reach = Math.min(patch.size >> 1, REACH_FWHM * seeing.width * long);
  const growth = measureGrowth(patch, shape, reach);
  const halfFluxRadiusPx = growth.radiusOf(growth.within(reach) / 2);
  const flux = growth.within(APERTURE * halfFluxRadiusPx);
  if (!(flux > 0) || !(halfFluxRadiusPx > 0)) return undefined;
  return {
    x: patch.left + shape.x + 1,
    y: patch.bottom + shape.y + 1,
    flux,
    peak: highest(patch, shape),
    snr,
    fwhmPx,
    halfFluxRadiusPx,
    ellipticity: 1 - short / long,
    angleDeg,
    isSaturated: isFull,
    isCut: patch.edgeAtPx <= EDGE_FWHM * fwhmPx || patch.cutAtPx <= CORE_FWHM * fwhmPx,
    isBlended: peak.isBlended,
  };
}

/** False for what is too faint, no ellipse, too narrow, or the trail of a satellite. */
function isStar(shape: Shape, snr: number, { width, fwhmPx, narrowPx }: Seeing): boolean {
  const { long, short } = axesOf(shape);
  if (!(snr > LEAST_SNR) || !shape.isSettled) return false;
  if (width * short < (NARROWEST - 1.5 / snr) * narrowPx) return false;
  return short > LONGEST * long || width * Math.sqrt(long * short) < LARGEST * fwhmPx;
}

function shapeIn(patch: Patch, sigma: number, noise: number): Shape {
  const middle = patch.size >> 1;
  const shape = matchGaussian(patch, { x: middle, y: middle }, sigma);
  const most = (LARGEST_FAINT * sigma) ** 2;
  const least = (NARROWEST * sigma) ** 2;
  const isLarge = Math.max(shape.xx, shape.yy) > most;
  if (shape.isSettled || isLarge || Math.min(shape.xx, shape.yy) < least) return shape;
  // So faint, or on so few pixels, that noise rules the match: as light under a usual star.
  const [x, y, square] = [middle, middle, sigma * sigma];
  const usual = { x, y, height: 0, xx: square, xy: 0, yy: square, isSettled: true };
  const { sum, windowSum } = sumUnder(patch, usual, 1);
  // A bright one that does not match is a hot pixel, a cosmic ray or part of a trail.
  const snr = sum / Math.sqrt(windowSum) / noise;
  if (snr > FAINT_SNR || snr < FAINTEST_SNR) return shape;
  return { x, y, height: sum / windowSum, xx: square, xy: 0, yy: square, isSettled: true };
}

/** Directions in which the rim of a patch is looked at. */
export const RIM_LENGTH = 48;
const RIM_PLACES = Array.from({ length: RIM_LENGTH }, (_, turn) => ({
  across: Math.cos((turn * Math.PI) / 24),
  up: Math.sin((turn * Math.PI) / 24),
}));

/**
 * Takes away the light that a star stands on, as in a nebula, where the mesh of the background is too
 * wide for it. The wings of the star itself stay.
 */
function liftFrom(patch: Patch, sorted: Float64Array): Patch {
  const { size, values } = patch;
  const radius = size >> 1;
  for (let turn = 0; turn < sorted.length; turn += 1) {
    const { across = 0, up = 0 } = RIM_PLACES[turn] ?? {};
    const column = radius + Math.round((radius - (turn % 2)) * across);
    const row = radius + Math.round((radius - (turn % 2)) * up);
    sorted[turn] = values[row * size + column] ?? 0;
  }
  const middle = sorted.length >> 1;
  const upper = selectFirst(sorted, sorted.length, middle);
  const lower = selectFirst(sorted, middle, middle - 1);
  const level = (lower + upper) / 2;
  const scatter = (level - selectFirst(sorted, middle - 1, 7)) / Math.sqrt(sorted.length);
  const top = highest(patch, { x: radius, y: radius });
  if (Math.abs(level) < Math.max(RIM * top, 4 * scatter)) return patch;
  for (let i = 0; i < values.length; i += 1) values[i] = (values[i] ?? 0) - level;
  return patch;
}

function isTooLarge(shape: Shape, radius: number): boolean {
  return !shape.isSettled || 3 * Math.sqrt(Math.max(shape.xx, shape.yy)) > radius;
}

function noiseAt({ noises, step }: Background, { x, y }: Place): number {
  const { columns, rows, cellWidth, cellHeight, values } = noises;
  const column = Math.min(columns - 1, Math.floor(x / cellWidth));
  const row = Math.min(rows - 1, Math.floor(y / cellHeight));
  return Math.max(values[row * columns + column] ?? NaN, step / Math.sqrt(12));
}

/** The highest pixel of the core. */
function highest({ size, values }: Patch, { x, y }: Place): number {
  let most = -Infinity;
  for (let row = Math.floor(y) - 1; row <= Math.floor(y) + 2; row += 1) {
    for (let column = Math.floor(x) - 1; column <= Math.floor(x) + 2; column += 1) {
      most = Math.max(most, values[row * size + column] ?? -Infinity);
    }
  }
  return most;
}
