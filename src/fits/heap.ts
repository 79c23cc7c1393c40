import { AppError } from '../lib/errors.js';
import { cellBytes, rowLength } from './columns.js';
import type { TableColumn } from './columns.js';
import type { ByteSource, Hdu } from './types.js';

const NEAR_BYTES = 64 * 1024;
const FAR_BYTES = 1024 * 1024;

/** What a P or Q descriptor points at, as a range of the file. */
export interface HeapRange {
  /** Number of elements. */
  readonly count: number;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** What a P or Q descriptor says, unchecked. FITS Standard 4.0 §7.3.5. */
export interface Descriptor {
  /** Number of elements. */
  readonly count: number;
  /** First byte, counted from the start of the heap. */
  readonly start: number;
}

/** A view on bytes that are part of a larger buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The descriptor at a place; integers beyond 2^53 are rounded, and out of every heap.
 * FITS Standard 4.0 §7.3.5.
 */
export function descriptorAt(view: DataView, offset: number, isWide: boolean): Descriptor {
  if (!isWide) return { count: view.getInt32(offset), start: view.getUint32(offset + 4) };
  return {
    count: Number(view.getBigInt64(offset)),
    start: Number(view.getBigInt64(offset + 8)),
  };
}

/**
 * The range of the file that a variable-length cell points at. FITS Standard 4.0 §7.3.5.
 *
 * @param row the row the cell is in
 * @throws 'fits_invalid' if the range is not wholly within the heap
 */
export function readDescriptor(hdu: Hdu, column: TableColumn, row: DataView): HeapRange {
  if (column.repeat === 0) return { count: 0, offset: 0, lengthBytes: 0 };
  const { count, start } = descriptorAt(row, column.offset, column.code === 'Q');
  if (count === 0) return { count: 0, offset: 0, lengthBytes: 0 };
  const lengthBytes = cellBytes(column.heapCode ?? 'B', count);
  const { offset, sizeBytes } = heapOf(hdu);
  if (count < 0 || start < 0 || !(start + lengthBytes <= sizeBytes)) {
    throw new AppError('fits_invalid', `A cell of HDU ${hdu.index} points out of its heap.`, {
      column: column.name,
    });
  }
  return { count, offset: offset + start, lengthBytes };
}

/**
 * Where the heap of a binary table begins in the file, and its length. FITS Standard 4.0 §7.3.5.
 *
 * @throws 'fits_invalid' if THEAP is not within the data
 */
export function heapOf(hdu: Hdu): { readonly offset: number; readonly sizeBytes: number } {
  const tableBytes = rowLength(hdu) * (hdu.header.number('NAXIS2') ?? 0);
  const start = hdu.header.number('THEAP') ?? tableBytes;
  if (hdu.kind === 'compressed-table' && Number.isSafeInteger(start) && start > tableBytes) {
    // cfitsio keeps THEAP of the original table, puts the heap there, and forgets the gap in PCOUNT.
    return { offset: hdu.dataOffset + start, sizeBytes: hdu.header.number('PCOUNT') ?? 0 };
  }
  if (!Number.isSafeInteger(start) || start < 0 || start > hdu.dataBytes) {
    throw new AppError('fits_invalid', `THEAP of HDU ${hdu.index} is outside its data.`);
  }
  return { offset: hdu.dataOffset + start, sizeBytes: hdu.dataBytes - start };
}

/**
 * Reads of small ranges of an HDU's data, made fewer: near one another they are read together, and
 * ranges in order are read far ahead.
 */
export class HeapReader {
  private start = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private readonly end: number;

  constructor(
    private readonly source: ByteSource,
    hdu: Hdu,
  ) {
    this.end = hdu.dataOffset + hdu.dataBytes;
  }

  /**
   * Bytes that are only good until the next call.
   *
   * @throws 'fits_truncated' if the file ends within the range
   */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const readTo = this.start + this.bytes.length;
    if (offset < this.start || offset + length > readTo) {
      const inOrder = offset >= this.start && offset <= readTo + NEAR_BYTES;
      const ahead = Math.min(inOrder ? FAR_BYTES : NEAR_BYTES, this.end - offset);
      this.bytes = await this.source.read(offset, Math.max(length, ahead));
      this.start = offset;
      if (this.bytes.length < length) {
        throw new AppError('fits_truncated', 'The file ends inside the heap of a table.');
      }
    }
    return this.bytes.subarray(offset - this.start, offset - this.start + length);
  }
}
