import { AppError } from '../lib/errors.js';
import { tableRows, unpackedHeapBytes, type Hdu } from '../fits/index.js';
import { fillPiece, type Piece } from './plan.js';

const PIECE_BYTES = 4 * 1024 * 1024;

/**
 * The data of a compressed table as a plain one keeps them: rows in pieces of about 4 MB that end with
 * a tile, so that no tile is unpacked twice, and the heap. FITS Standard 4.0 §10.3.
 */
export function tablePieces(hdu: Hdu): Piece[] {
  const rowBytes = hdu.header.number('ZNAXIS1') ?? 0;
  const rows = tableRows(hdu);
  const heapBytes = unpackedHeapBytes(hdu);
  const tileRows = tileLength(hdu, rows);
  const tiles = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, rowBytes * tileRows)));
  const pieces: Piece[] = [];
  for (let firstRow = 0; firstRow < rows; firstRow += tiles * tileRows) {
    const count = Math.min(tiles * tileRows, rows - firstRow);
    const lengthBytes = count * rowBytes;
    pieces.push({ kind: 'rows', hdu: hdu.index, firstRow, rows: count, lengthBytes });
  }
  return [
    ...pieces,
    { kind: 'heap', hdu: hdu.index, lengthBytes: heapBytes },
    fillPiece(rows * rowBytes + heapBytes),
  ];
}

function tileLength(hdu: Hdu, rows: number): number {
  const length = hdu.header.number('ZTILELEN') ?? rows;
  if (Number.isSafeInteger(length) && length >= 0) return Math.max(1, length);
  throw new AppError('fits_invalid', `ZTILELEN cannot be ${length}.`);
}
