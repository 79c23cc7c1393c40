import type { PixelArray } from '../fits/index.js';
import type { Picture } from './types.js';

type Pixels = Pick<Picture, 'pixels' | 'width' | 'height'>;

/** A float has a value: infinities are none. */
const isKnown = (value: number | undefined): boolean => (value ?? NaN) - (value ?? NaN) === 0;

/**
 * Gives pixels without a value, scattered or in lines of one pixel as masks of bad pixels and cosmic
 * rays leave them, the value that their neighbours lead to. Wider holes stay: of what lies in them
 * nothing is known.
 *
 * @param picture its pixels are changed
 * @returns how many were filled in
 */
export function fillSmallHoles({ pixels, width, height }: Pixels): number {
  if (!(pixels instanceof Float32Array || pixels instanceof Float64Array)) return 0;
  let filled = 0;
  // Those with neighbours that may have a value when all others were tried.
  let waiting: number[] = [];
  const fill = (at: number): boolean => {
    const value = estimate(pixels, at, { width, height });
    if (!isKnown(value)) return false;
    pixels[at] = value;
    filled += 1;
    return true;
  };
  for (let at = 0; at < pixels.length; at += 1) {
    const value = pixels[at] ?? NaN;
    if (value - value === 0 || !hasTwoSides(pixels, at, width) || fill(at)) continue;
    waiting.push(at);
  }
  for (let before = -1; before !== waiting.length;) {
    before = waiting.length;
    waiting = waiting.filter((at) => !fill(at));
  }
  return filled;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Whether two of four neighbours have a value. At the end of a row the next one counts, which is harmless. */
function hasTwoSides(pixels: PixelArray, at: number, width: number): boolean {
  let count = isKnown(pixels[at - 1]) ? 1 : 0;
  if (isKnown(pixels[at + 1])) count += 1;
  if (isKnown(pixels[at - width])) count += 1;
  if (isKnown(pixels[at + width])) count += 1;
  return count >= 2;
}

function lookAbout(
  pixels: PixelArray,
  at: number,
  { width, height }: Size,
): (across: number, up: number) => number {
  const x = at % width;
  const y = (at - x) / width;
  return (across, up) => {
    const [column, row] = [x + across, y + up];
    const isInside = column >= 0 && row >= 0 && column < width && row < height;
    return isInside ? (pixels[row * width + column] ?? NaN) : NaN;
  };
}

/**
 * The value that a pixel should have between a pair of opposite neighbours; NaN if there is none. From
 * each corner `side + side − corner` follows, exact for a slope; the mean over opposite corners is exact
 * for bends too, so that the top of a star stays as high as it is. Without corners a cubic along the line.
 */
function estimate(pixels: PixelArray, at: number, size: Size): number {
  const look = lookAbout(pixels, at, size);
  const isBetween = isKnown(look(-1, 0) + look(1, 0)) || isKnown(look(0, -1) + look(0, 1));
  if (!isBetween) return NaN;
  const corner = (across: number, up: number): number =>
    look(across, 0) + look(0, up) - look(across, up);
  const pairs = [
    (corner(1, 1) + corner(-1, -1)) / 2,
    (corner(1, -1) + corner(-1, 1)) / 2,
    (corner(1, 1) + corner(-1, 1)) / 2,
    (corner(1, -1) + corner(-1, -1)) / 2,
    (corner(1, 1) + corner(1, -1)) / 2,
    (corner(-1, 1) + corner(-1, -1)) / 2,
  ].filter(isKnown);
  if (pairs.length > 0) return mean(pairs);
  const lines = [along(look, 1, 0), along(look, 0, 1)].filter(isKnown);
  return mean(lines);
}

/** Between two neighbours along a line; with the next ones too if they are there. */
function along(look: (across: number, up: number) => number, across: number, up: number): number {
  const near = (look(across, up) + look(-across, -up)) / 2;
  const far = (look(2 * across, 2 * up) + look(-2 * across, -2 * up)) / 2;
  return isKnown(far) ? near + (near - far) / 3 : near;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
