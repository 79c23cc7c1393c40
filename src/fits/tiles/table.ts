import { AppError } from '../../lib/errors.js';
import {
  cellBytes,
  isVariable,
  MAX_PACKING_RATIO,
  storedColumns,
  tableColumns,
  tableShape,
} from '../columns.js';
import type { TableColumn } from '../columns.js';
import { descriptorAt, heapOf, HeapReader, readDescriptor, viewOf } from '../heap.js';
import type { Descriptor } from '../heap.js';
import type { FitsFile, Hdu } from '../types.js';
import { unpackElements } from './column.js';

/** Most bytes of a tile, which is held in memory; also of a variable-length cell. */
const MAX_TILE_BYTES = 256 * 1024 * 1024;
const MAX_CELL_BYTES = 64 * 1024 * 1024;
/** Bytes of the descriptor of a packed cell, always of the wide kind. */
const PACKED_BYTES = 16;

/** Rows of a compressed table as they stood in the original one. */
export interface UnpackedTile {
  readonly firstRow: number;
  readonly rows: number;
  readonly bytes: Uint8Array;
  /** Bytes of a variable-length cell, by number of its column and row of the tile. */
  readonly readVariable: (columnIndex: number, row: number) => Promise<Uint8Array>;
}

/**
 * The tiles of a compressed table that hold rows of a range, unpacked, in order. A tile is a number
 * of rows, kept column by column, each column packed by itself. FITS Standard 4.0 §10.3.
 *
 * @throws 'fits_unsupported' for an algorithm that is not read, 'fits_invalid' for a damaged tile,
 *         'fits_truncated' if the file ends within one, 'too_large' for one beyond 256 MB
 */
export async function* eachUnpackedTile(
  file: FitsFile,
  hdu: Hdu,
  range: { readonly firstRow: number; readonly lastRow: number },
): AsyncGenerator<UnpackedTile, void, undefined> {
  const layout = readLayout(hdu);
  const reader = new HeapReader(file.source, hdu);
  const firstTile = Math.floor(range.firstRow / layout.tileRows);
  for (let tile = firstTile; tile * layout.tileRows < range.lastRow; tile += 1) {
    yield await unpackTile({ hdu, layout, reader }, tile);
  }
}

interface PackedColumn {
  /** The column of the table inside. */
  readonly column: TableColumn;
  /** The descriptors of its packed tiles. */
  readonly stored: TableColumn;
  /** ZCTYPn */
  readonly algorithm: string;
}

interface TableLayout {
  readonly rowBytes: number;
  readonly rows: number;
  readonly tileRows: number;
  readonly columns: readonly PackedColumn[];
}

interface TableJob {
  readonly hdu: Hdu;
  readonly layout: TableLayout;
  readonly reader: HeapReader;
}

function readLayout(hdu: Hdu): TableLayout {
  const { rowBytes, rows } = tableShape(hdu);
  const { header } = hdu;
  const given = header.number('ZTILELEN') ?? rows;
  if (!Number.isSafeInteger(given) || given < Math.min(1, rows)) {
    throw new AppError('fits_invalid', `ZTILELEN cannot be ${given}.`);
  }
  const tileRows = Math.max(1, Math.min(given, rows));
  if (Math.ceil(rows / tileRows) > (header.number('NAXIS2') ?? 0)) {
    throw new AppError('fits_invalid', `HDU ${hdu.index} has fewer tiles than its rows need.`);
  }
  if (tileRows * rowBytes > MAX_TILE_BYTES) {
    throw new AppError('too_large', `The tiles of HDU ${hdu.index} are too large to read.`);
  }
  const stored = storedColumns(hdu);
  const columns = tableColumns(hdu).map((column, index): PackedColumn => {
    const packed = stored[index];
    if (packed === undefined || !isVariable(packed)) {
      const text = `TFORM${index + 1} of the compressed table in HDU ${hdu.index} is no descriptor.`;
      throw new AppError('fits_invalid', text);
    }
    const algorithm =
      header
        .string(`ZCTYP${index + 1}`)
        ?.trim()
        .toUpperCase() ?? 'GZIP_1';
    return { column, stored: packed, algorithm };
  });
  return { rowBytes, rows, tileRows, columns };
}

