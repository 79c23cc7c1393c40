import { AppError } from '../../lib/errors.js';

/** How a width of integers is packed. */
export interface RiceKind {
  /** Bits of the code in front of each block that says how it is packed. */
  readonly codeBits: number;
  /** That code, less one, of a block whose differences are not packed. */
  readonly rawCode: number;
  /** Bits of such a difference. */
  readonly rawBits: number;
}

/** By BYTEPIX. FITS Standard 4.0 §10.4.1. */
export const RICE_KINDS: Readonly<Record<number, RiceKind>> = {
  1: { codeBits: 3, rawCode: 6, rawBits: 8 },
  2: { codeBits: 4, rawCode: 14, rawBits: 16 },
  4: { codeBits: 5, rawCode: 25, rawBits: 32 },
};

/** Bits that one read at any bit position surely has. */
const SURE_BITS = 25;

/**
 * Unpacks a tile of RICE_1. FITS Standard 4.0 §10.4.1.
 *
 * The first pixel stands as it is; then blocks of differences, each with a code: 0 for "all the
 * same", `rawCode` for differences not packed, else the number of low bits kept beside the unary
 * rest. Differences are folded: even are positive, odd are negative. Integers wrap around in the
 * width of the pixels, as the arrays do by themselves.
 *
 * @param bytes     the packed tile
 * @param pixels    where to, of the kind that `bytePix` says; as many as are wanted, from the start
 * @param blockSize pixels of a block (BLOCKSIZE)
 * @param bytePix   width of the packed integers: 1 (unsigned), 2 or 4 (signed)
 * @throws 'fits_unsupported' for another width; 'fits_invalid' if the bytes end too early
 */
export function decodeRice(
  bytes: Uint8Array,
  pixels: Uint8Array | Int16Array | Int32Array,
  { blockSize, bytePix }: { blockSize: number; bytePix: number },
): void {
  const { codeBits, rawCode, rawBits } = riceKind(bytePix);
  if (!Number.isInteger(blockSize) || blockSize < 1) {
    throw new AppError('fits_invalid', `BLOCKSIZE cannot be ${blockSize}.`);
  }
  if (bytes.length < bytePix) throw tooShort();
  // With zeros behind it, whole words can be read up to the last bit.
  const padded = new Uint8Array(bytes.length + 8);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const end = bytes.length * 8;

  let last = view.getUint32(0) >>> (32 - rawBits);
  let position = rawBits; // in bits
  const total = pixels.length;
  for (let start = 0; start < total; start += blockSize) {
    const stop = start + blockSize < total ? start + blockSize : total;
    const code = ((view.getUint32(position >>> 3) << (position & 7)) >>> (32 - codeBits)) - 1;
    position += codeBits;
    if (code > rawCode) throw new AppError('fits_invalid', 'A Rice-compressed tile is damaged.');
    if (code < 0) {
      pixels.fill(last, start, stop);
    } else if (code === rawCode) {
      if (position + (stop - start) * rawBits > end) throw tooShort();
      for (let i = start; i < stop; i += 1) {
        const folded = takeRaw(view, position, rawBits);
        position += rawBits;
        last = (last + ((folded >>> 1) ^ -(folded & 1))) | 0;
        pixels[i] = last;
      }
    } else {
      for (let i = start; i < stop; i += 1) {
        let word = view.getUint32(position >>> 3) << (position & 7);
        let unary = Math.clz32(word);
        let used = unary + 1 + code;
        if (used > SURE_BITS) {
          unary = countZeros(view, position, end);
          position += unary + 1;
          word = view.getUint32(position >>> 3) << (position & 7);
          used = code;
        } else word <<= unary + 1;
        // Two shifts, as one by 32 would do nothing where no low bits are kept.
        const folded = (unary << code) | ((word >>> 1) >>> (31 - code));
        position += used;
        if (position > end) throw tooShort();
        last = (last + ((folded >>> 1) ^ -(folded & 1))) | 0;
        pixels[i] = last;
      }
    }
    if (position > end) throw tooShort();
  }
}

/**
 * How integers of a width in bytes (BYTEPIX) are packed. FITS Standard 4.0 §10.4.1.
 *
 * @throws 'fits_unsupported' for a width that is not packed
 */
export function riceKind(bytePix: number): RiceKind {
  const kind = RICE_KINDS[bytePix];
  if (kind !== undefined) return kind;
  throw new AppError('fits_unsupported', `Rice compression with BYTEPIX ${bytePix} is not read.`);
}

function takeRaw(view: DataView, position: number, count: number): number {
  const shift = position & 7;
  const high = view.getUint32(position >>> 3) << shift;
  // The fifth byte has the rest of 32 bits that do not start at a byte.
  const word = high | (view.getUint8((position >>> 3) + 4) >>> (8 - shift));
  return word >>> (32 - count);
}

/** Length of a run of zero bits of any length. */
function countZeros(view: DataView, position: number, end: number): number {
  for (let at = position; at < end; at += SURE_BITS) {
    const zeros = Math.clz32(view.getUint32(at >>> 3) << (at & 7));
    if (zeros < SURE_BITS) return at + zeros - position;
  }
  throw tooShort();
}

function tooShort(): AppError {
  return new AppError('fits_invalid', 'A Rice-compressed tile ends before its last pixel.');
}
