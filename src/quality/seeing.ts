import type { PixelArray } from '../fits/index.js';
import type { Background } from './background.js';
import { createCutter, type Patch, type Place } from './cutout.js';
import { createGrid } from './grid.js';
import { createSkip } from './skip.js';
import { axesOf, matchGaussian, widthFor, wingsOf, type Shape } from './shape.js';
import type { Picture } from './types.js';

/** What stars of a picture look like, before they are looked for. */
export interface Seeing {
  /** Full width at half maximum, pixels. */
  readonly fwhmPx: number;
  /** The same across the narrower axis. */
  readonly narrowPx: number;
  /** Full width at half maximum over the standard deviation of the matching gaussian. */
  readonly width: number;
  /** Level from which pixels are full; Infinity if none is known. */
  readonly full: number;
}

/** Without bright stars: a common width, and wings as the air makes them (a Moffat profile of 3.5). */
const USUAL = { fwhmPx: 3, narrowPx: 3, width: 2.124 };

const BRIGHT_SIGMA = 8;
const MAX_CANDIDATES = 20_000;
/** So many pixels of a row are held against the least of their limits first: short beside gradients. */
const STRETCH_PX = 512;
const MODELS = 150;
const FEWEST_MODELS = 3;
/** Fewer of the highest points than this stand out where each star is a line or a ring with many of them. */
const FEWEST_SHARE = 0.02;
const FIRST_RADIUS = 12;
/** Wings are only looked at where no other bright point is so near. */
const WING_SIGMA = 7;
const CORE_SIGMA = 1.5;
/** Cut-outs beyond this cost too much; stars that need them are out of focus. */
export const MAX_RADIUS = 60;

/** Looks at the brightest points for the width and the wings of stars. */
export function judgeSeeing(picture: Picture, background: Background): Seeing {
  const full = picture.saturation ?? Infinity;
  const bright = findBright(picture, background);
  const models = selectModels(picture, background, bright, full);
  const cut = createCutter(picture, background, full);
  const rough = median(
    models.map((place) => {
      return roundSigma(shapeOf(cut(place, { radius: FIRST_RADIUS }), 1.5));
    }),
  );
  if (Number.isNaN(rough)) return { ...USUAL, full };
  const radius = Math.min(MAX_RADIUS, Math.max(FIRST_RADIUS, Math.ceil(7 * rough)));
  const near = createGrid<Place>(WING_SIGMA * rough);
  for (const place of bright) near.add(place);
  const sigmas: number[] = [];
  const narrow: number[] = [];
  const wings: number[] = [];
  const lumpy: number[] = [];
  for (const place of models) {
    const patch = cut(place, { radius });
    const shape = shapeOf(patch, rough);
    const sigma = roundSigma(shape);
    if (Number.isNaN(sigma) || shape === undefined || patch.cutAtPx < 3 * sigma) continue;
    sigmas.push(sigma);
    narrow.push(axesOf(shape).short);
    // Noise can give a wide star more than one highest pixel: what is nearer is still the star itself.
    const isOwn = ({ x, y }: Place): boolean =>
      Math.hypot(x - place.x, y - place.y) < CORE_SIGMA * rough;
    const isAlone = near.around(place).every(isOwn);
    if (!isAlone || Math.abs(sigma / rough - 1) >= 0.3) continue;
    const isSingle = near.around(place).length === 1;
    (isSingle ? wings : lumpy).push(wingsOf(patch, shape));
  }
  const sigma = median(sigmas);
  const chosen = wings.length < FEWEST_MODELS ? lumpy : wings;
  const width = chosen.length < FEWEST_MODELS ? USUAL.width : widthFor(median(chosen));
  if (Number.isNaN(sigma)) return { ...USUAL, full };
  return { fwhmPx: width * sigma, narrowPx: width * median(narrow), width, full };
}

/**
 * The highest that are not full and stand out on all sides: in the light of a comet or of a nebula each bump
 * of the noise is a highest point too. If hardly any does, stars are crowded, or drawn out, or rings.
 */
function selectModels(
  picture: Picture,
  background: Background,
  bright: readonly Bright[],
  full: number,
): readonly Bright[] {
  const whole = bright.filter(({ value }) => value < full);
  const models: Bright[] = [];
  for (const place of whole) {
    if (models.length === MODELS) break;
    if (standsOut(picture, background, place)) models.push(place);
  }
  const fewest = Math.max(FEWEST_MODELS, Math.min(MODELS, FEWEST_SHARE * whole.length));
  return models.length < fewest ? whole.slice(0, MODELS) : models;
}

function shapeOf(patch: Patch, sigma: number): Shape | undefined {
  const middle = patch.size >> 1;
  const shape = matchGaussian(patch, { x: middle, y: middle }, sigma);
  return shape.isSettled ? shape : undefined;
}

/** Of a circle of the same area; NaN for what is no star. */
function roundSigma(shape: Shape | undefined): number {
  if (shape === undefined) return NaN;
  const { long, short } = axesOf(shape);
  return short < 0.5 ? NaN : Math.sqrt(long * short);
}

interface Bright extends Place {
  readonly value: number;
}

