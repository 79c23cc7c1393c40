import type { Background } from './background.js';
import type { Filter } from './filter.js';
import { createRowSums, type Marks } from './row-sums.js';
import type { Bounds } from './surface.js';
import type { Picture } from './types.js';

/** Fills a row with what the filtered picture must be above at row `y`. */
export type RowLimits = (y: number) => Float64Array;

/** Takes a peak of the filtered picture and its height there. */
export type TakePeak = (x: number, y: number, value: number) => void;

/** Up to this width so few places are high in some row that adding up only there is quicker than everywhere. */
export const NARROW = 4;
/** Rows that are kept: what the widest of the narrow filters reaches, and a row on both sides. */
const KEPT = 16;
/** Size of the pieces for which it is known how low the background may be. */
const PIECE_PX = 32;
const BLOCK_ROWS = 16;
const ROW_GAP = 40;
/** Sums are rounded: what counts is a little less. */
const ROUNDING = 1 - 1e-9;

type Pixels = Pick<Picture, 'pixels' | 'width' | 'height'>;

interface Searched {
  readonly picture: Pixels;
  readonly background: Background;
  readonly filter: Filter;
}

/** What is known of the rows about the one that is looked at. Row y is in slot y & 15. */
interface Ring {
  readonly searched: Searched;
  readonly taps: number;
  /** From a row to the next in `sums`. */
  readonly stride: number;
  /** Rows that were filtered along themselves, the background still in them. */
  readonly sums: Float64Array;
  /** The same, each in its slot, and where it is so high that the filtered picture may be above the limit. */
  readonly slots: readonly { readonly sums: Float64Array; readonly marks: Marks }[];
  readonly counts: Int32Array;
  /** What sums must be above in the block of rows that is being read, for each piece of a row. */
  readonly least: Float64Array;
  /** Of the block of rows that is being read, and of the one before it. */
  readonly bounds: readonly Bounds[];
  /** The row for which a column was last looked at. */
  readonly seen: Int32Array;
  /** The background about a pixel. */
  readonly patch: Float64Array;
}

/**
 * The peaks of a picture under a narrow filter. What is high after both directions was so in some row
 * after the first, so that columns are added up only there: at a few of a hundred pixels. Rows are
 * added up with the background in them and held against the lowest that it can be; what it is exactly
 * is worked out where nothing else can tell.
 *
 * @param filter        at most of width NARROW
 * @param limits.above  what counts
 * @param limits.near   the least of `above` in this row and as far as the filter reaches
 */
export function eachNarrowPeak(
  searched: Searched,
  limits: { readonly above: RowLimits; readonly near: RowLimits },
  take: TakePeak,
): void {
  const { height } = searched.picture;
  const ring = createRing(searched);
  const { taps, slots, counts } = ring;
  const rowSums = createRowSums(searched.picture, searched.background, taps);
  for (let row = 1 - taps; row < height + taps; row += 1) {
    const slot = row & (KEPT - 1);
    const room = slots[slot];
    if (room === undefined) return;
    const isInside = row >= 0 && row < height;
    if (isInside && row % BLOCK_ROWS === 0) enterBlock(ring, row, limits.near);
    counts[slot] = isInside ? rowSums.fill(row, room.sums, room.marks) : 0;
    if (!isInside) rowSums.fillBeyond(row, room.sums);
    const y = row - taps;
    if (y >= 0) collect(ring, y, limits.above(y), take);
  }
}

function createRing(searched: Searched): Ring {
  const { width } = searched.picture;
  const taps = searched.filter.width;
  const pieces = Math.ceil(width / PIECE_PX);
  const least = new Float64Array(pieces);
  // Rows that lie a power of two apart would push each other out of the cache of the processor.
  const stride = width + ROW_GAP;
  const sums = new Float64Array(KEPT * stride);
  return {
    searched,
    taps,
    stride,
    sums,
    slots: Array.from({ length: KEPT }, (_, slot) => ({
      sums: sums.subarray(slot * stride, slot * stride + width),
      marks: { piecePx: PIECE_PX, least, places: new Int32Array(width) },
    })),
    least,
    counts: new Int32Array(KEPT),
    bounds: [0, 1].map(() => ({
      piecePx: PIECE_PX,
      low: new Float64Array(pieces),
      slope: new Float64Array(pieces),
    })),
    seen: new Int32Array(width).fill(-1),
    patch: new Float64Array((2 * taps + 1) ** 2),
  };
}

function boundsOf({ bounds }: Ring, y: number): Bounds | undefined {
  return bounds[Math.floor(y / BLOCK_ROWS) % 2];
}

