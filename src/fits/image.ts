import { AppError } from '../lib/errors.js';
import { pixelCount } from './hdu.js';
import { toNative } from './native.js';
import { applyScaling, readScaling } from './scaling.js';
import type { FitsFile, Hdu, PixelArray, Strip } from './types.js';
import { eachTileBand } from './tiles/bands.js';

const STRIP_BYTES = 4 * 1024 * 1024;
const MAX_ROW_BYTES = 256 * 1024 * 1024;

/** A plane of an image: its size and where it stands among the planes. */
export interface Plane {
  /** Pixels of a row (NAXIS1). */
  readonly width: number;
  /** Rows (NAXIS2; 1 for an image of one axis). */
  readonly height: number;
  /** Number of planes: the product of the axes beyond the second. */
  readonly planes: number;
}

/** Size of the planes of an image; all 0 for an HDU without pixels. */
export function planeOf(hdu: Hdu): Plane {
  if (pixelCount(hdu) === 0) return { width: 0, height: 0, planes: 0 };
  const [width = 0, height = 1, ...more] = hdu.axes;
  return { width, height, planes: more.reduce((product, axis) => product * axis, 1) };
}

/**
 * Physical values of one plane of an image, plain or tile-compressed, row by row from FITS row 1,
 * holding one strip at a time (about 4 MB of source bytes; for compressed images at least one row
 * of tiles). The caller owns the arrays. 64-bit integers come as rounded doubles.
 * FITS Standard 4.0 §3.3.2, §5.3, §10.
 *
 * @param options.plane which plane, from 0, in the order of the file
 * @param options.rowsPerStrip rows of a strip, fewer in the last one; at most 256 MB of source bytes
 * @throws 'fits_unsupported' if the HDU is no image or its compression is not read; 'bad_request'
 *         for a plane that does not exist; 'fits_truncated' or 'fits_invalid' for damaged data; 'too_large'
 *         for a row or tile that cannot be held
 */
export async function* eachStrip(
  file: FitsFile,
  hdu: Hdu,
  options: { plane?: number; rowsPerStrip?: number } = {},
): AsyncGenerator<Strip, void, undefined> {
  const size = checkPlane(hdu, options.plane ?? 0);
  const rowBytes = Math.max(1, (size.width * Math.abs(hdu.bitpix)) / 8);
  if (rowBytes > MAX_ROW_BYTES) {
    throw new AppError('too_large', `The rows of HDU ${hdu.index} are too long to read.`);
  }
  const usual = Math.max(1, Math.floor(STRIP_BYTES / rowBytes));
  const most = Math.max(1, Math.floor(MAX_ROW_BYTES / rowBytes));
  const rows = Math.min(most, Math.max(1, Math.floor(options.rowsPerStrip ?? usual)));
  const plane = options.plane ?? 0;
  if (hdu.kind === 'image') yield* eachPlainStrip(file, hdu, { plane, rows });
  else
    yield* eachCompressedStrip(file, hdu, {
      plane,
      rows,
      exact: options.rowsPerStrip !== undefined,
    });
}

/**
 * One whole plane in memory: `pixels[y * width + x]`, FITS pixel (1,1) first.
 *
 * @param options.maxPixels most pixels to hold, default 64 million
 * @throws 'too_large' beyond that, and as `eachStrip`
 */
export async function readPlane(
  file: FitsFile,
  hdu: Hdu,
  options: { plane?: number; maxPixels?: number } = {},
): Promise<{ width: number; height: number; pixels: PixelArray }> {
  const { width, height } = planeOf(hdu);
  const maxPixels = options.maxPixels ?? 64e6;
  if (width * height > maxPixels) {
    throw new AppError('too_large', `The image has more than ${maxPixels} pixels.`, { maxPixels });
  }
  let pixels: PixelArray | undefined;
  for await (const strip of eachStrip(file, hdu, { plane: options.plane ?? 0 })) {
    if (strip.rows === height) return { width, height, pixels: strip.pixels };
    pixels ??= sameKind(strip.pixels, width * height);
    pixels.set(strip.pixels, strip.firstRow * width);
  }
  return { width, height, pixels: pixels ?? new Uint8Array(0) };
}

function checkPlane(hdu: Hdu, plane: number): Plane {
  if (hdu.kind !== 'image' && hdu.kind !== 'compressed-image') {
    throw new AppError('fits_unsupported', `HDU ${hdu.index} is not an image.`, { kind: hdu.kind });
  }
  const size = planeOf(hdu);
  if (!Number.isInteger(plane) || plane < 0 || (plane > 0 && plane >= size.planes)) {
    const text = `HDU ${hdu.index} has no plane ${plane}; it has ${size.planes}.`;
    throw new AppError('bad_request', text, { plane });
  }
  return size;
}

async function* eachPlainStrip(
  file: FitsFile,
  hdu: Hdu,
  { plane, rows }: { plane: number; rows: number },
): AsyncGenerator<Strip, void, undefined> {
  const { width, height } = planeOf(hdu);
  const scaling = readScaling(hdu);
  const rowBytes = (width * Math.abs(hdu.bitpix)) / 8;
  const start = hdu.dataOffset + plane * height * rowBytes;
  for (let firstRow = 0; firstRow < height; firstRow += rows) {
    const count = Math.min(rows, height - firstRow);
    const bytes = await file.source.read(start + firstRow * rowBytes, count * rowBytes);
    if (bytes.length < count * rowBytes) {
      throw new AppError('fits_truncated', `The file ends inside the image of HDU ${hdu.index}.`);
    }
    yield { firstRow, rows: count, pixels: applyScaling(toNative(bytes, hdu.bitpix), scaling) };
  }
}

/** Bands are one row of tiles high; they are cut or joined into strips of the rows asked for. */
async function* eachCompressedStrip(
  file: FitsFile,
  hdu: Hdu,
  { plane, rows, exact }: { plane: number; rows: number; exact: boolean },
): AsyncGenerator<Strip, void, undefined> {
  const { width, height } = planeOf(hdu);
  const scaling = readScaling(hdu);
  let strip: Strip | undefined;
  let filled = 0;
  for await (const band of eachTileBand(file, hdu, plane)) {
    const pixels = applyScaling(band.pixels, scaling);
    // A band that is large already goes out as it is, unless the rows were asked for.
    if (filled === 0 && !exact && band.rows >= rows) {
      yield { ...band, pixels };
      continue;
    }
    for (let done = 0; done < band.rows;) {
      const firstRow = band.firstRow + done;
      strip ??= {
        firstRow,
        rows: Math.min(rows, height - firstRow),
        pixels: sameKind(pixels, Math.min(rows, height - firstRow) * width),
      };
      const count = Math.min(band.rows - done, strip.rows - filled);
      strip.pixels.set(pixels.subarray(done * width, (done + count) * width), filled * width);
      done += count;
      filled += count;
      if (filled < strip.rows) break;
      yield strip;
      strip = undefined;
      filled = 0;
    }
  }
}

function sameKind(pixels: PixelArray, length: number): PixelArray {
  if (pixels instanceof Uint8Array) return new Uint8Array(length);
  if (pixels instanceof Int8Array) return new Int8Array(length);
  if (pixels instanceof Int16Array) return new Int16Array(length);
  if (pixels instanceof Uint16Array) return new Uint16Array(length);
  if (pixels instanceof Int32Array) return new Int32Array(length);
  if (pixels instanceof Uint32Array) return new Uint32Array(length);
  if (pixels instanceof Float32Array) return new Float32Array(length);
  return new Float64Array(length);
}
