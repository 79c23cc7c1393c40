import { AppError } from '../../lib/errors.js';
import type { ByteSource, Hdu, PixelArray, Region, Strip, XisfBlock } from '../types.js';
import { blockProblem, sampleBytes } from './block.js';
import { openBlock, toValues } from './samples.js';

const STRIP_BYTES = 4 * 1024 * 1024;
const MAX_ROW_BYTES = 256 * 1024 * 1024;

/** What of an image is read, and in what pieces. */
export interface XisfStripOptions {
  /** Which plane, from 0: channels, or the planes of a cube, the first ones of the first channel. */
  readonly plane?: number;
  /** Rows of a strip, fewer in the last one; default about 4 MB of samples. */
  readonly rows?: number;
  /** Which part of the plane, as FITS counts rows: y = 0 is the lowest. Default all of it. */
  readonly region?: Region;
}

/**
 * Values of one plane of an XISF image, or of a region of it, from FITS row 1 upwards. XISF keeps
 * the highest row first (XISF 1.0 §8.5), so the block is read from its end. A plain block is read
 * strip by strip; a compressed one is expanded in memory, up to 256 MiB, unless it was compressed in
 * parts without shuffling: then a few parts at a time. The caller owns the arrays.
 *
 * @throws 'fits_unsupported' if the HDU has no readable block or is compressed with zstd;
 *         'bad_request' for a plane or region that does not exist; 'fits_truncated' or
 *         'fits_invalid' for a damaged block; 'too_large' for rows or blocks that cannot be held
 */
export async function* eachXisfStrip(
  source: ByteSource,
  hdu: Hdu,
  options: XisfStripOptions = {},
): AsyncGenerator<Strip, void, undefined> {
  const { block } = hdu;
  if (hdu.kind !== 'image' || block === undefined) {
    throw new AppError('fits_unsupported', `Image ${hdu.index} of the XISF file cannot be read.`);
  }
  const layout = toLayout(hdu, block, options);
  const { region, height, rowBytes } = layout;
  const read = openBlock(source, checked(hdu, block));
  const most = Math.max(1, Math.floor(MAX_ROW_BYTES / rowBytes));
  const usual = Math.max(1, Math.floor(STRIP_BYTES / rowBytes));
  const rows = Math.min(most, Math.max(1, Math.floor(options.rows ?? usual)));
  for (let done = 0; done < region.height; done += rows) {
    const count = Math.min(rows, region.height - done);
    const firstRow = region.y + done;
    const start = layout.offset + (height - firstRow - count) * rowBytes;
    const values = toValues(await read(start, start + count * rowBytes), block);
    yield { firstRow, rows: count, pixels: turnOver(values, count, layout) };
  }
}

/** How the rows of a plane lie in the block. */
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly region: Region;
  /** Offset of the highest row of the plane, bytes. */
  readonly offset: number;
  /** Bytes of a row with all samples that are kept together. */
  readonly rowBytes: number;
  /** Samples from one pixel to the next, and which of them is meant. */
  readonly step: number;
  readonly channel: number;
}

function toLayout(hdu: Hdu, block: XisfBlock, { plane = 0, region }: XisfStripOptions): Layout {
  const [width = 0, height = 1, ...more] = hdu.axes;
  const planes = more.reduce((product, axis) => product * axis, 1);
  if (!Number.isInteger(plane) || plane < 0 || plane >= planes) {
    const text = `Image ${hdu.index} has no plane ${plane}; it has ${planes}.`;
    throw new AppError('bad_request', text, { plane });
  }
  const step = block.planar ? 1 : block.channels;
  const rowBytes = width * step * sampleBytes(block.sampleFormat);
  if (rowBytes > MAX_ROW_BYTES) {
    throw new AppError('too_large', `The rows of image ${hdu.index} are too long to read.`);
  }
  // In a cube each channel has all the planes; side by side, the channels share them.
  const slices = planes / block.channels;
  const slice = block.planar ? plane : plane % slices;
  return {
    width,
    height,
    region: checkRegion(hdu, region ?? { x: 0, y: 0, width, height }),
    offset: slice * height * rowBytes,
    rowBytes,
    step,
    channel: block.planar ? 0 : Math.floor(plane / slices),
  };
}

function checkRegion(hdu: Hdu, region: Region): Region {
  const [width = 0, height = 1] = hdu.axes;
  const numbers = [region.x, region.y, region.width, region.height];
  const isInside = region.x + region.width <= width && region.y + region.height <= height;
  if (isInside && numbers.every((number) => Number.isInteger(number) && number >= 0)) return region;
  const text = `The region does not lie within image ${hdu.index} of ${width} × ${height} pixels.`;
  throw new AppError('bad_request', text, { region });
}

/** The block, if what its header tells of it fits together. */
function checked(hdu: Hdu, block: XisfBlock): XisfBlock {
  const problem = blockProblem(block, hdu.dataBytes);
  if (problem === undefined || problem.level === 'warning') return block;
  const text = `Image ${hdu.index} of the XISF file cannot be read: ${problem.text}.`;
  throw new AppError('fits_invalid', text);
}

/** The wanted pixels of some rows, lowest row first. */
function turnOver(values: PixelArray, rows: number, layout: Layout): PixelArray {
  const { width, step, channel, region } = layout;
  if (rows === 1 && step === 1 && region.width === width) return values;
  const pixels = sameKind(values, rows * region.width);
  for (let row = 0; row < rows; row += 1) {
    const from = ((rows - 1 - row) * width + region.x) * step + channel;
    const to = row * region.width;
    if (step === 1) pixels.set(values.subarray(from, from + region.width), to);
    else pick(values, { from, step }, pixels.subarray(to, to + region.width));
  }
  return pixels;
}

function pick(
  values: PixelArray,
  { from, step }: { from: number; step: number },
  row: PixelArray,
): void {
  for (let x = 0; x < row.length; x += 1) row[x] = values[from + x * step] ?? 0;
}

function sameKind(values: PixelArray, length: number): PixelArray {
  if (values instanceof Uint8Array) return new Uint8Array(length);
  if (values instanceof Uint16Array) return new Uint16Array(length);
  if (values instanceof Uint32Array) return new Uint32Array(length);
  return values instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}
