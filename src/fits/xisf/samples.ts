import { AppError } from '../../lib/errors.js';
import type { ByteSource, PixelArray, XisfBlock, XisfCompression } from '../types.js';
import { checkPart, expandPart } from './expand.js';
import type { PackedPart } from './expand.js';

/**
 * Most bytes a compressed block may become: it is held in memory to be turned over. A colour master of
 * 26 million pixels in single precision has 313 MB.
 */
const MAX_EXPANDED_BYTES = 384 * 1024 ** 2;
const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Bytes [start, end) of the samples as they stood before compression; the caller owns them. */
export type ReadBytes = (start: number, end: number) => Promise<Uint8Array>;

/**
 * A reader of the bytes of a block, expanded and put together. A plain block is read where it is
 * needed; a compressed one is expanded once, or part by part if its parts can be told apart.
 * XISF 1.0, data block compression.
 *
 * @throws 'too_large' for a compressed block beyond 256 MiB, 'fits_unsupported' for zstd; the reader:
 *         'fits_truncated', 'fits_invalid'
 */
export function openBlock(source: ByteSource, block: XisfBlock): ReadBytes {
  const readPacked = packedReader(source, block);
  const { compression } = block;
  if (compression === undefined) return readPacked;
  const parts = toParts(block, compression, readPacked);
  parts.forEach(checkPart);
  if (compression.expandedBytes > MAX_EXPANDED_BYTES) {
    const text = `The XISF image expands to ${compression.expandedBytes} bytes, more than are held.`;
    throw new AppError('too_large', text, { maxBytes: MAX_EXPANDED_BYTES });
  }
  if (compression.shuffleBytes === 0) return partReader(parts);
  let shuffled: Promise<Uint8Array> | undefined;
  return async (start, end) => {
    shuffled ??= expandAll(parts, compression.expandedBytes);
    return unshuffle(await shuffled, compression.shuffleBytes, { start, end });
  };
}

/**
 * Bytes as numbers in the machine's order. 64-bit integers come as doubles, rounded beyond 2^53.
 *
 * @param bytes whole samples; taken over: the result may be a view on them
 */
export function toValues(bytes: Uint8Array, block: XisfBlock): PixelArray {
  const own = bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.from(bytes);
  const { buffer, byteOffset, byteLength } = own;
  const { sampleFormat, littleEndian } = block;
  if (sampleFormat === 'UInt8') return new Uint8Array(buffer, byteOffset, byteLength);
  if (sampleFormat === 'UInt64') return uint64ToDouble(own, littleEndian);
  const view = Buffer.from(buffer, byteOffset, byteLength);
  const isTurned = littleEndian !== IS_LITTLE_ENDIAN;
  if (sampleFormat === 'UInt16') {
    if (isTurned) view.swap16();
    return new Uint16Array(buffer, byteOffset, byteLength / 2);
  }
  if (sampleFormat === 'Float64') {
    if (isTurned) view.swap64();
    return new Float64Array(buffer, byteOffset, byteLength / 8);
  }
  if (isTurned) view.swap32();
  return sampleFormat === 'UInt32'
    ? new Uint32Array(buffer, byteOffset, byteLength / 4)
    : new Float32Array(buffer, byteOffset, byteLength / 4);
}

/** The block as it is kept, from the file or from its header. */
function packedReader(source: ByteSource, { offset, inline }: XisfBlock): ReadBytes {
  if (inline !== undefined) return (start, end) => Promise.resolve(inline.slice(start, end));
  return async (start, end) => {
    const bytes = await source.read(offset + start, end - start);
    if (bytes.length === end - start) return bytes;
    throw new AppError('fits_truncated', 'The file ends inside the samples of the XISF image.');
  };
}

/** A part of a compressed block and where it starts once expanded. */
interface Part extends PackedPart {
  readonly start: number;
}

function toParts(block: XisfBlock, compression: XisfCompression, read: ReadBytes): Part[] {
  const { codec, expandedBytes, subblocks } = compression;
  const one = [{ packedBytes: block.lengthBytes, expandedBytes }];
  let start = 0;
  let packedStart = 0;
  return (subblocks.length === 0 ? one : subblocks).map((sizes) => {
    const offset = packedStart;
    const part = {
      ...sizes,
      codec,
      start,
      read: (from: number, to: number) => read(offset + from, offset + to),
    };
    start += sizes.expandedBytes;
    packedStart += sizes.packedBytes;
    return part;
  });
}

async function expandAll(parts: readonly Part[], length: number): Promise<Uint8Array> {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return expandPart(first);
  const bytes = new Uint8Array(length);
  for (const part of parts) {
    await expandPart(part, bytes.subarray(part.start, part.start + part.expandedBytes));
  }
  return bytes;
}

/** Expands the parts that are asked for, and keeps them until others are. */
function partReader(parts: readonly Part[]): ReadBytes {
  let kept = new Map<Part, Uint8Array>();
  return async (start, end) => {
    const needed = new Set(
      parts.filter(({ start: from, expandedBytes }) => {
        return from < end && from + expandedBytes > start;
      }),
    );
    // Forgotten before others are expanded, so that memory holds no more than is needed.
    kept = new Map([...kept].filter(([part]) => needed.has(part)));
    const bytes = new Uint8Array(end - start);
    for (const part of needed) {
      const expanded = kept.get(part) ?? (await expandPart(part));
      kept.set(part, expanded);
      const from = Math.max(start, part.start);
      const to = Math.min(end, part.start + part.expandedBytes);
      bytes.set(expanded.subarray(from - part.start, to - part.start), from - start);
    }
    return bytes;
  };
}

/**
 * Bytes [start, end) of a block whose bytes were put apart: first the lowest bytes of all items,
 * then all second ones, and so on; what does not fill an item stays at the end. XISF 1.0 §10.6.
 */
function unshuffle(
  shuffled: Uint8Array,
  width: number,
  { start, end }: { start: number; end: number },
): Uint8Array {
  const items = Math.floor(shuffled.length / width);
  const first = Math.min(items, Math.floor(start / width));
  const last = Math.min(items, Math.ceil(end / width));
  const rest = shuffled.subarray(Math.max(items * width, start), Math.max(items * width, end));
  const bytes = new Uint8Array((last - first) * width + rest.length);
  for (let byte = 0; byte < width; byte += 1) {
    const column = byte * items;
    let at = byte;
    for (let item = first; item < last; item += 1) {
      bytes[at] = shuffled[column + item] ?? 0;
      at += width;
    }
  }
  bytes.set(rest, bytes.length - rest.length);
  const skip = Math.min(start, items * width) - first * width;
  return bytes.subarray(skip, skip + end - start);
}

function uint64ToDouble(bytes: Uint8Array, littleEndian: boolean): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const high = littleEndian ? 4 : 0;
  const values = new Float64Array(bytes.byteLength >> 3);
  for (let i = 0; i < values.length; i += 1) {
    const at = i * 8;
    // The sum rounds once, as a conversion of the whole integer would.
    values[i] =
      view.getUint32(at + high, littleEndian) * 2 ** 32 +
      view.getUint32(at + 4 - high, littleEndian);
  }
  return values;
}
