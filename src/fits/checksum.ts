import { AppError } from '../lib/errors.js';
import { CARD_BYTES } from './card.js';
import { BLOCK_BYTES } from './header.js';
import { nextOffset } from './hdu.js';
import type { FitsFile, Hdu } from './types.js';

const ALL_ONES = 0xffffffff;
const PIECE_BYTES = 1024 * 1024;
const ASCII_ZERO = 0x30;
/** Words added before the sums of bytes could run over their 16 bits. */
const WORDS_AT_ONCE = 256;
const CODE = /^[0-9A-Za-z]{16}$/;
const DIGITS = /^\d{1,10}$/;
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** What came of comparing a sum in a header with the bytes. */
export type Verdict = 'ok' | 'absent' | 'wrong';

/**
 * Ones'-complement sum of big-endian 32-bit words: the value of DATASUM.
 * FITS Standard 4.0 §4.4.2.7 and Appendix J.
 *
 * @param bytes whole words; data units are padded to 2880 bytes, so always a multiple of 4
 * @param seed  sum of the bytes before these, in [0, 2^32), so data can be summed in pieces
 * @returns     unsigned 32-bit sum, in [0, 2^32)
 * @throws      'fits_invalid' if bytes.length is not a multiple of 4
 */
export function datasum(bytes: Uint8Array, seed = 0): number {
  if (bytes.length % 4 !== 0) {
    throw new AppError(
      'fits_invalid',
      `DATASUM needs whole 32-bit words, got ${bytes.length} bytes`,
    );
  }
  // Typed arrays of words begin at multiples of 4.
  const own = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  const words = new Uint32Array(own.buffer, own.byteOffset, own.byteLength >> 2);
  let sum = seed;
  for (let start = 0; start < words.length; start += WORDS_AT_ONCE) {
    const stop = Math.min(start + WORDS_AT_ONCE, words.length);
    // Each holds two sums of bytes: no byte is moved, and no carry is looked at, within the loop.
    let even = 0;
    let odd = 0;
    for (let i = start; i < stop; i += 1) {
      const word = words[i] ?? 0;
      even = (even + (word & 0x00ff00ff)) | 0;
      odd = (odd + ((word >>> 8) & 0x00ff00ff)) | 0;
    }
    sum = addCarry(sum + sumOfBytes(even >>> 0, odd >>> 0)); // < 2^42, exact in a double
  }
  return sum;
}

/** Sums of bytes, by their place in the words of this machine, as a sum of big-endian words. */
function sumOfBytes(even: number, odd: number): number {
  const low = even % 0x10000;
  const middle = odd % 0x10000;
  const high = (even - low) / 0x10000;
  const highest = (odd - middle) / 0x10000;
  return LITTLE_ENDIAN
    ? low * 0x1000000 + middle * 0x10000 + high * 0x100 + highest
    : highest * 0x1000000 + high * 0x10000 + middle * 0x100 + low;
}

/** End-around carry: zero stays zero, all else is in [1, 2^32). */
function addCarry(sum: number): number {
  let rest = sum;
  while (rest > ALL_ONES) {
    const low = rest % 0x100000000;
    rest = low + (rest - low) / 0x100000000;
  }
  return rest;
}

/**
 * A 32-bit number as 16 letters and digits whose bytes have that sum: the value of CHECKSUM.
 * FITS Standard 4.0 Appendix J.2.
 *
 * @param sum in [0, 2^32)
 * @param isComplement true to write the complement, as CHECKSUM does
 */
export function encodeChecksum(sum: number, isComplement: boolean): string {
  const value = isComplement ? ALL_ONES - sum : sum;
  const code = new Array<string>(16).fill('0');
  for (let byte = 0; byte < 4; byte += 1) {
    const bits = Math.floor(value / 2 ** (24 - 8 * byte)) % 256;
    for (const [index, character] of encodeByte(bits).entries()) {
      // Turned by one place: the value of the card begins at byte 12, the last one of a word.
      code[(4 * index + byte + 1) % 16] = String.fromCharCode(character);
    }
  }
  return code.join('');
}

