import { gunzipSync } from 'node:zlib';
import { AppError } from '../../lib/errors.js';

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
