import { AppError } from '../../lib/errors.js';
import { decodePlanes } from './hcompress-planes.js';

const MAGIC = 0xdd99;
const HEADER_BYTES = 25;

/** Most bytes of work space for a tile; a few bytes of a file can claim any size. */
const MAX_WORK_BYTES = 2 ** 29;

/** Sums and coefficients up to here are exact in a double, with room for the sum of four. */
const MAX_VALUE = 2 ** 50;

/** Coefficients up to here are kept in 32 bits, with room for smoothing and the sums of all levels. */
const MAX_NARROW = 2 ** 28;

/** A two-dimensional transform as it was packed: coefficients in the quadrants of their levels. */
interface Transform {
  /** Of rows and columns; columns are the fast axis (NAXIS1). */
  readonly rows: number;
  readonly columns: number;
  /** Step by which the coefficients were divided and rounded; 0 and 1 mean they were not. */
  readonly scale: number;
  /** `values[row * columns + column]`, multiplied by the step. */
  readonly values: Int32Array | Float64Array;
}

/**
 * Unpacks a tile of HCOMPRESS_1: the bit planes of an H-transform, and the transform taken back.
 * All arithmetic is on whole numbers, in doubles where 32 bits are too few: sums of 32-bit pixels are
 * exact, too. FITS Standard 4.0 §10.4.4; White, Postman & Lattanzi 1992.
 *
 * @param pixels number of pixels of the tile
 * @param smooth evens out the steps that a large scale leaves (SMOOTH), as the writer asks for it
 * @returns whole numbers, not yet held to the range of the image: a lossy tile may go beyond it
 * @throws 'fits_invalid' for damaged bytes or another number of pixels; 'too_large' for a tile
 *         beyond 2^29 bytes of work space
 */
export function decodeHcompress(
  bytes: Uint8Array,
  pixels: number,
  smooth: boolean,
): Int32Array | Float64Array {
  const { rows, columns, scale, values } = readTransform(bytes, pixels);
  let levels = 0;
  while (2 ** levels < Math.max(rows, columns)) levels += 1;
  let sums: Int32Array | Float64Array = Float64Array.of(values[0] ?? 0);
  if (levels > 0) sums[0] = 4 * round((values[0] ?? 0) / 2 ** (levels + 1));
  for (let level = levels - 1; level >= 0; level -= 1) {
    const grid = levelGrid(values, { rows, columns, level });
    if (smooth && scale > 1) smoothLevel(sums, grid, { unit: 2 ** level, most: scale >> 1 });
    if (isNarrow(grid)) sums = inverseNarrow(sums, grid, level);
    else sums = inverseStep(sums, grid, 2 ** level);
  }
  return sums;
}

function readTransform(bytes: Uint8Array, pixels: number): Transform {
  if (bytes.length < HEADER_BYTES) throw damaged('is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== MAGIC) throw damaged('does not start as one');
  const [rows, columns] = [view.getInt32(2), view.getInt32(6)];
  if (rows < 1 || columns < 1 || rows * columns !== pixels) {
    throw damaged(`has ${rows} × ${columns} pixels, not ${pixels}`);
  }
  if (pixels * 2.5 * Float64Array.BYTES_PER_ELEMENT > MAX_WORK_BYTES) {
    throw new AppError('too_large', `A tile of HCOMPRESS_1 has ${pixels} pixels.`, { pixels });
  }
  const scale = view.getInt32(10);
  const sum = view.getInt32(14) * 2 ** 32 + view.getUint32(18);
  const planes = [bytes[22] ?? 0, bytes[23] ?? 0, bytes[24] ?? 0] as const;
  const factor = Math.max(1, scale);
  if (scale < 0 || 2 ** Math.max(...planes) * factor > MAX_VALUE) throw damaged('has wrong scales');
  if (Math.abs(sum) * factor > MAX_VALUE) throw damaged('has a wrong sum');
  let values = decodePlanes(bytes.subarray(HEADER_BYTES), { rows, columns, planes });
  const most = Math.max(Math.abs(sum), 2 ** Math.max(...planes)) * factor;
  if (most > MAX_NARROW) values = Float64Array.from(values);
  values[0] = sum;
  if (factor > 1) for (let i = 0; i < values.length; i += 1) values[i] = (values[i] ?? 0) * factor;
  return { rows, columns, scale, values };
}

/** One level of the transform: where its differences stand among all coefficients. */
interface Grid {
  readonly values: Int32Array | Float64Array;
  /** Length of a row of `values`. */
  readonly stride: number;
  /** Size of the level: what one step gives. */
  readonly rows: number;
  readonly columns: number;
  /** Size of its sums: the upper half, where the level before has its place. */
  readonly sumRows: number;
  readonly sumColumns: number;
}

function levelGrid(
  values: Int32Array | Float64Array,
  { rows, columns, level }: { rows: number; columns: number; level: number },
): Grid {
  const size = 2 ** level;
  const half = 2 ** (level + 1);
  return {
    values,
    stride: columns,
    rows: Math.ceil(rows / size),
    columns: Math.ceil(columns / size),
    sumRows: Math.ceil(rows / half),
    sumColumns: Math.ceil(columns / half),
  };
}

/** To the nearest whole number, halves away from zero. */
function round(value: number): number {
  return value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5);
}

