import { AppError } from '../lib/errors.js';
import { cellBytesOf, cellReader, variableReader } from './cells.js';
import type { CellBytes, CellReader, CellValue } from './cells.js';
import { cellBytes, isVariable, rowLength, tableColumns, tableShape } from './columns.js';
import type { TableColumn } from './columns.js';
import { descriptorAt, HeapReader, readDescriptor } from './heap.js';
import { eachUnpackedTile } from './tiles/table.js';
import type { FitsFile, Hdu } from './types.js';

export type { CellValue } from './cells.js';
export { rowLength, tableColumns } from './columns.js';
export type { ColumnCode, TableColumn } from './columns.js';
export { readDescriptor, viewOf } from './heap.js';
export type { HeapRange } from './heap.js';
export { unpackedHeapBytes, unpackHeap } from './tiles/table-heap.js';

const CHUNK_BYTES = 1024 * 1024;
const HEAP_BATCH_BYTES = 1024 * 1024;
const CHUNK_ELEMENTS = 2 ** 16;
const MAX_ROW_BYTES = 64 * 1024 * 1024;
/** Most numbers of a row: each takes many times its bytes once it is a value. */
const MAX_ROW_ELEMENTS = 2 ** 24;

/** Which rows; `firstRow` 0 is row 1 of the table, and all rows to the end is the default. */
export interface RowRange {
  readonly firstRow?: number;
  readonly rows?: number;
}

/** Number of rows of a table, of a compressed one those of the table inside. */
export function tableRows(hdu: Hdu): number {
  return tableShape(hdu).rows;
}

