import type { Background } from './background.js';
import { createCutter, type Place } from './cutout.js';
import { filterFor, filterRows, type Filter } from './filter.js';
import { findPeaks, partPeaks, type Peak, type Search } from './peaks.js';
import { createGrid, type Grid } from './grid.js';
import { createGrowthMeter } from './growth.js';
import { joinFull } from './full.js';
import { judgeSeeing, MAX_RADIUS, type Seeing } from './seeing.js';
import { measureStar, RIM_LENGTH, type Measuring } from './stars.js';
import { selectFirst } from './spread.js';
import type { Picture, Star } from './types.js';

/** The stars of a picture. */
export interface StarList {
  /** Brightest first. At most `maxMeasured`: the highest peaks. */
  readonly stars: readonly Star[];
  /** How many stand above the threshold, measured or not; of those that were not, as many as a sample tells. */
  readonly found: number;
  /** Whether all that were found were measured. */
  readonly isComplete: boolean;
  /** Full width at half maximum that stars were looked for with, pixels. */
  readonly searchFwhmPx: number;
  /** Noise of the filtered picture over what it would be if neighbouring pixels were independent. */
  readonly noiseFactor: number;
}

/** Peaks of the filtered picture count from here on, in sigma of its noise. */
const THRESHOLD_SIGMA = 5;
const MAX_MEASURED = 4000;

/**
 * Finds what stands out of the background and measures it. A filter of the width of the stars, a
 * threshold in sigma of the filtered noise, a watershed that parts neighbours, and tests that leave
 * out what is too sharp to have come through the optics.
 *
 * @param picture                `saturation: null` means that no pixel is known to be full
 * @param options.thresholdSigma default 5
 * @param options.maxMeasured    most stars that are measured, default 4000
 * @param options.takesSharp     takes what is as sharp as a cosmic ray too: the rims of rings are. Default false
 */
export function findStars(
  picture: Picture,
  background: Background,
  options: { thresholdSigma?: number; maxMeasured?: number; takesSharp?: boolean } = {},
): StarList {
  const { thresholdSigma = THRESHOLD_SIGMA, maxMeasured = MAX_MEASURED } = options;
  const hasNoise = Math.max(background.noise, background.step) > 0;
  if (!hasNoise || picture.width < 3 || picture.height < 3) {
    return { stars: [], found: 0, isComplete: true, searchFwhmPx: NaN, noiseFactor: 1 };
  }
  const seeing = judgeSeeing(picture, background);
  const filter = filterFor(seeing.fwhmPx);
  const noiseFactor = measureNoiseFactor(picture, background, filter);
  const search: Search = { picture, background, filter, noiseFactor };
  const all = findPeaks(search, thresholdSigma);
  const sharpness = sharpnessTest(search, seeing);
  const soft = options.takesSharp === true ? all : all.filter((peak) => !sharpness(peak));
  const whole = joinFull(picture, soft, seeing.full);
  const peaks = partPeaks(search, whole, Math.max(8, 3.5 * seeing.fwhmPx));
  const measuring: Measuring = {
    cut: createCutter(picture, background, seeing.full),
    measureGrowth: createGrowthMeter(),
    background,
    seeing,
    rim: new Float64Array(RIM_LENGTH),
  };
  const near = gridOf(measuring, peaks);
  const stars = measureAll(measuring, near, peaks.slice(0, maxMeasured));
  const beyond = countStars(measuring, near, peaks.slice(maxMeasured));
  return {
    stars: stars.sort((one, other) => other.flux - one.flux),
    found: stars.length + beyond,
    isComplete: peaks.length <= maxMeasured,
    searchFwhmPx: seeing.fwhmPx,
    noiseFactor,
  };
}

const STRIPS = 16;
const STRIP_ROWS = 4;
/** Short enough that the light of a nebula hardly changes along it. */
const PIECE_PX = 128;

/**
 * Neighbouring pixels are not always independent (a picture that was shifted or coloured), and the
 * faintest stars add to the noise: how much pieces of rows of the filtered picture scatter below their
 * median, over what independent pixels would.
 */
