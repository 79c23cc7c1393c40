import type { PixelArray } from '../fits/index.js';
import type { Background } from './background.js';
import { formatNumber, formatShare } from './words.js';
import { createSkip } from './skip.js';
import { middleOf } from './spread.js';
import type { Finding, Picture } from './types.js';

/** Where pixels are full, and how many are. */
export interface Saturation {
  /** As given, or found; null if nothing is known and no pixel looks full. */
  readonly level: number | null;
  /** Pixels at or above it, of those that have a value, 0…1. */
  readonly share: number;
}

/** What calibration frames are measured for. */
export interface Levels {
  /** Pixels far above what surrounds them, of a bias or dark. */
  readonly hotPixels: number | null;
  /** Pixels far below what surrounds them, of a flat. */
  readonly deadPixels: number | null;
  /** The level as a share of the saturation. */
  readonly exposureLevel: number | null;
  readonly findings: readonly Finding[];
}

/** Equal highest values from which they are no chance, if the next lower value is much rarer. */
const PILE = 5;
const PILE_OVER_NEXT = 4;

/** Noise above the surroundings from which a pixel is hot: by chance one of a thousand million. */
const HOT_SIGMA = 6;
/** Share of the surrounding light below which a pixel of a flat is dead. */
const DEAD_SHARE = 0.6;
/** Light in which a dead pixel can be told from noise, in units of it. */
const CLEAR_LIGHT = 15;

/** Shares of pixels and of saturation from which a person should know. */
const MANY_HOT = 0.01;
const MANY_DEAD = 0.001;
const MANY_FULL = 0.01;
const BRIGHT_FLAT = 0.9;
const FAINT_FLAT = 0.05;
const UNEVEN_FLAT = 0.2;

/** Far below the level that is told, numbers are in another unit: a flat of mean 1 has that of its raw frames. */
const LEAST_OF_FULL = 0.001;

/**
 * Where pixels are full. Without a level from elsewhere it is the highest value, if that is the
 * highest of its type of integers or if many pixels share it and few the next lower one.
 */
export function findSaturation({ pixels, saturation }: Picture): Saturation {
  if (saturation !== null && !isFloat(pixels))
    return { level: saturation, share: shareFrom(pixels, saturation) };
  const { value, count, nextCount, known } = findHighest(pixels);
  if (saturation !== null && value > saturation * LEAST_OF_FULL)
    return { level: saturation, share: shareFrom(pixels, saturation) };
  const isPile = count >= PILE && count >= PILE_OVER_NEXT * nextCount;
  // Where most of a picture has one value it is the background, but at the end of the type.
  const isFull = value === highestOf(pixels) || (isPile && count < known / 2);
  return isFull ? { level: value, share: count / known } : { level: null, share: 0 };
}

function isFloat(pixels: PixelArray): boolean {
  return pixels instanceof Float32Array || pixels instanceof Float64Array;
}

/** The highest value that a type of pixels can have; undefined where none is ever reached. */
export function highestOf(pixels: PixelArray): number | undefined {
  if (pixels instanceof Uint16Array) return 65_535;
  if (pixels instanceof Int16Array) return 32_767;
  if (pixels instanceof Uint8Array) return 255;
  return pixels instanceof Int8Array ? 127 : undefined;
}

/** The highest value, how often it is there, and how often the next lower one; pixels with a value. */
function findHighest(pixels: PixelArray): {
  value: number;
  count: number;
  nextCount: number;
  known: number;
} {
  const skip = createSkip(pixels);
  const { length } = pixels;
  let [value, count, next, nextCount, missing] = [-Infinity, 0, -Infinity, 0, 0];
  for (let at = skip(0, length, next); at < length; at = skip(at, length, next)) {
    for (; at < length && !((pixels[at] ?? NaN) < next); at += 1) {
      const each = pixels[at] ?? NaN;
      if (each - each !== 0) missing += 1;
      else if (each > value) [next, nextCount, value, count] = [value, count, each, 1];
      else if (each === value) count += 1;
      else if (each > next) [next, nextCount] = [each, 1];
      else nextCount += 1;
    }
  }
  return { value, count, nextCount, known: length - missing };
}

function shareFrom(pixels: PixelArray, level: number): number {
  const skip = createSkip(pixels);
  const { length } = pixels;
  let [count, missing] = [0, 0];
  for (let at = skip(0, length, level); at < length; at = skip(at, length, level)) {
    for (; at < length && !((pixels[at] ?? NaN) < level); at += 1) {
      if (Number.isNaN(pixels[at])) missing += 1;
      else count += 1;
    }
  }
  return missing === length ? 0 : count / (length - missing);
}

/**
 * What calibration frames are looked through for, and the level of any frame.
 *
 * @param known.deadPixels those of a flat, where they cannot be counted in this picture any more
 */