/**
 * One step back, to twice the size. From the sum h of four neighbours and their differences along
 * rows (y), columns (x) and both (c) follow the four again. The packing leaves out low bits that
 * follow from the others, as the four numbers are all odd or all even: of c the bits below the
 * level's own, of x and y one more, of h two more; they are put back here.
 *
 * Sums are in units of the level's bit, so that what one step gives is what the next one needs.
 */
function inverseStep(sums: Int32Array | Float64Array, grid: Grid, unit: number): Float64Array {
  const { values, stride, rows, columns, sumRows, sumColumns } = grid;
  const next = new Float64Array(rows * columns);
  const perUnit = 1 / unit; // exact, and faster than dividing
  const last = unit === 1 ? 0.25 : 1;
  const pairsOfRows = rows >>> 1;
  const pairsOfColumns = columns >>> 1;
  for (let row = 0; row < sumRows; row += 1) {
    const hasBelow = row < pairsOfRows;
    const from = row * stride;
    const below = (sumRows + row) * stride;
    for (let i = 0; i < sumColumns; i += 1) {
      const hasRight = i < pairsOfColumns;
      const h = sums[row * sumColumns + i] ?? 0;
      const to = 2 * (row * columns + i);
      let x = hasBelow ? 2 * round((values[below + i] ?? 0) * perUnit * 0.5) : 0;
      let y = hasRight ? 2 * round((values[from + sumColumns + i] ?? 0) * perUnit * 0.5) : 0;
      const c = hasBelow && hasRight ? round((values[below + sumColumns + i] ?? 0) * perUnit) : 0;
      const odd = c & 1;
      x = x >= 0 ? x - odd : x + odd;
      y = y >= 0 ? y - odd : y + odd;
      const two = (c ^ x ^ y) & 2;
      const sum = h >= 0 || odd === 1 ? h + odd - two : h + two;
      next[to] = (sum - x - y + c) * last;
      if (hasRight) next[to + 1] = (sum - x + y - c) * last;
      if (hasBelow) next[to + columns] = (sum + x - y - c) * last;
      if (hasBelow && hasRight) next[to + columns + 1] = (sum + x + y + c) * last;
    }
  }
  return next;
}

/** As `inverseStep`, in 32 bits, and without branches that would depend on noise. */
function inverseNarrow(
  sums: Int32Array | Float64Array,
  grid: Grid & { values: Int32Array },
  level: number,
): Int32Array {
  const { values, stride, rows, columns, sumRows, sumColumns } = grid;
  const next = new Int32Array(rows * columns);
  const last = level === 0 ? 2 : 0;
  const pairsOfRows = rows >>> 1;
  const pairsOfColumns = columns >>> 1;
  // Halves go away from 0: negative numbers are rounded from one less. In the last level c is whole.
  const half = (1 << level) >> 1;
  const less = level === 0 ? 0 : -1;
  for (let row = 0; row < sumRows; row += 1) {
    const hasBelow = row < pairsOfRows;
    const from = row * stride + sumColumns;
    const below = (sumRows + row) * stride;
    for (let i = 0; i < sumColumns; i += 1) {
      const hasRight = i < pairsOfColumns;
      const h = sums[row * sumColumns + i] ?? 0;
      const to = 2 * (row * columns + i);
      let x = hasBelow ? (values[below + i] ?? 0) : 0;
      let y = hasRight ? (values[from + i] ?? 0) : 0;
      let c = hasBelow && hasRight ? (values[below + sumColumns + i] ?? 0) : 0;
      x = ((x + (1 << level) + (x >> 31)) >> (level + 1)) << 1;
      y = ((y + (1 << level) + (y >> 31)) >> (level + 1)) << 1;
      c = (c + half + ((c >> 31) & less)) >> level;
      const odd = c & 1;
      // Towards 0: the sign as -1 or 0 turns the step round.
      x -= (odd ^ (x >> 31)) - (x >> 31);
      y -= (odd ^ (y >> 31)) - (y >> 31);
      const two = (c ^ x ^ y) & 2;
      const down = (h >> 31) & (odd - 1);
      const sum = h + odd - ((two ^ down) - down);
      next[to] = (sum - x - y + c) >> last;
      if (hasRight) next[to + 1] = (sum - x + y - c) >> last;
      if (hasBelow) {
        next[to + columns] = (sum + x - y - c) >> last;
        if (hasRight) next[to + columns + 1] = (sum + x + y + c) >> last;
      }
    }
  }
  return next;
}

