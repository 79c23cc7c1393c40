import { AppError } from '../../lib/errors.js';
import { rowLength, tableColumns } from '../table.js';
import type { TableColumn } from '../table.js';
import type { Hdu, Region } from '../types.js';
import { MAX_TILE_BYTES } from './gzip.js';
import { tileCodec } from './index.js';
import type { TileCodec } from './index.js';
import { parseDither } from './quantize.js';
import type { Dither } from './quantize.js';

/** Most pixels of a tile, or of a region's part of a row of tiles: what is held in memory at once. */
const MAX_PIXELS = 2 ** 26;

/** How a compressed image is cut into tiles, and where their parts are. FITS Standard 4.0 §10.1. */
export interface TileLayout {
  readonly codec: TileCodec;
  readonly axes: readonly number[];
  readonly tileAxes: readonly number[];
  /** Number of tiles along each axis. */
  readonly counts: readonly number[];
  readonly rowBytes: number;
  readonly columns: ReadonlyMap<string, TableColumn>;
  /** How floats were quantized; undefined if they were not, or the image is of integers. */
  readonly dither: Dither | undefined;
  readonly seed: number;
  readonly parameter: (name: string) => number | undefined;
}

/**
 * Reads and checks the layout, before anything is allocated for it.
 * FITS Standard 4.0 §10.1.1 to §10.1.3.
 *
 * @throws 'fits_unsupported' for an algorithm that is not read, 'fits_invalid' for tiles that
 *         cannot be or do not match the table, 'too_large' for tiles beyond 67 million pixels or 256 MB
 */
export function readLayout(hdu: Hdu, region: Region): TileLayout {
  const { axes, header } = hdu;
  const codec = tileCodec(hdu.compression);
  const tileAxes = axes.map((axis, index) => readTileAxis(hdu, index, axis));
  const counts = axes.map((axis, index) => Math.ceil(axis / (tileAxes[index] ?? 1)));
  const tiles = counts.reduce((product, count) => product * count, 1);
  const rows = header.number('NAXIS2') ?? 0;
  if (tiles > rows) {
    const text = `HDU ${hdu.index} needs ${tiles} tiles, but its table has ${rows} rows.`;
    throw new AppError('fits_invalid', text);
  }
  checkSize(hdu, tileAxes, region);
  const columns = new Map(tableColumns(hdu).map((column) => [column.name.toUpperCase(), column]));
  const scaled = columns.has('ZSCALE') || header.card('ZSCALE') !== undefined;
  const none = header.string('ZQUANTIZ')?.trim().toUpperCase() === 'NONE';
  return {
    codec,
    axes,
    tileAxes,
    counts,
    rowBytes: rowLength(hdu),
    columns,
    dither: hdu.bitpix < 0 && scaled && !none ? parseDither(header.string('ZQUANTIZ')) : undefined,
    seed: header.number('ZDITHER0') ?? 1,
    parameter: (name) => readParameter(hdu, name),
  };
}

function readTileAxis(hdu: Hdu, index: number, axis: number): number {
  // Without ZTILEn a tile is one row. FITS Standard 4.0 §10.1.1
  const length = hdu.header.number(`ZTILE${index + 1}`) ?? (index === 0 ? axis : 1);
  if (!Number.isSafeInteger(length) || length < 1) {
    throw new AppError('fits_invalid', `ZTILE${index + 1} cannot be ${length}.`);
  }
  return Math.min(length, axis);
}

function checkSize(hdu: Hdu, tileAxes: readonly number[], region: Region): void {
  const tilePixels = tileAxes.reduce((product, axis) => product * axis, 1);
  const bandPixels = region.width * Math.min(region.height, tileAxes[1] ?? 1);
  if (tilePixels > MAX_PIXELS || bandPixels > MAX_PIXELS) {
    const text = `The tiles of HDU ${hdu.index} are larger than ${MAX_PIXELS} pixels.`;
    throw new AppError('too_large', text, { tilePixels, bandPixels });
  }
  const bytes = Math.max(tilePixels, bandPixels) * (Math.abs(hdu.bitpix) / 8);
  if (bytes > MAX_TILE_BYTES) {
    const text = `The tiles of HDU ${hdu.index} take more than ${MAX_TILE_BYTES / 2 ** 20} MB each.`;
    throw new AppError('too_large', text, { bytes, maxBytes: MAX_TILE_BYTES });
  }
}

function readParameter(hdu: Hdu, name: string): number | undefined {
  for (let number = 1; hdu.header.card(`ZNAME${number}`) !== undefined; number += 1) {
    if (hdu.header.string(`ZNAME${number}`)?.trim().toUpperCase() === name) {
      return hdu.header.number(`ZVAL${number}`);
    }
  }
  return undefined;
}
