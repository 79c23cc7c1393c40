import { AppError } from '../../lib/errors.js';

/** How floats were made integers before compression (ZQUANTIZ). FITS Standard 4.0 §10.2. */
export type Dither = 'NO_DITHER' | 'SUBTRACTIVE_DITHER_1' | 'SUBTRACTIVE_DITHER_2';

/** What turns the integers of a tile back into floats. */
export interface Quantization {
  readonly dither: Dither;
  readonly zscale: number;
  readonly zzero: number;
  /** Integer for NaN (ZBLANK). */
  readonly zblank: number | undefined;
  /** ZDITHER0: where in the random sequence the first tile starts, from 1. */
  readonly seed: number;
  /** Number of the tile, from 0, in the order of the table. */
  readonly tile: number;
}

const SEQUENCE_LENGTH = 10_000;
const SEQUENCE_CHECK = 1_043_618_065; // the last seed, FITS Standard 4.0 Appendix I
const EXACT_ZERO = -2_147_483_646; // FITS Standard 4.0 §10.2.2, SUBTRACTIVE_DITHER_2

let sequence: Float32Array | undefined;

/**
 * The random numbers in [0, 1) that dithering adds and takes away again: the "minimal standard"
 * generator of Park and Miller from seed 1, as 32-bit floats. FITS Standard 4.0 Appendix I.
 */
export function ditherSequence(): Float32Array {
  if (sequence !== undefined) return sequence;
  const values = new Float32Array(SEQUENCE_LENGTH);
  let seed = 1;
  for (let i = 0; i < SEQUENCE_LENGTH; i += 1) {
    seed = (16_807 * seed) % 2_147_483_647; // below 2^46, exact in a double
    values[i] = seed / 2_147_483_647;
  }
  if (seed !== SEQUENCE_CHECK) throw new Error('the dither sequence is wrong');
  sequence = values;
  return values;
}

/**
 * Floats from the integers of a tile: `(q - r + 0.5) * zscale + zzero`, r from the random sequence,
 * or without r and 0.5 if not dithered. FITS Standard 4.0 §10.2.
 *
 * @param floats where to; as many as there are integers
 */
export function dequantize(
  integers: Int32Array,
  floats: Float32Array | Float64Array,
  quantization: Quantization,
): void {
  const { dither, zscale, zzero, zblank } = quantization;
  if (dither === 'NO_DITHER') {
    for (let i = 0; i < integers.length; i += 1) {
      const q = integers[i] ?? 0;
      floats[i] = q === zblank ? NaN : q * zscale + zzero;
    }
    return;
  }
  const random = ditherSequence();
  const zeros = dither === 'SUBTRACTIVE_DITHER_2';
  let start = (quantization.tile + quantization.seed - 1) % SEQUENCE_LENGTH;
  if (start < 0) start += SEQUENCE_LENGTH;
  let next = firstOf(random, start);
  for (let i = 0; i < integers.length; i += 1) {
    const q = integers[i] ?? 0;
    if (q === zblank) floats[i] = NaN;
    else if (zeros && q === EXACT_ZERO) floats[i] = 0;
    else floats[i] = (q - (random[next] ?? 0) + 0.5) * zscale + zzero;
    next += 1;
    if (next === SEQUENCE_LENGTH) {
      start = (start + 1) % SEQUENCE_LENGTH;
      next = firstOf(random, start);
    }
  }
}

/**
 * The kind of dithering by ZQUANTIZ. FITS Standard 4.0 §10.2.1.
 *
 * @throws 'fits_unsupported' for a ZQUANTIZ that is not known; absent means not dithered
 */
export function parseDither(zquantiz: string | undefined): Dither {
  const name = zquantiz?.trim().toUpperCase() ?? 'NO_DITHER';
  if (name === '' || name === 'NO_DITHER' || name === 'NONE') return 'NO_DITHER';
  if (name === 'SUBTRACTIVE_DITHER_1' || name === 'SUBTRACTIVE_DITHER_2') return name;
  throw new AppError('fits_unsupported', `The quantization ${name.slice(0, 40)} is not known.`);
}

function firstOf(random: Float32Array, start: number): number {
  return Math.floor((random[start] ?? 0) * 500);
}
