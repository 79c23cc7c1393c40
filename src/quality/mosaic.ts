import type { PixelArray } from '../fits/index.js';
import { measureBackground } from './background.js';
import { countDead, highestOf } from './levels.js';
import { makePicture } from './picture.js';
import { middleOf } from './spread.js';
import type { GreenPlace, Picture } from './types.js';

type Pixels = Pick<Picture, 'pixels' | 'width' | 'height'>;

/** Pixels of each of the four places of a block that are looked at. */
const SAMPLE = 600;
/** Sides below which nothing can be told of the levels. */
const LEAST_SIDE_PX = 32;
/** Noise of a pixel by which the red or blue level differs from the green one, to be seen without a keyword. */
const CLEAR_SIGMA = 1;
/** Difference of the two green levels at most, as a share of that of red and of blue from green. */
const ALIKE = 0.15;
/** Standard errors by which levels may differ by chance. */
const CHANCE = 4;

/** Level of the pixels of one place of a block, the standard error of that, and the noise of a pixel. */
interface Phase {
  readonly level: number;
  readonly error: number;
  readonly noise: number;
}

/**
 * Where the green pixels of a colour camera are: those of the one diagonal of a block of 2 × 2 that have
 * one level, while those of the other have others. Undefined for a camera without colour filters.
 *
 * @param told where a header says that they are; a sky as grey as the filters does not tell, but the
 *             stars do: programs that bin or debayer leave the keyword
 */
export function findGreen(picture: Pixels, told?: GreenPlace): GreenPlace | undefined {
  if (Math.min(picture.width, picture.height) < LEAST_SIDE_PX) return undefined;
  const even = [phaseOf(picture, 0, 0), phaseOf(picture, 1, 1)] as const;
  const odd = [phaseOf(picture, 1, 0), phaseOf(picture, 0, 1)] as const;
  if (isGreen(even, odd)) return 'even';
  if (isGreen(odd, even)) return 'odd';
  if (told === undefined) return undefined;
  // Headers count rows from the top or from the bottom: where pixels tell, they are believed.
  if (isMoreAlike(even, odd)) return 'even';
  if (isMoreAlike(odd, even)) return 'odd';
  return isGrey(picture, even[0].level) ? undefined : told;
}

/** Sides of the squares in which the light of stars is summed up, pixels, even; most that are looked at. */
const SQUARE_PX = 16;
/** Least light of a square, in units of its noise, and squares that must have so much. */
const LIT_SIGMA = 30;
const LEAST_LIT = 5;
/** Colours by which the light of stars differs from grey at most: those of filters are several times this. */
const GREY = 0.04;

/** Whether stars are as bright at all four places of a block: then no filters lie over them. */
function isGrey({ pixels, width, height }: Pixels, level: number): boolean {
  const squares: { readonly sums: Quad; readonly light: number }[] = [];
  for (let y = 0; y + SQUARE_PX <= height; y += SQUARE_PX) {
    for (let x = 0; x + SQUARE_PX <= width; x += SQUARE_PX) {
      const sums = sumPlaces(pixels, width, { x, y });
      const light = sums.reduce((sum, each) => sum + each, 0) - level * SQUARE_PX ** 2;
      if (!Number.isNaN(light)) squares.push({ sums, light });
    }
  }
  const usual = middleOf(squares.map(({ light }) => light));
  const noise = 1.4826 * middleOf(squares.map(({ light }) => Math.abs(light - usual)));
  const lit = squares.filter(({ light }) => light - usual > LIT_SIGMA * noise);
  if (lit.length < LEAST_LIT) return false;
  const colourOf = (part: (sums: Quad) => number): number =>
    Math.abs(middleOf(lit.map(({ sums, light }) => part(sums) / (light - usual))));
  return (
    colourOf(([a, b, c, d]) => a + d - b - c) < GREY &&
    colourOf(([a, , , d]) => a - d) < GREY &&
    colourOf(([, b, c]) => b - c) < GREY
  );
}

/** Sums over the four places of blocks: of y = 0 the one of x = 0, of x = 1, then those of y = 1. */
type Quad = [number, number, number, number];

