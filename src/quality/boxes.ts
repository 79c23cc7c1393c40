/** Sums of a picture over boxes of taps × taps pixels, row by row. */
export interface Boxes {
  /**
   * A line of pixels comes in, the one of `taps` rows ago leaves. Sets the bits of the boxes that end in
   * this line and hold more than they must to count.
   */
  enter(move: Move, bits: Int32Array): void;
  /** What boxes must hold more than, for each piece of a line. */
  readonly least: Float64Array;
}

/** From the sums along the columns of the boxes of the line before to those of this one. */
export interface Move {
  readonly entering: Float64Array;
  readonly leaving: Float64Array;
  readonly before: Float64Array;
  /** Is filled. */
  readonly sums: Float64Array;
}

/** Places that a word of bits stands for. */
export const WORD = 32;

/**
 * Boxes are told by the last pixel that they hold. The bit of pixel `i` of a line is bit `i & 31` of word
 * `i >> 5`, and piece `i >> 5` has the limit for it.
 *
 * @param length pixels of a line
 */
export function createBoxes(length: number, taps: number): Boxes {
  const least = new Float64Array(Math.ceil(length / WORD));
  return {
    least,
    enter: (move, bits) => {
      scan(move, { taps, least, bits });
    },
  };
}

/**
 * Running sums along columns, and of those along the line; before the line there is nothing. Four places in
 * turn are written out, which takes two thirds of the time: it is done for every pixel of a picture.
 */
function scan(
  { entering, leaving, before, sums }: Move,
  { taps, least, bits }: { taps: number; least: Float64Array; bits: Int32Array },
): void {
  let box = 0;
  for (let i = 0; i < taps; i += 1) {
    const sum = (before[i] ?? 0) + (entering[i] ?? 0) - (leaving[i] ?? 0);
    sums[i] = sum;
    box += sum;
  }
  let high = box > (least[0] ?? NaN) ? 1 << (taps - 1) : 0;
  for (let piece = 0, i = taps; piece < least.length; piece += 1) {
    const bound = least[piece] ?? NaN;
    const end = Math.min(entering.length, WORD * (piece + 1));
    for (; i + 3 < end; i += 4) {
      const sum0 = (before[i] ?? 0) + (entering[i] ?? 0) - (leaving[i] ?? 0);
      sums[i] = sum0;
      const box0 = box + (sum0 - (sums[i - taps] ?? 0));
      const sum1 = (before[i + 1] ?? 0) + (entering[i + 1] ?? 0) - (leaving[i + 1] ?? 0);
      sums[i + 1] = sum1;
      const box1 = box0 + (sum1 - (sums[i + 1 - taps] ?? 0));
      const sum2 = (before[i + 2] ?? 0) + (entering[i + 2] ?? 0) - (leaving[i + 2] ?? 0);
      sums[i + 2] = sum2;
      const box2 = box1 + (sum2 - (sums[i + 2 - taps] ?? 0));
      const sum3 = (before[i + 3] ?? 0) + (entering[i + 3] ?? 0) - (leaving[i + 3] ?? 0);
      sums[i + 3] = sum3;
      box = box2 + (sum3 - (sums[i + 3 - taps] ?? 0));
      if (box0 > bound) high |= 1 << i;
      if (box1 > bound) high |= 2 << i;
      if (box2 > bound) high |= 4 << i;
      if (box > bound) high |= 8 << i;
    }
    for (; i < end; i += 1) {
      const sum = (before[i] ?? 0) + (entering[i] ?? 0) - (leaving[i] ?? 0);
      sums[i] = sum;
      box += sum - (sums[i - taps] ?? 0);
      if (box > bound) high |= 1 << i;
    }
    bits[piece] = high;
    high = 0;
  }
}