/** Four letters or digits whose sum, above that of four zeros, is the byte. */
function encodeByte(byte: number): number[] {
  const quarter = byte >> 2;
  const codes = [quarter + (byte & 3), quarter, quarter, quarter].map((part) => part + ASCII_ZERO);
  for (let isDone = false; !isDone;) {
    isDone = true;
    for (let pair = 0; pair < 4; pair += 2) {
      const [first = 0, second = 0] = codes.slice(pair, pair + 2);
      if (!isPunctuation(first) && !isPunctuation(second)) continue;
      codes[pair] = first + 1;
      codes[pair + 1] = second - 1;
      isDone = false;
    }
  }
  return codes;
}

/** Characters between digits, capitals and small letters. */
function isPunctuation(code: number): boolean {
  return (code > 0x39 && code < 0x41) || (code > 0x5a && code < 0x61);
}

/**
 * The number that `encodeChecksum` wrote without complement; undefined if the text is not of that
 * kind. FITS Standard 4.0 Appendix J.3.
 */
export function decodeChecksum(text: string): number | undefined {
  if (!CODE.test(text)) return undefined;
  let sum = 0;
  for (let i = 0; i < 16; i += 1) {
    const code = text.charCodeAt((i + 1) % 16) - ASCII_ZERO;
    sum += code * 2 ** (24 - 8 * (i % 4));
  }
  return addCarry(sum);
}

/** What was found of the two sums of an HDU. */
export interface ChecksumVerdicts {
  readonly checksum: Verdict;
  readonly datasum: Verdict;
}

/**
 * Compares CHECKSUM and DATASUM with the bytes of an HDU, fill included; fill that is missing at the
 * end of the file is counted as it should be. Data are only read if there is a sum to compare.
 * FITS Standard 4.0 §4.4.2.7.
 */
export async function checkHdu(file: FitsFile, hdu: Hdu): Promise<ChecksumVerdicts> {
  const checksum = hdu.header.string('CHECKSUM')?.trim() ?? '';
  const wanted = parseDatasum(hdu.header.string('DATASUM'));
  if (checksum === '' && wanted === undefined) return { checksum: 'absent', datasum: 'absent' };
  const fill = hdu.kind === 'table' ? 0x20 : 0;
  const dataSum = await sumRange(file, { start: hdu.dataOffset, end: nextOffset(hdu), fill });
  const datasumVerdict = wanted === undefined ? 'absent' : wanted === dataSum ? 'ok' : 'wrong';
  if (checksum === '') return { checksum: 'absent', datasum: datasumVerdict };
  const header = { start: hdu.headerOffset, end: hdu.dataOffset, fill: 0x20 };
  const total = await sumRange(file, header, dataSum);
  return {
    checksum: total === ALL_ONES || total === 0 ? 'ok' : 'wrong',
    datasum: datasumVerdict,
  };
}

/**
 * One verdict for an HDU: wrong if one sum is wrong, ok if at least one is there.
 * FITS Standard 4.0 §4.4.2.7.
 */
export function verdictOf({ checksum, datasum: data }: ChecksumVerdicts): Verdict {
  if (checksum === 'wrong' || data === 'wrong') return 'wrong';
  return checksum === 'ok' || data === 'ok' ? 'ok' : 'absent';
}

/**
 * The sum of the data of an image as a plain file has them, by its header: DATASUM, of a compressed
 * image ZDATASUM, which stays the same when pixels lose something. FITS Standard 4.0 §4.4.2.7, §10.1.2.
 *
 * @returns null if the header tells none; it is not compared with the data
 */
