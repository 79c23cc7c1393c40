import { AppError } from '../lib/errors.js';
import { pixelCount } from './hdu.js';
import { nativeArray, toNative } from './native.js';
import { applyScaling, isInPlace, readScaling } from './scaling.js';
import type { FitsFile, Hdu, NativeStrip, PixelArray, Region, Strip } from './types.js';
import { eachTileBand } from './tiles/bands.js';
import { eachXisfStrip } from './xisf/index.js';

const STRIP_BYTES = 4 * 1024 * 1024;
const MAX_ROW_BYTES = 256 * 1024 * 1024;
/** Rows of a region are read each on its own if more than this lies between them. */
const MAX_GAP_BYTES = 128 * 1024;

/** A plane of an image: its size and where it stands among the planes. */
export interface Plane {
  /** Pixels of a row (NAXIS1). */
  readonly width: number;
  /** Rows (NAXIS2; 1 for an image of one axis). */
  readonly height: number;
  /** Number of planes: the product of the axes beyond the second. */
  readonly planes: number;
}

/** What of an image is read, and in what pieces. */
export interface StripOptions {
  /** Which plane, from 0, in the order of the file. Default 0. */
  readonly plane?: number;
  /** Which part of the plane. Default all of it. */
  readonly region?: Region;
  /** Rows of a strip, fewer in the last one; at most 256 MB of source bytes. Default about 4 MB. */
  readonly rowsPerStrip?: number;
  /** Memory that the bytes of a plain image may be put into; a strip is then good until the next one. */
  readonly room?: Uint8Array;
}

/** Size of the planes of an image; all 0 for an HDU without pixels. FITS Standard 4.0 §3.3.2. */
export function planeOf(hdu: Hdu): Plane {
  if (pixelCount(hdu) === 0) return { width: 0, height: 0, planes: 0 };
  const [width = 0, height = 1, ...more] = hdu.axes;
  return { width, height, planes: more.reduce((product, axis) => product * axis, 1) };
}

/**
 * Physical values of one plane of an image or of a region of it, plain or tile-compressed, row by
 * row from FITS row 1, holding one strip at a time (for compressed images at least one row of
 * tiles). Only the bytes or tiles that are needed are read. The caller owns the arrays. 64-bit
 * integers come as rounded doubles. FITS Standard 4.0 §3.3.2, §5.3, §10.
 *
 * @throws 'fits_unsupported' if the HDU is no image or its compression is not read; 'bad_request'
 *         for a plane or region that does not exist; 'fits_truncated' or 'fits_invalid' for damaged
 *         data; 'too_large' for a row or tile that cannot be held
 */
export async function* eachStrip(
  file: FitsFile,
  hdu: Hdu,
  options: StripOptions = {},
): AsyncGenerator<Strip, void, undefined> {
  if (hdu.block !== undefined) {
    const { rowsPerStrip: rows, ...part } = options;
    yield* eachXisfStrip(file.source, hdu, rows === undefined ? part : { ...part, rows });
    return;
  }
  const scaling = readScaling(hdu);
  for await (const { firstRow, rows, pixels } of eachNativeStrip(file, hdu, options)) {
    yield { firstRow, rows, pixels: applyScaling(pixels, scaling) };
  }
}

/** As `eachStrip`, with the numbers as a plain FITS image would keep them, 64-bit integers exact. */
export async function* eachNativeStrip(
  file: FitsFile,
  hdu: Hdu,
  options: StripOptions = {},
): AsyncGenerator<NativeStrip, void, undefined> {
  if (hdu.block !== undefined) {
    throw new AppError('fits_unsupported', 'The samples of an XISF image have no form in FITS.');
  }
  const region = checkRegion(hdu, options);
  const rowBytes = Math.max(1, (region.width * Math.abs(hdu.bitpix)) / 8);
  if (rowBytes > MAX_ROW_BYTES) {
    throw new AppError('too_large', `The rows of HDU ${hdu.index} are too long to read.`);
  }
  const usual = Math.max(1, Math.floor(STRIP_BYTES / rowBytes));
  const most = Math.max(1, Math.floor(MAX_ROW_BYTES / rowBytes));
  const rows = Math.min(most, Math.max(1, Math.floor(options.rowsPerStrip ?? usual)));
  const { plane = 0, room } = options;
  const part: Part = { plane, region, rows, room };
  if (hdu.kind === 'image') yield* eachPlainStrip(file, hdu, part);
  else yield* eachCompressedStrip(file, hdu, part, options.rowsPerStrip !== undefined);
}

/**
 * One whole plane or a region of it in memory: `pixels[y * width + x]`, FITS pixel (1,1) first.
 *
 * @param options.maxPixels most pixels to hold, default 64 million
 * @param options.room      memory that the pixels may be put into; they are then good until it is used again
 * @throws 'too_large' beyond that, and as `eachStrip`
 */
export async function readPlane(
  file: FitsFile,
  hdu: Hdu,
  options: { plane?: number; region?: Region; maxPixels?: number; room?: Uint8Array } = {},
): Promise<{ width: number; height: number; pixels: PixelArray }> {
  const { maxPixels = 64e6, room, ...wanted } = options;
  const { y, width, height } = checkRegion(hdu, wanted);
  if (width * height > maxPixels) {
    throw new AppError('too_large', `The image has more than ${maxPixels} pixels.`, { maxPixels });
  }
  // Where values stay in the bytes that were read, one strip is the plane: nothing is copied.
  const isPlain = hdu.kind === 'image' && hdu.block === undefined;
  const isOne = isPlain && isInPlace(readScaling(hdu));
  const whole = { ...wanted, rowsPerStrip: Math.max(1, height), ...(room && { room }) };
  const part = isOne ? whole : wanted;
  let pixels: PixelArray | undefined;
  for await (const strip of eachStrip(file, hdu, part)) {
    if (strip.rows === height) return { width, height, pixels: strip.pixels };
    pixels ??= sameKind(strip.pixels, width * height);
    pixels.set(strip.pixels, (strip.firstRow - y) * width);
  }
  return { width, height, pixels: pixels ?? new Uint8Array(0) };
}

