import type { Background } from './background.js';
import type { Picture } from './types.js';

/**
 * A filter that is nearly a gaussian and costs the same for any width: two running means, along rows
 * and along columns. Its weights are 1, 2 … w … 2, 1 across, and their products.
 */
export interface Filter {
  /** The w above. */
  readonly width: number;
  /** What the noise of single pixels becomes: √Σ weight². */
  readonly noiseGain: number;
}

/** The filter that comes closest to a star of this full width at half maximum. */
export function filterFor(fwhmPx: number): Filter {
  const sigma = fwhmPx / 2.3548;
  // The variance of the weights is (w² − 1) / 6.
  const width = Math.min(MAX_WIDTH, Math.max(2, Math.round(Math.sqrt(6 * sigma * sigma + 1))));
  return { width, noiseGain: (width * (2 * width * width + 1)) / 3 };
}

const MAX_WIDTH = 16;
/** Pixels that stand out by more than this many sigma would leave traces in sums of doubles. */
export const LIMIT_SIGMA = 1e7;

/** The part of a picture that is filtered: rows [firstRow, endRow). */
export interface Rows {
  readonly firstRow: number;
  readonly endRow: number;
}

/** Takes a filtered row; `row` stays as it is for two more calls. */
export type TakeRow = (y: number, row: Float64Array) => void;

/**
 * Filters what stands out of the background, row by row, holding few rows. Pixels without a value
 * and what lies beyond the border count as background.
 */
export function filterRows(
  picture: Pick<Picture, 'pixels' | 'width' | 'height'>,
  background: Background,
  { width: taps }: Filter,
  { firstRow, endRow }: Rows,
  take: TakeRow,
): void {
  const { width, height } = picture;
  const filterAlong = createRowFilter(picture, background, taps);
  const addRow = taps <= SHORT ? shortColumns(width, taps) : longColumns(width, taps);
  const empty = new Float64Array(width);
  const across = new Float64Array(width);
  const filtered = [0, 1, 2].map(() => new Float64Array(width));
  const delay = taps - 1;
  for (let y = firstRow - delay; y < endRow + delay; y += 1) {
    const isInside = y >= 0 && y < height;
    if (isInside) filterAlong(y, across);
    const row = filtered[(y + 3 * taps) % 3] ?? empty;
    addRow(isInside ? across : empty, row);
    if (y - delay >= firstRow) take(y - delay, row);
  }
}

/** Up to this width adding weighted neighbours is quicker than running sums. */
const SHORT = 3;

/** Filters rows of the picture along themselves. */
export function createRowFilter(
  { pixels, width }: Pick<Picture, 'pixels' | 'width' | 'height'>,
  background: Background,
  taps: number,
): (y: number, across: Float64Array) => void {
  const limit = LIMIT_SIGMA * Math.max(background.noise, background.step);
  const line = new Float64Array(width);
  const under = new Float64Array(width);
  const padded = new Float64Array(width + 4 * taps);
  const above = padded.subarray(2 * taps, 2 * taps + width);
  const once = new Float64Array(padded.length);
  return (y, across) => {
    background.fillRow(y, under);
    const row = pixels.subarray(y * width, (y + 1) * width);
    // Whole numbers of 16 bits all have a value that sums of doubles can hold.
    if (row instanceof Uint16Array) {
      subtractWhole(row, under, above);
    } else {
      line.set(row);
      subtract(line, under, { above, limit });
    }
    if (taps <= SHORT) addAlong(padded, across, taps);
    else sumAlong(padded, across, { once, taps });
  };
}

function subtractWhole(row: Uint16Array, under: Float64Array, above: Float64Array): void {
  for (let x = 0; x < row.length; x += 1) above[x] = (row[x] ?? 0) - (under[x] ?? 0);
}

function subtract(
  line: Float64Array,
  under: Float64Array,
  { above, limit }: { above: Float64Array; limit: number },
): void {
  for (let x = 0; x < line.length; x += 1) {
    const value = (line[x] ?? 0) - (under[x] ?? 0);
    above[x] = value > -limit && value < limit ? value : tame(value, limit);
  }
}

function addAlong(padded: Float64Array, across: Float64Array, taps: number): void {
  const far = taps - 2;
  const near = taps - 1;
  const first = 2 * taps;
  let start = padded[first - 2] ?? 0;
  let before = padded[first - 1] ?? 0;
  let middle = padded[first] ?? 0;
  let after = padded[first + 1] ?? 0;
  for (let x = 0; x < across.length; x += 1) {
    const end = padded[x + first + 2] ?? 0;
    across[x] = taps * middle + near * (before + after) + far * (start + end);
    start = before;
    before = middle;
    middle = after;
    after = end;
  }
}

