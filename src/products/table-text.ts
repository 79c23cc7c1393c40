import { formatCsvText } from '../lib/csv.js';
import { AppError } from '../lib/errors.js';
import {
  eachRowBatch,
  tableColumns,
  tableRows,
  type CellValue,
  type FitsFile,
  type Hdu,
  type TableColumn,
} from '../fits/index.js';

export type TableFormat = 'csv' | 'json';

/** A column, for a program that reads the rows. */
export interface ColumnShape {
  readonly name: string;
  /** TUNITn, '' if there is none. */
  readonly unit: string;
  readonly type: ColumnType;
  /** Lengths of the axes of a cell, slowest first; null is a length of its own in each row; [] for a single value. */
  readonly shape: readonly (number | null)[];
}

export type ColumnType =
  | 'logical'
  | 'bit'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float32'
  | 'float64'
  | 'complex64'
  | 'complex128'
  | 'text';

/** A table, without its rows. */
export interface TableShape {
  readonly hdu: number;
  /** EXTNAME */
  readonly name: string;
  readonly rows: number;
  readonly columns: readonly ColumnShape[];
  /** First line of the table as CSV, with its line end. */
  readonly csvHeader: string;
}

/** Some rows of a table. */
export interface TableRun {
  readonly hdu: number;
  /** From 0, which is row 1 of the table. */
  readonly firstRow: number;
  readonly rows: number;
  readonly format: TableFormat;
}

const NEWLINE = '\n'; // as the reference archive ends its lines
const LINE_FEED = 0x0a;
const QUOTE = 0x22;
/** A run of rows ends once it is this long. */
const RUN_BYTES = 4 * 1024 * 1024;
/** About how long the text of a single row may become: 1 million numbers, or 8 million characters. */
const MAX_ROW_BYTES = 16 * 1024 * 1024;
const NUMBER_BYTES = 16;
const CHARACTER_BYTES = 2;
const TABLE_KINDS: readonly Hdu['kind'][] = ['bintable', 'compressed-table', 'table'];
const TYPES: Readonly<Record<TableColumn['code'], ColumnType>> = {
  L: 'logical',
  X: 'bit',
  B: 'uint8',
  I: 'int16',
  J: 'int32',
  K: 'int64',
  A: 'text',
  E: 'float32',
  D: 'float64',
  C: 'complex64',
  M: 'complex128',
  P: 'uint8',
  Q: 'uint8',
};
const INTEGER_BITS: Readonly<Partial<Record<TableColumn['code'], number>>> = {
  I: 16,
  J: 32,
  K: 64,
};
/** Integers with their least and greatest values: the first one that has room is taken. */
const INTEGERS: readonly (readonly [ColumnType, bigint, bigint])[] = [
  ['int8', -(2n ** 7n), 2n ** 7n - 1n],
  ['uint8', 0n, 2n ** 8n - 1n],
  ['int16', -(2n ** 15n), 2n ** 15n - 1n],
  ['uint16', 0n, 2n ** 16n - 1n],
  ['int32', -(2n ** 31n), 2n ** 31n - 1n],
  ['uint32', 0n, 2n ** 32n - 1n],
  ['int64', -(2n ** 63n), 2n ** 63n - 1n],
  ['uint64', 0n, 2n ** 64n - 1n],
];

/**
 * What a table holds: the one with this index, else the one named CAT; undefined if there is none.
 *
 * @throws 'bad_request' for an index that is not of a table, else as `tableColumns`
 */
export function tableShape(file: FitsFile, index: number | undefined): TableShape | undefined {
  const hdu = index === undefined ? findCatalogue(file) : getTable(file, index);
  if (hdu === undefined) return undefined;
  const columns = tableColumns(hdu);
  return {
    hdu: hdu.index,
    name: hdu.name,
    rows: tableRows(hdu),
    columns: columns.map(columnShape),
    csvHeader: columns.map(({ name }) => formatCsvText(name)).join(',') + NEWLINE,
  };
}

/** The columns of a table as its JSON form tells them. */
export function columnsShape(hdu: Hdu): ColumnShape[] {
  return tableColumns(hdu).map(columnShape);
}

/**
 * Some rows of a table as text, UTF-8. CSV: a line each, RFC 4180, without the names. JSON: an object
 * each, with `,\n` between them and no brackets; NaN and infinity are null, complex is [real,
 * imaginary], integers beyond 2^53 are text. It ends early, but not before one row, once it has
 * about 4 MB: `countRows` tells how many there are.
 *
 * @throws 'bad_request' if there is no such table, 'too_large' if a row is too long for a text, else
 *         as `eachRow`
 */
export async function tableText(file: FitsFile, run: TableRun): Promise<Uint8Array> {
  const hdu = getTable(file, run.hdu);
  checkColumns(hdu);
  const write = run.format === 'csv' ? writeCsv : jsonWriter(hdu);
  const parts: Uint8Array[] = [];
  let length = 0;
  const range = { firstRow: run.firstRow, rows: run.rows };
  for await (const batch of eachRowBatch(file, hdu, range)) {
    if (batch.length === 0) continue;
    // Before the text is made, which takes much more memory than the cells.
    for (const cells of batch) checkSize(hdu, textSize(cells));
    const text = batch.map(write).join(run.format === 'csv' ? '' : ',\n');
    const part = Buffer.from(run.format === 'json' && length > 0 ? `,\n${text}` : text, 'utf8');
    length += part.length;
    parts.push(part);
    if (length >= RUN_BYTES) break;
  }
  return joinBytes(parts, length);
}

