import { AppError } from '../lib/errors.js';
import type { FitsFile, Hdu } from './types.js';

const ROWS_BYTES = 1024 * 1024;
const MAX_CELL_BYTES = 64 * 1024 * 1024; // also for a whole row
const MAX_FIELDS = 999; // FITS Standard 4.0 §7.3.1

/** Type letters of TFORMn. FITS Standard 4.0 table 18. */
export type ColumnCode =
  'L' | 'X' | 'B' | 'I' | 'J' | 'K' | 'A' | 'E' | 'D' | 'C' | 'M' | 'P' | 'Q';

/** Bytes of one element; X counts bits instead. */
const ELEMENT_BYTES: Readonly<Record<ColumnCode, number>> = {
  L: 1,
  X: 0,
  B: 1,
  I: 2,
  J: 4,
  K: 8,
  A: 1,
  E: 4,
  D: 8,
  C: 8,
  M: 16,
  P: 8,
  Q: 16,
};

/** A column of a binary table. FITS Standard 4.0 §7.3.2. */
export interface TableColumn {
  /** TTYPEn; `COLn` where it is missing or already taken. */
  readonly name: string;
  readonly code: ColumnCode;
  /** Elements of a cell; for X bits, for A characters. */
  readonly repeat: number;
  /** Element type and size in the heap; only for the descriptors P and Q. */
  readonly heapCode: ColumnCode | undefined;
  /** Shape of a cell (TDIMn), fastest axis first; [] if it has none or one that does not fit. */
  readonly dims: readonly number[];
  /** Place of the cell in its row, bytes. */
  readonly offset: number;
  readonly widthBytes: number;
  readonly unit: string;
  readonly tscal: number;
  readonly tzero: number;
  readonly tnull: number | bigint | undefined;
}

/**
 * A number, text, logical value or null; complex is [real, imaginary]. Several elements are a flat
 * array, whatever their TDIMn; text with TDIMn is an array of texts.
 */
export type CellValue = string | number | bigint | boolean | null | readonly CellValue[];

/**
 * The columns of a binary table, also of the table that holds a compressed image.
 *
 * @throws 'fits_unsupported' for other HDUs; 'fits_invalid' if a TFORMn cannot be read or the
 *         columns do not fit in a row
 */
