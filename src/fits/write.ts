import { AppError } from '../lib/errors.js';
import { CARD_BYTES } from './card.js';
import { BLOCK_BYTES } from './header.js';
import type { PixelArray } from './types.js';

/** What a card to be written may hold; null is a card without a value. */
export type WriteValue = string | number | bigint | boolean | null;

/** Keyword, value, comment. Keywords beyond 8 characters are written with HIERARCH. */
export type WriteCard = readonly [keyword: string, value: WriteValue, comment?: string];

export interface WriteImage {
  /** NAXIS1 first. */
  readonly axes: readonly number[];
  readonly bitpix: 8 | 16 | 32 | -32 | -64;
  /** Physical values. A Uint16Array with BITPIX 16 is written with BZERO 32768. */
  readonly pixels: PixelArray;
}

export interface WriteTable {
  /** EXTNAME. */
  readonly name: string;
  readonly columns: readonly {
    readonly name: string;
    readonly form: 'D' | 'E' | 'J' | 'I';
    readonly unit?: string;
    readonly values: ArrayLike<number>;
  }[];
}

/** An HDU to be written: cards, and at most one of an image and a table. */
export interface WriteHdu {
  readonly cards: readonly WriteCard[];
  readonly image?: WriteImage;
  readonly table?: WriteTable;
}

const KEYWORD = /^[A-Z0-9_-]{1,8}$/;
const LONG_KEYWORD = /^[A-Z0-9_-]+(?: [A-Z0-9_-]+)*$/;
const PRINTABLE = /^[\x20-\x7e]*$/;
const STRING_PIECE = 67; // characters between the quotes of a long string, with the ampersand 68
/** Keywords that follow from the data; a caller may not contradict them. */
const STRUCTURE =
  /^(?:SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|PCOUNT|GCOUNT|GROUPS|TFIELDS|TTYPE\d+|TFORM\d+|TUNIT\d+|END|CONTINUE)$/;
/** Words in the place of a keyword that make a card something else than a value. */
const NO_KEYWORD = /^(?:END|CONTINUE|HIERARCH)$/;
const FORM_BYTES = { D: 8, E: 4, J: 4, I: 2 } as const;

/**
 * A FITS file that keeps to the standard in every byte. FITS Standard 4.0 §3, §4, §7.1, §7.3.
 *
 * @param hdus the first is the primary HDU: an image or nothing, never a table
 * @throws 'header_invalid' for a keyword or value that cannot be written, or that the data decide;
 *         'fits_invalid' for data that do not fit their description
 */
export function writeFits(hdus: readonly WriteHdu[]): Uint8Array {
  if (hdus.length === 0) throw new AppError('fits_invalid', 'A FITS file needs an HDU.');
  return Buffer.concat(hdus.flatMap((hdu, index) => writeHdu(hdu, index)));
}

/**
 * One card, or several for a long string or text: each of 80 characters.
 * FITS Standard 4.0 §4.1 and §4.2; HIERARCH is a registered convention.
 *
 * @throws 'header_invalid' for a keyword, value or comment that cannot be written
 */
export function formatCards([keyword, value, comment = '']: WriteCard): string[] {
  if (!PRINTABLE.test(comment)) throw invalid(keyword, 'has a comment that is not plain ASCII');
  if (keyword === 'COMMENT' || keyword === 'HISTORY' || keyword === '') {
    return formatText(keyword, typeof value === 'string' ? value : String(value ?? ''));
  }
  const short = KEYWORD.test(keyword);
  if (NO_KEYWORD.test(keyword) || (!short && !LONG_KEYWORD.test(keyword)))
    throw invalid(keyword, 'is not a keyword');
  const start = short ? `${keyword.padEnd(8)}= ` : `HIERARCH ${keyword} = `;
  if (typeof value === 'string') return formatString(keyword, start, value, comment);
  const text = formatValue(keyword, value).padStart(20);
  return [finish(keyword, start + text, comment)];
}

