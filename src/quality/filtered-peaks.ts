import type { Background } from './background.js';
import { createBoxes, WORD, type Boxes } from './boxes.js';
import type { Filter } from './filter.js';
import { createRunFilter, type RunFilter } from './filtered-runs.js';
import { createLines, type FillLine } from './lines.js';
import { createRuns, type Runs } from './runs.js';
import type { Bounds } from './surface.js';
import type { Picture } from './types.js';

/** Fills a row with what the filtered picture must be above at row `y`. */
export type RowLimits = (y: number) => Float64Array;

/** Takes a peak of the filtered picture and its height there. */
export type TakePeak = (x: number, y: number, value: number) => void;

const BLOCK_ROWS = 16;
/** Between lines: if they lay a power of two apart they would push each other out of the cache. */
const LINE_GAP = 40;
/** Sums are rounded: what counts is a little less. */
const ROUNDING = 1e-9;
const SHARE_ROUNDING = 1e-6;
const TIE = 1e-12;

interface Searched {
  readonly picture: Pick<Picture, 'pixels' | 'width' | 'height'>;
  readonly background: Background;
  readonly filter: Filter;
}

/** A row of the filtered picture, the background still in it, where it may be above the limit. */
interface FilteredRow {
  /** -Infinity elsewhere. */
  readonly values: Float64Array;
  readonly runs: Runs;
}

/** What is known of the rows about the one that is looked at. Of lines and bits row y is in slot y & mask. */
interface Scan {
  readonly searched: Searched;
  readonly taps: number;
  /** Pixels before the first one of a row in a line. */
  readonly pads: number;
  readonly mask: number;
  readonly lines: readonly Float64Array[];
  /** Sums along columns over this line and the w − 1 before it. */
  readonly sums: readonly Float64Array[];
  readonly bits: readonly Int32Array[];
  readonly boxes: Boxes;
  /** Of the block of rows that is being read, and of the one before it. */
  readonly bounds: readonly Bounds[];
  /** Row y is at y % 3. */
  readonly rows: readonly FilteredRow[];
  readonly runFilter: RunFilter;
}

/**
 * The peaks of a filtered picture. Its weights are those of a box of w × w pixels, twice, so that what is
 * high in it was so in a box: noise is in one of some thousand. Only there the filtered picture is worked
 * out. Boxes have the background in them and are held against the lowest that it can be; what it is
 * exactly is worked out where nothing else can tell.
 *
 * @param limits.above what counts
 * @param limits.near  the least of `above` about each pixel of the row, as far as the filter reaches
 */
export function eachFilteredPeak(
  searched: Searched,
  limits: { readonly above: RowLimits; readonly near: RowLimits },
  take: TakePeak,
): void {
  const { picture, background } = searched;
  const { height } = picture;
  const scan = createScan(searched);
  const { pads } = scan;
  const fillLine = createLines(picture, background, pads);
  for (let y = -pads; y < height + pads; y += 1) {
    if (y === -pads || y % BLOCK_ROWS === 0) enterBlock(scan, y, limits.near);
    enterLine(scan, y, fillLine);
    const complete = y - pads;
    if (complete >= 0) filterRow(scan, complete);
    if (complete > 0) collect(scan, complete - 1, limits.above(complete - 1), take);
  }
  clear(scan.rows[height % 3]);
  collect(scan, height - 1, limits.above(height - 1), take);
}

function createScan(searched: Searched): Scan {
  const { width } = searched.picture;
  const taps = searched.filter.width;
  const pads = taps - 1;
  const length = width + 2 * pads;
  // What a box reaches, and the line that leaves it.
  const kept = 2 ** Math.ceil(Math.log2(taps + 1));
  const slots = Array.from({ length: kept }, (_, slot) => slot);
  const stride = length + LINE_GAP;
  const room = new Float64Array(2 * kept * stride);
  const lineAt = (at: number): Float64Array => room.subarray(at * stride, at * stride + length);
  const boxes = createBoxes(length, taps);
  const pieces = boxes.least.length;
  return {
    searched,
    taps,
    pads,
    mask: kept - 1,
    lines: slots.map((slot) => lineAt(2 * slot)),
    sums: slots.map((slot) => lineAt(2 * slot + 1)),
    bits: slots.map(() => new Int32Array(pieces + 1)),
    boxes,
    bounds: [0, 1].map(() => ({
      // The middle of the first box.
      firstPx: -1.5 * pads,
      piecePx: WORD,
      reachPx: taps,
      low: new Float64Array(pieces),
      slope: new Float64Array(pieces),
    })),
    rows: [0, 1, 2].map(() => ({
      values: new Float64Array(width).fill(-Infinity),
      runs: createRuns(length),
    })),
    runFilter: createRunFilter(length, taps),
  };
}

/** Of the block in which boxes end that have their middle in row `y`. */
function boundsOf({ bounds, pads }: Scan, y: number): Bounds | undefined {
  return bounds[Math.floor((y + pads / 2) / BLOCK_ROWS) & 1];
}

