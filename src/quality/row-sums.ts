import type { Background } from './background.js';
import { LIMIT_SIGMA } from './filter.js';
import type { Picture } from './types.js';

/** Filters rows of a picture along themselves with the weights 1, 2 … w … 2, 1. */
export interface RowSums {
  /**
   * Fills the sums along row `y`, in which the background still is, w² times as high, and marks where
   * they are high. Returns at how many places.
   */
  fill(y: number, sums: Float64Array, marks: Marks): number;
  /** The same for a row beyond the image, which counts as background. */
  fillBeyond(y: number, sums: Float64Array): void;
}

type Pixels = Pick<Picture, 'pixels' | 'width' | 'height'>;

/**
 * Pixels without a value and what lies beyond the border count as background.
 *
 * @param taps the w above: 2, 3 or 4
 */
export function createRowSums(picture: Pixels, background: Background, taps: number): RowSums {
  const { pixels, width } = picture;
  const add = taps === 2 ? addTwo : taps === 3 ? addThree : addFour;
  // As many as reach into the row from both sides.
  const pads = taps - 1;
  const line = new Float64Array(width + 2 * pads);
  const limit = LIMIT_SIGMA * Math.max(background.noise, background.step);
  const unmarked: Marks = {
    piecePx: width,
    least: new Float64Array([Infinity]),
    places: new Int32Array(0),
  };
  const fillPads = (y: number): void => {
    for (let pad = 1; pad <= pads; pad += 1) {
      line[pads - pad] = background.valueAt(-pad, y);
      line[pads + width - 1 + pad] = background.valueAt(width - 1 + pad, y);
    }
  };
  return {
    fill(y, sums, marks) {
      line.set(pixels.subarray(y * width, (y + 1) * width), pads);
      fillPads(y);
      if (!(pixels instanceof Uint16Array)) {
        mendLine(line, { level: background.level, limit }, (i) => background.valueAt(i - pads, y));
      }
      return add(line, sums, marks);
    },
    fillBeyond(y, sums) {
      background.fillRow(y, line.subarray(pads, pads + width));
      fillPads(y);
      add(line, sums, unmarked);
    },
  };
}

/** Puts the background where there is no value, and what sums of doubles can hold where there is more. */
function mendLine(
  line: Float64Array,
  { level, limit }: { level: number; limit: number },
  under: (index: number) => number,
): void {
  const [least, most] = [level - limit / 2, level + limit / 2];
  for (let i = 0; i < line.length; i += 1) {
    const value = line[i] ?? NaN;
    if (value > least && value < most) continue;
    const base = under(i);
    const rest = Number.isNaN(value) ? 0 : Math.min(limit, Math.max(-limit, value - base));
    line[i] = base + rest;
  }
}

/** Where sums are high: what they must be above, piece by piece, and the columns where they are. */
export interface Marks {
  /** Columns of a piece. */
  readonly piecePx: number;
  /** For each piece. */
  readonly least: Float64Array;
  /** Filled from the beginning. */
  readonly places: Int32Array;
}

/** Returns how many places were marked. */
type AddUp = (line: Float64Array, sums: Float64Array, marks: Marks) => number;

/** Weights 1, 2, 1 are those of a sum of two, twice. */
const addTwo: AddUp = (line, sums, { piecePx, least, places }) => {
  let count = 0;
  let last = line[1] ?? 0;
  let pair = (line[0] ?? 0) + last;
  for (let piece = 0, x = 0; piece < least.length; piece += 1) {
    const bound = least[piece] ?? NaN;
    for (const end = Math.min(sums.length, x + piecePx); x < end; x += 1) {
      const next = line[x + 2] ?? 0;
      const nextPair = last + next;
      const sum = pair + nextPair;
      sums[x] = sum;
      if (sum > bound) {
        places[count] = x;
        count += 1;
      }
      last = next;
      pair = nextPair;
    }
  }
  return count;
};

/** Weights 1, 2, 3, 2, 1 are those of a sum of three, twice. */
const addThree: AddUp = (line, sums, { piecePx, least, places }) => {
  let count = 0;
  let before = line[2] ?? 0;
  let last = line[3] ?? 0;
  let middle = (line[1] ?? 0) + before + last;
  let start = (line[0] ?? 0) + (line[1] ?? 0) + before;
  for (let piece = 0, x = 0; piece < least.length; piece += 1) {
    const bound = least[piece] ?? NaN;
    for (const end = Math.min(sums.length, x + piecePx); x < end; x += 1) {
      const next = line[x + 4] ?? 0;
      const three = before + last + next;
      const sum = start + middle + three;
      sums[x] = sum;
      if (sum > bound) {
        places[count] = x;
        count += 1;
      }
      start = middle;
      middle = three;
      before = last;
      last = next;
    }
  }
  return count;
};

/** Weights 1, 2, 3, 4, 3, 2, 1, each sum for itself: running sums would wait for each other. */
const addFour: AddUp = (line, sums, { piecePx, least, places }) => {
  let count = 0;
  let a = line[0] ?? 0;
  let b = line[1] ?? 0;
  let c = line[2] ?? 0;
  let d = line[3] ?? 0;
  let e = line[4] ?? 0;
  let f = line[5] ?? 0;
  for (let piece = 0, x = 0; piece < least.length; piece += 1) {
    const bound = least[piece] ?? NaN;
    for (const end = Math.min(sums.length, x + piecePx); x < end; x += 1) {
      const g = line[x + 6] ?? 0;
      const sum = 4 * d + 3 * (c + e) + 2 * (b + f) + (a + g);
      sums[x] = sum;
      if (sum > bound) {
        places[count] = x;
        count += 1;
      }
      a = b;
      b = c;
      c = d;
      d = e;
      e = f;
      f = g;
    }
  }
  return count;
};
