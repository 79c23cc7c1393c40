import { AppError } from '../../lib/errors.js';
import { riceKind } from './rice.js';

/**
 * Packs a tile as RICE_1: the opposite of `decodeRice`. The number of low bits of a block follows
 * from the mean of its folded differences, as cfitsio chooses it, so that files are of the same size.
 * FITS Standard 4.0 §10.4.1.
 *
 * @param pixels    at least one; differences wrap around in the width of the array
 * @param blockSize pixels of a block (BLOCKSIZE), usually 32
 * @param bytePix   width of the integers, the one of the array: 1 (unsigned), 2 or 4 (signed)
 */
export function encodeRice(
  pixels: Uint8Array | Int16Array | Int32Array,
  { blockSize, bytePix }: { blockSize: number; bytePix: number },
): Uint8Array {
  const { codeBits, rawCode, rawBits } = riceKind(bytePix);
  if (!Number.isInteger(blockSize) || blockSize < 1 || pixels.length === 0) {
    throw new AppError('fits_invalid', 'A Rice-compressed tile needs pixels and blocks.');
  }
  const total = pixels.length;
  const shift = 32 - rawBits;
  const output = new DataView(new ArrayBuffer(mostBytes(total, blockSize, rawBits)));
  const folded = new Uint32Array(Math.min(blockSize, total));
  const bits: BitOutput = { view: output, position: 0, word: 0, room: 32 };
  let last = pixels[0] ?? 0;
  put(bits, (last << shift) >>> shift, rawBits);
  for (let start = 0; start < total; start += blockSize) {
    const count = start + blockSize < total ? blockSize : total - start;
    let sum = 0;
    for (let i = 0; i < count; i += 1) {
      const next = pixels[start + i] ?? 0;
      const step = ((next - last) << shift) >> shift;
      last = next;
      // Small differences of either sign become small numbers: 0, -1, 1, -2 are 0, 1, 2, 3.
      const value = ((step << 1) ^ (step >> 31)) >>> 0;
      folded[i] = value;
      sum += value;
    }
    const low = lowBits(sum, count);
    if (sum === 0) put(bits, 0, codeBits);
    else if (low >= rawCode) {
      put(bits, rawCode + 1, codeBits);
      for (let i = 0; i < count; i += 1) put(bits, folded[i] ?? 0, rawBits);
    } else {
      put(bits, low + 1, codeBits);
      putSplit(bits, folded, count, low);
    }
  }
  return finish(bits);
}

interface BitOutput {
  readonly view: DataView;
  /** Bytes written. */
  position: number;
  /** Bits not written yet, at the top, and how many there is room for. */
  word: number;
  room: number;
}

/** Each value as a unary number of what is above its low bits: zeros and a one; and the low bits. */
function putSplit(bits: BitOutput, folded: Uint32Array, count: number, low: number): void {
  const { view } = bits;
  let { position, word, room } = bits;
  const one = 1 << low;
  const length = low + 1;
  for (let i = 0; i < count; i += 1) {
    const value = folded[i] ?? 0;
    let zeros = value >>> low;
    while (zeros >= room) {
      view.setUint32(position, word);
      position += 4;
      zeros -= room;
      word = 0;
      room = 32;
    }
    room -= zeros;
    const code = one | (value & (one - 1));
    if (length < room) {
      room -= length;
      word |= code << room;
    } else {
      const rest = length - room;
      view.setUint32(position, word | (code >>> rest));
      position += 4;
      room = 32 - rest;
      word = rest === 0 ? 0 : code << room;
    }
  }
  bits.position = position;
  bits.word = word;
  bits.room = room;
}

/** @param length of the value in bits, at most 32 */
function put(bits: BitOutput, value: number, length: number): void {
  if (length < bits.room) {
    bits.room -= length;
    bits.word |= value << bits.room;
    return;
  }
  const rest = length - bits.room;
  bits.view.setUint32(bits.position, bits.word | (value >>> rest));
  bits.position += 4;
  bits.room = 32 - rest;
  bits.word = rest === 0 ? 0 : value << bits.room;
}

function finish(bits: BitOutput): Uint8Array {
  bits.view.setUint32(bits.position, bits.word);
  const length = bits.position + Math.ceil((32 - bits.room) / 8);
  return new Uint8Array(bits.view.buffer, 0, length);
}

/** Bits worth keeping beside a unary number: as many as half the mean has, rounded downwards. */
function lowBits(sum: number, count: number): number {
  const mean = Math.max(0, Math.trunc((sum - (count >>> 1) - 1) / count));
  return 32 - Math.clz32(mean >>> 1);
}

/** With the low bits so chosen, a difference takes at most four bits more than its width. */
function mostBytes(total: number, blockSize: number, rawBits: number): number {
  const blocks = Math.ceil(total / blockSize);
  return Math.ceil((total * (rawBits + 4) + blocks * 8) / 8) + 16;
}
