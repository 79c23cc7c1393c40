import { int64ToDouble } from './native.js';
import type { CardValue, Hdu, NativeArray, PixelArray } from './types.js';

/** How the numbers of an image file become physical values. FITS Standard 4.0 §4.4.2, §5.3. */
export interface Scaling {
  readonly bitpix: number;
  readonly bscale: number;
  readonly bzero: number;
  /** Integer that stands for "no value"; never set for floating-point images. */
  readonly blank: number | undefined;
  /** The same, exact, for 64-bit integers. */
  readonly blank64: bigint | undefined;
}

/** BZERO values that make signed integers unsigned, and bytes signed. FITS Standard 4.0 table 11. */
const UNSIGNED_BZERO: Readonly<Record<number, number>> = { 8: -128, 16: 2 ** 15, 32: 2 ** 31 };

/**
 * The scaling of an image HDU. Unusable values count as absent; BLANK on floating-point images has
 * no meaning and is left out.
 */
export function readScaling(hdu: Hdu): Scaling {
  const number = (keyword: string): number | undefined => hdu.header.number(keyword);
  // A compressed image keeps its null in ZBLANK. FITS Standard 4.0 §10.1.3
  const blank = number('BLANK') ?? (hdu.kind === 'compressed-image' ? number('ZBLANK') : undefined);
  return {
    bitpix: hdu.bitpix,
    bscale: number('BSCALE') ?? 1,
    bzero: number('BZERO') ?? 0,
    blank: hdu.bitpix > 0 ? blank : undefined,
    blank64: hdu.bitpix === 64 ? toBigInt(hdu.header.value('BLANK') ?? blank) : undefined,
  };
}

function toBigInt(value: CardValue | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}

/** Whether the numbers of the file are the values already, but for their highest bit: in the same place. */
export function isInPlace({ bitpix, bscale, bzero, blank }: Scaling): boolean {
  if (bitpix === 64 || bscale !== 1) return false;
  if (bitpix < 0) return bzero === 0;
  return blank === undefined && (bzero === 0 || UNSIGNED_BZERO[bitpix] === bzero);
}

/**
 * Physical values of pixels as they stand in the file. Integers stay integers where nothing is
 * lost: unscaled, or made unsigned by the usual BZERO, and without BLANK. Otherwise 8 and 16 bit
 * become float32, longer ones float64, and BLANK is NaN. Floats keep their width.
 *
 * @param native taken over: the result may be a view on it, changed in place
 */
export function applyScaling(native: NativeArray, scaling: Scaling): PixelArray {
  if (native instanceof BigInt64Array) return scaleLong(native, scaling);
  if (!isInPlace(scaling)) return scale(native, scaling);
  return scaling.bzero === 0 ? native : flipSign(native);
}

/** Adds 2^15 or 2^31, or takes 2^7 away, by turning the highest bit: exact, in place. */
function flipSign(native: PixelArray): PixelArray {
  const { buffer, byteOffset, byteLength, length } = native;
  if (native instanceof Int16Array) {
    const values = new Uint16Array(buffer, byteOffset, length);
    flipBits(new Uint32Array(buffer, byteOffset, byteLength >> 2), 0x80008000);
    if (length % 2 === 1) values[length - 1] = (values[length - 1] ?? 0) ^ 0x8000;
    return values;
  }
  if (native instanceof Int32Array) {
    const values = new Uint32Array(buffer, byteOffset, length);
    flipBits(values, 0x80000000);
    return values;
  }
  const values = new Int8Array(buffer, byteOffset, length);
  for (let i = 0; i < length; i += 1) values[i] = (values[i] ?? 0) ^ 0x80;
  return values;
}

/** Four words at a time, which takes half as long as one by one. */
function flipBits(words: Uint32Array, bits: number): void {
  let i = 0;
  for (; i + 3 < words.length; i += 4) {
    words[i] = (words[i] ?? 0) ^ bits;
    words[i + 1] = (words[i + 1] ?? 0) ^ bits;
    words[i + 2] = (words[i + 2] ?? 0) ^ bits;
    words[i + 3] = (words[i + 3] ?? 0) ^ bits;
  }
  for (; i < words.length; i += 1) words[i] = (words[i] ?? 0) ^ bits;
}

function scale(native: PixelArray, scaling: Scaling): PixelArray {
  const { bitpix, bscale, bzero, blank } = scaling;
  if (bitpix === 8 || bitpix === 16 || bitpix === -32) return scaleNarrow(native, scaling);
  const values = new Float64Array(native.length);
  for (let i = 0; i < values.length; i += 1) {
    const raw = native[i] ?? NaN;
    values[i] = raw === blank ? NaN : raw * bscale + bzero;
  }
  return values;
}

/** 64-bit integers become doubles; the unsigned convention (BZERO 2^63) rounds only once. */
function scaleLong(native: BigInt64Array, { bscale, bzero, blank64 }: Scaling): Float64Array {
  const isUnsigned = bscale === 1 && bzero === 2 ** 63;
  const values = int64ToDouble(native, isUnsigned ? 2 ** 31 : 0);
  if (!isUnsigned && (bscale !== 1 || bzero !== 0)) {
    for (let i = 0; i < values.length; i += 1) values[i] = (values[i] ?? NaN) * bscale + bzero;
  }
  if (blank64 !== undefined) {
    for (let i = 0; i < values.length; i += 1) if (native[i] === blank64) values[i] = NaN;
  }
  return values;
}

/** Each step rounded to 32 bits, so that every value is the one that astropy gives. */
function scaleNarrow(native: PixelArray, { bscale, bzero, blank }: Scaling): Float32Array {
  const factor = Math.fround(bscale);
  const zero = Math.fround(bzero);
  const values = new Float32Array(native.length);
  for (let i = 0; i < values.length; i += 1) {
    const raw = native[i] ?? NaN;
    values[i] = raw === blank ? NaN : Math.fround(raw * factor) + zero;
  }
  return values;
}
