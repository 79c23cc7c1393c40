import type { PixelArray, Region, Strip } from '../fits/index.js';
import type { Size } from './region.js';

/** Values of a small image, FITS row 1 first: `values[y * width + x]`; NaN where none is known. */
export interface Grid extends Size {
  readonly values: Float32Array | Float64Array;
}

/** Takes the strips of a region of a plane in order and keeps only block means and a sample. */
export interface Binner {
  add(strip: Strip): void;
  /** The block means. The last column and row of blocks may cover fewer pixels than the others. */
  grid(): Grid;
  /** Finite values spread evenly over the region, at most about `SAMPLE`. */
  sample(): Float64Array;
  /** Least and greatest value of the region, as `extremesOf`; only if they were asked for. */
  extremes(): readonly [number, number] | undefined;
}

const SAMPLE = 100_000;

/**
 * @param options.factors      pixels of a block
 * @param options.wantExtremes whether to look at each single value
 * @param options.missingRows  rows that the first row of blocks lacks below the region; default none
 */
export function createBinner(
  region: Region,
  options: { factors: { x: number; y: number }; wantExtremes?: boolean; missingRows?: number },
): Binner {
  const { factors, missingRows = 0 } = options;
  const width = Math.ceil(region.width / factors.x);
  const height = Math.ceil((region.height + missingRows) / factors.y);
  // One kind of array for the inner loops: the engine makes far better code of them than for eight.
  const line = new Float64Array(region.width);
  const sums = new Float64Array(width);
  const counts = new Float64Array(width);
  const pixels = region.width * region.height;
  const step = Math.max(1, Math.ceil(pixels / SAMPLE));
  const picked = new Float64Array(Math.min(Math.ceil(pixels / step) + region.height, 4 * SAMPLE));
  let pickedCount = 0;
  let values: Float32Array | Float64Array | undefined;
  let least = Infinity;
  let greatest = -Infinity;

  const pick = (row: number): void => {
    // A start that wanders from row to row, so that a step dividing the width hits all columns.
    for (let x = (row * 7919) % step; x < line.length; x += step) {
      const value = line[x] ?? NaN;
      if (value - value === 0 && pickedCount < picked.length) picked[pickedCount++] = value;
    }
  };
  const look = (): void => {
    const [low, high] = extremesOf(line);
    if (low < least) least = low;
    if (high > greatest) greatest = high;
  };
  const finishBlocks = (row: number): void => {
    const start = Math.floor(row / factors.y) * width;
    if (values !== undefined) storeMeans(sums, counts, values.subarray(start, start + width));
    sums.fill(0);
    counts.fill(0);
  };
  return {
    add(strip) {
      values ??= meansFor(strip.pixels, width * height);
      for (let y = 0; y < strip.rows; y += 1) {
        const start = y * region.width;
        line.set(strip.pixels.subarray(start, start + region.width));
        const row = strip.firstRow - region.y + y;
        addLine(line, factors.x, sums, counts);
        pick(row);
        if (options.wantExtremes === true) look();
        const at = row + missingRows;
        if ((at + 1) % factors.y === 0 || row + 1 === region.height) finishBlocks(at);
      }
    },
    grid: () => ({ width, height, values: values ?? new Float32Array(width * height).fill(NaN) }),
    sample: () => picked.slice(0, pickedCount),
    extremes: () => (options.wantExtremes === true ? [least, greatest] : undefined),
  };
}

/** Means of at most 24 significant bits fit in 32-bit floats; those of longer kinds need 64. */
function meansFor(pixels: PixelArray, length: number): Float32Array | Float64Array {
  const isLong = pixels.BYTES_PER_ELEMENT === 8 || isLongInteger(pixels);
  return isLong ? new Float64Array(length).fill(NaN) : new Float32Array(length).fill(NaN);
}

function isLongInteger(pixels: PixelArray): boolean {
  return pixels.BYTES_PER_ELEMENT === 4 && !(pixels instanceof Float32Array);
}

