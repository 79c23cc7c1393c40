import { AppError } from '../../lib/errors.js';

/** What the upper four bits of a word say. FITS Standard 4.0 §10.4.3, table 39. */
const ZEROS = 0;
const SET_LEVEL = 1;
const RAISE_LEVEL = 2;
const LOWER_LEVEL = 3;
const RUN = 4;
const ZEROS_THEN_ONE = 5;
const RAISE_AND_ONE = 6;
const LOWER_AND_ONE = 7;

/** Words before the instructions in the oldest form of a list, and those of a header with a length. */
const OLD_HEADER_WORDS = 3;
const MIN_HEADER_WORDS = 7;

/**
 * Unpacks a tile of PLIO_1: an IRAF pixel list, 16-bit big-endian words of instructions that say
 * how long a level goes on and how it changes. Pixels the list does not reach are 0, instructions
 * beyond the last pixel are left out. FITS Standard 4.0 §10.4.3.
 *
 * @param pixels where to, all zero; as many as are wanted, from the start of the tile
 * @throws 'fits_invalid' if the list is cut off or has an instruction that is not known
 */
export function decodePlio(bytes: Uint8Array, pixels: Int32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { first, end } = readExtent(view);
  const total = pixels.length;
  let level = 1;
  let at = 0;
  for (let word = first; word < end && at < total; word += 1) {
    const instruction = view.getUint16(word * 2);
    const value = instruction & 0xfff;
    switch (instruction >>> 12) {
      case ZEROS:
        at += value;
        break;
      case SET_LEVEL:
        word += 1;
        if (word >= end) throw damaged('ends inside an instruction');
        level = (view.getUint16(word * 2) << 12) | value;
        break;
      case RAISE_LEVEL:
        level += value;
        break;
      case LOWER_LEVEL:
        level -= value;
        break;
      case RUN:
        at = fill(pixels, at, value, level);
        break;
      case ZEROS_THEN_ONE:
        at += value;
        if (value > 0 && at <= total) pixels[at - 1] = level;
        break;
      case RAISE_AND_ONE:
        level += value;
        pixels[at] = level;
        at += 1;
        break;
      case LOWER_AND_ONE:
        level -= value;
        pixels[at] = level;
        at += 1;
        break;
      default:
        throw damaged(`has the unknown instruction ${instruction >>> 12}`);
    }
  }
}

/**
 * Where the instructions are, in words. A list starts with its own length, in one of two forms: in
 * the third word; or, where that is not positive, in the fourth and fifth (low 15 bits first) with
 * the length of the header in the second.
 */
function readExtent(view: DataView): { first: number; end: number } {
  const words = view.byteLength >> 1;
  const word = (index: number): number => view.getInt16(index * 2);
  if (words < OLD_HEADER_WORDS) throw damaged('is too short');
  if (word(2) > 0) return checkExtent(OLD_HEADER_WORDS, word(2), words);
  if (words < MIN_HEADER_WORDS) throw damaged('is too short');
  return checkExtent(word(1), word(3) + (word(4) << 15), words);
}

function checkExtent(first: number, end: number, words: number): { first: number; end: number } {
  if (first < OLD_HEADER_WORDS || end < 0 || end > words) throw damaged('has a wrong length');
  return { first, end };
}

/** Most runs are short, where a loop is faster than the call of `fill`. */
function fill(pixels: Int32Array, at: number, count: number, level: number): number {
  const end = Math.min(at + count, pixels.length);
  if (count > 32) pixels.fill(level, at, end);
  else for (let i = at; i < end; i += 1) pixels[i] = level;
  return at + count;
}

function damaged(what: string): AppError {
  return new AppError('fits_invalid', `A tile of PLIO_1 ${what}.`);
}