/** Some whole rows as they stand in an uncompressed table. */
export interface TableChunk {
  readonly firstRow: number;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** A chunk, and how to get at its variable-length cells. */
export interface ReadableChunk extends TableChunk {
  /** Bytes of the cell of a column and a row of the chunk; good until the next call. */
  readonly readVariable: (columnIndex: number, row: number) => Promise<Uint8Array>;
}

/**
 * The rows of an ASCII, binary or compressed table, in order, holding a few MB at a time. TSCALn,
 * TZEROn and TNULLn are applied, text loses its trailing blanks. FITS Standard 4.0 §7.2, §7.3, §10.3.
 *
 * @throws 'fits_unsupported' for other HDUs, 'fits_invalid' if a descriptor points out of the heap
 *         or a packed tile is damaged, 'fits_truncated' if the file ends within the rows,
 *         'too_large' for a row or tile beyond the limits
 */
export async function* eachRow(
  file: FitsFile,
  hdu: Hdu,
  range: RowRange = {},
): AsyncGenerator<Record<string, CellValue>, void, undefined> {
  const names = tableColumns(hdu).map((column) => column.name);
  // Also own properties for names such as __proto__; copying it makes rows of one shape.
  const empty: Record<string, CellValue> = Object.fromEntries(names.map((name) => [name, null]));
  for await (const batch of eachRowBatch(file, hdu, range)) {
    for (const cells of batch) {
      const row = { ...empty };
      for (let i = 0; i < names.length; i += 1) row[names[i] ?? ''] = cells[i] ?? null;
      yield row;
    }
  }
}

/**
 * The rows of a table as lists of cells in the order of `tableColumns`, many rows at a time.
 *
 * @throws as `eachRow`
 */
export async function* eachRowBatch(
  file: FitsFile,
  hdu: Hdu,
  range: RowRange = {},
): AsyncGenerator<CellValue[][], void, undefined> {
  const columns = tableColumns(hdu);
  checkElements(hdu, columns);
  const plan = makePlan(hdu, columns);
  for await (const chunk of eachReadableChunk(file, hdu, range)) {
    const cells = cellBytesOf(chunk.bytes, hdu.kind === 'table');
    for (let row = 0; row < chunk.rows;) {
      const count = countBatch(plan, cells, row, Math.min(plan.atOnce, chunk.rows - row));
      yield await readBatch(plan, chunk, cells, { row, count });
      row += count;
    }
  }
}

/**
 * The rows of a table as bytes, as they stand in the uncompressed table, in order: for a compressed
 * table a tile at a time, else about 1 MB. FITS Standard 4.0 §10.3.
 *
 * @throws as `eachRow`
 */
export async function* eachTableChunk(
  file: FitsFile,
  hdu: Hdu,
  range: RowRange = {},
): AsyncGenerator<TableChunk, void, undefined> {
  for await (const { firstRow, rows, bytes } of eachReadableChunk(file, hdu, range)) {
    yield { firstRow, rows, bytes };
  }
}

/**
 * The rows of a table as they stand in the file, also of a compressed one, about 1 MB at a time.
 *
 * @throws 'fits_truncated' if the file ends within them
 */
export async function* eachStoredRows(
  file: FitsFile,
  hdu: Hdu,
): AsyncGenerator<TableChunk, void, undefined> {
  const rowBytes = rowLength(hdu);
  const lastRow = rowBytes === 0 ? 0 : (hdu.header.number('NAXIS2') ?? 0);
  if (rowBytes > MAX_ROW_BYTES) throw tooLarge(hdu, 'row');
  yield* eachPlainChunk(file, hdu, { firstRow: 0, lastRow, rowBytes });
}

async function* eachReadableChunk(
  file: FitsFile,
  hdu: Hdu,
  range: RowRange,
): AsyncGenerator<ReadableChunk, void, undefined> {
  const { rowBytes, rows } = tableShape(hdu);
  const firstRow = Math.max(0, Math.floor(range.firstRow ?? 0));
  const lastRow = Math.min(rows, firstRow + Math.max(0, Math.floor(range.rows ?? rows)));
  if (rowBytes > MAX_ROW_BYTES) throw tooLarge(hdu, 'row');
  if (hdu.kind !== 'compressed-table') {
    yield* eachPlainChunk(file, hdu, { firstRow, lastRow, rowBytes });
    return;
  }
  for await (const tile of eachUnpackedTile(file, hdu, { firstRow, lastRow })) {
    const skip = Math.max(0, firstRow - tile.firstRow);
    const count = Math.min(tile.rows, lastRow - tile.firstRow) - skip;
    yield {
      firstRow: tile.firstRow + skip,
      rows: count,
      bytes: tile.bytes.subarray(skip * rowBytes, (skip + count) * rowBytes),
      readVariable: (column, row) => tile.readVariable(column, skip + row),
    };
  }
}

async function* eachPlainChunk(
  file: FitsFile,
  hdu: Hdu,
  { firstRow, lastRow, rowBytes }: { firstRow: number; lastRow: number; rowBytes: number },
): AsyncGenerator<ReadableChunk, void, undefined> {
  const columns = tableColumns(hdu);
  const heap = new HeapReader(file.source, hdu);
  const atOnce = Math.max(1, Math.floor(CHUNK_BYTES / Math.max(1, rowBytes)));
  for (let first = firstRow; first < lastRow; first += atOnce) {
    const rows = Math.min(atOnce, lastRow - first);
    const bytes = await file.source.read(hdu.dataOffset + first * rowBytes, rows * rowBytes);
    if (bytes.length < rows * rowBytes) {
      throw new AppError('fits_truncated', `The file ends inside the table of HDU ${hdu.index}.`);
    }
    const readVariable = async (index: number, row: number): Promise<Uint8Array> => {
      const column = columns[index];
      if (column === undefined) return new Uint8Array(0);
      const start = bytes.byteOffset + row * rowBytes;
      const view = new DataView(bytes.buffer, start, rowBytes);
      const { offset, lengthBytes } = readDescriptor(hdu, column, view);
      return heap.read(offset, lengthBytes);
    };
    yield { firstRow: first, rows, bytes, readVariable };
  }
}

/** How the rows of a table become cells: decided once, used for every batch. */
interface RowPlan {
  readonly hdu: Hdu;
  readonly rowBytes: number;
  /** Most rows of a batch. */
  readonly atOnce: number;
  readonly width: number;
  readonly fixed: readonly {
    readonly index: number;
    readonly at: number;
    readonly read: CellReader;
  }[];
  readonly variable: readonly VariableColumn[];
}

interface VariableColumn {
  readonly index: number;
  readonly column: TableColumn;
  readonly read: (cells: CellBytes, at: number, count: number) => CellValue;
}

function makePlan(hdu: Hdu, columns: readonly TableColumn[]): RowPlan {
  const indexed = columns.map((column, index) => ({ column, index }));
  const elements = columns.reduce((sum, column) => sum + elementsOf(column), 0);
  const { rowBytes } = tableShape(hdu);
  // By bytes too, for long texts: a tile of a compressed table may be much longer than a chunk.
  const atOnce = Math.min(
    CHUNK_ELEMENTS / Math.max(1, elements),
    CHUNK_BYTES / Math.max(1, rowBytes),
  );
  return {
    hdu,
    rowBytes,
    atOnce: Math.max(1, Math.floor(atOnce)),
    width: columns.length,
    fixed: indexed
      .filter(({ column }) => !isVariable(column))
      .map(({ column, index }) => ({ index, at: column.offset, read: cellReader(column) })),
    variable: indexed
      .filter(({ column }) => isVariable(column))
      .map(({ column, index }) => ({ index, column, read: variableReader(column) })),
  };
}

/** How many of the rows from `row` on make a batch: their cells in the heap are bounded together. */
function countBatch(plan: RowPlan, cells: CellBytes, row: number, most: number): number {
  if (plan.variable.length === 0) return most;
  let batchBytes = 0;
  for (let count = 0; count < most; count += 1) {
    let rowElements = 0;
    let rowBytes = 0;
    for (const { column } of plan.variable) {
      const size = countOf(column, cells, (row + count) * plan.rowBytes);
      rowElements += column.heapCode === 'A' ? 0 : size;
      rowBytes += cellBytes(column.heapCode ?? 'B', size);
    }
    if (rowBytes > MAX_ROW_BYTES || rowElements > MAX_ROW_ELEMENTS)
      throw tooLarge(plan.hdu, 'cell');
    batchBytes += rowBytes + rowElements;
    if (batchBytes > HEAP_BATCH_BYTES) return Math.max(1, count);
  }
  return most;
}

function countOf(column: TableColumn, { view }: CellBytes, rowStart: number): number {
  if (column.repeat === 0) return 0;
  const { count } = descriptorAt(view, rowStart + column.offset, column.code === 'Q');
  return Math.max(0, count); // a negative one is refused where the cell is read
}

async function readBatch(
  plan: RowPlan,
  chunk: ReadableChunk,
  cells: CellBytes,
  { row, count }: { row: number; count: number },
): Promise<CellValue[][]> {
  const { rowBytes, width } = plan;
  const batch = Array.from({ length: count }, () => new Array<CellValue>(width).fill(null));
  for (const { index, at, read } of plan.fixed) {
    let place = row * rowBytes + at;
    for (const list of batch) {
      list[index] = read(cells, place);
      place += rowBytes;
    }
  }
  for (const { index, column, read } of plan.variable) {
    for (const [number, list] of batch.entries()) {
      const size = countOf(column, cells, (row + number) * rowBytes);
      const bytes = await chunk.readVariable(index, row + number);
      list[index] = read(cellBytesOf(bytes, false), 0, size);
    }
  }
  return batch;
}

function checkElements(hdu: Hdu, columns: readonly TableColumn[]): void {
  const elements = columns.reduce((sum, column) => sum + elementsOf(column), 0);
  if (elements > MAX_ROW_ELEMENTS) throw tooLarge(hdu, 'row');
}

function elementsOf({ code, repeat }: TableColumn): number {
  return code === 'A' || code === 'P' || code === 'Q' ? 1 : Math.max(1, repeat);
}

function tooLarge(hdu: Hdu, what: string): AppError {
  return new AppError(
    'too_large',
    `A ${what} of the table in HDU ${hdu.index} is too large to read.`,
  );
}
