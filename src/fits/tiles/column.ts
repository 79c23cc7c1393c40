import { AppError } from '../../lib/errors.js';
import { ELEMENT_BYTES, MAX_PACKING_RATIO } from '../columns.js';
import type { ColumnCode } from '../columns.js';
import { decodeGzip, unshuffle } from './gzip.js';
import { decodeRice } from './rice.js';

const RICE_BLOCK = 32; // FITS Standard 4.0 §10.4.1: for columns there is no keyword for it
const RICE_WIDTHS: Readonly<Partial<Record<ColumnCode, 1 | 2 | 4>>> = { B: 1, I: 2, J: 4 };

/** What is packed: so many bytes of elements of one type. */
export interface PackedElements {
  /** ZCTYPn, in capitals. */
  readonly algorithm: string;
  readonly code: ColumnCode;
  readonly sizeBytes: number;
}

/**
 * Unpacks a column of a tile, or a variable-length cell: big-endian elements as they stand in a
 * plain table. FITS Standard 4.0 §10.3.4, §10.4.
 *
 * @returns may be a view on `bytes`
 * @throws 'fits_unsupported' for another algorithm, or one not meant for this type; 'fits_invalid'
 *         if the bytes are damaged or do not give just `sizeBytes`
 */
export function unpackElements(bytes: Uint8Array, elements: PackedElements): Uint8Array {
  const { algorithm, sizeBytes } = elements;
  if (sizeBytes === 0) return new Uint8Array(0);
  if (sizeBytes > bytes.length * MAX_PACKING_RATIO) throw damaged();
  const unpacked = unpackBy(bytes, elements);
  if (unpacked === undefined) {
    const name = algorithm.slice(0, 20);
    const text = `Columns of type ${elements.code} compressed with ${name} are not read.`;
    throw new AppError('fits_unsupported', text, { name });
  }
  if (unpacked.length !== sizeBytes) throw damaged();
  return unpacked;
}

function unpackBy(
  bytes: Uint8Array,
  { algorithm, code, sizeBytes }: PackedElements,
): Uint8Array | undefined {
  if (algorithm === 'NOCOMPRESS') return bytes;
  if (algorithm === 'GZIP_1') return decodeGzip(bytes, Math.ceil(sizeBytes / 8));
  if (algorithm === 'GZIP_2') {
    return unshuffleColumn(decodeGzip(bytes, Math.ceil(sizeBytes / 8)), code);
  }
  const width = RICE_WIDTHS[code];
  if ((algorithm !== 'RICE_1' && algorithm !== 'RICE_ONE') || width === undefined) return undefined;
  const integers = new Int32Array(sizeBytes / width);
  decodeRice(bytes, integers, { blockSize: RICE_BLOCK, bytePix: width });
  return toBytes(integers, width);
}

function unshuffleColumn(bytes: Uint8Array, code: ColumnCode): Uint8Array {
  const isComplex = code === 'C' || code === 'M';
  const width = isComplex ? ELEMENT_BYTES[code] / 2 : Math.max(1, ELEMENT_BYTES[code]);
  if (width === 1 || bytes.length % width !== 0) return bytes;
  // cfitsio's fpack writes GZIP_2 for complex columns, but leaves their bytes in place.
  if (isComplex && !isShuffled(bytes, width)) return bytes;
  return unshuffle(bytes, bytes.length / width);
}

/** True if the highest bytes of the numbers, which take few values, seem to stand all in front. */
function isShuffled(bytes: Uint8Array, width: number): boolean {
  const inFront = new Set(bytes.subarray(0, bytes.length / width));
  const inPlace = new Set<number>();
  for (let i = 0; i < bytes.length; i += width) inPlace.add(bytes[i] ?? 0);
  return inFront.size < inPlace.size;
}

function toBytes(integers: Int32Array, width: 1 | 2 | 4): Uint8Array {
  const bytes = new Uint8Array(integers.length * width);
  if (width === 1) {
    bytes.set(integers);
    return bytes;
  }
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < integers.length; i += 1) {
    if (width === 2) view.setInt16(i * 2, integers[i] ?? 0);
    else view.setInt32(i * 4, integers[i] ?? 0);
  }
  return bytes;
}

function damaged(): AppError {
  return new AppError('fits_invalid', 'A packed column of a compressed table is damaged.');
}
