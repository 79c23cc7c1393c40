import type { Range } from './stretch.js';

/** How often which values occur in an image: `counts[i]` of a sample lie in the i-th part of the range. */
export interface Histogram extends Range {
  readonly counts: readonly number[];
}

const BINS = 64;
/** Of each end of the values so much is left out: a hot pixel must not squeeze all others into one bar. */
const LEFT_OUT = 0.0005;
/** Room beside the cuts, as a part of the distance between them. */
const ROOM = 0.15;

/**
 * Counts a sample between nearly its least and greatest value; the range is wide enough for the cuts.
 *
 * @param sample finite values, in any order; sorted in place
 */
export function countValues(sample: Float64Array, cuts: Range): Histogram {
  const sorted = sample.sort();
  const last = sorted.length - 1;
  const skipped = Math.floor(sorted.length * LEFT_OUT);
  const room = (cuts.high - cuts.low) * ROOM;
  // Without a cap a bright star would leave the sky, where the cuts are, three pixels of the axis.
  const low = Math.min(cuts.low, Math.max(sorted[skipped] ?? cuts.low, cuts.low - 3 * room));
  const most = sorted[last - skipped] ?? cuts.high;
  const high = Math.max(cuts.high, Math.min(most, cuts.high + 4 * room));
  const counts = new Array<number>(BINS).fill(0);
  const scale = high > low ? BINS / (high - low) : 0;
  for (const value of sorted) {
    const bin = Math.floor((value - low) * scale);
    if (value > high || bin < 0) continue;
    const at = Math.min(BINS - 1, bin);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return { low, high, counts };
}