/** Learns what boxes must hold to count that end in some rows, from `y` on, piece by piece. */
function enterBlock(scan: Scan, y: number, near: RowLimits): void {
  const { taps, pads, searched, boxes } = scan;
  const { width, height } = searched.picture;
  const { least } = boxes;
  const first = BLOCK_ROWS * Math.floor(y / BLOCK_ROWS) - pads / 2;
  const bounds = boundsOf(scan, first);
  if (bounds === undefined) return;
  const end = first + BLOCK_ROWS;
  searched.background.fillBounds({ first, end }, bounds);
  least.fill(Infinity);
  const inside = (at: number, count: number): number =>
    Math.min(count - 1, Math.max(0, Math.floor(at)));
  // Limits change from cell to cell, of which a piece meets two at most.
  for (const at of [first, end]) {
    const row = near(inside(at, height));
    for (let piece = 0; piece < least.length; piece += 1) {
      const left = bounds.firstPx + piece * WORD;
      const start = row[inside(left, width)] ?? NaN;
      least[piece] = Math.min(least[piece] ?? NaN, start, row[inside(left + WORD, width)] ?? NaN);
    }
  }
  const area = taps * taps;
  for (let piece = 0; piece < least.length; piece += 1) {
    // A filtered value is a sum over as many boxes: one of them has at least this share.
    const share = (least[piece] ?? NaN) / area;
    least[piece] = lowered(area * (bounds.low[piece] ?? NaN)) + share * (1 - SHARE_ROUNDING);
  }
}

function lowered(value: number): number {
  return value - Math.abs(value) * ROUNDING;
}

const NOTHING = new Float64Array(0);
const NO_BITS = new Int32Array(0);

function enterLine(scan: Scan, y: number, fillLine: FillLine): void {
  const { lines, sums, bits, boxes, taps, mask } = scan;
  const entering = lines[y & mask] ?? NOTHING;
  fillLine(y, entering);
  const move = {
    entering,
    leaving: lines[(y - taps) & mask] ?? NOTHING,
    before: sums[(y - 1) & mask] ?? NOTHING,
    sums: sums[y & mask] ?? NOTHING,
  };
  boxes.enter(move, bits[y & mask] ?? NO_BITS);
}

function clear(row: FilteredRow | undefined): void {
  if (row === undefined) return;
  const { values, runs } = row;
  for (let at = 0; at < runs.count; at += 2) {
    values.fill(-Infinity, runs.ends[at] ?? 0, runs.ends[at + 1] ?? 0);
  }
  runs.count = 0;
}

/** Works out a row of the filtered picture where one of the boxes is high that it is made of. */
function filterRow(scan: Scan, y: number): void {
  const { rows, bits, sums, taps, pads, mask, searched } = scan;
  const row = rows[y % 3];
  if (row === undefined) return;
  clear(row);
  const { runs } = row;
  runs.reset();
  for (let line = y; line < y + taps; line += 1) runs.join(bits[line & mask] ?? NO_BITS);
  // A filtered value lies as far before the last of its boxes as a pixel before the end of a line.
  runs.spread(taps, searched.picture.width, { after: pads, gap: 2 * pads });
  const before = y === 0 ? undefined : rows[(y + 2) % 3]?.runs;
  const lineAt = (after: number): Float64Array => sums[(y + after) & mask] ?? NOTHING;
  scan.runFilter.fill(runs, row.values, { lineAt, before });
}

/** Takes the peaks of a row of which the neighbours are known. */
function collect(scan: Scan, y: number, above: Float64Array, take: TakePeak): void {
  const { rows, taps } = scan;
  const row = rows[y % 3];
  const bounds = boundsOf(scan, y);
  if (row === undefined || bounds === undefined) return;
  const { values, runs } = row;
  const area = taps ** 4;
  for (let at = 0; at < runs.count; at += 2) {
    const end = runs.ends[at + 1] ?? 0;
    for (let x = runs.ends[at] ?? 0; x < end;) {
      const piece = (x - bounds.firstPx) >> 5;
      const pieceEnd = Math.min(end, Math.ceil(bounds.firstPx + (piece + 1) * WORD));
      const low = lowered(area * (bounds.low[piece] ?? NaN));
      const slope = area * (bounds.slope[piece] ?? NaN);
      for (; x < pieceEnd; x += 1) {
        const value = values[x] ?? NaN;
        const most = value + slope + Math.abs(value) * ROUNDING;
        if ((values[x + 1] ?? -Infinity) > most || (values[x - 1] ?? -Infinity) > most) continue;
        const limit = above[x] ?? NaN;
        if (!(value > low + limit * (1 - ROUNDING))) continue;
        if (hasHigherNear(rows, { x, y }, most)) continue;
        const height = heightOfPeak(scan, x, y);
        if (height > limit) take(x, y, height);
      }
    }
  }
}

/** Whether a neighbour is higher by more than the background can make it. */
function hasHigherNear(
  rows: readonly FilteredRow[],
  { x, y }: { x: number; y: number },
  most: number,
): boolean {
  for (let row = y; row < y + 3; row += 1) {
    const values = rows[row % 3]?.values ?? NOTHING;
    // Beyond the border there is nothing that is higher.
    if ((values[x] ?? 0) > most) return true;
    if (x > 0 && (values[x - 1] ?? 0) > most) return true;
    if (x + 1 < values.length && (values[x + 1] ?? 0) > most) return true;
  }
  return false;
}

/** Height above the background of what no neighbour tops; of equal ones the first. NaN for others. */
function heightOfPeak({ searched, rows, taps }: Scan, x: number, y: number): number {
  const under = searched.background.sumsAbout(x, y, taps);
  const heightAt = (across: number, up: number): number => {
    const values = rows[(y + up + 3) % 3]?.values ?? NOTHING;
    return (values[x + across] ?? -Infinity) - (under[3 * up + across + 4] ?? NaN);
  };
  const own = heightAt(0, 0);
  // On what is full neighbours are equal, but for the rounding of sums with the background in them.
  const alike = TIE * Math.abs(rows[y % 3]?.values[x] ?? NaN);
  for (let up = -1; up <= 1; up += 1) {
    for (let across = -1; across <= 1; across += 1) {
      if (up === 0 && across === 0) continue;
      const other = heightAt(across, up);
      const isBefore = up < 0 || (up === 0 && across < 0);
      if (other > (isBefore ? own - alike : own + alike)) return NaN;
    }
  }
  return own;
}
