import type { Background } from './background.js';
import { areAlike, middleOf } from './spread.js';
import type { Finding, Picture, Star } from './types.js';

/** Stars looked at, and those that must look so. */
const LOOKED_AT = 40;
const LEAST_STARS = 3;
const LEAST_SHARE = 0.5;
/** Least half-flux radius of a star in which anything can be seen. */
const LEAST_RADIUS_PX = 2.5;
const LEAST_SNR = 15;
/** Light in the middle at most, as a share of that of a ring. */
const HOLE_DEPTH = 0.85;
/** Light at the half-flux radius at least, as a share of the middle: of a gaussian 0.5, of a disc 1. */
const FLATNESS = 0.72;
/** How sure either must be. */
const SURE_SIGMA = 4;
/** Steps of a profile from the centre to the half-flux radius. */
const STEPS = 4;

/** Light by the distance from the centre of a star. */
interface Profile {
  readonly means: readonly number[];
  /** Standard errors of the means. */
  readonly errors: readonly number[];
  readonly stepPx: number;
}

/**
 * Stars with a hole in their middle, or without a peak: far out of focus a star is the image of the
 * mirror, with the shadow of the second one in it. Several must look so, and be of one size, which
 * galaxies are not.
 */
export function describeDiscs(
  picture: Picture,
  background: Background,
  stars: readonly Star[],
): Finding | undefined {
  const usable = stars.filter(
    (star) => !star.isSaturated && !star.isCut && !star.isBlended && star.snr >= LEAST_SNR,
  );
  // Evenly through all of them: the brightest of a crowded or overexposed field are not like the rest.
  const step = Math.max(1, usable.length / LOOKED_AT);
  const looked = usable.filter((_, index) => Math.floor(index % step) === 0).slice(0, LOOKED_AT);
  const large = looked.filter((star) => star.halfFluxRadiusPx >= LEAST_RADIUS_PX);
  const profiles = large.map((star) => ({ star, profile: profileOf(picture, background, star) }));
  const rings = profiles.flatMap(({ profile }) => ringRadius(profile) ?? []);
  const discs = profiles.flatMap(({ star, profile }) =>
    isFlat(profile) ? [Math.SQRT2 * star.halfFluxRadiusPx] : [],
  );
  const least = Math.max(LEAST_STARS, LEAST_SHARE * looked.length);
  const isRing = rings.length >= least;
  const radii = isRing ? rings : discs;
  if (radii.length < least || !areAlike(radii)) return undefined;
  const count = `${radii.length} of ${looked.length} stars that were looked at are`;
  const size = `of about ${(2 * middleOf(radii) * (picture.blockPx ?? 1)).toFixed(0)} pixels`;
  const text = isRing
    ? `${count} rings ${size} with less light in the middle: out of focus.`
    : `${count} discs ${size} without a peak: out of focus.`;
  return { code: 'defocused', level: 'warning', text };
}

/** Whether something is a ring, or a disc without a peak. */
export function isDisc(picture: Picture, background: Background, star: Star): boolean {
  const profile = profileOf(picture, background, star);
  return isFlat(profile) || ringRadius(profile) !== undefined;
}

function profileOf(
  { pixels, width, height }: Picture,
  background: Background,
  star: Star,
): Profile {
  const { x, y, halfFluxRadiusPx } = star;
  const stepPx = halfFluxRadiusPx / STEPS;
  const count = 2 * STEPS;
  const reach = Math.ceil(count * stepPx);
  const [sums, squares, numbers] = [0, 1, 2].map(() => new Float64Array(count));
  const level = background.at(x - 1, y - 1);
  for (let row = Math.max(1, Math.round(y) - reach); row <= Math.min(height, y + reach); row += 1) {
    const first = Math.max(1, Math.round(x) - reach);
    for (let column = first; column <= Math.min(width, x + reach); column += 1) {
      const bin = Math.floor(Math.hypot(column - x, row - y) / stepPx);
      const light = (pixels[(row - 1) * width + column - 1] ?? NaN) - level;
      if (bin >= count || Number.isNaN(light)) continue;
      add(sums, bin, light);
      add(squares, bin, light * light);
      add(numbers, bin, 1);
    }
  }
  const at = (list: Float64Array | undefined, bin: number): number => list?.[bin] ?? 0;
  const means = Array.from({ length: count }, (_, bin) => at(sums, bin) / at(numbers, bin));
  const errors = means.map((mean, bin) => {
    const number = at(numbers, bin);
    const spread = Math.max(0, at(squares, bin) / number - mean * mean);
    return Math.max(Math.sqrt(spread), background.noise) / Math.sqrt(number);
  });
  return { means, errors, stepPx };
}

function add(list: Float64Array | undefined, index: number, value: number): void {
  if (list !== undefined) list[index] = (list[index] ?? 0) + value;
}

/** Radius of the brightest ring, if the middle is surely darker; else undefined. */
function ringRadius({ means, errors, stepPx }: Profile): number | undefined {
  let best = 0;
  means.forEach((mean, bin) => {
    if (mean > (means[best] ?? -Infinity)) best = bin;
  });
  const [ring = NaN, middle = NaN] = [means[best], means[0]];
  const error = Math.hypot(errors[best] ?? NaN, errors[0] ?? NaN);
  const isHole = best > 0 && middle < HOLE_DEPTH * ring && ring - middle > SURE_SIGMA * error;
  return isHole ? (best + 0.5) * stepPx : undefined;
}

/** Whether the light at the half-flux radius is surely nearly that of the middle. */
function isFlat({ means, errors }: Profile): boolean {
  const [middle = NaN, middleError = NaN] = [means[0], errors[0]];
  // The two bins that meet at the radius.
  const edge = ((means[STEPS - 1] ?? NaN) + (means[STEPS] ?? NaN)) / 2;
  const error = Math.hypot(errors[STEPS] ?? NaN, middleError);
  return edge > FLATNESS * middle && middle > SURE_SIGMA * error;
}
