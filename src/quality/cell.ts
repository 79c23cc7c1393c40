import { selectFirst } from './spread.js';

/** Clipped statistics of a cell of pixels. */
export interface CellLevel {
  /** Level of what is not stars; NaN if it cannot be told. */
  readonly level: number;
  /** Standard deviation of the pixels about it; 0 if they are all the same. */
  readonly noise: number;
}

/** Where a cell lies in a band of rows. */
export interface CellPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const BINS = 256;
const HALF_RANGE_SIGMA = 5;
const SAMPLE = 121;
const WHOLE_NUMBERS = 2 ** 16;
/** Bins of no more whole numbers than this are filled number by number, which is quicker. */
const WIDEST_WHOLE = 8;
/** What iterated clipping at three sigma leaves of the standard deviation of a normal distribution. */
const CLIPPED_SIGMA = 0.98485;
const NOTHING: CellLevel = { level: NaN, noise: NaN };

/** Room to work in, so that a mesh of thousands of cells asks for memory once. */
interface Room {
  readonly bins: Int32Array;
  /** How often each whole number of 16 bits is there, of pixels at even and at odd places. */
  readonly even: Int32Array;
  readonly odd: Int32Array;
  /** Running sums over the bins. */
  readonly counts: Float64Array;
  readonly sums: Float64Array;
  readonly squares: Float64Array;
  readonly sample: Float64Array;
  /** Places of the sample, by the width of the band and the size of the cell. */
  readonly sampled: Map<string, Int32Array>;
}

/** Rows of pixels; the inner loops are made for these two kinds. */
export type CellPixels = Float64Array | Uint16Array;

/** Measures the cell of a band of whole rows of `width` pixels; NaN where there is no value. */
export type CellMeter = (band: CellPixels, width: number, place: CellPlace) => CellLevel;

/** @param step distance of neighbouring values that pixels can have: 1 for integers, 0 if any */
export function createCellMeter(step: number): CellMeter {
  const room: Room = {
    bins: new Int32Array(BINS),
    even: new Int32Array(step === 1 ? WHOLE_NUMBERS : 0),
    odd: new Int32Array(step === 1 ? WHOLE_NUMBERS : 0),
    counts: new Float64Array(BINS + 1),
    sums: new Float64Array(BINS + 1),
    squares: new Float64Array(BINS + 1),
    sample: new Float64Array(SAMPLE),
    sampled: new Map(),
  };
  return (band, width, place) => measureCell(room, { band, width, step }, place);
}

interface Band {
  readonly band: CellPixels;
  readonly width: number;
  readonly step: number;
}

/**
 * Level and noise of a cell the way of SExtractor: clipped at three sigma about the median until
 * nothing changes, then 2.5 × median − 1.5 × mean, which stars that stay pull less than either; the
 * median alone where they are crowded. Bertin & Arnouts 1996, A&AS 117, 393, §4.
 */
function measureCell(room: Room, { band, width, step }: Band, place: CellPlace): CellLevel {
  const guess = guessLevel(room, band, width, place);
  if (Number.isNaN(guess.level)) return NOTHING;
  const spread = Math.max(guess.noise, step / 2);
  if (spread === 0) return guess;
  const binWidth = binWidthFor((2 * HALF_RANGE_SIGMA * spread) / BINS, step);
  const lowest = lowestFor(guess.level - (BINS / 2) * binWidth, step);
  if (band instanceof Uint16Array && step === 1 && binWidth <= WIDEST_WHOLE) {
    countWhole(room, band, { width, place }, { first: Math.round(lowest + 0.5), binWidth });
  } else {
    countAny(room, band, { width, place }, { lowest, scale: 1 / binWidth });
  }
  const total = accumulate(room);
  if (total < 0.1 * place.width * place.height) return NOTHING;
  const { median, mean, sigma } = clip(room, 3);
  const level = Math.abs(mean - median) < 0.3 * sigma ? 2.5 * median - 1.5 * mean : median;
  return { level: lowest + level * binWidth, noise: (sigma * binWidth) / CLIPPED_SIGMA };
}

/** A bin holds a whole number of possible values, or bins would be unevenly filled. */
function binWidthFor(width: number, step: number): number {
  return step === 0 ? width : Math.max(1, Math.ceil(width / step)) * step;
}

function lowestFor(value: number, step: number): number {
  return step === 0 ? value : (Math.round(value / step) - 0.5) * step;
}

/** From some pixels: the median, and how far below it the lowest sixth lies, where no star reaches. */
function guessLevel(room: Room, band: CellPixels, width: number, place: CellPlace): CellLevel {
  const { sample } = room;
  const start = place.y * width + place.x;
  const offsets = offsetsFor(room, width, place);
  let count = 0;
  for (let i = 0; i < offsets.length && count < SAMPLE; i += 1) {
    const value = band[start + (offsets[i] ?? 0)] ?? NaN;
    if (value - value === 0) sample[count++] = value;
  }
  if (count < SAMPLE / 4 && count < (place.width * place.height) / 4) return NOTHING;
  const level = selectFirst(sample, count, count >> 1);
  const low = selectFirst(sample, count >> 1, Math.floor(count * 0.16));
  return { level, noise: level - low };
}

