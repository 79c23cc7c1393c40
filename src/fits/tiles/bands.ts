import { AppError } from '../../lib/errors.js';
import { cellBytes } from '../columns.js';
import { descriptorAt, heapOf } from '../heap.js';
import { int64ToDouble, nativeArray } from '../native.js';
import { readDescriptor, viewOf } from '../table.js';
import type { HeapRange, TableColumn } from '../table.js';
import type { FitsFile, Hdu, NativeArray, NativeStrip, Region } from '../types.js';
import { gzip, uncompressed } from './index.js';
import type { TileShape } from './index.js';
import { readLayout } from './layout.js';
import type { TileLayout } from './layout.js';
import { dequantize } from './quantize.js';
import { ReadAhead } from './read-ahead.js';

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
  const right = region.x + region.width;
  const top = region.y + region.height;
  const tileAt = (x: number, y: number): number => x + across * (y + down * depth.tile);
  const lastX = Math.ceil(right / tileWidth) - 1;
  const lastTile = tileAt(lastX, Math.ceil(top / tileHeight) - 1);
  const isWide = region.x < tileWidth && lastX === across - 1;
  const reader = new TileReader(file, hdu, layout, lastTile);
  for (let y = Math.floor(region.y / tileHeight); y * tileHeight < top; y += 1) {
    const tileRows = Math.min(tileHeight, height - y * tileHeight);
    const firstRow = Math.max(region.y, y * tileHeight);
    const bandRows = Math.min(top, y * tileHeight + tileRows) - firstRow;
    const skipped = firstRow - y * tileHeight;
    // Where the tiles to the left and right are wanted too, those of the next band come right after.
    const lastInOrder = isWide ? lastTile : tileAt(lastX, y);
    let band: NativeArray | undefined;
    for (let x = Math.floor(region.x / tileWidth); x * tileWidth < right; x += 1) {
      const columns = Math.min(tileWidth, width - x * tileWidth);
      const axes = [columns, ...(layout.axes.length > 1 ? [tileRows] : []), ...depth.axes];
      const left = Math.max(region.x, x * tileWidth);
      const count = Math.min(right, x * tileWidth + columns) - left;
      // Offsets in the tile of the first pixel of the first line, and of the end of the last one.
      const start = (depth.offset * tileRows + skipped) * columns + left - x * tileWidth;
      const needed = start + (bandRows - 1) * columns + count;
      const pixels = await reader.read(tileAt(x, y), lastInOrder, { axes, needed });
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

/** What is wanted of a tile. */
interface TilePart {
  readonly axes: readonly number[];
  /** Pixels from the start of the tile that are wanted; the rest need not be decoded. */
  readonly needed: number;
}

/** The tile that is read, and its row of the table. */
interface Tile {
  /** Its number, from 0. */
  readonly number: number;
  readonly row: DataView;
}

/** Where the bytes of a tile may be; one of these columns has them. */
const DATA_COLUMNS = ['COMPRESSED_DATA', 'GZIP_COMPRESSED_DATA', 'UNCOMPRESSED_DATA'] as const;

/** Reads tiles, best in the order of their numbers. */
class TileReader {
  private readonly rows: ReadAhead;
  private readonly heap: ReadAhead;
  private readonly bzero: number;

  /** @param lastTile the last one that will be read */
  constructor(
    { source }: FitsFile,
    private readonly hdu: Hdu,
    private readonly layout: TileLayout,
    private readonly lastTile: number,
  ) {
    this.rows = new ReadAhead(source, hdu);
    this.heap = new ReadAhead(source, hdu);
    this.bzero = hdu.header.number('BZERO') ?? 0;
  }

  /** @param lastInOrder the last of the tiles that are read from this one on without leaving one out */
  async read(number: number, lastInOrder: number, part: TilePart): Promise<NativeArray> {
    const { hdu, layout } = this;
    const { axes, needed } = part;
    const tile: Tile = { number, row: this.heldRow(number) ?? (await this.readRow(number)) };
    const [column, range] = this.locate(tile.row);
    if (range === undefined) {
      throw new AppError('fits_invalid', `Tile ${number} of HDU ${hdu.index} has no data.`);
    }
    const { offset, lengthBytes } = range;
    const bytes =
      this.heap.held(offset, lengthBytes) ??
      (await this.heap.read(offset, lengthBytes, () => this.endOfTile(lastInOrder)));
    const pixels = axes.reduce((product, axis) => product * axis, 1);
    const { bitpix } = hdu;
    const { parameter } = layout;
    const floats = bitpix < 0;
    const shape: TileShape = { axes, pixels, needed, floats, parameter, bitpix, bzero: this.bzero };
    // Tiles the algorithm could not take are kept beside it. FITS Standard 4.0 §10.1.3
    if (column === 'GZIP_COMPRESSED_DATA') return gzip.decode(bytes, shape);
    if (column === 'UNCOMPRESSED_DATA') return uncompressed.decode(bytes, shape);
    if (layout.dither === undefined) return layout.codec.decode(bytes, shape);
    const integers = layout.codec.decode(bytes, { ...shape, floats: false, bitpix: 32 });
    return restoreFloats(hdu, layout, tile, integers);
  }

  private heldRow(number: number): DataView | undefined {
    const bytes = this.rows.held(this.rowOffset(number), this.layout.rowBytes);
    return bytes === undefined ? undefined : viewOf(bytes);
  }

  private async readRow(number: number): Promise<DataView> {
    const until = (): number => this.rowOffset(this.lastTile + 1);
    return viewOf(await this.rows.read(this.rowOffset(number), this.layout.rowBytes, until));
  }

  private rowOffset(number: number): number {
    return this.hdu.dataOffset + number * this.layout.rowBytes;
  }

  /** Where the bytes of a tile are, and the name of the column that says so. */
  private locate(row: DataView): [string, HeapRange] | [undefined, undefined] {
    for (const name of DATA_COLUMNS) {
      const column = this.layout.columns.get(name);
      if (column === undefined) continue;
      const range = readDescriptor(this.hdu, column, row);
      if (range.count > 0) return [name, range];
    }
    return [undefined, undefined];
  }

  /** Where a tile ends by its descriptor, or one before it whose row is at hand. Unchecked: a hint. */
  private endOfTile(number: number): number {
    const { hdu, layout } = this;
    const held = Math.floor((this.rows.heldTo - hdu.dataOffset) / layout.rowBytes) - 1;
    const row = this.heldRow(Math.min(number, held));
    for (const name of DATA_COLUMNS) {
      const column = layout.columns.get(name);
      if (row === undefined || column === undefined || column.repeat === 0) continue;
      const { count, start } = descriptorAt(row, column.offset, column.code === 'Q');
      if (count > 0) return heapOf(hdu).offset + start + cellBytes(column.heapCode ?? 'B', count);
    }
    return 0;
  }
}

function restoreFloats(
  hdu: Hdu,
  layout: TileLayout,
  { number, row }: Tile,
  decoded: NativeArray,
): NativeArray {
  const integers = decoded instanceof Int32Array ? decoded : Int32Array.from(decoded, Number);
  const floats =
    hdu.bitpix === -32 ? new Float32Array(integers.length) : new Float64Array(integers.length);
  dequantize(integers, floats, {
    dither: layout.dither ?? 'NO_DITHER',
    zscale: cellOrKeyword(hdu, layout, row, 'ZSCALE') ?? 1,
    zzero: cellOrKeyword(hdu, layout, row, 'ZZERO') ?? 0,
    zblank: cellOrKeyword(hdu, layout, row, 'ZBLANK'),
    seed: layout.seed,
    tile: number,
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