export function measureLevels(
  picture: Picture,
  background: Background,
  { saturation, ...known }: { saturation: Saturation; deadPixels?: number | null | undefined },
): Levels {
  const { kind, pixels } = picture;
  const isShut = kind === 'bias' || kind === 'dark';
  const hotPixels = isShut ? countHot(picture, background) : null;
  const isCounted = known.deadPixels !== undefined || kind !== 'flat';
  const deadPixels = isCounted ? (known.deadPixels ?? null) : countDead(picture, background);
  const exposureLevel = saturation.level === null ? null : background.level / saturation.level;
  const share = (count: number | null): number => (count ?? 0) / pixels.length;
  const found = [
    share(hotPixels) > MANY_HOT ? describeHot(hotPixels, share(hotPixels)) : undefined,
    share(deadPixels) > MANY_DEAD ? describeDead(deadPixels, share(deadPixels)) : undefined,
    kind === 'sky' ? undefined : describeFull(background, saturation),
    ...(kind === 'flat' ? judgeFlat(picture, background, exposureLevel) : []),
  ];
  const findings = found.filter((each) => each !== undefined);
  return { hotPixels, deadPixels, exposureLevel, findings };
}

function countHot(picture: Picture, background: Background): number {
  const above = HOT_SIGMA * Math.max(background.noise, background.step / 2);
  let count = 0;
  eachRow(picture, background, (from, levels) => {
    for (let x = 0; x < levels.length; x += 1) {
      const value = picture.pixels[from + x] ?? NaN;
      if (value > (levels[x] ?? NaN) + above && isAlone(picture, background, from + x)) count += 1;
    }
  });
  return count;
}

/** Whether a pixel stands out of its neighbours too: the glow of an amplifier is no hot pixel. */
function isAlone({ pixels, width }: Picture, { noise, noises }: Background, at: number): boolean {
  const [x, y] = [at % width, Math.floor(at / width)];
  const around: number[] = [];
  for (const step of [-1, 0, 1]) {
    for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column += 1) {
      const value = pixels[(y + step) * width + column] ?? NaN;
      if (!Number.isNaN(value)) around.push(value);
    }
  }
  const cell =
    Math.min(noises.rows - 1, Math.floor(y / noises.cellHeight)) * noises.columns +
    Math.min(noises.columns - 1, Math.floor(x / noises.cellWidth));
  const here = Math.max(noise, noises.values[cell] ?? noise);
  return (pixels[at] ?? NaN) > middleOf(around) + HOT_SIGMA * here;
}

/**
 * Pixels of a flat with far less light than what surrounds them; null if there is hardly any. Of the light
 * alone, where the level without light is known.
 */
export function countDead(picture: Picture, background: Background): number | null {
  const bias = picture.biasLevel ?? 0;
  if (background.level - bias < CLEAR_LIGHT * background.noise) return null;
  let count = 0;
  eachRow(picture, background, (from, levels) => {
    for (let x = 0; x < levels.length; x += 1) {
      const light = (levels[x] ?? NaN) - bias;
      if ((picture.pixels[from + x] ?? NaN) - bias < DEAD_SHARE * light) count += 1;
    }
  });
  return count;
}

/** Does `work` with each row: where its pixels begin, and the background along it. */
function eachRow(
  { width, height }: Picture,
  background: Background,
  work: (from: number, levels: Float32Array) => void,
): void {
  const levels = new Float32Array(width);
  for (let y = 0; y < height; y += 1) {
    background.fillRow(y, levels);
    work(y * width, levels);
  }
}

function describeHot(count: number | null, share: number): Finding {
  const text = `${String(count)} pixels (${formatShare(share)}) are hot: more than ${HOT_SIGMA} times the noise above what surrounds them.`;
  return { code: 'hot-pixels', level: 'warning', text };
}

function describeDead(count: number | null, share: number): Finding {
  const text = `${String(count)} pixels (${formatShare(share)}) are dead: they have less than ${formatShare(DEAD_SHARE)} of the light around them.`;
  return { code: 'dead-pixels', level: 'note', text };
}

function describeFull(background: Background, { level, share }: Saturation): Finding | undefined {
  if (level === null || share <= MANY_FULL) return undefined;
  const text = `${formatShare(share)} of the pixels are saturated (${formatNumber(level)}); the level is ${formatNumber(background.level)}.`;
  return { code: 'saturated', level: 'error', text };
}

function judgeFlat(
  { biasLevel = null }: Picture,
  { level, noise, plane }: Background,
  exposureLevel: number | null,
): readonly (Finding | undefined)[] {
  return [
    judgeLight(level, exposureLevel),
    biasLevel !== null && level - biasLevel < Math.max(5 * noise, 0.01 * biasLevel)
      ? darkFlat(`The level of ${formatNumber(level)} is that of a bias frame`)
      : undefined,
    level > noise && plane.range > UNEVEN_FLAT * level
      ? {
          code: 'uneven',
          level: 'note',
          text: `From corner to corner the light changes by ${formatShare(plane.range / level)}.`,
        }
      : undefined,
  ];
}

function judgeLight(level: number, exposureLevel: number | null): Finding | undefined {
  if (exposureLevel === null) return undefined;
  const words = `The level of ${formatNumber(level)} is ${formatShare(exposureLevel)} of the saturation`;
  if (exposureLevel < FAINT_FLAT) return darkFlat(words);
  if (exposureLevel <= BRIGHT_FLAT) return undefined;
  return { code: 'overexposed', level: 'warning', text: `${words}: too much light for a flat.` };
}

function darkFlat(words: string): Finding {
  return { code: 'underexposed', level: 'warning', text: `${words}: hardly any light for a flat.` };
}