/** A checked request: where, and how many rows at a time. */
interface Part {
  readonly plane: number;
  readonly region: Region;
  readonly rows: number;
  readonly room?: Uint8Array | undefined;
}

function checkRegion(hdu: Hdu, { plane = 0, region }: StripOptions): Region {
  if (hdu.kind !== 'image' && hdu.kind !== 'compressed-image') {
    throw new AppError('fits_unsupported', `HDU ${hdu.index} is not an image.`, { kind: hdu.kind });
  }
  const { width, height, planes } = planeOf(hdu);
  if (!Number.isInteger(plane) || plane < 0 || (plane > 0 && plane >= planes)) {
    const text = `HDU ${hdu.index} has no plane ${plane}; it has ${planes}.`;
    throw new AppError('bad_request', text, { plane });
  }
  if (region === undefined) return { x: 0, y: 0, width, height };
  const numbers = [region.x, region.y, region.width, region.height];
  const isInside = region.x + region.width <= width && region.y + region.height <= height;
  if (!isInside || !numbers.every((number) => Number.isInteger(number) && number >= 0)) {
    const text = `The region does not lie within HDU ${hdu.index} of ${width} × ${height} pixels.`;
    throw new AppError('bad_request', text, { region });
  }
  return region;
}

async function* eachPlainStrip(
  file: FitsFile,
  hdu: Hdu,
  { plane, region, rows, room }: Part,
): AsyncGenerator<NativeStrip, void, undefined> {
  const { width, height } = planeOf(hdu);
  const pixelBytes = Math.abs(hdu.bitpix) / 8;
  const span: Span = {
    // Of the first row of the region.
    offset: hdu.dataOffset + ((plane * height + region.y) * width + region.x) * pixelBytes,
    stepBytes: width * pixelBytes,
    rowBytes: region.width * pixelBytes,
  };
  for (let done = 0; done < region.height; done += rows) {
    const count = Math.min(rows, region.height - done);
    const offset = span.offset + done * span.stepBytes;
    const bytes = await readRows(file, hdu, { ...span, offset, room }, count);
    yield { firstRow: region.y + done, rows: count, pixels: toNative(bytes, hdu.bitpix) };
  }
}

/** Rows of bytes that lie a fixed step apart. */
interface Span {
  readonly offset: number;
  readonly stepBytes: number;
  readonly rowBytes: number;
  readonly room?: Uint8Array | undefined;
}

async function readRows(file: FitsFile, hdu: Hdu, span: Span, count: number): Promise<Uint8Array> {
  const { offset, stepBytes, rowBytes, room } = span;
  const read = async (from: number, length: number, into?: Uint8Array): Promise<Uint8Array> => {
    const bytes = await file.source.read(from, length, into);
    if (bytes.length === length) return bytes;
    throw new AppError('fits_truncated', `The file ends inside the image of HDU ${hdu.index}.`);
  };
  if (rowBytes === stepBytes || count === 1) return read(offset, count * rowBytes, room);
  const rows = new Uint8Array(count * rowBytes);
  if (stepBytes - rowBytes > MAX_GAP_BYTES) {
    for (let row = 0; row < count; row += 1) {
      rows.set(await read(offset + row * stepBytes, rowBytes), row * rowBytes);
    }
    return rows;
  }
  const atOnce = Math.max(1, Math.floor(STRIP_BYTES / stepBytes));
  for (let row = 0; row < count; row += atOnce) {
    const some = Math.min(atOnce, count - row);
    const bytes = await read(offset + row * stepBytes, (some - 1) * stepBytes + rowBytes);
    for (let i = 0; i < some; i += 1) {
      rows.set(bytes.subarray(i * stepBytes, i * stepBytes + rowBytes), (row + i) * rowBytes);
    }
  }
  return rows;
}

/** Bands are one row of tiles high; they are cut or joined into strips of the rows asked for. */
async function* eachCompressedStrip(
  file: FitsFile,
  hdu: Hdu,
  { plane, region, rows }: Part,
  isExact: boolean,
): AsyncGenerator<NativeStrip, void, undefined> {
  const end = region.y + region.height;
  let strip: NativeStrip | undefined;
  let filled = 0;
  for await (const band of eachTileBand(file, hdu, { plane, region })) {
    // A band that is large already goes out as it is, unless the rows were asked for.
    if (filled === 0 && !isExact && band.rows >= rows) {
      yield band;
      continue;
    }
    for (let done = 0; done < band.rows;) {
      const firstRow = band.firstRow + done;
      const most = Math.min(rows, end - firstRow);
      strip ??= { firstRow, rows: most, pixels: nativeArray(hdu.bitpix, most * region.width) };
      const count = Math.min(band.rows - done, strip.rows - filled);
      const from = done * region.width;
      const part = band.pixels.subarray(from, from + count * region.width);
      strip.pixels.set(part as never, filled * region.width); // both are the kind of the HDU
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