/** Highest pixels of what is bright, highest first. */
function findBright(picture: Picture, background: Background): readonly Bright[] {
  const { pixels, width, height } = picture;
  const skip = createSkip(pixels);
  const stretches = Math.ceil(width / STRETCH_PX);
  const limits = { each: new Float64Array(width), least: new Float64Array(stretches) };
  const found = new Map<number, Bright>();
  let cells = -1;
  // A star that is good for a model is higher than one row.
  for (let y = 1; y < height - 1 && found.size < MAX_CANDIDATES; y += 2) {
    const first = y * width;
    const { rows, cellHeight } = background.levels;
    const row = Math.min(rows - 1, Math.floor(y / cellHeight));
    if (row !== cells) fillLimits(background, row, limits);
    cells = row;
    for (let stretch = 0; stretch < stretches; stretch += 1) {
      const least = limits.least[stretch] ?? NaN;
      const end = first + Math.min(width - 1, (stretch + 1) * STRETCH_PX);
      let at = first + Math.max(1, stretch * STRETCH_PX);
      while ((at = skip(at, end, least)) < end) {
        for (; at < end && !((pixels[at] ?? NaN) < least); at += 1) {
          const x = at - first;
          if (!isTop(pixels, at, limits.each[x] ?? NaN)) continue;
          const top = climb(picture, { x, y });
          const key = top.y * width + top.x;
          if (!found.has(key) && isRound(picture, background, top)) found.set(key, top);
        }
      }
    }
  }
  return [...found.values()].sort((one, other) => other.value - one.value);
}

/** What pixels of a row must be above to be bright. */
interface Limits {
  readonly each: Float64Array;
  /** Of each stretch the least, Infinity if none is a number. */
  readonly least: Float64Array;
}

function fillLimits(
  { levels, noises, step }: Background,
  row: number,
  { each, least }: Limits,
): void {
  const { columns, cellWidth } = levels;
  for (let column = 0; column < columns; column += 1) {
    const cell = row * columns + column;
    const noise = Math.max(noises.values[cell] ?? NaN, step / 2);
    const limit = (levels.values[cell] ?? NaN) + BRIGHT_SIGMA * noise;
    each.fill(limit, Math.floor(column * cellWidth), Math.floor((column + 1) * cellWidth));
  }
  least.fill(Infinity);
  for (let x = 0; x < each.length; x += 1) {
    const stretch = Math.floor(x / STRETCH_PX);
    const limit = each[x] ?? NaN;
    if (limit < (least[stretch] ?? NaN)) least[stretch] = limit;
  }
}

/** Whether a pixel is above the limit and not lower than its neighbours in the row. */
function isTop(pixels: PixelArray, at: number, limit: number): boolean {
  const value = pixels[at] ?? NaN;
  return value > limit && value > (pixels[at - 1] ?? NaN) && value >= (pixels[at + 1] ?? NaN);
}

const CLIMB_STEPS = 12;

/** From a pixel to the highest one nearby. */
function climb({ pixels, width, height }: Picture, start: Place): Bright {
  let { x, y } = start;
  let value = pixels[y * width + x] ?? NaN;
  for (let step = 0; step < CLIMB_STEPS; step += 1) {
    let [bestX, bestY] = [x, y];
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row += 1) {
      for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column += 1) {
        const other = pixels[row * width + column] ?? NaN;
        if (other > value) [value, bestX, bestY] = [other, column, row];
      }
    }
    if (bestX === x && bestY === y) break;
    [x, y] = [bestX, bestY];
  }
  return { x, y, value };
}

/** True if all four neighbours have part of the light: no cosmic ray, hot pixel or column. */
function isRound({ pixels, width, height }: Picture, background: Background, top: Bright): boolean {
  const { x, y } = top;
  if (x < 1 || y < 1 || x > width - 2 || y > height - 2) return false;
  const at = y * width + x;
  const least = Math.min(
    pixels[at - 1] ?? NaN,
    pixels[at + 1] ?? NaN,
    pixels[at - width] ?? NaN,
    pixels[at + width] ?? NaN,
  );
  const level = background.at(x, y);
  return least - level > 0.1 * (top.value - level);
}

/** The eight ways from a pixel to its neighbours. */
const WAYS = [-1, 0, 1]
  .flatMap((up) => [-1, 0, 1].map((across) => ({ across, up })))
  .filter(({ across, up }) => across !== 0 || up !== 0);
/** What is so much higher than a star belongs to something that is brighter than it, not to its own noise. */
const HIGHER = 1.1;

/** Half widths of stars beyond which they are trails, or out of focus, pixels along a row or a diagonal. */
const MAX_HALF_STEPS = 40;

/** Whether the light sinks to its half on all sides before it rises, three by three pixels at a time. */
function standsOut(picture: Picture, background: Background, { x, y }: Place): boolean {
  const level = background.at(x, y);
  const height = meanAround(picture, x, y) - level;
  return WAYS.every(({ across, up }) => {
    for (let step = 1; step <= MAX_HALF_STEPS; step += 1) {
      const light = meanAround(picture, x + step * across, y + step * up) - level;
      // Nothing is known of what lies beyond an edge or a hole.
      if (Number.isNaN(light) || light < height / 2) return true;
      if (light > HIGHER * height) return false;
    }
    return false;
  });
}

/** NaN where one of the nine pixels has no value. */
function meanAround({ pixels, width, height }: Picture, x: number, y: number): number {
  if (x < 1 || y < 1 || x > width - 2 || y > height - 2) return NaN;
  let sum = 0;
  for (let at = (y - 1) * width + x; at <= (y + 1) * width + x; at += width) {
    sum += (pixels[at - 1] ?? NaN) + (pixels[at] ?? NaN) + (pixels[at + 1] ?? NaN);
  }
  return sum / 9;
}

/** Of those that are numbers; NaN of none. */
function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
  return sorted[sorted.length >> 1] ?? NaN;
}
