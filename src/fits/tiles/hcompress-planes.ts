import { AppError } from '../../lib/errors.js';

/** A packed bit plane of a quadrant starts with one of these four-bit words. */
const PLANE_DIRECT = 0;
const PLANE_CODED = 15;

/**
 * Code words of the sixteen patterns of four bits, short ones for the patterns that are frequent:
 * [pattern, word, bits of the word]. FITS Standard 4.0 §10.4.4; White, Postman & Lattanzi 1992.
 */
const CODE_WORDS: readonly (readonly [pattern: number, word: number, bits: number])[] = [
  [0b0001, 0b000, 3],
  [0b0010, 0b001, 3],
  [0b0100, 0b010, 3],
  [0b1000, 0b011, 3],
  [0b0011, 0b1000, 4],
  [0b0101, 0b1001, 4],
  [0b1010, 0b1010, 4],
  [0b1100, 0b1011, 4],
  [0b1111, 0b1100, 4],
  [0b0110, 0b11010, 5],
  [0b0111, 0b11011, 5],
  [0b1001, 0b11100, 5],
  [0b1011, 0b11101, 5],
  [0b1101, 0b11110, 5],
  [0b0000, 0b111110, 6],
  [0b1110, 0b111111, 6],
];
const LONGEST_WORD = 6;

/** By the next six bits: length of the word they start with, times 16, and its pattern. */
const WORDS = Uint8Array.from({ length: 2 ** LONGEST_WORD }, (_, next) => {
  const found = CODE_WORDS.find(([, word, bits]) => next >> (LONGEST_WORD - bits) === word);
  return found === undefined ? 0 : (found[2] << 4) | found[0];
});

/** Coefficients to unpack. */
export interface PlaneShape {
  readonly rows: number;
  readonly columns: number;
  /** Bit planes of the sums' quadrant, of the two of one difference, and of the diagonal one. */
  readonly planes: readonly [sums: number, differences: number, diagonal: number];
}

/** Bits of a coefficient that fit in an integer beside its sign. */
const LOW_BITS = 31;

/**
 * The coefficients of an H-transform from their bit planes, the highest first, quadrant by quadrant,
 * each plane a quadtree of patterns of 2 × 2; then a sign for each that is not 0.
 * FITS Standard 4.0 §10.4.4.
 *
 * @param bytes what follows the header of the tile
 * @returns `values[row * columns + column]`; doubles only if there are more than 31 bit planes
 * @throws 'fits_invalid' if the bytes end too early or a plane has no known form
 */
export function decodePlanes(bytes: Uint8Array, shape: PlaneShape): Int32Array | Float64Array {
  const { rows, columns, planes } = shape;
  const low = new Int32Array(rows * columns);
  const high = Math.max(...planes) > LOW_BITS ? new Int32Array(rows * columns) : undefined;
  const input = openBits(bytes);
  const [upper, left] = [Math.ceil(rows / 2), Math.ceil(columns / 2)];
  const [lower, right] = [rows - upper, columns - left];
  const quadrants = [
    { start: 0, rows: upper, columns: left, planes: planes[0] },
    { start: left, rows: upper, columns: right, planes: planes[1] },
    { start: upper * columns, rows: lower, columns: left, planes: planes[1] },
    { start: upper * columns + left, rows: lower, columns: right, planes: planes[2] },
  ];
  for (const quadrant of quadrants) {
    decodeQuadrant(input, { low, high: high ?? low }, { ...quadrant, stride: columns });
  }
  if (takeBits(input, 4) !== 0) throw damaged('has no end after its bit planes');
  input.position = Math.ceil(input.position / 8) * 8;
  const values =
    high === undefined
      ? low
      : Float64Array.from(low, (value, i) => value + (high[i] ?? 0) * 2 ** LOW_BITS);
  applySigns(input, values);
  return values;
}

interface BitInput {
  /** The bytes with zeros behind them, so that a whole word can be read at any bit. */
  readonly view: DataView;
  /** In bits. */
  readonly end: number;
  position: number;
}

function openBits(bytes: Uint8Array): BitInput {
  const padded = new Uint8Array(bytes.length + 8);
  padded.set(bytes);
  return { view: new DataView(padded.buffer), end: bytes.length * 8, position: 0 };
}

function takeBits(input: BitInput, count: number): number {
  if (input.position + count > input.end) throw tooShort();
  const word = input.view.getUint32(input.position >>> 3) << (input.position & 7);
  input.position += count;
  return word >>> (32 - count);
}

interface Quadrant {
  /** Index of its first value; its rows are `stride` values apart. */
  readonly start: number;
  readonly stride: number;
  readonly rows: number;
  readonly columns: number;
  readonly planes: number;
}

/** Where bits go: of planes below and from `LOW_BITS`. */
interface Values {
  readonly low: Int32Array;
  readonly high: Int32Array;
}

