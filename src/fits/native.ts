import { AppError } from '../lib/errors.js';
import type { PixelArray } from './types.js';

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Pixels of an image as they stand in the file, in the machine's byte order. FITS data are
 * big-endian (FITS Standard 4.0 §5). 64-bit integers become doubles, rounded beyond 2^53.
 *
 * @param bytes  whole pixels; taken over: the result may be a view on them, with bytes swapped
 * @param bitpix 8, 16, 32, 64, -32 or -64
 */
export function toNative(bytes: Uint8Array, bitpix: number): PixelArray {
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
      return int64ToDouble(own);
    case -32:
      if (LITTLE_ENDIAN) swap32(own);
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case -64:
      if (LITTLE_ENDIAN) Buffer.from(buffer, byteOffset, byteLength).swap64();
      return new Float64Array(buffer, byteOffset, byteLength / 8);
    default:
      throw new AppError('fits_invalid', `BITPIX cannot be ${bitpix}.`);
  }
}

/** An array for pixels as they stand in the file: the kind `toNative` gives. All zero. */
export function nativeArray(bitpix: number, length: number): PixelArray {
  if (bitpix === 8) return new Uint8Array(length);
  if (bitpix === 16) return new Int16Array(length);
  if (bitpix === 32) return new Int32Array(length);
  return bitpix === -32 ? new Float32Array(length) : new Float64Array(length);
}

/** The same bytes where typed arrays of 8-byte elements may start, copied only if need be. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.from(bytes);
}

/** Swaps pairs of bytes in place; two at a time, several times faster than one by one. */
function swap16(bytes: Uint8Array): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? 0;
    words[i] = ((word & 0x00ff00ff) << 8) | ((word >>> 8) & 0x00ff00ff);
  }
  const last = bytes.byteLength & ~3;
  if (bytes.byteLength - last >= 2) {
    const high = bytes[last] ?? 0;
    bytes[last] = bytes[last + 1] ?? 0;
    bytes[last + 1] = high;
  }
}

function swap32(bytes: Uint8Array): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? 0;
    words[i] = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
  }
}

function int64ToDouble(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float64Array(bytes.byteLength >> 3);
  for (let i = 0; i < values.length; i += 1) {
    // The sum rounds once, as a conversion of the whole integer would.
    values[i] = view.getInt32(i * 8) * 2 ** 32 + view.getUint32(i * 8 + 4);
  }
  return values;
}