export function tableColumns(hdu: Hdu): TableColumn[] {
  if (!['bintable', 'compressed-table', 'compressed-image'].includes(hdu.kind)) {
    throw new AppError('fits_unsupported', `HDU ${hdu.index} is not a binary table.`);
  }
  const fields = hdu.header.number('TFIELDS') ?? 0;
  if (!Number.isInteger(fields) || fields < 0 || fields > MAX_FIELDS) {
    throw new AppError('fits_invalid', `TFIELDS cannot be ${fields}.`);
  }
  const columns: TableColumn[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (let number = 1; number <= fields; number += 1) {
    const column = parseColumn(hdu, number, offset, names);
    columns.push(column);
    names.add(column.name);
    offset += column.widthBytes;
  }
  if (offset > rowLength(hdu)) {
    throw new AppError('fits_invalid', `The columns of HDU ${hdu.index} do not fit in a row.`);
  }
  return columns;
}

/**
 * The rows of an uncompressed binary table, in order, holding about 1 MB at a time. TSCALn, TZEROn
 * and TNULLn are applied, text loses its trailing blanks. FITS Standard 4.0 §7.3.
 *
 * @throws 'fits_unsupported' for other HDUs, 'fits_invalid' if a descriptor points out of the heap,
 *         'too_large' for a row or cell beyond 64 MB
 */
export async function* eachRow(
  file: FitsFile,
  hdu: Hdu,
): AsyncGenerator<Record<string, CellValue>, void, undefined> {
  if (hdu.kind !== 'bintable') {
    throw new AppError('fits_unsupported', `HDU ${hdu.index} is not a plain binary table.`);
  }
  const columns = tableColumns(hdu);
  const rowBytes = rowLength(hdu);
  if (rowBytes > MAX_CELL_BYTES) throw tooLarge(hdu, 'row');
  // Rows without bytes hold nothing, and a header may claim any number of them.
  const rows = rowBytes === 0 ? 0 : (hdu.header.number('NAXIS2') ?? 0);
  const atOnce = Math.max(1, Math.floor(ROWS_BYTES / Math.max(1, rowBytes)));
  for (let first = 0; first < rows; first += atOnce) {
    const count = Math.min(atOnce, rows - first);
    const bytes = await file.source.read(hdu.dataOffset + first * rowBytes, count * rowBytes);
    if (bytes.length < count * rowBytes) {
      throw new AppError('fits_truncated', `The file ends inside the table of HDU ${hdu.index}.`);
    }
    for (let row = 0; row < count; row += 1) {
      const view = viewOf(bytes.subarray(row * rowBytes, (row + 1) * rowBytes));
      yield await readRow(file, hdu, columns, view);
    }
  }
}

/** Length of a row of a binary table in bytes (NAXIS1). */
export function rowLength(hdu: Hdu): number {
  return hdu.header.number('NAXIS1') ?? 0;
}

/** What a P or Q descriptor points at, as a range of the file. */
export interface HeapRange {
  /** Number of elements. */
  readonly count: number;
  readonly offset: number;
  readonly lengthBytes: number;
}

/**
 * The range of the file that a variable-length cell points at. FITS Standard 4.0 §7.3.5.
 *
 * @param row the row the cell is in
 * @throws 'fits_invalid' if the range is not wholly within the heap
 */
export function readDescriptor(hdu: Hdu, column: TableColumn, row: DataView): HeapRange {
  if (column.repeat === 0) return { count: 0, offset: 0, lengthBytes: 0 };
  const wide = column.code === 'Q';
  const count = wide ? Number(row.getBigInt64(column.offset)) : row.getInt32(column.offset);
  const start = wide
    ? Number(row.getBigInt64(column.offset + 8))
    : row.getUint32(column.offset + 4);
  if (count === 0) return { count: 0, offset: 0, lengthBytes: 0 };
  const lengthBytes = cellBytes(column.heapCode ?? 'B', count);
  const tableBytes = rowLength(hdu) * (hdu.header.number('NAXIS2') ?? 0);
  const heapStart = hdu.header.number('THEAP') ?? tableBytes;
  const heapBytes = hdu.dataBytes - heapStart;
  if (count < 0 || start < 0 || heapStart < 0 || !(start + lengthBytes <= heapBytes)) {
    throw new AppError('fits_invalid', `A cell of HDU ${hdu.index} points out of its heap.`, {
      column: column.name,
    });
  }
  return { count, offset: hdu.dataOffset + heapStart + start, lengthBytes };
}

/** A view on bytes that are part of a larger buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function tooLarge(hdu: Hdu, what: string): AppError {
  return new AppError(
    'too_large',
    `A ${what} of the table in HDU ${hdu.index} is too large to read.`,
  );
}

function parseColumn(
  hdu: Hdu,
  number: number,
  offset: number,
  names: ReadonlySet<string>,
): TableColumn {
  const { header } = hdu;
  const form = header.string(`TFORM${number}`)?.trim().toUpperCase() ?? '';
  const match = /^(\d*)([LXBIJKAEDCMPQ])([LXBIJKAEDCM]?)/.exec(form);
  const code = match?.[2];
  if (match === null || !isCode(code)) {
    throw new AppError('fits_invalid', `TFORM${number} cannot be "${form.slice(0, 20)}".`);
  }
  const repeat = match[1] === '' || match[1] === undefined ? 1 : Number(match[1]);
  const heapCode = (code === 'P' || code === 'Q') && isCode(match[3]) ? match[3] : undefined;
  const name = header.string(`TTYPE${number}`)?.trim() ?? '';
  const tnull = header.value(`TNULL${number}`);
  return {
    name: name === '' || names.has(name) ? `COL${number}` : name,
    code,
    repeat,
    heapCode,
    dims: parseDims(header.string(`TDIM${number}`), code, repeat),
    offset,
    widthBytes: cellBytes(code, repeat),
    unit: header.string(`TUNIT${number}`)?.trim() ?? '',
    tscal: header.number(`TSCAL${number}`) ?? 1,
    tzero: header.number(`TZERO${number}`) ?? 0,
    tnull: typeof tnull === 'number' || typeof tnull === 'bigint' ? tnull : undefined,
  };
}

/** FITS Standard 4.0 §7.3.2 (TDIMn): the product may be less than the elements there are. */
function parseDims(text: string | undefined, code: ColumnCode, repeat: number): number[] {
  const match = /^\s*\(([\d\s,]+)\)\s*$/.exec(text ?? '');
  const dims = match?.[1]?.split(',').map(Number) ?? [];
  const elements = dims.reduce((product, dim) => product * dim, 1);
  const fits = elements > 0 && (elements <= repeat || code === 'P' || code === 'Q');
  return fits ? dims : [];
}

function isCode(code: string | undefined): code is ColumnCode {
  return code !== undefined && Object.hasOwn(ELEMENT_BYTES, code);
}

function cellBytes(code: ColumnCode, repeat: number): number {
  return code === 'X' ? Math.ceil(repeat / 8) : repeat * ELEMENT_BYTES[code];
}

async function readRow(
  file: FitsFile,
  hdu: Hdu,
  columns: readonly TableColumn[],
  row: DataView,
): Promise<Record<string, CellValue>> {
  const cells: [string, CellValue][] = [];
  for (const column of columns) {
    const variable = column.code === 'P' || column.code === 'Q';
    const value = variable
      ? await readVariable(file, hdu, column, row)
      : readCell(column, column.code, row, { offset: column.offset, repeat: column.repeat });
    cells.push([column.name, value]);
  }
  return Object.fromEntries(cells);
}

async function readVariable(
  file: FitsFile,
  hdu: Hdu,
  column: TableColumn,
  row: DataView,
): Promise<CellValue> {
  const range = readDescriptor(hdu, column, row);
  const code = column.heapCode ?? 'B';
  if (range.lengthBytes > MAX_CELL_BYTES) throw tooLarge(hdu, 'cell');
  if (range.count === 0) return code === 'A' ? '' : [];
  const bytes = await file.source.read(range.offset, range.lengthBytes);
  const value = readCell(column, code, viewOf(bytes), { offset: 0, repeat: range.count });
  return range.count === 1 && code !== 'A' ? [value] : value;
}

function readCell(
  column: TableColumn,
  code: ColumnCode,
  view: DataView,
  at: { offset: number; repeat: number },
): CellValue {
  const { offset, repeat } = at;
  if (code === 'A') return readTexts(column, view, at);
  if (code === 'X') {
    const bits = Array.from({ length: repeat }, (_, bit) => {
      return ((view.getUint8(offset + (bit >> 3)) >> (7 - (bit & 7))) & 1) === 1;
    });
    return repeat === 1 ? (bits[0] ?? null) : bits;
  }
  if (repeat === 1) return readElement(column, code, view, offset);
  return Array.from({ length: repeat }, (_, index) =>
    readElement(column, code, view, offset + index * ELEMENT_BYTES[code]),
  );
}

function readTexts(
  { dims }: TableColumn,
  view: DataView,
  { offset, repeat }: { offset: number; repeat: number },
): CellValue {
  const [length = repeat, ...more] = dims;
  if (more.length === 0) return readText(view, offset, repeat);
  const count = Math.min(
    more.reduce((product, dim) => product * dim, 1),
    Math.floor(repeat / length),
  );
  return Array.from({ length: count }, (_, index) =>
    readText(view, offset + index * length, length),
  );
}

function readText(view: DataView, offset: number, length: number): string {
  const text = Buffer.from(view.buffer, view.byteOffset + offset, length).toString('latin1');
  const end = text.indexOf('\0'); // FITS Standard 4.0 §7.3.3.1: NUL ends the text early
  return (end < 0 ? text : text.slice(0, end)).trimEnd();
}

function readElement(
  column: TableColumn,
  code: ColumnCode,
  view: DataView,
  offset: number,
): CellValue {
  switch (code) {
    case 'L': {
      const byte = view.getUint8(offset);
      return byte === 0x54 ? true : byte === 0x46 ? false : null;
    }
    case 'B':
      return scaled(column, view.getUint8(offset));
    case 'I':
      return scaled(column, view.getInt16(offset));
    case 'J':
      return scaled(column, view.getInt32(offset));
    case 'K':
      return scaledLong(column, view.getBigInt64(offset));
    case 'E':
      return view.getFloat32(offset) * column.tscal + column.tzero;
    case 'D':
      return view.getFloat64(offset) * column.tscal + column.tzero;
    case 'C':
      return complex(column, view.getFloat32(offset), view.getFloat32(offset + 4));
    case 'M':
      return complex(column, view.getFloat64(offset), view.getFloat64(offset + 8));
    default:
      return null;
  }
}

function scaled({ tscal, tzero, tnull }: TableColumn, value: number): number | null {
  return tnull !== undefined && value === Number(tnull) ? null : value * tscal + tzero;
}

function scaledLong({ tscal, tzero, tnull }: TableColumn, value: bigint): CellValue {
  if (tnull !== undefined && value === BigInt(tnull)) return null;
  // Unsigned 64-bit integers have TZERO 2^63: exact only as bigint.
  if (tscal === 1 && Number.isInteger(tzero)) return value + BigInt(tzero);
  return Number(value) * tscal + tzero;
}

function complex({ tscal, tzero }: TableColumn, real: number, imaginary: number): CellValue {
  return [real * tscal + tzero, imaginary * tscal];
}
