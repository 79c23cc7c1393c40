import { AppError } from '../../lib/errors.js';
import { int64ToDouble, nativeArray } from '../native.js';
import { readDescriptor, viewOf } from '../table.js';
import type { HeapRange, TableColumn } from '../table.js';
import type { ByteSource, FitsFile, Hdu, NativeArray, NativeStrip, Region } from '../types.js';
import { gzip, uncompressed } from './index.js';
import type { TileShape } from './index.js';
import { readLayout } from './layout.js';
import type { TileLayout } from './layout.js';
import { dequantize } from './quantize.js';

const READ_AHEAD_BYTES = 1024 * 1024;

/** What is wanted of a compressed image: a part of one plane. */
export interface BandPart {
  readonly plane: number;
  readonly region: Region;
}

/**
 * The rows of tiles of one plane of a compressed image, cut to a region, in order: pixels as they
 * would stand in a plain image (BZERO and BSCALE not applied; quantized floats restored, ZBLANK as
 * NaN in them). Only tiles that touch the region are read and decoded. FITS Standard 4.0 §10.
 *
 * @throws 'fits_unsupported', 'fits_invalid', 'too_large' as the layout and the decoders
 */
export async function* eachTileBand(
  file: FitsFile,
  hdu: Hdu,
  { plane, region }: BandPart,
): AsyncGenerator<NativeStrip, void, undefined> {
  if (region.width === 0 || region.height === 0) return;
  const layout = readLayout(hdu, region);
  const [width = 0, height = 1] = layout.axes;
  const [tileWidth = 1, tileHeight = 1] = layout.tileAxes;
  const [across = 0, down = 1] = layout.counts;
  const depth = locatePlane(layout, plane);
  const rows = new ReadAhead(file.source, hdu);
  const heap = new ReadAhead(file.source, hdu);
  const right = region.x + region.width;
  const top = region.y + region.height;
  for (let y = Math.floor(region.y / tileHeight); y * tileHeight < top; y += 1) {
    const tileRows = Math.min(tileHeight, height - y * tileHeight);
    const firstRow = Math.max(region.y, y * tileHeight);
    const bandRows = Math.min(top, y * tileHeight + tileRows) - firstRow;
    const skipped = firstRow - y * tileHeight;
    let band: NativeArray | undefined;
    for (let x = Math.floor(region.x / tileWidth); x * tileWidth < right; x += 1) {
      const tile = x + across * (y + down * depth.tile);
      const row = viewOf(await rows.read(hdu.dataOffset + tile * layout.rowBytes, layout.rowBytes));
      const columns = Math.min(tileWidth, width - x * tileWidth);
      const axes = [columns, ...(layout.axes.length > 1 ? [tileRows] : []), ...depth.axes];
      const left = Math.max(region.x, x * tileWidth);
      const count = Math.min(right, x * tileWidth + columns) - left;
      // Offsets in the tile of the first pixel of the first line, and of the end of the last one.
      const start = (depth.offset * tileRows + skipped) * columns + left - x * tileWidth;
      const needed = start + (bandRows - 1) * columns + count;
      const pixels = await decodeTile({ hdu, layout, tile, row, heap, axes, needed });
      if (count === region.width && count === columns && isKind(pixels, hdu.bitpix)) {
        band = pixels.subarray(start, needed); // the band is one piece of this tile
        break;
      }
      band ??= nativeArray(hdu.bitpix, region.width * bandRows);
      for (let line = 0; line < bandRows; line += 1) {
        const from = start + line * columns;
        const at = line * region.width + left - region.x;
        copyPixels(band, at, pixels.subarray(from, from + count));
      }
    }
    if (band === undefined) return;
    yield { firstRow, rows: bandRows, pixels: band };
  }
}

/** True for the kind of array that `nativeArray` gives. */
function isKind(pixels: NativeArray, bitpix: number): boolean {
  const isFloat = pixels instanceof Float32Array || pixels instanceof Float64Array;
  return pixels.BYTES_PER_ELEMENT === Math.abs(bitpix) / 8 && isFloat === bitpix < 0;
}

/** Tiles may be kept wider or narrower than the image: writers do not agree. */
function copyPixels(band: NativeArray, at: number, pixels: NativeArray): void {
  if (band instanceof BigInt64Array) {
    if (pixels instanceof BigInt64Array) band.set(pixels, at);
    else band.set(BigInt64Array.from(pixels, BigInt), at);
  } else if (pixels instanceof BigInt64Array) band.set(int64ToDouble(pixels), at);
  else band.set(pixels, at);
}

interface TileJob {
  readonly hdu: Hdu;
  readonly layout: TileLayout;
  /** Number of the tile, from 0. */
  readonly tile: number;
  /** The tile's row of the table. */
  readonly row: DataView;
  readonly heap: ReadAhead;
  readonly axes: readonly number[];
  /** Pixels from the start of the tile that are wanted; the rest need not be decoded. */
  readonly needed: number;
}

