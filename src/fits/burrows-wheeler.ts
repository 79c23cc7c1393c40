import type { createPace } from './pace.js';

const OUTPUT_BYTES = 64 * 1024;
const STEP = 50_000;

/** CRC-32 as bzip2 computes it: highest bit first, polynomial 0x04c11db7. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) sum = sum < 0 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  return sum;
});

/**
 * The last two steps of a bzip2 block: the inverse of the Burrows-Wheeler transform, and of the run
 * lengths before it, where four equal bytes are followed by the number of more of them.
 * Burrows & Wheeler 1994 (SRC Research Report 124).
 */
export class BurrowsWheeler {
  /** The transformed bytes, to be filled in; later, in the upper bits, where the next byte is. */
  readonly entries: Int32Array;
  /** How often each byte is among the entries; to be filled in. */
  readonly counts = new Uint32Array(256);
  private link = 0;
  private left = 0;
  private last = -1;
  private same = 0; // equal bytes so far, at most 4
  private repeat = 0; // copies of `last` that are still to come
  private crc = -1;

  constructor(readonly capacity: number) {
    this.entries = new Int32Array(capacity);
  }

  /** Check sum of what has come out since the start of the block. */
  get sum(): number {
    return ~this.crc >>> 0;
  }

  /**
   * Puts the entries in order.
   *
   * @param length number of entries
   * @param origin the entry that stands for the original text, less than `length`
   */
  async order(length: number, origin: number, pace: ReturnType<typeof createPace>): Promise<void> {
    const starts = new Uint32Array(256);
    for (let byte = 1; byte < 256; byte += 1) {
      starts[byte] = (starts[byte - 1] ?? 0) + (this.counts[byte - 1] ?? 0);
    }
    for (let from = 0; from < length; from += STEP) {
      this.orderStep(starts, from, Math.min(length, from + STEP));
      await pace();
    }
    this.link = (this.entries[origin] ?? 0) >>> 8;
    this.left = length;
    this.last = -1;
    this.same = 0;
    this.repeat = 0;
    this.crc = -1;
  }

  /** The next bytes of the text, up to 64 kB; none at its end. */
  nextChunk(): Uint8Array {
    const output = new Uint8Array(OUTPUT_BYTES);
    const { entries } = this;
    let { link, left, last, same, repeat, crc } = this;
    let filled = 0;
    while (filled < OUTPUT_BYTES) {
      if (repeat > 0) {
        repeat -= 1;
      } else {
        if (left === 0) break;
        left -= 1;
        const entry = entries[link] ?? 0;
        link = entry >>> 8;
        const byte = entry & 0xff;
        if (same === 4) {
          repeat = byte;
          same = 0;
          continue;
        }
        same = byte === last ? same + 1 : 1;
        last = byte;
      }
      output[filled] = last;
      filled += 1;
      crc = (crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ last] ?? 0);
    }
    this.link = link;
    this.left = left;
    this.last = last;
    this.same = same;
    this.repeat = repeat;
    this.crc = crc;
    return output.subarray(0, filled);
  }

  private orderStep(starts: Uint32Array, from: number, to: number): void {
    const { entries } = this;
    for (let index = from; index < to; index += 1) {
      const byte = (entries[index] ?? 0) & 0xff;
      const place = starts[byte] ?? 0;
      starts[byte] = place + 1;
      entries[place] = (entries[place] ?? 0) | (index << 8);
    }
  }
}