function measureNoiseFactor(picture: Picture, background: Background, filter: Filter): number {
  const { width, height } = picture;
  const length = Math.min(PIECE_PX, width);
  const piece = new Float64Array(length);
  const scatters: number[] = [];
  for (let strip = 0; strip < STRIPS; strip += 1) {
    const firstRow = Math.floor((strip * height) / STRIPS);
    const endRow = Math.min(firstRow + STRIP_ROWS, Math.floor(((strip + 1) * height) / STRIPS));
    filterRows(picture, background, filter, { firstRow, endRow }, (y, row) => {
      if (y !== firstRow && y !== endRow - 1) return;
      for (let start = 0; start + length <= width; start += length) {
        piece.set(row.subarray(start, start + length));
        const middle = selectFirst(piece, length, length >> 1);
        scatters.push(middle - selectFirst(piece, length >> 1, Math.floor(length * 0.158_66)));
      }
    });
  }
  const sorted = Float64Array.from(scatters).sort();
  const noise = Math.max(background.noise, background.step / Math.sqrt(12));
  const factor = (sorted[sorted.length >> 1] ?? NaN) / (noise * filter.noiseGain);
  return factor > 0 ? Math.min(Math.max(factor, 0.5), 4) : 1;
}

/** How sure one must be that a peak is sharper than a star, in sigma of its highest pixel. */
const SURE_SIGMA = 3;

/** Tells hot pixels, hot columns and cosmic rays by the light of the highest pixel and about it. */
function sharpnessTest(search: Search, seeing: Seeing): (peak: Peak) => boolean {
  const { picture, background, filter, noiseFactor } = search;
  const { pixels, width } = picture;
  const variance = (seeing.narrowPx / seeing.width) ** 2;
  const spread = spreadOf(filter, variance);
  const least = 0.5 * Math.exp(-1 / variance);
  const noise = Math.max(background.noise, background.step / Math.sqrt(12));
  return (peak) => {
    const { x, y } = highestNear(picture, peak);
    const level = background.at(x, y);
    const at = y * width + x;
    const top = (pixels[at] ?? NaN) - level;
    // The height of a star that would make this peak of the filtered picture.
    const height0 = (peak.sigmas * noise * filter.noiseGain * noiseFactor) / spread;
    const share = spread / filter.width ** 2;
    if (top - SURE_SIGMA * noise > height0 * share ** 0.6) return true;
    const left = x > 0 ? (pixels[at - 1] ?? NaN) : NaN;
    const right = x < width - 1 ? (pixels[at + 1] ?? NaN) : NaN;
    const sides = [left, right, pixels[at - width] ?? NaN, pixels[at + width] ?? NaN];
    return sides.some((side) => side - level + SURE_SIGMA * noise < least * top);
  };
}

/** What the filter makes of a gaussian star of height 1. */
function spreadOf({ width: taps }: Filter, variance: number): number {
  let sum = 0;
  for (let offset = 1 - taps; offset < taps; offset += 1) {
    sum += (taps - Math.abs(offset)) * Math.exp((-offset * offset) / (2 * variance));
  }
  return sum * sum;
}

/** The highest pixel next to a place, or there. */
function highestNear({ pixels, width, height }: Search['picture'], { x, y }: Place): Place {
  let best = { x, y };
  let most = -Infinity;
  for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row += 1) {
    for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column += 1) {
      const value = pixels[row * width + column] ?? NaN;
      if (value > most) [most, best] = [value, { x: column, y: row }];
    }
  }
  return best;
}

/** Peaks, and how far about each of them is cut out. */
interface Around {
  readonly grid: Grid<Peak>;
  readonly radius: number;
}

function gridOf({ seeing }: Measuring, peaks: readonly Peak[]): Around {
  const radius = Math.min(MAX_RADIUS, Math.max(8, Math.ceil(2.7 * seeing.fwhmPx) + 2));
  const grid = createGrid<Peak>(2 * radius);
  for (const peak of peaks) grid.add(peak);
  return { grid, radius };
}

function measureAll(
  measuring: Measuring,
  { grid, radius }: Around,
  peaks: readonly Peak[],
): Star[] {
  const stars: Star[] = [];
  // As they lie: what is read for one star is then at hand for the next.
  const ordered = [...peaks].sort((one, other) => one.y - other.y || one.x - other.x);
  for (const peak of ordered) {
    const neighbours = grid.around(peak).filter((other) => other !== peak);
    const star = measureStar(measuring, peak, { radius, neighbours });
    if (star !== undefined) stars.push(star);
  }
  return stars;
}

/** Of peaks that are only counted so many, evenly through them, tell how many are stars: within 5 %. */
const TRIED = 400;

/** How many of the peaks are stars, nearly: along the rim of something bright few are. */
function countStars(measuring: Measuring, near: Around, peaks: readonly Peak[]): number {
  if (peaks.length === 0) return 0;
  const step = Math.max(1, peaks.length / TRIED);
  const tried = peaks.filter((_, index) => Math.floor(index % step) === 0);
  const stars = measureAll(measuring, near, tried);
  return Math.round((stars.length / tried.length) * peaks.length);
}