function writeHdu(hdu: WriteHdu, index: number): Uint8Array[] {
  if (hdu.table !== undefined && (index === 0 || hdu.image !== undefined)) {
    throw new AppError('fits_invalid', 'A table needs an extension of its own.');
  }
  const own = hdu.cards.find(([keyword]) => STRUCTURE.test(keyword));
  if (own !== undefined) throw invalid(own[0], 'follows from the data and cannot be given');
  const { cards, data } = hdu.table === undefined ? imageHdu(hdu, index) : tableHdu(hdu.table);
  const lines = [...cards, ...hdu.cards].flatMap(formatCards);
  const header = [...lines, 'END'.padEnd(CARD_BYTES)].join('');
  return [filled(Buffer.from(header, 'latin1'), 0x20), filled(data, 0)];
}

interface Parts {
  readonly cards: readonly WriteCard[];
  readonly data: Buffer;
}

function imageHdu({ image }: WriteHdu, index: number): Parts {
  const axes = image?.axes ?? [];
  const bitpix = image?.bitpix ?? 8;
  const unsigned =
    bitpix === 16 && image?.pixels.BYTES_PER_ELEMENT === 2 && isUnsigned(image.pixels);
  const first: WriteCard =
    index === 0
      ? ['SIMPLE', true, 'FITS Standard 4.0']
      : ['XTENSION', 'IMAGE', 'an image extension'];
  const last: WriteCard[] =
    index === 0
      ? [['EXTEND', true]]
      : [
          ['PCOUNT', 0],
          ['GCOUNT', 1],
        ];
  const scaling: WriteCard[] = unsigned
    ? [
        ['BZERO', 32768, 'unsigned 16-bit integers'],
        ['BSCALE', 1],
      ]
    : [];
  return {
    cards: [
      first,
      ['BITPIX', bitpix],
      ['NAXIS', axes.length],
      ...axes.map((axis, i): WriteCard => [`NAXIS${i + 1}`, axis]),
      ...last,
      ...scaling,
    ],
    data: image === undefined ? Buffer.alloc(0) : imageData(image, unsigned ? 32768 : 0),
  };
}

function isUnsigned(pixels: PixelArray): boolean {
  return Object.prototype.toString.call(pixels) === '[object Uint16Array]';
}

function imageData({ axes, bitpix, pixels }: WriteImage, bzero: number): Buffer {
  const count = axes.length === 0 ? 0 : axes.reduce((product, axis) => product * axis, 1);
  if (count !== pixels.length) {
    throw new AppError('fits_invalid', `The axes hold ${count} pixels, not ${pixels.length}.`);
  }
  const width = Math.abs(bitpix) / 8;
  const data = Buffer.alloc(count * width);
  const put = writerOf(data, bitpix);
  for (let i = 0; i < count; i += 1) put((pixels[i] ?? 0) - bzero, i * width);
  return data;
}

function tableHdu(table: WriteTable): Parts {
  const { columns } = table;
  const rows = columns[0]?.values.length ?? 0;
  if (columns.some((column) => column.values.length !== rows)) {
    throw new AppError('fits_invalid', 'The columns of a table must be of the same length.');
  }
  const rowBytes = columns.reduce((sum, column) => sum + FORM_BYTES[column.form], 0);
  const data = Buffer.alloc(rows * rowBytes);
  let offset = 0;
  for (const { form, values } of columns) {
    const put = writerOf(data, { D: -64, E: -32, J: 32, I: 16 }[form]);
    for (let row = 0; row < rows; row += 1) put(values[row] ?? 0, row * rowBytes + offset);
    offset += FORM_BYTES[form];
  }
  const described = columns.flatMap(({ name, form, unit }, index): WriteCard[] => [
    [`TTYPE${index + 1}`, name],
    [`TFORM${index + 1}`, form],
    ...(unit === undefined ? [] : [[`TUNIT${index + 1}`, unit] as const]),
  ]);
  return {
    cards: [
      ['XTENSION', 'BINTABLE', 'a binary table extension'],
      ['BITPIX', 8],
      ['NAXIS', 2],
      ['NAXIS1', rowBytes],
      ['NAXIS2', rows],
      ['PCOUNT', 0],
      ['GCOUNT', 1],
      ['TFIELDS', columns.length],
      ...described,
      ['EXTNAME', table.name],
    ],
    data,
  };
}