/** Adds the sums of the blocks of a line, and how many values went into each. */
function addLine(
  line: Float64Array,
  factor: number,
  sums: Float64Array,
  counts: Float64Array,
): void {
  for (let block = 0, x = 0; block < sums.length; block += 1) {
    const start = x;
    const end = Math.min(x + factor, line.length);
    // Two running sums: additions that wait for each other are most of the cost otherwise.
    let sum = 0;
    let other = 0;
    for (; x + 1 < end; x += 2) {
      sum += line[x] ?? NaN;
      other += line[x + 1] ?? NaN;
    }
    if (x < end) sum += line[x++] ?? NaN;
    sum += other;
    let count = end - start;
    if (sum - sum !== 0) [sum, count] = addFinite(line, start, end);
    sums[block] = (sums[block] ?? 0) + sum;
    counts[block] = (counts[block] ?? 0) + count;
  }
}

/** The slow way, for blocks where NaN or infinity stand among the values. */
function addFinite(line: Float64Array, start: number, end: number): [sum: number, count: number] {
  let sum = 0;
  let count = 0;
  for (let x = start; x < end; x += 1) {
    const value = line[x] ?? NaN;
    if (value - value === 0) {
      sum += value;
      count += 1;
    }
  }
  return [sum, count];
}

/** Least and greatest finite value; [Infinity, -Infinity] if there is none. */
export function extremesOf(values: Float32Array | Float64Array): readonly [number, number] {
  let least = Infinity;
  let greatest = -Infinity;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? NaN;
    if (value < least && value !== -Infinity) least = value;
    if (value > greatest && value !== Infinity) greatest = value;
  }
  return [least, greatest];
}

function storeMeans(
  sums: Float64Array,
  counts: Float64Array,
  means: Float32Array | Float64Array,
): void {
  for (let i = 0; i < means.length; i += 1) {
    means[i] = (sums[i] ?? 0) / (counts[i] ?? 0); // 0 / 0 is NaN: no value in this block
  }
}

/**
 * Shrinks a grid to at most `size` by area: each new pixel is the mean of what it covers, parts
 * counted as parts, NaN left out. An axis that is already short enough stays as it is.
 *
 * @param extent true width and height of the grid in its own pixels: less than `grid.width` where
 *               the last column of blocks was not full
 */
export function shrink(grid: Grid, extent: Size, size: Size): Grid {
  const narrow = size.width < grid.width ? shrinkRows(grid, extent.width, size.width) : grid;
  return size.height < narrow.height ? shrinkColumns(narrow, extent.height, size.height) : narrow;
}

/** Which old pixels a new one covers, and how much of each: `weights[0]` is that of `first`. */
interface Cover {
  readonly first: number;
  readonly weights: readonly number[];
}

function covers(extent: number, count: number): readonly Cover[] {
  return Array.from({ length: count }, (_, index) => {
    const start = (index * extent) / count;
    const end = ((index + 1) * extent) / count;
    const first = Math.floor(start);
    const last = Math.max(first, Math.ceil(end) - 1);
    const weights = Array.from(
      { length: last - first + 1 },
      (_unused, i) => Math.min(end, first + i + 1) - Math.max(start, first + i),
    );
    return { first, weights };
  });
}

function shrinkRows(grid: Grid, extent: number, width: number): Grid {
  const values = new Float64Array(width * grid.height);
  covers(extent, width).forEach(({ first, weights }, x) => {
    for (let y = 0; y < grid.height; y += 1) {
      values[y * width + x] = weighted(grid.values, y * grid.width + first, 1, weights);
    }
  });
  return { width, height: grid.height, values };
}

function shrinkColumns(grid: Grid, extent: number, height: number): Grid {
  const { width } = grid;
  const values = new Float64Array(width * height);
  covers(extent, height).forEach(({ first, weights }, y) => {
    for (let x = 0; x < width; x += 1) {
      values[y * width + x] = weighted(grid.values, first * width + x, width, weights);
    }
  });
  return { width, height, values };
}

function weighted(
  values: Float32Array | Float64Array,
  start: number,
  stride: number,
  weights: readonly number[],
): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < weights.length; i += 1) {
    const value = values[start + i * stride] ?? NaN;
    const weight = weights[i] ?? 0;
    if (value - value === 0) {
      sum += value * weight;
      total += weight;
    }
  }
  return sum / total;
}
