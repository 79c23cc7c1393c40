import { gunzipSync, gzipSync } from 'node:zlib';
import { AppError } from '../../lib/errors.js';
import type { NativeArray } from '../types.js';

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Expands a tile of GZIP_1: the big-endian pixels of the tile, zipped. FITS Standard 4.0 §10.4.2.
 *
 * @param pixels number of pixels of the tile; a pixel has at most 8 bytes, so this bounds the result
 * @throws 'fits_invalid' if the bytes are not gzip, or expand to more than the tile can hold
 */
export function decodeGzip(bytes: Uint8Array, pixels: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(1, pixels * 8) });
  } catch (error) {
    throw new AppError('fits_invalid', 'A gzip-compressed tile is damaged.', {}, error);
  }
}

/**
 * Puts the bytes of pixels together again that GZIP_2 stores apart: first all highest bytes, then
 * all second ones, and so on. FITS Standard 4.0 §10.4.2.
 */
export function unshuffle(bytes: Uint8Array, pixels: number): Uint8Array {
  const width = Math.floor(bytes.length / Math.max(1, pixels));
  const whole = new Uint8Array(bytes.length);
  for (let byte = 0; byte < width; byte += 1) {
    const start = byte * pixels;
    for (let i = 0; i < pixels; i += 1) whole[i * width + byte] = bytes[start + i] ?? 0;
  }
  return whole;
}

/** As fast as the shuffling is worth, and as small as what cfitsio writes. */
const LEVEL = 1;

/**
 * Packs a tile as GZIP_2: the bytes of its pixels apart, all highest bytes first, zipped.
 * FITS Standard 4.0 §10.4.2.
 *
 * @param pixels in the machine's byte order
 */
export function encodeGzip2(pixels: NativeArray): Uint8Array {
  const { buffer, byteOffset, byteLength, length, BYTES_PER_ELEMENT: width } = pixels;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const apart = new Uint8Array(byteLength);
  for (let byte = 0; byte < width; byte += 1) {
    const from = LITTLE_ENDIAN ? width - 1 - byte : byte;
    const start = byte * length;
    for (let i = 0; i < length; i += 1) apart[start + i] = bytes[i * width + from] ?? 0;
  }
  return gzipSync(apart, { level: LEVEL });
}
