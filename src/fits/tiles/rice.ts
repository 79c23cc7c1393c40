import { AppError } from '../../lib/errors.js';

interface RiceKind {
  /** Bits of the code in front of each block that says how it is packed. */
  readonly codeBits: number;
  /** That code, less one, of a block whose differences are not packed. */
  readonly rawCode: number;
  /** Bits of such a difference. */
  readonly rawBits: number;
}

/** By BYTEPIX. FITS Standard 4.0 §10.4.1. */
const KINDS: Readonly<Record<number, RiceKind>> = {
  1: { codeBits: 3, rawCode: 6, rawBits: 8 },
  2: { codeBits: 4, rawCode: 14, rawBits: 16 },
  4: { codeBits: 5, rawCode: 25, rawBits: 32 },
};

/**
 * Unpacks a tile of RICE_1. FITS Standard 4.0 §10.4.1.
 *
 * The first pixel stands as it is; then blocks of differences, each with a code: 0 for "all the
 * same", `rawCode` for differences not packed, else the number of low bits kept beside the unary
 * rest. Differences are folded: even are positive, odd are negative.
 *
 * Filling up `bits` is written out at each place, so that its state stays in local variables.
 *
 * @param bytes     the packed tile
 * @param pixels    where to; its length is the number of pixels of the tile
 * @param blockSize pixels of a block (BLOCKSIZE)
 * @param bytePix   width of the original integers: 1 (unsigned), 2 or 4 (signed)
 * @throws 'fits_unsupported' for another width; 'fits_invalid' if the bytes end too early
 */
export function decodeRice(
  bytes: Uint8Array,
  pixels: Int32Array,
  { blockSize, bytePix }: { blockSize: number; bytePix: number },
): void {
  const kind = KINDS[bytePix];
  if (kind === undefined) {
    throw new AppError('fits_unsupported', `Rice compression with BYTEPIX ${bytePix} is not read.`);
  }
  if (!Number.isInteger(blockSize) || blockSize < 1) {
    throw new AppError('fits_invalid', `BLOCKSIZE cannot be ${blockSize}.`);
  }
  if (bytes.length < bytePix) throw tooShort();
  const { codeBits, rawCode, rawBits } = kind;
  const wrap = 32 - rawBits; // integers of the tile's width wrap around

  let last = 0;
  for (let i = 0; i < bytePix; i += 1) last = (last << 8) | (bytes[i] ?? 0);
  let position = bytePix;
  // Bits not yet used stand at the top of `bits`; below them are zeros.
  let bits = 0;
  let have = 0;

  const total = pixels.length;
  const end = bytes.length;
  for (let start = 0; start < total; start += blockSize) {
    const stop = start + blockSize < total ? start + blockSize : total;
    while (have <= 24 && position < end) {
      bits |= (bytes[position] ?? 0) << (24 - have);
      position += 1;
      have += 8;
    }
    if (have < codeBits) throw tooShort();
    const code = (bits >>> (32 - codeBits)) - 1;
    bits <<= codeBits;
    have -= codeBits;

    if (code < 0) {
      pixels.fill(last, start, stop);
    } else if (code === rawCode) {
      for (let i = start; i < stop; i += 1) {
        let folded = 0;
        for (let need = rawBits; need > 0;) {
          while (have <= 24 && position < end) {
            bits |= (bytes[position] ?? 0) << (24 - have);
            position += 1;
            have += 8;
          }
          const take = need < have ? (need < 16 ? need : 16) : have < 16 ? have : 16;
          if (take === 0) throw tooShort();
          folded = (folded << take) | (bits >>> (32 - take));
          bits <<= take;
          have -= take;
          need -= take;
        }
        last = (last + ((folded >>> 1) ^ -(folded & 1))) | 0;
        pixels[i] = last;
      }
    } else {
      for (let i = start; i < stop; i += 1) {
        while (have <= 24 && position < end) {
          bits |= (bytes[position] ?? 0) << (24 - have);
          position += 1;
          have += 8;
        }
        let zeros = Math.clz32(bits);
        let unary = zeros;
        while (zeros >= have) {
          // All bits at hand are zero: the unary number goes on in the next bytes.
          unary = unary - zeros + have;
          bits = 0;
          have = 0;
          while (have <= 24 && position < end) {
            bits |= (bytes[position] ?? 0) << (24 - have);
            position += 1;
            have += 8;
          }
          if (have === 0) throw tooShort();
          zeros = Math.clz32(bits);
          unary += zeros;
        }
        bits = (bits << zeros) << 1;
        have -= zeros + 1;
        if (have < code) {
          while (have <= 24 && position < end) {
            bits |= (bytes[position] ?? 0) << (24 - have);
            position += 1;
            have += 8;
          }
          if (have < code) throw tooShort();
        }
        let folded = unary;
        if (code > 0) {
          folded = (unary << code) | (bits >>> (32 - code));
          bits <<= code;
          have -= code;
        }
        last = (last + ((folded >>> 1) ^ -(folded & 1))) | 0;
        pixels[i] = last;
      }
    }
  }
  if (wrap > 0) wrapAll(pixels, bytePix);
}

/** Sums are kept in 32 bits while unpacking; the narrower integers are their low bits. */
function wrapAll(pixels: Int32Array, bytePix: number): void {
  if (bytePix === 1) for (let i = 0; i < pixels.length; i += 1) pixels[i] = (pixels[i] ?? 0) & 0xff;
  else for (let i = 0; i < pixels.length; i += 1) pixels[i] = ((pixels[i] ?? 0) << 16) >> 16;
}

function tooShort(): AppError {
  return new AppError('fits_invalid', 'A Rice-compressed tile ends before its last pixel.');
}
