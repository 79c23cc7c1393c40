import { AppError } from '../../lib/errors.js';
import { cellBytes, isVariable, MAX_PACKING_RATIO, tableColumns, tableShape } from '../columns.js';
import { descriptorAt, viewOf } from '../heap.js';
import type { FitsFile, Hdu } from '../types.js';
import { eachUnpackedTile } from './table.js';

/** Most bytes of a heap that is put together in memory: its cells may stand in any order. */
const MAX_HEAP_BYTES = 256 * 1024 * 1024;

/**
 * Bytes after the rows of the table inside a compressed table: its heap, with the gap before it.
 * FITS Standard 4.0 §10.3 and §7.3.5.
 *
 * @throws 'fits_invalid' if ZPCOUNT cannot be used; 'too_large' beyond 256 MB, or if it is more than
 *         the packed bytes can hold
 */
export function unpackedHeapBytes(hdu: Hdu): number {
  const bytes = hdu.header.number('ZPCOUNT') ?? 0;
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new AppError('fits_invalid', `ZPCOUNT cannot be ${bytes}.`);
  }
  if (bytes > MAX_HEAP_BYTES || bytes > hdu.dataBytes * MAX_PACKING_RATIO) {
    const text = `The heap of HDU ${hdu.index} is too large to unpack: it has ${bytes} bytes.`;
    throw new AppError('too_large', text);
  }
  return bytes;
}

/**
 * Those bytes: every cell where the descriptors of the rows say, and zeros between them.
 * FITS Standard 4.0 §10.3.6.
 *
 * @throws as `eachRow`; 'fits_invalid' if a descriptor points out of the heap; 'too_large' as
 *         `unpackedHeapBytes`
 */
export async function unpackHeap(file: FitsFile, hdu: Hdu): Promise<Uint8Array> {
  const total = unpackedHeapBytes(hdu);
  const heap = new Uint8Array(total);
  if (total === 0) return heap;
  const { rowBytes, rows } = tableShape(hdu);
  const gap = readGap(hdu, rowBytes * rows);
  const columns = tableColumns(hdu).map((column, index) => ({ column, index }));
  const variable = columns.filter(({ column }) => isVariable(column) && column.repeat > 0);
  let budget = 4 * total; // cells may overlap, but not without end
  for await (const tile of eachUnpackedTile(file, hdu, { firstRow: 0, lastRow: rows })) {
    const view = viewOf(tile.bytes);
    for (let row = 0; row < tile.rows; row += 1) {
      for (const { column, index } of variable) {
        const place = row * rowBytes + column.offset;
        const { count, start } = descriptorAt(view, place, column.code === 'Q');
        if (count === 0) continue;
        const at = gap + start;
        const lengthBytes = cellBytes(column.heapCode ?? 'B', count);
        if (start < 0 || count < 0 || !(at + lengthBytes <= total)) {
          const text = `A cell of HDU ${hdu.index} points out of its heap.`;
          throw new AppError('fits_invalid', text, { column: column.name });
        }
        budget -= lengthBytes;
        if (budget < 0) {
          throw new AppError('too_large', `The cells of HDU ${hdu.index} overlap too often.`);
        }
        heap.set(await tile.readVariable(index, row), at);
      }
    }
  }
  return heap;
}

/** Bytes between the rows and the heap of the table inside. */
function readGap(hdu: Hdu, tableBytes: number): number {
  const start = hdu.header.number('ZTHEAP') ?? hdu.header.number('THEAP') ?? tableBytes;
  if (Number.isSafeInteger(start) && start >= tableBytes) return start - tableBytes;
  throw new AppError('fits_invalid', `THEAP of HDU ${hdu.index} is inside its rows.`);
}