function isNarrow(grid: Grid): grid is Grid & { values: Int32Array } {
  return grid.values instanceof Int32Array;
}

/**
 * Changes the differences of a level so that the sums run on smoothly from cell to cell, by no more
 * than `most`, half the step of the packing: no more than what was rounded away.
 * FITS Standard 4.0 §10.4.4, parameter SMOOTH.
 */
function smoothLevel(
  sums: Int32Array | Float64Array,
  grid: Grid,
  { unit, most }: { unit: number; most: number },
): void {
  const { values, stride, rows, columns, sumRows, sumColumns } = grid;
  // Cells with neighbours on both sides; a last cell of one row or column does not count as one.
  const lastRow = Math.ceil(rows / 2 - 1);
  const lastColumn = Math.ceil(columns / 2 - 1);
  const sum = (row: number, column: number): number =>
    (sums[row * sumColumns + column] ?? 0) * unit;
  const change = (at: number, wanted: number, eighths: number): void => {
    const value = values[at] ?? 0;
    const step = Math.trunc((wanted - value * eighths) / eighths);
    values[at] = value + Math.max(-most, Math.min(most, step));
  };
  for (let row = 1; row < lastRow; row += 1) {
    for (let column = 0; column < sumColumns; column += 1) {
      const slope = slopeOf(sum(row - 1, column), sum(row, column), sum(row + 1, column));
      if (slope !== undefined) change((sumRows + row) * stride + column, slope, 8);
    }
  }
  for (let row = 0; row < sumRows; row += 1) {
    for (let column = 1; column < lastColumn; column += 1) {
      const slope = slopeOf(sum(row, column - 1), sum(row, column), sum(row, column + 1));
      if (slope !== undefined) change(row * stride + sumColumns + column, slope, 8);
    }
  }
  for (let row = 1; row < lastRow; row += 1) {
    for (let column = 1; column < lastColumn; column += 1) {
      const below = (sumRows + row) * stride;
      const twist = twistOf({
        here: sum(row, column),
        corners: [
          sum(row - 1, column - 1),
          sum(row - 1, column + 1),
          sum(row + 1, column - 1),
          sum(row + 1, column + 1),
        ],
        x: 2 * (values[below + column] ?? 0),
        y: 2 * (values[row * stride + sumColumns + column] ?? 0),
      });
      if (twist !== undefined) change(below + sumColumns + column, twist, 64);
    }
  }
}

/**
 * Eight times the difference that would carry the sums on from the cell before to the one after,
 * held to where they stay monotonic; undefined at a peak or a dip, where nothing is changed.
 */
function slopeOf(before: number, here: number, after: number): number | undefined {
  const [a, b] = [after - here, here - before];
  const most = 4 * Math.max(Math.min(a, b), 0);
  const least = 4 * Math.min(Math.max(a, b), 0);
  return least < most ? Math.max(least, Math.min(most, after - before)) : undefined;
}

/** As `slopeOf` for the diagonal difference, 64 times, from the four cells at the corners. */
function twistOf(cell: {
  here: number;
  corners: readonly [number, number, number, number];
  x: number;
  y: number;
}): number | undefined {
  const { here, corners, x, y } = cell;
  const [mm, mp, pm, pp] = corners;
  const up = (value: number): number => Math.max(value, 0);
  const down = (value: number): number => Math.min(value, 0);
  const most = Math.min(
    up(pp - here) - x - y,
    up(here - pm) + x - y,
    up(here - mp) - x + y,
    up(mm - here) + x + y,
  );
  const least = Math.max(
    down(pp - here) - x - y,
    down(here - pm) + x - y,
    down(here - mp) - x + y,
    down(mm - here) + x + y,
  );
  if (least >= most) return undefined;
  return Math.max(16 * least, Math.min(16 * most, pp + mm - mp - pm));
}

function damaged(what: string): AppError {
  return new AppError('fits_invalid', `A tile of HCOMPRESS_1 ${what}.`);
}
