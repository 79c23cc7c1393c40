import { AppError } from '../../lib/errors.js';
import { toNative } from '../native.js';
import type { NativeArray } from '../types.js';
import { decodeGzip, encodeGzip2, unshuffle } from './gzip.js';
import { decodeHcompress } from './hcompress.js';
import { decodePlio } from './plio.js';
import { decodeRice } from './rice.js';
import { encodeRice } from './rice-encode.js';

/** What a decoder must know of its tile. */
export interface TileShape {
  /** Lengths of the axes of this tile, NAXIS1 first. */
  readonly axes: readonly number[];
  /** Number of pixels: the product of `axes`. */
  readonly pixels: number;
  /** Pixels from the start of the tile that are wanted: a decoder may stop there. */
  readonly needed: number;
  /** BITPIX of what the tile holds: of the image, or 32 for quantized floats. */
  readonly bitpix: number;
  /** BZERO of the image, 0 if it has none. */
  readonly bzero: number;
  /** True if the tile holds floats as they are, false for integers (also quantized floats). */
  readonly floats: boolean;
  /** Value of a parameter of the algorithm (ZNAMEi, ZVALi), by its name. */
  readonly parameter: (name: string) => number | undefined;
}

/** An algorithm of tile compression. FITS Standard 4.0 §10.4. */
export interface TileCodec {
  /** The pixels of a tile, or the `needed` first ones, as they would stand in a plain image. */
  readonly decode: (bytes: Uint8Array, tile: TileShape) => NativeArray;
  /** The bytes of a tile, for the algorithms that are written. */
  readonly encode?: (pixels: NativeArray) => Uint8Array;
}

/** BLOCKSIZE of the Rice tiles that are written. FITS Standard 4.0 §10.4.1. */
export const RICE_BLOCK_SIZE = 32;

const rice: TileCodec = {
  decode: (bytes, tile) => {
    const blockSize = tile.parameter('BLOCKSIZE') ?? 32;
    const bytePix = tile.parameter('BYTEPIX') ?? 4;
    const pixels = integerArray(bytePix, tile.needed);
    decodeRice(bytes, pixels, { blockSize, bytePix });
    return pixels;
  },
  encode: (pixels) => {
    if (!isNarrow(pixels)) {
      throw new AppError('fits_unsupported', 'Rice compression takes integers of up to 32 bits.');
    }
    return encodeRice(pixels, {
      blockSize: RICE_BLOCK_SIZE,
      bytePix: pixels.BYTES_PER_ELEMENT,
    });
  },
};

function isNarrow(pixels: NativeArray): pixels is Uint8Array | Int16Array | Int32Array {
  return (
    pixels instanceof Uint8Array || pixels instanceof Int16Array || pixels instanceof Int32Array
  );
}

function integerArray(bytes: number, length: number): Uint8Array | Int16Array | Int32Array {
  if (bytes === 1) return new Uint8Array(length);
  return bytes === 2 ? new Int16Array(length) : new Int32Array(length);
}

/** Pixels kept as they are; also the form of UNCOMPRESSED_DATA. FITS Standard 4.0 §10.1.3. */
export const uncompressed: TileCodec = {
  // A copy, because the bytes are swapped in place and belong to the reader.
  decode: (bytes, tile) => rawPixels(Uint8Array.from(bytes), tile),
};

/** Pixels zipped as they are; also the form of GZIP_COMPRESSED_DATA. FITS Standard 4.0 §10.4.2. */
export const gzip: TileCodec = {
  decode: (bytes, tile) => rawPixels(decodeGzip(bytes, tile.pixels), tile),
};

const shuffledGzip: TileCodec = {
  decode: (bytes, tile) => rawPixels(unshuffle(decodeGzip(bytes, tile.pixels), tile.pixels), tile),
  encode: encodeGzip2,
};

const plio: TileCodec = {
  decode: (bytes, tile) => {
    const pixels = new Int32Array(tile.needed);
    decodePlio(bytes, pixels);
    // A list has no negative numbers: cfitsio keeps unsigned 16-bit integers in it as they are.
    if (tile.bitpix === 16 && tile.bzero === 32768) {
      for (let i = 0; i < pixels.length; i += 1) pixels[i] = (pixels[i] ?? 0) - 32768;
    }
    return pixels;
  },
};

const hcompress: TileCodec = {
  decode: (bytes, tile) => {
    const smooth = (tile.parameter('SMOOTH') ?? 0) !== 0;
    return toRange(decodeHcompress(bytes, tile.pixels, smooth), tile);
  },
};

/** A lossy tile may go beyond the range of its image, at the brightest stars above all. */
function toRange(values: Int32Array | Float64Array, { bitpix, needed }: TileShape): NativeArray {
  const [least, most] = bitpix === 8 ? [0, 255] : [-(2 ** (bitpix - 1)), 2 ** (bitpix - 1) - 1];
  const pixels = integerArray(bitpix / 8, needed);
  for (let i = 0; i < needed; i += 1) {
    pixels[i] = Math.max(least, Math.min(most, values[i] ?? 0));
  }
  return pixels;
}

/** By ZCMPTYPE. FITS Standard 4.0 table 36; RICE_ONE is an old name. */
const CODECS: Readonly<Record<string, TileCodec>> = {
  RICE_1: rice,
  RICE_ONE: rice,
  GZIP_1: gzip,
  GZIP_2: shuffledGzip,
  PLIO_1: plio,
  HCOMPRESS_1: hcompress,
  NOCOMPRESS: uncompressed,
};

/**
 * The codec for a value of ZCMPTYPE. FITS Standard 4.0 §10.4.
 *
 * @throws 'fits_unsupported', naming the algorithm, if it is not read
 */
export function tileCodec(zcmptype: string): TileCodec {
  const codec = Object.hasOwn(CODECS, zcmptype) ? CODECS[zcmptype] : undefined;
  if (codec !== undefined) return codec;
  const name = zcmptype.slice(0, 20);
  throw new AppError('fits_unsupported', `Images compressed with ${name} are not read.`, { name });
}

/**
 * Packs a tile, losslessly. FITS Standard 4.0 §10.4.1 (RICE_1) and §10.4.2 (GZIP_2).
 *
 * @param pixels as `TileCodec.decode` gives them; for RICE_1 integers of 8, 16 or 32 bits
 * @throws 'fits_unsupported' for an algorithm that is not written
 */
export function encodeTile(zcmptype: 'RICE_1' | 'GZIP_2', pixels: NativeArray): Uint8Array {
  const { encode } = tileCodec(zcmptype);
  if (encode !== undefined) return encode(pixels);
  throw new AppError('fits_unsupported', `Images are not compressed with ${zcmptype}.`);
}

/** The width of a pixel follows from the number of bytes: writers do not agree on it. */
function rawPixels(bytes: Uint8Array, tile: TileShape): NativeArray {
  const width = bytes.length / Math.max(1, tile.pixels);
  const allowed = tile.floats ? [4, 8] : [1, 2, 4, 8];
  if (!allowed.includes(width)) {
    throw new AppError(
      'fits_invalid',
      `A tile of ${tile.pixels} pixels has ${bytes.length} bytes.`,
    );
  }
  return toNative(bytes, tile.floats ? -8 * width : 8 * width);
}