async function unpackTile(job: TableJob, tile: number): Promise<UnpackedTile> {
  const { hdu, layout, reader } = job;
  const firstRow = tile * layout.tileRows;
  const rows = Math.min(layout.tileRows, layout.rows - firstRow);
  const storedBytes = hdu.header.number('NAXIS1') ?? 0;
  // A copy: the reader's bytes are only good until its next read.
  const row = Uint8Array.from(await reader.read(hdu.dataOffset + tile * storedBytes, storedBytes));
  const ranges = layout.columns.map(({ stored }) => readDescriptor(hdu, stored, viewOf(row)));
  const packedBytes = ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  if (rows * layout.rowBytes > packedBytes * MAX_PACKING_RATIO) {
    throw new AppError('fits_invalid', `Tile ${tile} of HDU ${hdu.index} holds too little data.`);
  }
  const bytes = new Uint8Array(rows * layout.rowBytes);
  const packedCells = new Map<number, DataView>();
  for (const [index, packed] of layout.columns.entries()) {
    const { column, algorithm } = packed;
    const range = ranges[index];
    if (range === undefined || column.widthBytes === 0) continue;
    const stored = await reader.read(range.offset, range.lengthBytes);
    if (isVariable(column)) {
      const { original, cells } = splitDescriptors(hdu, column, stored, rows);
      putColumn(original, bytes, column, layout.rowBytes);
      packedCells.set(index, cells);
    } else {
      const sizeBytes = rows * column.widthBytes;
      const values = unpackElements(stored, { algorithm, code: column.code, sizeBytes });
      putColumn(values, bytes, column, layout.rowBytes);
    }
  }
  const view = viewOf(bytes);
  const readVariable = (index: number, at: number): Promise<Uint8Array> => {
    const [packed, cells] = [layout.columns[index], packedCells.get(index)];
    if (packed === undefined || cells === undefined) return Promise.resolve(new Uint8Array(0));
    const { offset, code } = packed.column;
    const original = descriptorAt(view, at * layout.rowBytes + offset, code === 'Q');
    return unpackCell(job, packed, original.count, descriptorAt(cells, at * PACKED_BYTES, true));
  };
  return { firstRow, rows, bytes, readVariable };
}

/**
 * The descriptors of a variable-length column: those of the original table, and those of its packed
 * cells. cfitsio writes them in this order; where they make no sense so, the order is the other.
 * FITS Standard 4.0 §10.3.6.
 */
function splitDescriptors(
  hdu: Hdu,
  column: TableColumn,
  stored: Uint8Array,
  rows: number,
): { original: Uint8Array; cells: DataView } {
  if (column.repeat !== 1) {
    throw new AppError('fits_invalid', `Column ${column.name} has more than one descriptor.`);
  }
  const ownBytes = rows * column.widthBytes;
  const cellsBytes = rows * PACKED_BYTES;
  const all = unpackElements(stored, {
    algorithm: 'GZIP_1',
    code: 'B',
    sizeBytes: ownBytes + cellsBytes,
  });
  const usual = { original: all.subarray(0, ownBytes), cells: viewOf(all.subarray(ownBytes)) };
  if (isPossible(hdu, column, usual)) return usual;
  const other = { original: all.subarray(cellsBytes), cells: viewOf(all.subarray(0, cellsBytes)) };
  return isPossible(hdu, column, other) ? other : usual;
}

/** True if all descriptors point into their heaps, and no packed cell is larger than the cell. */
function isPossible(
  hdu: Hdu,
  column: TableColumn,
  { original, cells }: { original: Uint8Array; cells: DataView },
): boolean {
  const view = viewOf(original);
  const heapBytes = hdu.header.number('ZPCOUNT') ?? 0;
  const { sizeBytes } = heapOf(hdu);
  for (let row = 0; row * PACKED_BYTES < cells.byteLength; row += 1) {
    const cell = descriptorAt(view, row * column.widthBytes, column.code === 'Q');
    const packed = descriptorAt(cells, row * PACKED_BYTES, true);
    const cellSize = cellBytes(column.heapCode ?? 'B', cell.count);
    if (cell.count < 0 || packed.count < 0 || packed.count > cellSize) return false;
    if (cell.count === 0) continue;
    if (cell.start < 0 || !(cell.start + cellSize <= heapBytes)) return false;
    if (packed.start < 0 || !(packed.start + packed.count <= sizeBytes)) return false;
  }
  return true;
}

/**
 * A variable-length cell. What would not become smaller is kept as it is, which only shows in its
 * length. FITS Standard 4.0 §10.3.6.
 *
 * @param count number of elements
 * @param packed length and place of the packed cell in the heap
 */
async function unpackCell(
  { hdu, reader }: TableJob,
  { column, algorithm }: PackedColumn,
  count: number,
  packed: Descriptor,
): Promise<Uint8Array> {
  if (count === 0) return new Uint8Array(0);
  const code = column.heapCode ?? 'B';
  const sizeBytes = cellBytes(code, count);
  const heap = heapOf(hdu);
  const end = packed.start + packed.count;
  if (count < 0 || packed.count < 0 || packed.start < 0 || !(end <= heap.sizeBytes)) {
    const text = `A packed cell of HDU ${hdu.index} points out of its heap.`;
    throw new AppError('fits_invalid', text, { column: column.name });
  }
  if (sizeBytes > MAX_CELL_BYTES) {
    throw new AppError(
      'too_large',
      `A cell of the table in HDU ${hdu.index} is too large to read.`,
    );
  }
  const stored = await reader.read(heap.offset + packed.start, packed.count);
  if (packed.count === sizeBytes) return stored;
  return unpackElements(stored, { algorithm, code, sizeBytes });
}

/** Puts a column, kept in one piece, into its place in each row. */
function putColumn(
  values: Uint8Array,
  bytes: Uint8Array,
  { offset, widthBytes }: TableColumn,
  rowBytes: number,
): void {
  let from = 0;
  for (let start = offset; start < bytes.length; start += rowBytes) {
    for (let i = 0; i < widthBytes; i += 1) bytes[start + i] = values[from + i] ?? 0;
    from += widthBytes;
  }
}