function sumPlaces(pixels: PixelArray, width: number, { x, y }: { x: number; y: number }): Quad {
  const sums: Quad = [0, 0, 0, 0];
  for (let row = y; row < y + SQUARE_PX; row += 2) {
    for (let at = row * width + x; at < row * width + x + SQUARE_PX; at += 2) {
      sums[0] += pixels[at] ?? NaN;
      sums[1] += pixels[at + 1] ?? NaN;
      sums[2] += pixels[at + width] ?? NaN;
      sums[3] += pixels[at + width + 1] ?? NaN;
    }
  }
  return sums;
}

type Diagonal = readonly [Phase, Phase];

/** Whether the pixels of a diagonal are alike, and those of the other differ from them and from each other. */
function isGreen([one, two]: Diagonal, [three, four]: Diagonal): boolean {
  const green = (one.level + two.level) / 2;
  const others = [three, four].map((phase) => ({
    off: Math.abs(phase.level - green),
    sigma: Math.min(phase.noise, one.noise, two.noise),
  }));
  const most = Math.max(...others.map(({ off }) => off));
  const least = Math.min(...others.map(({ off }) => off));
  const chance = CHANCE * Math.hypot(one.error, two.error);
  const isAlike = Math.abs(one.level - two.level) <= Math.max(ALIKE * most, chance);
  // A hot or even a broken row of a mono camera is off at one place only.
  const isSeen = others.every(({ off, sigma }) => off > CLEAR_SIGMA * sigma && off > chance);
  return isAlike && isSeen && Math.abs(one.level - two.level) < least / 3;
}

function isMoreAlike([one, two]: Diagonal, [three, four]: Diagonal): boolean {
  const off = Math.abs(three.level - four.level);
  const chance = CHANCE * Math.hypot(one.error, two.error, three.error, four.error);
  return off > chance && Math.abs(one.level - two.level) < off / 3;
}

/**
 * `deadPixels` of Measures for a camera with colour filters, each place of a block by itself: what
 * `keepGreen` puts in the place of red and blue pixels is never dead. Null where there is hardly any light.
 */
export function countDeadByPlace(picture: Picture): number | null {
  const counts = [0, 1].flatMap((y) =>
    [0, 1].map((x) => {
      const place = takePlace(picture, x, y);
      return countDead(place, measureBackground(place));
    }),
  );
  const known = counts.filter((count) => count !== null);
  return known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0);
}

/** Every other pixel of every other row. */
function takePlace(picture: Picture, firstX: number, firstY: number): Picture {
  const [width, height] = [(picture.width - firstX + 1) >> 1, (picture.height - firstY + 1) >> 1];
  const pixels = new Float32Array(width * height);
  for (let y = 0, to = 0; y < height; y += 1) {
    const from = (firstY + 2 * y) * picture.width + firstX;
    for (let x = 0; x < width; x += 1, to += 1) pixels[to] = picture.pixels[from + 2 * x] ?? NaN;
  }
  return makePicture({ ...picture, pixels, width, height });
}

function phaseOf({ pixels, width, height }: Pixels, firstX: number, firstY: number): Phase {
  const [columns, rows] = [(width - firstX + 1) >> 1, (height - firstY + 1) >> 1];
  const step = Math.max(1, Math.floor(Math.sqrt((columns * rows) / SAMPLE)));
  const values: number[] = [];
  for (let row = 0; row < rows; row += step) {
    for (let column = row % step; column < columns; column += step) {
      const value = pixels[(firstY + 2 * row) * width + firstX + 2 * column] ?? NaN;
      if (value - value === 0) values.push(value);
    }
  }
  const level = middleOf(values);
  // Gradients are in it, but they are in all four.
  const noise = 1.4826 * middleOf(values.map((value) => Math.abs(value - level)));
  return { level, noise, error: (1.25 * noise) / Math.sqrt(values.length) };
}

/** Patterns of colours, row by row from the first, that have two green pixels on a diagonal. */
const PATTERN = /^\s*(?:(?<odd>[RB]G{2}[RB])|(?<even>G[RB]{2}G))\b/i;