/** Where the pixels lie that a cell is guessed from; nearly all cells of a mesh are of one size. */
function offsetsFor({ sampled }: Room, width: number, cell: CellPlace): Int32Array {
  const key = `${width} ${cell.width} ${cell.height}`;
  const known = sampled.get(key);
  if (known !== undefined) return known;
  const size = cell.width * cell.height;
  const stride = Math.max(1, Math.floor(size / SAMPLE));
  const offsets: number[] = [];
  for (let i = stride >> 1; i < size; i += stride) {
    // Rows are entered at changing places, so that a stride that divides the width meets all columns.
    const row = Math.floor(i / cell.width);
    offsets.push(row * width + ((i + row * 7) % cell.width));
  }
  const found = Int32Array.from(offsets);
  sampled.set(key, found);
  return found;
}

interface Rows {
  readonly width: number;
  readonly place: CellPlace;
}

function countAny(
  { bins }: Room,
  band: CellPixels,
  { width, place }: Rows,
  { lowest, scale }: { lowest: number; scale: number },
): void {
  bins.fill(0);
  for (let y = place.y; y < place.y + place.height; y += 1) {
    const start = y * width + place.x;
    for (let i = start; i < start + place.width; i += 1) {
      const bin = ((band[i] ?? NaN) - lowest) * scale;
      if (bin >= 0 && bin < BINS) bins[bin | 0] = (bins[bin | 0] ?? 0) + 1;
    }
  }
}

/**
 * As `countAny`, without a product or a question for each pixel: there is a place for every number that
 * 16 bits can hold, of which only those of the bins are looked at. Two places in turn, as neighbours are
 * often the same and a number that was just written is slow to read.
 */
function countWhole(
  { bins, even, odd }: Room,
  band: Uint16Array,
  { width, place }: Rows,
  { first, binWidth }: { first: number; binWidth: number },
): void {
  const from = Math.max(0, first);
  const end = Math.max(0, first + BINS * binWidth);
  even.fill(0, from, end);
  odd.fill(0, from, end);
  for (let y = place.y; y < place.y + place.height; y += 1) {
    const start = y * width + place.x;
    const end = start + place.width;
    let i = start;
    // Four at a time: a fifth less than by twos.
    for (; i + 3 < end; i += 4) {
      const one = band[i] ?? 0;
      const two = band[i + 1] ?? 0;
      const three = band[i + 2] ?? 0;
      const four = band[i + 3] ?? 0;
      even[one] = (even[one] ?? 0) + 1;
      odd[two] = (odd[two] ?? 0) + 1;
      even[three] = (even[three] ?? 0) + 1;
      odd[four] = (odd[four] ?? 0) + 1;
    }
    for (; i < end; i += 1) {
      const value = band[i] ?? 0;
      even[value] = (even[value] ?? 0) + 1;
    }
  }
  for (let bin = 0; bin < BINS; bin += 1) {
    const start = first + bin * binWidth;
    const next = Math.min(WHOLE_NUMBERS, start + binWidth);
    let sum = 0;
    for (let at = Math.max(0, start); at < next; at += 1) {
      sum += (even[at] ?? 0) + (odd[at] ?? 0);
    }
    bins[bin] = sum;
  }
}

/** Running sums over the bins, so that each clipping costs a few look-ups. Returns the count. */
function accumulate({ bins, counts, sums, squares }: Room): number {
  for (let i = 0; i < BINS; i += 1) {
    const count = bins[i] ?? 0;
    const middle = i + 0.5;
    counts[i + 1] = (counts[i] ?? 0) + count;
    sums[i + 1] = (sums[i] ?? 0) + count * middle;
    squares[i + 1] = (squares[i] ?? 0) + count * middle * middle;
  }
  return counts[BINS] ?? 0;
}

/** In units of bins, from the lower edge of the first. */
function clip(
  { counts, sums, squares }: Room,
  limitSigma: number,
): { median: number; mean: number; sigma: number } {
  let low = 0;
  let high = BINS;
  for (let round = 0; ; round += 1) {
    const before = counts[low] ?? 0;
    const count = (counts[high] ?? 0) - before;
    const mean = ((sums[high] ?? 0) - (sums[low] ?? 0)) / count;
    const square = ((squares[high] ?? 0) - (squares[low] ?? 0)) / count;
    const sigma = Math.sqrt(Math.max(0, square - mean * mean));
    const median = binAt(counts, before + count / 2, { low, high });
    const newLow = Math.max(0, Math.round(median - limitSigma * sigma));
    const newHigh = Math.min(BINS, Math.round(median + limitSigma * sigma));
    const isSettled = newLow === low && newHigh === high;
    if (isSettled || round === 30 || newHigh <= newLow) return { median, mean, sigma };
    low = newLow;
    high = newHigh;
  }
}

/** Where the running count reaches `wanted`, within its bin as if that were evenly filled. */
function binAt(
  counts: Float64Array,
  wanted: number,
  { low, high }: { low: number; high: number },
): number {
  let left = low;
  let right = high;
  while (right - left > 1) {
    const middle = (left + right) >> 1;
    if ((counts[middle] ?? 0) <= wanted) left = middle;
    else right = middle;
  }
  const before = counts[left] ?? 0;
  const inside = (counts[left + 1] ?? 0) - before;
  return inside === 0 ? left + 0.5 : left + (wanted - before) / inside;
}