function sumAlong(
  padded: Float64Array,
  across: Float64Array,
  { once, taps }: { once: Float64Array; taps: number },
): void {
  let first = 0;
  let second = 0;
  for (let i = taps; i < across.length + 3 * taps - 1; i += 1) {
    first += (padded[i] ?? 0) - (padded[i - taps] ?? 0);
    once[i] = first;
    second += first - (once[i - taps] ?? 0);
    // The first values belong to pixels before the border and are not kept.
    if (i >= 3 * taps - 1) across[i - 3 * taps + 1] = second;
  }
}

/** Takes a row that was filtered along itself, gives one that is filtered both ways, w − 1 rows later. */
type Columns = (across: Float64Array, filtered: Float64Array) => void;

function shortColumns(width: number, taps: number): Columns {
  const ring = Array.from({ length: 2 * taps - 1 }, () => new Float64Array(width));
  let step = 0;
  return (across, filtered) => {
    const rowAgo = (rows: number): Float64Array =>
      ring[(step + ring.length - rows) % ring.length] ?? across;
    rowAgo(0).set(across);
    const middle = rowAgo(taps - 1);
    if (taps === 2) addTwo(filtered, middle, [rowAgo(0), rowAgo(2)]);
    else addFour(filtered, middle, [rowAgo(0), rowAgo(1), rowAgo(3), rowAgo(4)]);
    step += 1;
  };
}

type Row = Float64Array;

function addTwo(filtered: Row, middle: Row, [above, below]: readonly [Row, Row]): void {
  for (let x = 0; x < filtered.length; x += 1) {
    filtered[x] = 2 * (middle[x] ?? 0) + (above[x] ?? 0) + (below[x] ?? 0);
  }
}

function addFour(
  filtered: Row,
  middle: Row,
  [end, above, below, start]: readonly [Row, Row, Row, Row],
): void {
  for (let x = 0; x < filtered.length; x += 1) {
    const near = 2 * ((above[x] ?? 0) + (below[x] ?? 0));
    filtered[x] = 3 * (middle[x] ?? 0) + near + (end[x] ?? 0) + (start[x] ?? 0);
  }
}

function longColumns(width: number, taps: number): Columns {
  const make = (): Float64Array => new Float64Array(width);
  const rows = Array.from({ length: taps }, make);
  const sums = Array.from({ length: taps + 1 }, make);
  const twice = make();
  let step = 0;
  return (across, filtered) => {
    const at = (ring: readonly Row[], place: number): Row => ring[place % ring.length] ?? twice;
    // The slot of `now` holds the sum of w + 1 rows ago; the one of w rows ago comes after it.
    const now = at(sums, step);
    const oldest = at(rows, step);
    addToSums(across, oldest, { before: at(sums, step + taps), now });
    addToSums(now, at(sums, step + 1), { before: twice, now: twice });
    oldest.set(across);
    filtered.set(twice);
    step += 1;
  };
}

/** A running sum goes on by a row that comes in and one that leaves. */
function addToSums(entering: Row, leaving: Row, { before, now }: { before: Row; now: Row }): void {
  for (let x = 0; x < now.length; x += 1) {
    now[x] = (before[x] ?? 0) + (entering[x] ?? 0) - (leaving[x] ?? 0);
  }
}

function tame(value: number, limit: number): number {
  return Number.isNaN(value) ? 0 : Math.sign(value) * limit;
}

/** The filtered value at one pixel, as `filterRows` gives it. */
export function filteredAt(
  { pixels, width, height }: Pick<Picture, 'pixels' | 'width' | 'height'>,
  background: Background,
  { width: taps }: Filter,
  { x, y }: { x: number; y: number },
): number {
  const under = background.at(x, y);
  const reach = taps - 1;
  let sum = 0;
  for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row += 1) {
    const weight = taps - Math.abs(row - y);
    for (let at = Math.max(0, x - reach); at <= Math.min(width - 1, x + reach); at += 1) {
      const value = (pixels[row * width + at] ?? NaN) - under;
      if (value - value === 0) sum += value * weight * (taps - Math.abs(at - x));
    }
  }
  return sum;
}
