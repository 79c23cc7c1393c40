import { AppError } from '../lib/errors.js';
import { parseAsciiForm } from './ascii-table.js';
import type { AsciiForm } from './ascii-table.js';
import type { Hdu, Header } from './types.js';

/** No algorithm packs data better than this; more is a lie, found before anything is allocated. */
export const MAX_PACKING_RATIO = 1100;

const MAX_FIELDS = 999; // FITS Standard 4.0 §7.2.1, §7.3.1

/** Type letters of TFORMn of a binary table. FITS Standard 4.0 table 18. */
export type ColumnCode =
  'L' | 'X' | 'B' | 'I' | 'J' | 'K' | 'A' | 'E' | 'D' | 'C' | 'M' | 'P' | 'Q';

/** Bytes of one element; X counts bits instead. */
export const ELEMENT_BYTES: Readonly<Record<ColumnCode, number>> = {
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

/** A column of a table. FITS Standard 4.0 §7.2.2, §7.3.2. */
export interface TableColumn {
  /** TTYPEn; `COLn` where it is missing or already taken. */
  readonly name: string;
  /** Type of the cells; of an ASCII table the nearest one: A, K for integers, D for the others. */
  readonly code: ColumnCode;
  /** Elements of a cell; for X bits, for A characters. */
  readonly repeat: number;
  /** Element type in the heap; only for the descriptors P and Q. */
  readonly heapCode: ColumnCode | undefined;
  /** Shape of a cell (TDIMn), fastest axis first; [] if it has none or one that does not fit. */
  readonly dims: readonly number[];
  /** Characters of one text where a cell holds several one after another (TFORMn `rAw`), else 0. */
  readonly textLength: number;
  /** Place of the cell in its row, bytes. */
  readonly offset: number;
  readonly widthBytes: number;
  readonly unit: string;
  readonly tscal: number;
  readonly tzero: number;
  /** The same, exact, where it is an integer: a double is not enough for 64-bit integers. */
  readonly tzero64: bigint | undefined;
  /** Integer that stands for "no value"; never set for other columns than of integers. */
  readonly tnull: number | bigint | undefined;
  /** How the cell is written; only in an ASCII table. */
  readonly ascii: AsciiForm | undefined;
}

/**
 * The columns of an ASCII or a binary table; of a compressed table those of the table inside, with
 * their places in its rows. Also of the table that holds a compressed image.
 *
 * @throws 'fits_unsupported' for other HDUs; 'fits_invalid' if a TFORMn cannot be read or the
 *         columns do not fit in a row
 */
export function tableColumns(hdu: Hdu): TableColumn[] {
  if (hdu.kind === 'table') return readColumns(hdu, tableShape(hdu).rowBytes, parseAsciiColumn);
  if (hdu.kind !== 'compressed-table') return storedColumns(hdu);
  return readColumns(hdu, tableShape(hdu).rowBytes, (place) => parseBinaryColumn(place, 'ZFORM'));
}

/**
 * The columns of a binary table as they stand in the file: of a compressed table the descriptors
 * of its packed tiles.
 *
 * @throws as `tableColumns`
 */
export function storedColumns(hdu: Hdu): TableColumn[] {
  if (!['bintable', 'compressed-table', 'compressed-image'].includes(hdu.kind)) {
    throw new AppError('fits_unsupported', `HDU ${hdu.index} is not a table.`);
  }
  return readColumns(hdu, rowLength(hdu), (place) => parseBinaryColumn(place, 'TFORM'));
}

/** Length of a row in bytes as it stands in the file (NAXIS1). */
export function rowLength(hdu: Hdu): number {
  return hdu.header.number('NAXIS1') ?? 0;
}

/**
 * Length of a row in bytes and number of rows of a table, of a compressed one those of the table
 * inside. Rows without bytes hold nothing, and a header may claim any number of them: there are 0.
 *
 * @throws 'fits_invalid' if ZNAXIS1 or ZNAXIS2 cannot be used, or the packed bytes are too few for them
 */
export function tableShape(hdu: Hdu): { readonly rowBytes: number; readonly rows: number } {
  const inside = hdu.kind === 'compressed-table' ? 'Z' : '';
  const rowBytes = readCount(hdu.header, `${inside}NAXIS1`);
  const rows = rowBytes === 0 ? 0 : readCount(hdu.header, `${inside}NAXIS2`);
  // Tiles may point at the same packed bytes, but not without end.
  if (inside !== '' && rowBytes * rows > hdu.dataBytes * MAX_PACKING_RATIO) {
    throw new AppError('fits_invalid', `HDU ${hdu.index} holds too little data for its rows.`);
  }
  return { rowBytes, rows };
}

/** Bytes of a cell of `repeat` elements. */
export function cellBytes(code: ColumnCode, repeat: number): number {
  return code === 'X' ? Math.ceil(repeat / 8) : repeat * ELEMENT_BYTES[code];
}

/** True for a column whose cells are in the heap. */
export function isVariable({ code }: TableColumn): boolean {
  return code === 'P' || code === 'Q';
}

/** What is known of a column before its TFORMn is read. */
interface ColumnPlace {
  readonly header: Header;
  readonly number: number;
  /** First byte after the columns before this one. */
  readonly offset: number;
  readonly name: string;
}

function readColumns(
  hdu: Hdu,
  rowBytes: number,
  parse: (place: ColumnPlace) => TableColumn,
): TableColumn[] {
  const { header } = hdu;
  const fields = header.number('TFIELDS') ?? 0;
  if (!Number.isInteger(fields) || fields < 0 || fields > MAX_FIELDS) {
    throw new AppError('fits_invalid', `TFIELDS cannot be ${fields}.`);
  }
  const columns: TableColumn[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (let number = 1; number <= fields; number += 1) {
    const given = header.string(`TTYPE${number}`)?.trim() ?? '';
    const name = given === '' || names.has(given) ? `COL${number}` : given;
    const column = parse({ header, number, offset, name });
    offset = column.offset + column.widthBytes;
    // Not `offset > rowBytes`: a width may be beyond every number.
    if (!(offset <= rowBytes)) {
      throw new AppError('fits_invalid', `The columns of HDU ${hdu.index} do not fit in a row.`);
    }
    columns.push(column);
    names.add(name);
  }
  return columns;
}

function parseBinaryColumn(place: ColumnPlace, keyword: 'TFORM' | 'ZFORM'): TableColumn {
  const { header, number, offset, name } = place;
  const form = header.string(`${keyword}${number}`)?.trim().toUpperCase() ?? '';
  const match = /^(\d*)([LXBIJKAEDCMPQ])([LXBIJKAEDCM]?)(\d*)/.exec(form);
  const code = match?.[2];
  if (match === null || !isCode(code)) {
    throw new AppError('fits_invalid', `${keyword}${number} cannot be "${form.slice(0, 20)}".`);
  }
  const textLength = code === 'A' ? Number(match[4] ?? 0) : 0;
  const given = match[1] === '' || match[1] === undefined ? 1 : Number(match[1]);
  // "A7" is often written for 7A, in the manner of ASCII tables.
  const repeat = given === 1 && textLength > 1 ? textLength : given;
  const heapCode = (code === 'P' || code === 'Q') && isCode(match[3]) ? match[3] : undefined;
  return {
    name,
    code,
    repeat,
    heapCode,
    dims: parseDims(header.string(`TDIM${number}`), code, repeat),
    textLength: textLength < repeat ? textLength : 0,
    offset,
    widthBytes: cellBytes(code, repeat),
    tnull: 'BIJK'.includes(heapCode ?? code) ? readNull(header, number) : undefined,
    ascii: undefined,
    ...readScale(header, number),
  };
}

function parseAsciiColumn(place: ColumnPlace): TableColumn {
  const { header, number, name } = place;
  const text = header.string(`TFORM${number}`)?.trim() ?? '';
  const tnull = header.value(`TNULL${number}`);
  const ascii = parseAsciiForm(text, typeof tnull === 'string' ? tnull : undefined);
  if (ascii === undefined) {
    throw new AppError('fits_invalid', `TFORM${number} cannot be "${text.slice(0, 20)}".`);
  }
  const first = header.number(`TBCOL${number}`) ?? NaN;
  if (!Number.isSafeInteger(first) || first < 1) {
    throw new AppError('fits_invalid', `TBCOL${number} is missing or cannot be used.`);
  }
  return {
    name,
    code: ascii.letter === 'A' ? 'A' : ascii.letter === 'I' ? 'K' : 'D',
    repeat: ascii.letter === 'A' ? ascii.width : 1,
    heapCode: undefined,
    dims: [],
    textLength: 0,
    offset: first - 1,
    widthBytes: ascii.width,
    tnull: undefined,
    ascii,
    ...readScale(header, number),
  };
}

function readScale(
  header: Header,
  number: number,
): Pick<TableColumn, 'unit' | 'tscal' | 'tzero' | 'tzero64'> {
  const tzero = header.number(`TZERO${number}`) ?? 0;
  const exact = header.value(`TZERO${number}`);
  const rounded = Number.isInteger(tzero) ? BigInt(tzero) : undefined;
  return {
    unit: header.string(`TUNIT${number}`)?.trim() ?? '',
    tscal: header.number(`TSCAL${number}`) ?? 1,
    tzero,
    tzero64: typeof exact === 'bigint' ? exact : rounded,
  };
}

function readNull(header: Header, number: number): number | bigint | undefined {
  const value = header.value(`TNULL${number}`);
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
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

function readCount(header: Header, keyword: string): number {
  const value = header.number(keyword) ?? 0;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new AppError('fits_invalid', `${keyword} cannot be ${value}.`);
}
