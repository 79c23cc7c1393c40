/**
 * The Mersenne Twister, seeded and read as Python's `random` does (M. Matsumoto, T. Nishimura, "Mersenne
 * Twister", ACM TOMACS 8, 1998): so the rows are those that the reference archive was measured with.
 */
const WORDS = 624;
const MIDDLE = 397;

/** @param seed a whole number below 2³² */
export function createRandom(seed) {
  const state = seeded(seed);
  let at = WORDS;

  /** The next 32 bits. */
  function next() {
    if (at === WORDS) {
      for (let i = 0; i < WORDS; i += 1) {
        const y = (state[i] & 0x80000000) | (state[(i + 1) % WORDS] & 0x7fffffff);
        state[i] = state[(i + MIDDLE) % WORDS] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      at = 0;
    }
    let y = state[at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** In [0, 1), all 53 bits. */
  const fraction = () => ((next() >>> 5) * 67_108_864 + (next() >>> 6)) / 2 ** 53;

  /** A whole number below `count`; draws again what is too large. */
  const below = (count) => {
    const unused = Math.clz32(count);
    let drawn = next() >>> unused;
    while (drawn >= count) drawn = next() >>> unused;
    return drawn;
  };

  return {
    fraction,
    below,
    between: (low, high) => low + (high - low) * fraction(),
    choice: (list) => list[below(list.length)],
  };
}

/** The state that `init_by_array` of the paper's program gives for a key of one word. */
function seeded(seed) {
  const state = new Uint32Array(WORDS);
  state[0] = 19_650_218;
  for (let i = 1; i < WORDS; i += 1) state[i] = Math.imul(mixed(state[i - 1]), 1_812_433_253) + i;
  let i = 1;
  const wrap = () => {
    i += 1;
    if (i < WORDS) return;
    state[0] = state[WORDS - 1];
    i = 1;
  };
  for (let k = 0; k < WORDS; k += 1) {
    state[i] = (state[i] ^ Math.imul(mixed(state[i - 1]), 1_664_525)) + seed;
    wrap();
  }
  for (let k = 1; k < WORDS; k += 1) {
    state[i] = (state[i] ^ Math.imul(mixed(state[i - 1]), 1_566_083_941)) - i;
    wrap();
  }
  state[0] = 0x80000000;
  return state;
}

function mixed(word) {
  return word ^ (word >>> 30);
}