/** Learns of some rows what the sums along them must at least be to count, piece by piece. */
function enterBlock(ring: Ring, first: number, near: RowLimits): void {
  const { taps, searched, least } = ring;
  const { width, height } = searched.picture;
  const bounds = boundsOf(ring, first);
  if (bounds === undefined) return;
  const end = Math.min(height, first + BLOCK_ROWS);
  searched.background.fillBounds({ first, end }, bounds);
  least.fill(Infinity);
  // Limits change from cell to cell, of which a piece meets two at most.
  for (const y of [first, end - 1]) {
    const row = near(y);
    for (let piece = 0; piece < least.length; piece += 1) {
      const left = row[piece * PIECE_PX] ?? NaN;
      const right = row[Math.min(width, (piece + 1) * PIECE_PX) - 1] ?? NaN;
      least[piece] = Math.min(least[piece] ?? NaN, left, right);
    }
  }
  for (let piece = 0; piece < least.length; piece += 1) {
    // The weights of the rows add up to w²: one of them has at least this share.
    const share = (least[piece] ?? NaN) / (taps * taps);
    least[piece] = lowered(taps * taps * (bounds.low[piece] ?? NaN) + share);
  }
}

function lowered(value: number): number {
  return value > 0 ? value * ROUNDING : value / ROUNDING;
}

function collect(ring: Ring, y: number, above: Float64Array, take: TakePeak): void {
  const { slots, counts, taps, seen } = ring;
  const bounds = boundsOf(ring, y);
  if (bounds === undefined) return;
  const area = taps ** 4;
  for (let row = y - taps + 1; row < y + taps; row += 1) {
    const slot = row & (KEPT - 1);
    const columns = slots[slot]?.marks.places ?? seen;
    const end = counts[slot] ?? 0;
    for (let at = 0; at < end; at += 1) {
      const x = columns[at] ?? 0;
      if (seen[x] === y) continue;
      seen[x] = y;
      const piece = Math.floor(x / PIECE_PX);
      const value = sumAt(ring, x, y);
      const limit = above[x] ?? NaN;
      if (!(value > lowered(area * (bounds.low[piece] ?? NaN) + limit))) continue;
      if (hasHigherNear(ring, { x, y, value }, area * (bounds.slope[piece] ?? NaN))) continue;
      const height = heightOfPeak(ring, x, y);
      if (height > limit) take(x, y, height);
    }
  }
}

/** The filtered picture with the filtered background still in it. */
function sumAt({ sums, stride, taps }: Ring, x: number, y: number): number {
  const at = (row: number): number => sums[(row & (KEPT - 1)) * stride + x] ?? 0;
  // Of the narrowest filter the outer rows have the weight 0.
  const inner =
    taps * at(y) + (taps - 1) * (at(y - 1) + at(y + 1)) + (taps - 2) * (at(y - 2) + at(y + 2));
  return taps <= 3 ? inner : inner + (taps - 3) * (at(y - 3) + at(y + 3));
}

interface Sum {
  readonly x: number;
  readonly y: number;
  readonly value: number;
}

/** Whether a neighbour is higher by more than the background can make it. */
function hasHigherNear(ring: Ring, { x, y, value }: Sum, slope: number): boolean {
  const { width, height } = ring.searched.picture;
  const most = (value + slope) * (1 + 1e-9);
  for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row += 1) {
    for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column += 1) {
      if (sumAt(ring, column, row) > most) return true;
    }
  }
  return false;
}

/** Height above the background of what no neighbour tops; of equal ones the first. NaN for others. */
function heightOfPeak(ring: Ring, x: number, y: number): number {
  const { searched, taps, patch } = ring;
  const { width, height } = searched.picture;
  const side = 2 * taps + 1;
  for (let row = 0, i = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1, i += 1) {
      patch[i] = searched.background.valueAt(x - taps + column, y - taps + row);
    }
  }
  const own = sumAt(ring, x, y) - patchSum(ring, 0, 0);
  for (let up = -1; up <= 1; up += 1) {
    for (let across = -1; across <= 1; across += 1) {
      const isOwn = up === 0 && across === 0;
      const [column, row] = [x + across, y + up];
      if (isOwn || column < 0 || row < 0 || column >= width || row >= height) continue;
      const other = sumAt(ring, column, row) - patchSum(ring, across, up);
      const isBefore = up < 0 || (up === 0 && across < 0);
      if (isBefore ? other >= own : other > own) return NaN;
    }
  }
  return own;
}

/** The filtered background at a pixel next to the middle of the patch. */
function patchSum({ taps, patch }: Ring, across: number, up: number): number {
  const side = 2 * taps + 1;
  let sum = 0;
  for (let row = 1 - taps; row < taps; row += 1) {
    const first = (taps + up + row) * side + taps + across;
    let along = 0;
    for (let step = 1 - taps; step < taps; step += 1) {
      along += (taps - Math.abs(step)) * (patch[first + step] ?? NaN);
    }
    sum += (taps - Math.abs(row)) * along;
  }
  return sum;
}
