import { gunzipSync, gzipSync } from 'node:zlib';
import { AppError } from '../../lib/errors.js';
import type { NativeArray } from '../types.js';

/** Most bytes a tile may expand to, whatever its header claims: it is held in memory, twice at worst. */
export const MAX_TILE_BYTES = 256 * 1024 * 1024;

/** Least room to expand into, and the bytes at the end of gzip that say how much there is. */
const LEAST_ROOM = 16 * 1024;
const SIZE_BYTES = 4;

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Expands a tile of GZIP_1: the big-endian pixels of the tile, zipped. FITS Standard 4.0 §10.4.2.
 *
 * @param pixels number of pixels of the tile; a pixel has at most 8 bytes, so this bounds the result
 * @throws 'fits_invalid' if the bytes are not gzip, or expand to more than the tile can hold, or to
 *         more than 256 MB
 */
export function decodeGzip(bytes: Uint8Array, pixels: number): Uint8Array {
  const maxOutputLength = Math.max(1, Math.min(pixels * 8, MAX_TILE_BYTES));
  try {
    // Room for all of it at once: pieces would be joined in the end, which takes twice the memory.
    const chunkSize = Math.max(LEAST_ROOM, Math.min(claimedBytes(bytes), maxOutputLength) + 1);
    return gunzipSync(bytes, { maxOutputLength, chunkSize });
  } catch (error) {
    throw new AppError('fits_invalid', 'A gzip-compressed tile is damaged.', {}, error);
  }
}

/** How long the content is said to be, in the last bytes. A hint, no more. RFC 1952 §2.3.1. */
function claimedBytes(bytes: Uint8Array): number {
  const at = bytes.length - SIZE_BYTES;
  return at < 0 ? 0 : new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0, true);
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