export function toldDataSum({ kind, header }: Hdu): number | null {
  const keyword = kind === 'compressed-image' ? 'ZDATASUM' : 'DATASUM';
  const sum = parseDatasum(header.string(keyword)) ?? 0;
  return sum > 0 ? sum : null; // 0 stands for data of zeros, and for a sum that nobody made
}

/**
 * The sum that DATASUM tells: a number as text, with blanks or zeros before it, or, in old files,
 * coded like CHECKSUM. NaN for anything else, which equals no sum; undefined if there is none.
 */
function parseDatasum(text: string | undefined): number | undefined {
  const value = text?.trim() ?? '';
  if (value === '') return undefined;
  if (DIGITS.test(value)) return Number(value);
  return decodeChecksum(value) ?? NaN;
}

async function sumRange(
  file: FitsFile,
  { start, end, fill }: { start: number; end: number; fill: number },
  seed = 0,
): Promise<number> {
  // More than the fill is missing: no sum can be right, and the range may be of any length.
  if (end - (await file.source.extent(end)) >= BLOCK_BYTES) return NaN;
  let sum = seed;
  for (let at = start; at < end; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, end - at);
    const bytes = await file.source.read(at, length);
    const missing = Math.ceil(length / 4) * 4 - bytes.length;
    sum = datasum(missing === 0 ? bytes : padded(bytes, missing, fill), sum);
  }
  return sum;
}

function padded(bytes: Uint8Array, missing: number, fill: number): Uint8Array {
  const all = new Uint8Array(bytes.length + missing).fill(fill, bytes.length);
  all.set(bytes);
  return all;
}

/**
 * The header of an HDU with its CHECKSUM and DATASUM: whole blocks, with END. Cards of that name are
 * replaced, in their places; else they come last. FITS Standard 4.0 §4.4.2.7.
 *
 * @param cards   of 80 characters each, without END
 * @param dataSum `datasum` of the data with their fill
 */
export function withChecksums(cards: readonly string[], dataSum: number): Uint8Array {
  const zeroed = [...cards];
  const places = [
    { keyword: 'CHECKSUM', card: checksumCard('0'.repeat(16)) },
    { keyword: 'DATASUM', card: datasumCard(dataSum) },
  ].map(({ keyword, card }) => {
    const found = zeroed.findIndex((text) => text.startsWith(`${keyword.padEnd(8)}=`));
    const place = found < 0 ? zeroed.length : found;
    zeroed[place] = card;
    return place;
  });
  const header = headerBytes(zeroed);
  zeroed[places[0] ?? 0] = checksumCards(header, dataSum).checksum;
  return headerBytes(zeroed);
}

/**
 * The two cards, of 80 characters each, of an HDU whose header is otherwise complete.
 * FITS Standard 4.0 §4.4.2.7 and appendix J.
 *
 * @param header whole blocks, holding the DATASUM card of this sum and a CHECKSUM card of zeros:
 *               those that this function gives for an empty header and '0' sixteen times
 * @param dataSum `datasum` of the data with their fill
 */
export function checksumCards(
  header: Uint8Array,
  dataSum: number,
): { readonly checksum: string; readonly datasum: string } {
  return {
    checksum: checksumCard(encodeChecksum(datasum(header, dataSum), true)),
    datasum: datasumCard(dataSum),
  };
}

function checksumCard(code: string): string {
  return `CHECKSUM= '${code}'   / HDU checksum`.padEnd(CARD_BYTES);
}

function datasumCard(dataSum: number): string {
  const value = `'${String(dataSum).padEnd(8)}'`;
  return `DATASUM = ${value.padEnd(20)} / data unit checksum`.padEnd(CARD_BYTES);
}

function headerBytes(cards: readonly string[]): Uint8Array {
  const text = [...cards, 'END'.padEnd(CARD_BYTES)].join('');
  const length = Math.ceil(text.length / BLOCK_BYTES) * BLOCK_BYTES;
  return new Uint8Array(Buffer.from(text.padEnd(length), 'latin1'));
}