/**
 * Where a header says that the green pixels are; undefined if it tells of no Bayer pattern.
 *
 * @param pattern as BAYERPAT has it: `RGGB`, `GBRG` …
 * @param offset  of the first pixel within the pattern: XBAYROFF, YBAYROFF
 */
export function greenPlaceOf(
  pattern: string,
  { x, y }: { x: number; y: number },
): GreenPlace | undefined {
  const match = PATTERN.exec(pattern);
  if (match === null) return undefined;
  const isOdd = (match.groups?.odd !== undefined) !== (Math.abs(x + y) % 2 === 1);
  return isOdd ? 'odd' : 'even';
}

/** What the means of green pixels 1, √5 and 3 away count: the curvature of the light, and its own, cancel out. */
const NEAREST = 45 / 32;
const NEXT = -18 / 32;
const FARTHEST = 5 / 32;
const REACH = 3;

/** Noise of a pixel over the whole of what `keepGreen` makes, as a share of that of the green ones. */
export const GREEN_NOISE = Math.sqrt(
  (1 + NEAREST ** 2 / 4 + NEXT ** 2 / 8 + FARTHEST ** 2 / 4) / 2,
);

/**
 * Puts in the place of red and blue pixels what the sixteen green ones about them lead to. Means of the
 * nearest alone would make stars wider.
 *
 * @param picture its pixels are changed
 * @param most    level of full pixels, which none of these exceeds; null if none is known
 */
export function keepGreen(
  { pixels, width, height }: Pixels,
  place: GreenPlace,
  most: number | null,
): void {
  const first = place === 'odd' ? 0 : 1;
  const limit = most ?? highestOf(pixels) ?? Infinity;
  const isWhole = !(pixels instanceof Float32Array || pixels instanceof Float64Array);
  for (let y = 0; y < height; y += 1) {
    const isRim = y < REACH || y >= height - REACH;
    for (let x = (y + first) % 2; x < width; x += 2) {
      const at = y * width + x;
      const isInside = !isRim && x >= REACH && x < width - REACH;
      let value = isInside ? between(pixels, at, width) : NaN;
      if (value - value !== 0) value = meanOfSides({ pixels, width, height }, x, y);
      if (value > limit) value = limit;
      if (isWhole) value = Math.max(0, Math.round(value));
      pixels[at] = value;
    }
  }
}

function between(pixels: PixelArray, at: number, width: number): number {
  const [above, below] = [at + width, at - width];
  const near =
    (pixels[at - 1] ?? NaN) +
    (pixels[at + 1] ?? NaN) +
    (pixels[above] ?? NaN) +
    (pixels[below] ?? NaN);
  const sides =
    (pixels[above - 2] ?? NaN) +
    (pixels[above + 2] ?? NaN) +
    (pixels[below - 2] ?? NaN) +
    (pixels[below + 2] ?? NaN);
  const ends =
    (pixels[above + width - 1] ?? NaN) +
    (pixels[above + width + 1] ?? NaN) +
    (pixels[below - width - 1] ?? NaN) +
    (pixels[below - width + 1] ?? NaN);
  const far =
    (pixels[at - 3] ?? NaN) +
    (pixels[at + 3] ?? NaN) +
    (pixels[above + 2 * width] ?? NaN) +
    (pixels[below - 2 * width] ?? NaN);
  return (NEAREST / 4) * near + (NEXT / 8) * (sides + ends) + (FARTHEST / 4) * far;
}

/** Of those that are in the picture and have a value. */
function meanOfSides({ pixels, width, height }: Pixels, x: number, y: number): number {
  let [sum, count] = [0, 0];
  for (const [column, row] of [
    [x - 1, y],
    [x + 1, y],
    [x, y - 1],
    [x, y + 1],
  ] as const) {
    if (column < 0 || row < 0 || column >= width || row >= height) continue;
    const value = pixels[row * width + column] ?? NaN;
    if (value - value !== 0) continue;
    sum += value;
    count += 1;
  }
  return sum / count;
}
