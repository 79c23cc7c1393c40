import { AppError } from '../lib/errors.js';
import type { NativeArray } from './types.js';

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Pixels of an image as they stand in the file, in the machine's byte order. FITS data are
 * big-endian (FITS Standard 4.0 §5).
 *
 * @param bytes  whole pixels; taken over: the result may be a view on them, with bytes swapped
 * @param bitpix 8, 16, 32, 64, -32 or -64
 */
export function toNative(bytes: Uint8Array, bitpix: number): NativeArray {
  const own = aligned(bytes);
  const { buffer, byteOffset, byteLength } = own;
  switch (bitpix) {
    case 8:
      return new Uint8Array(buffer, byteOffset, byteLength);
    case 16:
      if (LITTLE_ENDIAN) swap16(own);
      return new Int16Array(buffer, byteOffset, byteLength / 2);
    case 32:
      if (LITTLE_ENDIAN) swap32(own);
      return new Int32Array(buffer, byteOffset, byteLength / 4);
    case 64:
      swap64(own);
      return new BigInt64Array(buffer, byteOffset, byteLength / 8);
    case -32:
      if (LITTLE_ENDIAN) swap32(own);
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case -64:
      swap64(own);
      return new Float64Array(buffer, byteOffset, byteLength / 8);
    default:
      throw new AppError('fits_invalid', `BITPIX cannot be ${bitpix}.`);
  }
}

/** An array for pixels as they stand in the file: the kind `toNative` gives. All zero. */
export function nativeArray(bitpix: number, length: number): NativeArray {
  if (bitpix === 8) return new Uint8Array(length);
  if (bitpix === 16) return new Int16Array(length);
  if (bitpix === 32) return new Int32Array(length);
  if (bitpix === 64) return new BigInt64Array(length);
  return bitpix === -32 ? new Float32Array(length) : new Float64Array(length);
}

/** The same bytes where typed arrays of 8-byte elements may start, copied only if need be. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.from(bytes);
}

/** Node swaps several times quicker than a loop over the pixels. */
function swap16({ buffer, byteOffset, byteLength }: Uint8Array): void {
  Buffer.from(buffer, byteOffset, byteLength).swap16();
}

function swap32({ buffer, byteOffset, byteLength }: Uint8Array): void {
  Buffer.from(buffer, byteOffset, byteLength).swap32();
}

function swap64(bytes: Uint8Array): void {
  if (LITTLE_ENDIAN) Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).swap64();
}

/**
 * The bytes of pixels as they stand in a file: the opposite of `toNative`.
 * FITS Standard 4.0 §5.2 and §5.3.
 *
 * @param native taken over: its bytes are swapped in place and handed out
 */
export function toBigEndian(native: NativeArray): Uint8Array {
  const bytes = new Uint8Array(native.buffer, native.byteOffset, native.byteLength);
  if (!LITTLE_ENDIAN || native.BYTES_PER_ELEMENT === 1) return bytes;
  if (native.BYTES_PER_ELEMENT === 2) swap16(bytes);
  else if (native.BYTES_PER_ELEMENT === 4) swap32(bytes);
  else swap64(bytes);
  return bytes;
}

/**
 * 64-bit integers as doubles, each rounded once.
 *
 * @param bias what is added to the upper 32 bits first: 2^31 for unsigned integers kept by BZERO
 */
export function int64ToDouble(native: BigInt64Array, bias = 0): Float64Array {
  const words = new Uint32Array(native.buffer, native.byteOffset, native.length * 2);
  const [low, high] = LITTLE_ENDIAN ? [0, 1] : [1, 0];
  const values = new Float64Array(native.length);
  for (let i = 0; i < values.length; i += 1) {
    // The sum rounds once, as a conversion of the whole integer would.
    values[i] = (((words[2 * i + high] ?? 0) | 0) + bias) * 2 ** 32 + (words[2 * i + low] ?? 0);
  }
  return values;
}