function decodeQuadrant(input: BitInput, { low, high }: Values, quadrant: Quadrant): void {
  const { rows, columns, planes } = quadrant;
  // Grids of patterns from one that covers the quadrant down to those of its values.
  const grids: Grid[] = [];
  for (let size = 2; ; size *= 2) {
    const grid = { rows: Math.ceil(rows / size), columns: Math.ceil(columns / size) };
    grids.unshift(grid);
    if (grid.rows <= 1 && grid.columns <= 1) break;
  }
  const finest = grids[grids.length - 1] ?? { rows: 0, columns: 0 };
  // An empty quadrant still has a root.
  const length = Math.max(1, finest.rows) * Math.max(1, finest.columns);
  let patterns = new Uint8Array(length);
  let spare = new Uint8Array(length);
  for (let plane = planes - 1; plane >= 0; plane -= 1) {
    const form = takeBits(input, 4);
    if (form === PLANE_DIRECT) readDirect(input, patterns, finest);
    else if (form === PLANE_CODED) {
      patterns[0] = takeWord(input);
      for (let depth = 1; depth < grids.length; depth += 1) {
        expand(input, patterns, spare, grids[depth] ?? finest);
        [patterns, spare] = [spare, patterns];
      }
    } else throw damaged(`has a bit plane of the unknown form ${form}`);
    if (plane < LOW_BITS) insertPlane(low, patterns, quadrant, plane);
    else insertPlane(high, patterns, quadrant, plane - LOW_BITS);
  }
}

interface Grid {
  readonly rows: number;
  readonly columns: number;
}

function takeWord(input: BitInput): number {
  const { view, position } = input;
  const word = WORDS[((view.getUint32(position >>> 3) << (position & 7)) >>> 26) & 63] ?? 0;
  input.position += word >>> 4;
  if (input.position > input.end) throw tooShort();
  return word & 15;
}

function readDirect(input: BitInput, patterns: Uint8Array, { rows, columns }: Grid): void {
  const count = rows * columns;
  const { view, position } = input;
  if (position + count * 4 > input.end) throw tooShort();
  for (let i = 0; i < count; i += 1) {
    const at = position + i * 4;
    patterns[i] = (view.getUint16(at >>> 3) >>> (12 - (at & 7))) & 15;
  }
  input.position = position + count * 4;
}

/** Each bit that is set in a pattern of `from` has a pattern in the next grid; the last comes first. */
function expand(input: BitInput, from: Uint8Array, to: Uint8Array, { rows, columns }: Grid): void {
  const { view, end } = input;
  const width = Math.max(1, columns);
  const fromWidth = (width + 1) >>> 1;
  let { position } = input;
  to.fill(0, 0, Math.max(1, rows) * width);
  for (let row = Math.max(1, rows) - 1; row >= 0; row -= 1) {
    const above = (row >>> 1) * fromWidth;
    const half = (row & 1) === 0 ? 2 : 0;
    const first = row * width;
    for (let pair = fromWidth - 1; pair >= 0; pair -= 1) {
      const pattern = from[above + pair] ?? 0;
      if (pattern === 0) continue;
      const set = pattern >>> half;
      const at = first + pair * 2;
      if ((set & 1) !== 0 && pair * 2 + 1 < width) {
        const word = WORDS[(view.getUint32(position >>> 3) << (position & 7)) >>> 26] ?? 0;
        position += word >>> 4;
        to[at + 1] = word & 15;
      }
      if ((set & 2) !== 0) {
        const word = WORDS[(view.getUint32(position >>> 3) << (position & 7)) >>> 26] ?? 0;
        position += word >>> 4;
        to[at] = word & 15;
      }
      if (position > end) throw tooShort();
    }
  }
  input.position = position;
}
/** Sets the bit of a plane in the values of a quadrant where the patterns say so. */
function insertPlane(
  values: Int32Array,
  patterns: Uint8Array,
  { start, stride, rows, columns }: Quadrant,
  plane: number,
): void {
  const width = (columns + 1) >>> 1;
  const pairs = columns >>> 1;
  for (let row = 0; row < rows; row += 1) {
    const half = (row & 1) === 0 ? 2 : 0;
    const from = (row >>> 1) * width;
    const to = start + row * stride;
    for (let pair = 0; pair < pairs; pair += 1) {
      const pattern = patterns[from + pair] ?? 0;
      if (pattern === 0) continue;
      // No further branches: in the lower planes the bits are as good as random.
      const set = pattern >>> half;
      const at = to + pair * 2;
      values[at] = (values[at] ?? 0) | (((set >>> 1) & 1) << plane);
      values[at + 1] = (values[at + 1] ?? 0) | ((set & 1) << plane);
    }
    if (pairs < width) {
      const at = to + columns - 1;
      const set = (patterns[from + pairs] ?? 0) >>> half;
      values[at] = (values[at] ?? 0) | (((set >>> 1) & 1) << plane);
    }
  }
}

function applySigns(input: BitInput, values: Int32Array | Float64Array): void {
  const { view, end } = input;
  let { position } = input;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? 0;
    if (value === 0) continue;
    if (position >= end) throw tooShort();
    if (((view.getUint8(position >>> 3) << (position & 7)) & 0x80) !== 0) values[i] = -value;
    position += 1;
  }
  input.position = position;
}

function tooShort(): AppError {
  return damaged('ends before its last pixel');
}

function damaged(what: string): AppError {
  return new AppError('fits_invalid', `A tile of HCOMPRESS_1 ${what}.`);
}