async function decodeTile(job: TileJob): Promise<NativeArray> {
  const { hdu, layout, row, heap, axes, needed } = job;
  const pixels = axes.reduce((product, axis) => product * axis, 1);
  const { parameter } = layout;
  const { bitpix } = hdu;
  const bzero = hdu.header.number('BZERO') ?? 0;
  const shape: TileShape = { axes, pixels, needed, floats: bitpix < 0, parameter, bitpix, bzero };
  const range = (name: string): HeapRange | undefined => {
    const column = layout.columns.get(name);
    const found = column === undefined ? undefined : readDescriptor(hdu, column, row);
    return found !== undefined && found.count > 0 ? found : undefined;
  };
  const main = range('COMPRESSED_DATA');
  if (main !== undefined) {
    const bytes = await heap.read(main.offset, main.lengthBytes);
    if (layout.dither === undefined) return layout.codec.decode(bytes, shape);
    return restoreFloats(job, layout.codec.decode(bytes, { ...shape, floats: false, bitpix: 32 }));
  }
  // Tiles the algorithm could not take are kept beside it. FITS Standard 4.0 §10.1.3
  const zipped = range('GZIP_COMPRESSED_DATA');
  if (zipped !== undefined) {
    return gzip.decode(await heap.read(zipped.offset, zipped.lengthBytes), shape);
  }
  const plain = range('UNCOMPRESSED_DATA');
  if (plain !== undefined) {
    return uncompressed.decode(await heap.read(plain.offset, plain.lengthBytes), shape);
  }
  throw new AppError('fits_invalid', `Tile ${job.tile} of HDU ${hdu.index} has no data.`);
}

function restoreFloats(job: TileJob, decoded: NativeArray): NativeArray {
  const { hdu, layout, row, tile } = job;
  const integers = decoded instanceof Int32Array ? decoded : Int32Array.from(decoded, Number);
  const floats =
    hdu.bitpix === -32 ? new Float32Array(integers.length) : new Float64Array(integers.length);
  dequantize(integers, floats, {
    dither: layout.dither ?? 'NO_DITHER',
    zscale: cellOrKeyword(hdu, layout, row, 'ZSCALE') ?? 1,
    zzero: cellOrKeyword(hdu, layout, row, 'ZZERO') ?? 0,
    zblank: cellOrKeyword(hdu, layout, row, 'ZBLANK'),
    seed: layout.seed,
    tile,
  });
  return floats;
}

function cellOrKeyword(
  hdu: Hdu,
  layout: TileLayout,
  row: DataView,
  name: string,
): number | undefined {
  const column = layout.columns.get(name);
  return column === undefined ? hdu.header.number(name) : readNumber(column, row);
}

function readNumber({ code, offset }: TableColumn, row: DataView): number | undefined {
  if (code === 'D') return row.getFloat64(offset);
  if (code === 'E') return row.getFloat32(offset);
  if (code === 'J') return row.getInt32(offset);
  if (code === 'I') return row.getInt16(offset);
  return code === 'B' ? row.getUint8(offset) : undefined;
}

interface Depth {
  /** Number of the layer of tiles the plane lies in. */
  readonly tile: number;
  /** Lengths of those tiles along the axes beyond the second. */
  readonly axes: readonly number[];
  /** Which plane of the tile it is. */
  readonly offset: number;
}

function locatePlane(layout: TileLayout, plane: number): Depth {
  const axes: number[] = [];
  let rest = plane;
  let tile = 0;
  let tileStep = 1;
  let offset = 0;
  let offsetStep = 1;
  for (let axis = 2; axis < layout.axes.length; axis += 1) {
    const length = layout.axes[axis] ?? 1;
    const tileLength = layout.tileAxes[axis] ?? 1;
    const index = rest % length;
    rest = Math.floor(rest / length);
    const first = Math.floor(index / tileLength) * tileLength;
    const inTile = Math.min(tileLength, length - first);
    axes.push(inTile);
    tile += (first / tileLength) * tileStep;
    tileStep *= layout.counts[axis] ?? 1;
    offset += (index - first) * offsetStep;
    offsetStep *= inTile;
  }
  return { tile, axes, offset };
}

/** Reads of neighbouring small ranges of an HDU's data, made one large read. */
class ReadAhead {
  private start = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private readonly end: number;

  constructor(
    private readonly source: ByteSource,
    hdu: Hdu,
  ) {
    this.end = hdu.dataOffset + hdu.dataBytes;
  }

  /** @throws 'fits_truncated' if the file ends within the range */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset < this.start || offset + length > this.start + this.bytes.length) {
      const want = Math.max(length, Math.min(READ_AHEAD_BYTES, this.end - offset));
      this.bytes = await this.source.read(offset, want);
      this.start = offset;
      if (this.bytes.length < length) {
        throw new AppError('fits_truncated', 'The file ends inside a compressed image.');
      }
    }
    return this.bytes.subarray(offset - this.start, offset - this.start + length);
  }
}