/** How many rows a text of `tableText` holds: its line ends, but for those within quotes. */
export function countRows(text: Uint8Array, format: TableFormat): number {
  let isQuoted = false;
  let ends = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === QUOTE) isQuoted = !isQuoted;
    else if (text[i] === LINE_FEED && (format === 'json' || !isQuoted)) ends += 1;
  }
  // Strings of JSON have no line ends, and after the last row there is none.
  return format === 'json' && text.length > 0 ? ends + 1 : ends;
}

/** Before any row is read: what cells in the row itself will take. */
function checkColumns(hdu: Hdu): void {
  let size = 0;
  for (const { code, repeat } of tableColumns(hdu)) {
    if (code !== 'A' && code !== 'P' && code !== 'Q') size += repeat * NUMBER_BYTES;
  }
  checkSize(hdu, size);
}

function checkSize(hdu: Hdu, size: number): void {
  if (size <= MAX_ROW_BYTES) return;
  throw new AppError('too_large', `A row of the table in HDU ${hdu.index} is too long for a text.`);
}

function textSize(value: CellValue): number {
  if (typeof value === 'string') return value.length * CHARACTER_BYTES;
  if (typeof value !== 'object' || value === null) return NUMBER_BYTES;
  let size = 0;
  for (const element of value) size += textSize(element);
  return size;
}

function findCatalogue(file: FitsFile): Hdu | undefined {
  return file.hdus.find(
    ({ kind, name }) => TABLE_KINDS.includes(kind) && name.toUpperCase() === 'CAT',
  );
}

function getTable(file: FitsFile, index: number): Hdu {
  const hdu = file.hdus[index];
  if (hdu !== undefined && TABLE_KINDS.includes(hdu.kind)) return hdu;
  throw new AppError('bad_request', `HDU ${index} has no table.`, { parameter: 'hdu' });
}

function columnShape(column: TableColumn): ColumnShape {
  const { name, unit, code, heapCode } = column;
  return { name, unit, type: typeOf(column, heapCode ?? code), shape: shapeOf(column) };
}

/**
 * Scaled integers are floating-point, but moved by an integer they stay integers, such as the unsigned
 * ones. FITS Standard 4.0 table 19.
 */
function typeOf({ tscal, tzero64 }: TableColumn, code: TableColumn['code']): ColumnType {
  if (!'BIJK'.includes(code)) return TYPES[code];
  if (tscal !== 1 || tzero64 === undefined) return 'float64';
  const bits = INTEGER_BITS[code];
  const least = bits === undefined ? tzero64 : tzero64 - 2n ** BigInt(bits - 1);
  const greatest = least + 2n ** BigInt(bits ?? 8) - 1n;
  const fit = INTEGERS.find(([, from, to]) => from <= least && greatest <= to);
  return fit?.[0] ?? 'int64';
}

function shapeOf({ code, heapCode, repeat, dims, textLength }: TableColumn): (number | null)[] {
  const isText = (heapCode ?? code) === 'A';
  if (code === 'P' || code === 'Q') return isText && dims.length < 2 ? [] : [null];
  if (!isText) {
    if (dims.length > 0 && product(dims) === repeat) return dims.toReversed();
    return repeat === 1 ? [] : [repeat];
  }
  if (dims.length > 1) return dims.slice(1).toReversed();
  return textLength > 0 ? [Math.floor(repeat / textLength)] : [];
}

function product(numbers: readonly number[]): number {
  return numbers.reduce((result, number) => result * number, 1);
}

function writeCsv(cells: readonly CellValue[]): string {
  return cells.map(formatCell).join(',') + NEWLINE;
}

/** Several elements are one field with blanks between them. */
function formatCell(value: CellValue): string {
  if (typeof value === 'string') return formatCsvText(value);
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  const text = plainText(value);
  // Of texts, not of numbers: those need no quotes, and may begin with a sign.
  return typeof value[0] === 'string' ? formatCsvText(text) : text;
}

function plainText(value: CellValue): string {
  if (value === null) return '';
  return typeof value === 'object' ? value.map(plainText).join(' ') : String(value);
}

function jsonWriter(hdu: Hdu): (cells: readonly CellValue[]) => string {
  const names = tableColumns(hdu).map(({ name }) => `${JSON.stringify(name)}:`);
  return (cells) => {
    const members = cells.map((cell, index) => (names[index] ?? '') + formatJson(cell));
    return `{${members.join(',')}}`;
  };
}

function formatJson(value: CellValue): string {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint': {
      const isExact = Number.isSafeInteger(Number(value));
      return isExact ? String(value) : `"${value}"`;
    }
    default:
      return value === null ? 'null' : `[${value.map(formatJson).join(',')}]`;
  }
}

function joinBytes(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
