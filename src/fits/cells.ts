import { readAsciiCell } from './ascii-table.js';
import { ELEMENT_BYTES } from './columns.js';
import type { ColumnCode, TableColumn } from './columns.js';

/**
 * A number, text, logical value or null; complex is [real, imaginary]. Several elements are a flat
 * array, whatever their TDIMn; text with TDIMn is an array of texts.
 */
export type CellValue = string | number | bigint | boolean | null | readonly CellValue[];

/** Bytes that hold cells, seen in the ways that readers need. */
export interface CellBytes {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** The bytes as text, one character each; '' except for an ASCII table. */
  readonly text: string;
}

/** The cell that begins at a byte. */
export type CellReader = (cells: CellBytes, at: number) => CellValue;

/** So many elements from a byte on. */
type ArrayReader = (cells: CellBytes, at: number, count: number) => CellValue;

type NumberReader = (view: DataView, at: number) => number;

/** @param isAscii true to have `text` too */
export function cellBytesOf(bytes: Uint8Array, isAscii: boolean): CellBytes {
  const { buffer, byteOffset, byteLength } = bytes;
  const own = Buffer.from(buffer, byteOffset, byteLength);
  return {
    bytes: own,
    view: new DataView(buffer, byteOffset, byteLength),
    text: isAscii ? own.toString('latin1') : '',
  };
}

/**
 * A reader for the cells of a column that are in the row itself, of an ASCII or a binary table.
 * TSCALn, TZEROn and TNULLn are applied, text loses its trailing blanks. What can be decided once
 * per column is decided here.
 */
export function cellReader(column: TableColumn): CellReader {
  const { ascii, code, repeat } = column;
  if (ascii !== undefined) {
    const { width } = ascii;
    return ({ text }, at) => readAsciiCell(ascii, text.slice(at, at + width), column);
  }
  const read = arrayReader(column, code);
  if (code === 'A') return (cells, at) => read(cells, at, repeat);
  if (repeat === 1)
    return code === 'X' ? ({ view }, at) => bit(view, at, 0) : element(column, code);
  return (cells, at) => read(cells, at, repeat);
}

/** A reader for the arrays of a variable-length column; one element is an array too. */
export function variableReader(column: TableColumn): ArrayReader {
  return arrayReader(column, column.heapCode ?? 'B');
}

function arrayReader(column: TableColumn, code: ColumnCode): ArrayReader {
  if (code === 'A') return textReader(column);
  if (code === 'X') {
    return ({ view }, at, count) => {
      const bits: boolean[] = [];
      for (let i = 0; i < count; i += 1) bits.push(bit(view, at, i));
      return bits;
    };
  }
  const read = element(column, code);
  const width = ELEMENT_BYTES[code];
  return (cells, at, count) => {
    const values: CellValue[] = [];
    for (let i = 0; i < count; i += 1) values.push(read(cells, at + i * width));
    return values;
  };
}

function textReader({ dims, textLength }: TableColumn): ArrayReader {
  const [length = 0, ...more] =
    dims.length > 1 ? dims : textLength > 0 ? [textLength, Infinity] : [];
  if (length === 0) return ({ bytes }, at, count) => readText(bytes, at, count);
  const most = more.reduce((product, dim) => product * dim, 1);
  return ({ bytes }, at, count) => {
    const texts: string[] = [];
    const stop = Math.min(most, Math.floor(count / length));
    for (let i = 0; i < stop; i += 1) texts.push(readText(bytes, at + i * length, length));
    return texts;
  };
}

/** FITS Standard 4.0 §7.3.3.1: NUL ends the text early. */
function readText(bytes: Buffer, at: number, length: number): string {
  let end = at;
  let stop = at + length;
  for (let i = at; i < stop; i += 1) {
    const byte = bytes[i];
    if (byte === undefined || byte === 0) stop = i;
    else if (!isSpace(byte)) end = i + 1;
  }
  return end === at ? '' : bytes.toString('latin1', at, end);
}

/** Blanks, and what else ends a line: some writers keep it. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function bit(view: DataView, at: number, index: number): boolean {
  return ((view.getUint8(at + (index >> 3)) >> (7 - (index & 7))) & 1) === 1;
}

/** FITS Standard 4.0 table 18. */
function element(column: TableColumn, code: ColumnCode): CellReader {
  const { tscal, tzero } = column;
  switch (code) {
    case 'L':
      return ({ view }, at) => logical(view.getUint8(at));
    case 'B':
      return integer(column, (view, at) => view.getUint8(at));
    case 'I':
      return integer(column, (view, at) => view.getInt16(at));
    case 'J':
      return integer(column, (view, at) => view.getInt32(at));
    case 'K':
      return longInteger(column);
    case 'E':
      return ({ view }, at) => view.getFloat32(at) * tscal + tzero;
    case 'D':
      return ({ view }, at) => view.getFloat64(at) * tscal + tzero;
    case 'C':
      return complex(column, 4, (view, at) => view.getFloat32(at));
    case 'M':
      return complex(column, 8, (view, at) => view.getFloat64(at));
    default:
      return () => null;
  }
}

function logical(byte: number): boolean | null {
  return byte === 0x54 ? true : byte === 0x46 ? false : null;
}

function integer({ tscal, tzero, tnull }: TableColumn, read: NumberReader): CellReader {
  if (tnull === undefined) return ({ view }, at) => read(view, at) * tscal + tzero;
  const none = Number(tnull);
  return ({ view }, at) => {
    const value = read(view, at);
    return value === none ? null : value * tscal + tzero;
  };
}

function longInteger({ tscal, tzero, tzero64, tnull }: TableColumn): CellReader {
  const none = tnull === undefined ? undefined : BigInt(tnull);
  // Unsigned 64-bit integers have TZERO 2^63: exact only as bigint.
  if (tscal === 1 && tzero64 !== undefined) {
    return ({ view }, at) => {
      const value = view.getBigInt64(at);
      return value === none ? null : value + tzero64;
    };
  }
  return ({ view }, at) => {
    const value = view.getBigInt64(at);
    return value === none ? null : Number(value) * tscal + tzero;
  };
}

function complex({ tscal, tzero }: TableColumn, width: number, read: NumberReader): CellReader {
  return ({ view }, at) => [read(view, at) * tscal + tzero, read(view, at + width) * tscal];
}
