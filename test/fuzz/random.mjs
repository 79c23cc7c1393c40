/** Numbers in [0, 1), the same ones for the same seed. */
export function makeRandom(seed) {
  let state = mixed(seed) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** One of a list. */
export const pick = (random, list) => list[Math.floor(random() * list.length)];

/** A whole number from 0 to below `end`. */
export const below = (random, end) => Math.floor(random() * end);

/** Seeds that are near one another begin far apart: each bit of the seed reaches all of the state. */
function mixed(seed) {
  let state = (seed ^ 0x5bd1e995) >>> 0;
  for (const factor of [0x85ebca6b, 0xc2b2ae35]) {
    state = Math.imul(state ^ (state >>> 15), factor);
  }
  return (state ^ (state >>> 16)) >>> 0;
}