/** Node's writers throw a RangeError for numbers that do not fit: the caller's mistake, kept as such. */
function writerOf(data: Buffer, bitpix: number): (value: number, offset: number) => void {
  if (bitpix === 8) return (value, offset) => void data.writeUInt8(value, offset);
  if (bitpix === 16) return (value, offset) => void data.writeInt16BE(value, offset);
  if (bitpix === 32) return (value, offset) => void data.writeInt32BE(value, offset);
  if (bitpix === -32) return (value, offset) => void data.writeFloatBE(value, offset);
  return (value, offset) => void data.writeDoubleBE(value, offset);
}

function filled(bytes: Buffer, fill: number): Buffer {
  const missing = (BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES;
  return Buffer.concat([bytes, Buffer.alloc(missing, fill)]);
}

function formatText(keyword: string, text: string): string[] {
  if (!PRINTABLE.test(text)) throw invalid(keyword, 'has text that is not plain ASCII');
  const pieces = text.match(/.{1,72}/g) ?? [''];
  return pieces.map((piece) => (keyword.padEnd(8) + piece).padEnd(CARD_BYTES));
}

/** FITS Standard 4.0 §4.2.1; beyond one card, the CONTINUE convention of §4.2.1.2. */
function formatString(keyword: string, start: string, value: string, comment: string): string[] {
  if (!PRINTABLE.test(value)) throw invalid(keyword, 'has a value that is not plain ASCII');
  const quoted = value.replaceAll("'", "''");
  if (start.length + quoted.length + 2 <= CARD_BYTES) {
    return [finish(keyword, `${start}${`'${quoted.padEnd(8)}'`.padEnd(20)}`, comment)];
  }
  const pieces = cut(value, CARD_BYTES - start.length - 3);
  return pieces.map((piece, index) => {
    const last = index === pieces.length - 1;
    const text = `'${piece}${last ? '' : '&'}'`;
    return finish(keyword, (index === 0 ? start : 'CONTINUE  ') + text, last ? comment : '');
  });
}

/** Pieces of a string with its quotes doubled, so that no pair of quotes is torn apart. */
function cut(value: string, firstLength: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of value) {
    const written = character === "'" ? "''" : character;
    const room = pieces.length === 0 ? firstLength : STRING_PIECE;
    if (piece.length + written.length > room) {
      pieces.push(piece);
      piece = '';
    }
    piece += written;
  }
  return [...pieces, piece];
}

function formatValue(keyword: string, value: Exclude<WriteValue, string>): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  if (!Number.isFinite(value)) throw invalid(keyword, `cannot be ${value}`);
  const [mantissa = '', exponent] = String(value).toUpperCase().split('E');
  const pointed = mantissa.includes('.') ? mantissa : `${mantissa}.0`;
  return exponent === undefined ? pointed : `${pointed}E${exponent}`;
}

/** A comment is cut to the room there is; a value never is. */
function finish(keyword: string, text: string, comment: string): string {
  if (text.length > CARD_BYTES) throw invalid(keyword, 'is too long for a card');
  const full = comment === '' ? text : `${text} / ${comment}`;
  return full.slice(0, CARD_BYTES).padEnd(CARD_BYTES);
}

function invalid(keyword: string, text: string): AppError {
  return new AppError('header_invalid', `The keyword "${keyword.slice(0, 40)}" ${text}.`, {
    keyword,
  });
}
