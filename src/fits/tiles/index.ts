import { AppError } from '../../lib/errors.js';
import { toNative } from '../native.js';
import type { PixelArray } from '../types.js';
import { decodeGzip, unshuffle } from './gzip.js';
import { decodeRice } from './rice.js';

/** What a decoder must know of its tile. */
export interface TileShape {
  /** Lengths of the axes of this tile, NAXIS1 first. */
  readonly axes: readonly number[];
  /** Number of pixels: the product of `axes`. */
  readonly pixels: number;
  /** True if the tile holds floats as they are, false for integers (also quantized floats). */
  readonly floats: boolean;
  /** Value of a parameter of the algorithm (ZNAMEi, ZVALi), by its name. */
  readonly parameter: (name: string) => number | undefined;
}

/** An algorithm of tile compression. FITS Standard 4.0 §10.4. */
export interface TileCodec {
  /** Pixels of a tile as they would stand in a plain image, in the machine's byte order. */
  readonly decode: (bytes: Uint8Array, tile: TileShape) => PixelArray;
}

const rice: TileCodec = {
  decode: (bytes, tile) => {
    const pixels = new Int32Array(tile.pixels);
    const blockSize = tile.parameter('BLOCKSIZE') ?? 32;
    decodeRice(bytes, pixels, { blockSize, bytePix: tile.parameter('BYTEPIX') ?? 4 });
    return pixels;
  },
};

/** Pixels kept as they are; also the form of UNCOMPRESSED_DATA. */
export const uncompressed: TileCodec = {
  // A copy, because the bytes are swapped in place and belong to the reader.
  decode: (bytes, tile) => rawPixels(Uint8Array.from(bytes), tile),
};

/** Pixels zipped as they are; also the form of GZIP_COMPRESSED_DATA. */
export const gzip: TileCodec = {
  decode: (bytes, tile) => rawPixels(decodeGzip(bytes, tile.pixels), tile),
};

const shuffledGzip: TileCodec = {
  decode: (bytes, tile) => rawPixels(unshuffle(decodeGzip(bytes, tile.pixels), tile.pixels), tile),
};

/** By ZCMPTYPE. FITS Standard 4.0 table 36; RICE_ONE is an old name. */
const CODECS: Readonly<Record<string, TileCodec>> = {
  RICE_1: rice,
  RICE_ONE: rice,
  GZIP_1: gzip,
  GZIP_2: shuffledGzip,
  NOCOMPRESS: uncompressed,
};

/** @throws 'fits_unsupported', naming the algorithm, if it is not read */
export function tileCodec(zcmptype: string): TileCodec {
  const codec = Object.hasOwn(CODECS, zcmptype) ? CODECS[zcmptype] : undefined;
  if (codec !== undefined) return codec;
  const name = zcmptype.slice(0, 20);
  throw new AppError('fits_unsupported', `Images compressed with ${name} are not read.`, { name });
}

/** The width of a pixel follows from the number of bytes: writers do not agree on it. */
function rawPixels(bytes: Uint8Array, tile: TileShape): PixelArray {
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
