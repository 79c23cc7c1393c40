/** Parts of a row, in order. */
export interface Parts {
  /** Where parts begin and end, in turn; the end is not part of it. */
  readonly ends: Int32Array;
  /** How many of `ends` are good: twice the parts. */
  count: number;
}

/** Parts of a row that are found by the bits of its places. */
export interface Runs extends Parts {
  /** Forgets all bits. */
  reset(): void;
  /** Adds the bits of a line: place i is bit i & 31 of word i >> 5. */
  join(bits: Int32Array): void;
  /**
   * Finds the parts of a row of `width` places that have a bit: one of the `reach` that begin at `after`,
   * from the place on. Parts with no more than `gap` places between them become one.
   */
  spread(reach: number, width: number, options: { after: number; gap: number }): void;
}

/** @param length most places of a line */
export function createRuns(length: number): Runs {
  // A word after the last one has no bits.
  const words = new Int32Array(Math.ceil(length / 32) + 1);
  const ends = new Int32Array(length + 2);
  const runs: Runs = {
    ends,
    count: 0,
    reset: () => words.fill(0),
    join: (bits) => {
      for (let word = 0; word < words.length; word += 1) {
        words[word] = (words[word] ?? 0) | (bits[word] ?? 0);
      }
    },
    spread: (reach, width, { after, gap }) => {
      widen(words, reach);
      runs.count = findParts(words, ends, { width, after, gap });
    },
  };
  return runs;
}

/** Sets the bits of `reach` - 1 places before each one, in steps that double what is reached. */
function widen(words: Int32Array, reach: number): void {
  for (let reached = 1; reached < reach;) {
    const step = Math.min(reached, reach - reached);
    for (let word = 0; word + 1 < words.length; word += 1) {
      const bits = words[word] ?? 0;
      words[word] = bits | (bits >>> step) | ((words[word + 1] ?? 0) << (32 - step));
    }
    reached += step;
  }
}

function findParts(
  words: Int32Array,
  ends: Int32Array,
  { width, after, gap }: { width: number; after: number; gap: number },
): number {
  let count = 0;
  let isIn = false;
  for (let word = 0; word < words.length; word += 1) {
    let bits = words[word] ?? 0;
    // From each change to the next: what is left is turned over, so that the change is the lowest bit.
    if (isIn) bits = ~bits;
    while (bits !== 0) {
      const bit = 31 - Math.clz32(bits & -bits);
      const place = Math.min(width, Math.max(0, 32 * word + bit - after));
      const isNear = !isIn && count > 0 && place - (ends[count - 1] ?? 0) <= gap;
      if (isNear) count -= 1;
      else ends[count++] = place;
      isIn = !isIn;
      bits = bit === 31 ? 0 : ~bits & (-1 << bit);
    }
  }
  if (isIn) ends[count++] = width;
  return count;
}
