import type { Background } from './background.js';
import { middleOf } from './spread.js';
import type { Picture, Star } from './types.js';

/** Stars that are walked along. */
const WALKED = 25;
/** Pixels on each side of the line, and along it, of which the mean is taken. */
const HALF_WIDTH = 1;
const STRETCH = 9;
/** A trail ends where its light falls below this share of that in its middle. */
const END_SHARE = 0.5;

/**
 * How long trails are that are longer than the cut-outs of stars: along each the light is followed in both
 * directions to where it ends.
 *
 * @returns the median, pixels; NaN of none
 */
export function measureTrails(
  picture: Picture,
  background: Background,
  { stars, angleDeg }: { stars: readonly Star[]; angleDeg: number },
): number {
  const [across, up] = [Math.cos((angleDeg * Math.PI) / 180), Math.sin((angleDeg * Math.PI) / 180)];
  const lengths = stars.slice(0, WALKED).flatMap((star) => {
    const forth = walk(picture, background, { star, across, up });
    const back = walk(picture, background, { star, across: -across, up: -up });
    return forth === undefined || back === undefined ? [] : [forth + back];
  });
  return middleOf(lengths);
}

interface Walk {
  readonly star: Star;
  /** Direction, of length 1. */
  readonly across: number;
  readonly up: number;
}

/** Pixels to where the light ends; undefined if the picture ends first. */
function walk(picture: Picture, background: Background, way: Walk): number | undefined {
  const means: number[] = [];
  const most = Math.hypot(picture.width, picture.height);
  for (let step = -(STRETCH >> 1); step < most; step += 1) {
    means.push(lightAt(picture, background, way, step));
    if (means.length < STRETCH) continue;
    const now = meanOf(means.slice(-STRETCH));
    if (Number.isNaN(now)) return undefined;
    // Half of the light is left where the middle of the stretch is at the end.
    if (now < END_SHARE * meanOf(means.slice(0, STRETCH))) return step - (STRETCH >> 1);
  }
  return undefined;
}

function lightAt(
  { pixels, width, height }: Picture,
  background: Background,
  { star, across, up }: Walk,
  step: number,
): number {
  let sum = 0;
  for (let side = -HALF_WIDTH; side <= HALF_WIDTH; side += 1) {
    const x = Math.round(star.x - 1 + step * across - side * up);
    const y = Math.round(star.y - 1 + step * up + side * across);
    if (x < 0 || y < 0 || x >= width || y >= height) return NaN;
    sum += (pixels[y * width + x] ?? NaN) - background.at(x, y);
  }
  return sum / (2 * HALF_WIDTH + 1);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
