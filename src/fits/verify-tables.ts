import { AppError } from '../lib/errors.js';
import { isVariable, rowLength, storedColumns, tableColumns, tableShape } from './columns.js';
import type { TableColumn } from './columns.js';
import { HeapReader, readDescriptor } from './heap.js';
import { eachStoredRows } from './table.js';
import type { FitsFile, Hdu } from './types.js';
import { at } from './verify-rules.js';
import type { Finding } from './verify-cards.js';

const INDEXED = /^(?:TTYPE|TFORM|TUNIT|TNULL|TSCAL|TZERO|TDISP|TBCOL|TDIM|ZFORM|ZCTYP)(\d+)$/;
const HEAP_PIECE = 1024 * 1024;
/** Type letters of columns that a format of TDISPn can show. FITS Standard 4.0 table 20. */
const SHOWN: Readonly<Record<string, string>> = {
  A: 'A',
  L: 'L',
  I: 'BIJKXL',
  B: 'BIJKXL',
  O: 'BIJKXL',
  Z: 'BIJKXL',
};

/** The columns, or what keeps them from being read. */
function readable(hdu: Hdu, read: (hdu: Hdu) => TableColumn[]): TableColumn[] | string {
  try {
    return read(hdu);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.message;
  }
}

/** The columns of a table, as its header describes them. FITS Standard 4.0 §7.2, §7.3, §10.3. */
export function* checkColumns(hdu: Hdu): Generator<Finding> {
  const { header } = hdu;
  const columns = readable(hdu, tableColumns);
  if (!Array.isArray(columns)) {
    yield at(hdu, 'TFORM1', 'column', columns);
    return;
  }
  const { rowBytes } = tableShape(hdu);
  const width = columns.reduce((sum, column) => sum + column.widthBytes, 0);
  if (hdu.kind !== 'table' && width !== rowBytes) {
    const text = `The columns are ${width} bytes wide together, but a row has ${rowBytes}.`;
    yield at(hdu, 'NAXIS1', 'column', text);
  }
  for (const card of header.cards) {
    const number = Number(INDEXED.exec(card.keyword)?.[1] ?? 0);
    if (number <= columns.length) continue;
    const text = `${card.keyword} is of a column beyond TFIELDS.`;
    yield at(hdu, card.keyword, 'column', text, 'warning');
  }
  const names = new Set<string>();
  for (const [index, column] of columns.entries()) {
    yield* checkColumn(hdu, column, index + 1);
    const name = column.name.toUpperCase();
    if (
      names.has(name) ||
      column.name !== (header.string(`TTYPE${index + 1}`)?.trim() ?? column.name)
    ) {
      yield at(
        hdu,
        `TTYPE${index + 1}`,
        'column',
        `TTYPE${index + 1} is the name of another column.`,
        'warning',
      );
    }
    names.add(name);
  }
}

function* checkColumn(hdu: Hdu, column: TableColumn, number: number): Generator<Finding> {
  const { header } = hdu;
  const name = header.string(`TTYPE${number}`)?.trim();
  const code = column.heapCode ?? column.code;
  if (name === undefined) {
    yield at(hdu, `TFORM${number}`, 'column', `Column ${number} has no name.`, 'warning');
  } else if (!/^\w*$/.test(name)) {
    const text = `TTYPE${number} should be of letters, digits and underscores.`;
    yield at(hdu, `TTYPE${number}`, 'column', text, 'warning');
  }
  if (
    header.card(`TNULL${number}`) !== undefined &&
    column.ascii === undefined &&
    !'BIJK'.includes(code)
  ) {
    yield at(
      hdu,
      `TNULL${number}`,
      'column',
      `TNULL${number} has no meaning for a column of type ${code}.`,
    );
  }
  if (header.card(`TDIM${number}`) !== undefined && column.dims.length === 0 && column.repeat > 0) {
    yield at(hdu, `TDIM${number}`, 'column', `TDIM${number} does not fit TFORM${number}.`);
  }
  const display = /^(EN|ES|[ALIBOZFEGD])\d/.exec(
    header.string(`TDISP${number}`)?.trim() ?? '',
  )?.[1];
  const shown = display === undefined ? undefined : (SHOWN[display] ?? 'BIJKEDCMX');
  if (shown !== undefined && column.ascii === undefined && !shown.includes(code)) {
    yield at(
      hdu,
      `TDISP${number}`,
      'column',
      `TDISP${number} cannot show a column of type ${code}.`,
      'warning',
    );
  }
}

/**
 * The rows of a table as they stand in the file: descriptors that point into the heap, text that is
 * ASCII, logical values that are T, F or nothing. One finding for each column. FITS Standard 4.0 §7.3.3.
 */
