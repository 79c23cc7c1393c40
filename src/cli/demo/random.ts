/** A repeatable source of chance: the same seed gives the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Normal with mean 0 and deviation 1. */
  normal(): number;
  /** Uniform 32-bit integer; two halves index the table of `createNormalTable`. */
  bits(): number;
}

const TABLE_SIZE = 65_536;

/** A Random from any text (FNV-1a) and the generator mulberry32. */
export function createRandom(seed: string): Random {
  let state = 0x811c9dc5;
  for (let i = 0; i < seed.length; i += 1) {
    state = Math.imul(state ^ seed.charCodeAt(i), 0x01000193);
  }
  const bits = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const uniform = (): number => bits() / 2 ** 32;
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal, bits };
}

/**
 * 65536 values of a normal distribution, equally likely: a pixel's noise is one look-up instead of
 * a logarithm and a cosine. Reaches ±4.2 deviations.
 */
export function createNormalTable(): Float32Array {
  const table = new Float32Array(TABLE_SIZE);
  // The sum of the density up to x passes each (i + 0.5) / size once; walked in small steps.
  const step = 1 / 2048;
  let x = -4.5;
  let below = 0;
  for (let i = 0; i < TABLE_SIZE / 2; i += 1) {
    const wanted = (i + 0.5) / TABLE_SIZE;
    while (below < wanted) {
      below += (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * step;
      x += step;
    }
    table[i] = Math.min(x, 0);
    table[TABLE_SIZE - 1 - i] = -Math.min(x, 0);
  }
  return table;
}
