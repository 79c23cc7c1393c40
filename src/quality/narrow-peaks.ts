import type { Background } from './background.js';
import { createRowFilter, type Filter } from './filter.js';
import type { Picture } from './types.js';

/** Fills a row with what the filtered picture must be above at row `y`. */
export type RowLimits = (y: number) => Float64Array;

/** Takes a peak of the filtered picture and its height there. */
export type TakePeak = (x: number, y: number, value: number) => void;

/** Rows that are kept: what the widest of the narrow filters reaches, and a row on both sides. */
const KEPT = 8;

/** Rows that were filtered along themselves, and where each is high. Row y is in slot y & 7. */
interface Ring {
  readonly width: number;
  readonly taps: number;
  readonly across: Float64Array;
  readonly places: Int32Array;
  readonly counts: Int32Array;
}

/**
 * The peaks of a picture under a narrow filter. What is high after both directions was so in some row
 * after the first, so that columns are added up only there: at a few of a hundred pixels.
 *
 * @param filter        at most of width 3
 * @param limits.above  what counts
 * @param limits.near   the least of `above` in this row and as far as the filter reaches
 */
export function eachNarrowPeak(
  { picture, background, filter }: Searched,
  limits: { readonly above: RowLimits; readonly near: RowLimits },
  take: TakePeak,
): void {
  const { width, height } = picture;
  const taps = filter.width;
  const ring: Ring = {
    width,
    taps,
    across: new Float64Array(KEPT * width),
    places: new Int32Array(KEPT * width),
    counts: new Int32Array(KEPT),
  };
  const filterAlong = createRowFilter(picture, background, taps);
  const slots = Array.from({ length: KEPT }, (_, slot) =>
    ring.across.subarray(slot * width, (slot + 1) * width),
  );
  const seen = new Int32Array(width).fill(-1);
  for (let row = 0; row < height + taps; row += 1) {
    const slot = row % KEPT;
    const across = slots[slot] ?? ring.across;
    if (row < height) filterAlong(row, across);
    else across.fill(0);
    ring.counts[slot] = row < height ? markHigh(ring, across, slot, limits.near(row)) : 0;
    const y = row - taps;
    if (y >= 0) collect(ring, { y, height, seen, above: limits.above(y) }, take);
  }
}

type Pixels = Pick<Picture, 'pixels' | 'width' | 'height'>;

interface Searched {
  readonly picture: Pixels;
  readonly background: Background;
  readonly filter: Filter;
}

/** Columns where a row is high enough that the sum over rows may count. Returns how many. */
function markHigh(ring: Ring, across: Float64Array, slot: number, near: Float64Array): number {
  const { places, taps, width } = ring;
  const first = slot * width;
  // The weights of the rows add up to w²; a little less, for sums are rounded.
  const share = (1 - 1e-9) / (taps * taps);
  let count = 0;
  for (let x = 0; x < width; x += 1) {
    if ((across[x] ?? 0) > share * (near[x] ?? NaN)) {
      places[first + count] = x;
      count += 1;
    }
  }
  return count;
}

interface Line {
  readonly y: number;
  readonly height: number;
  /** The row for which a column was last looked at. */
  readonly seen: Int32Array;
  readonly above: Float64Array;
}

function collect(ring: Ring, line: Line, take: TakePeak): void {
  const { places, counts, width, taps } = ring;
  const { y, seen, above } = line;
  for (let row = y - taps + 1; row < y + taps; row += 1) {
    const slot = row & (KEPT - 1);
    const end = slot * width + (counts[slot] ?? 0);
    for (let at = slot * width; at < end; at += 1) {
      const x = places[at] ?? 0;
      if (seen[x] === y) continue;
      seen[x] = y;
      const value = valueAt(ring, x, y);
      if (value > (above[x] ?? NaN) && isHighest(ring, line, x, value)) take(x, y, value);
    }
  }
}

function valueAt({ across, width, taps }: Ring, x: number, y: number): number {
  let sum = taps * (across[(y & (KEPT - 1)) * width + x] ?? 0);
  for (let step = 1; step < taps; step += 1) {
    const below = across[((y - step) & (KEPT - 1)) * width + x] ?? 0;
    const above = across[((y + step) & (KEPT - 1)) * width + x] ?? 0;
    sum += (taps - step) * (below + above);
  }
  return sum;
}

/** Of equal neighbours the first is the peak. */
function isHighest(ring: Ring, { y, height }: Line, x: number, value: number): boolean {
  for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row += 1) {
    for (let column = Math.max(0, x - 1); column <= Math.min(ring.width - 1, x + 1); column += 1) {
      if (row === y && column === x) continue;
      const other = valueAt(ring, column, row);
      const isBefore = row < y || (row === y && column < x);
      if (isBefore ? other >= value : other > value) return false;
    }
  }
  return true;
}