export async function* checkRows(file: FitsFile, hdu: Hdu): AsyncGenerator<Finding> {
  const rowBytes = rowLength(hdu);
  const columns = readable(hdu, hdu.kind === 'table' ? tableColumns : storedColumns);
  if (!Array.isArray(columns)) return; // found with the columns
  const checked = columns.flatMap((column, index) => {
    const check = checkOf(hdu, column);
    return check === undefined ? [] : [{ column, check, number: index + 1 }];
  });
  const open = new Set(checked);
  if (open.size === 0) return;
  for await (const { firstRow, rows, bytes } of eachStoredRows(file, hdu)) {
    const cells = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const item of open) {
      for (let row = 0; row < rows; row += 1) {
        const problem = item.check(cells, row * rowBytes + item.column.offset);
        if (problem === undefined) continue;
        const text = `Row ${firstRow + row + 1} of column ${item.number} ${problem}`;
        const offset = hdu.dataOffset + (firstRow + row) * rowBytes + item.column.offset;
        yield { code: 'data', level: 'error', keyword: `TFORM${item.number}`, offset, text };
        open.delete(item);
        break;
      }
    }
    if (open.size === 0) return;
  }
}

/**
 * Logical values and text in the heap of a plain table; one finding for each column.
 * FITS Standard 4.0 §7.3.3 and §7.3.5.
 */
export async function* checkHeap(file: FitsFile, hdu: Hdu): AsyncGenerator<Finding> {
  if (hdu.kind !== 'bintable') return;
  const rowBytes = rowLength(hdu);
  const open = new Map<TableColumn, CellCheck>();
  const columns = readable(hdu, tableColumns);
  if (!Array.isArray(columns)) return; // found with the columns
  for (const column of columns) {
    const [code, widthBytes] = [column.heapCode, 1];
    if (column.repeat === 0 || (code !== 'L' && code !== 'A')) continue;
    const check = checkOf(hdu, { ...column, code, repeat: 1, widthBytes });
    if (check !== undefined) open.set(column, check);
  }
  if (open.size === 0) return;
  const heap = new HeapReader(file.source, hdu);
  let budget = 2 * hdu.dataBytes; // cells may overlap, but not without end
  for await (const { firstRow, rows, bytes } of eachStoredRows(file, hdu)) {
    for (let row = 0; row < rows; row += 1) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + row * rowBytes, rowBytes);
      for (const [column, check] of open) {
        const { offset, lengthBytes } = readDescriptor(hdu, column, view);
        for (let done = 0; done < lengthBytes; done += HEAP_PIECE) {
          const length = Math.min(HEAP_PIECE, lengthBytes - done);
          budget -= length;
          if (budget < 0) return;
          const cells = Buffer.from(await heap.read(offset + done, length));
          const problem = firstProblem(cells, check);
          if (problem === undefined) continue;
          const keyword = `TFORM${columns.indexOf(column) + 1}`;
          const text = `Row ${firstRow + row + 1} of column ${column.name} ${problem}`;
          yield { code: 'data', level: 'error', keyword, offset: offset + done, text };
          open.delete(column);
          break;
        }
      }
    }
    if (open.size === 0) return;
  }
}

function firstProblem(cells: Buffer, check: CellCheck): string | undefined {
  for (let at = 0; at < cells.length; at += 1) {
    const problem = check(cells, at);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

type CellCheck = (cells: Buffer, at: number) => string | undefined;

function checkOf(hdu: Hdu, column: TableColumn): CellCheck | undefined {
  const { code, repeat, widthBytes } = column;
  if (widthBytes === 0) return undefined;
  if (isVariable(column)) {
    const alone = { ...column, offset: 0 };
    return (cells, at) => {
      try {
        readDescriptor(hdu, alone, new DataView(cells.buffer, cells.byteOffset + at, widthBytes));
        return undefined;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return 'points out of the heap.';
      }
    };
  }
  if (code === 'A' || column.ascii !== undefined) {
    return (cells, at) => checkText(cells, at, at + widthBytes);
  }
  if (code !== 'L') return undefined;
  return (cells, at) => {
    for (let i = at; i < at + repeat; i += 1) {
      const byte = cells[i];
      if (byte !== 0x54 && byte !== 0x46 && byte !== 0)
        return 'has a logical value that is not T or F.';
    }
    return undefined;
  };
}

function checkText(cells: Buffer, at: number, end: number): string | undefined {
  for (let i = at; i < end; i += 1) {
    const byte = cells[i] ?? 0;
    if (byte === 0) return undefined; // FITS Standard 4.0 §7.3.3.1: what follows has no meaning
    if (byte < 0x20 || byte > 0x7e) return 'has text that is not printable ASCII.';
  }
  return undefined;
}
