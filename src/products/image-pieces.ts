import { AppError } from '../lib/errors.js';
import { planeOf, type Hdu, type Region } from '../fits/index.js';
import { fillPiece, type Piece } from './plan.js';

const PIECE_BYTES = 4 * 1024 * 1024;
const MAX_PLANES = 100_000;
/** A header may claim any size. */
const MAX_PIECES = 100_000;
const MAX_PIECE_BYTES = 1024 ** 3; // more is not made at once

/**
 * The data of an image as a plain FITS image keeps them: the region of each plane, in pieces of about
 * 4 MB that end with a row of tiles, so that no tile is unpacked twice.
 *
 * @param planes which planes, from 0
 * @throws 'too_large' beyond 100 000 pieces, or 1 GB in one
 */
export function imagePieces(hdu: Hdu, region: Region, planes: readonly number[]): Piece[] {
  const rowBytes = (region.width * Math.abs(hdu.bitpix)) / 8;
  const tileRows = tileHeight(hdu);
  const rows = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, rowBytes)));
  const step = Math.max(tileRows, rows - (rows % tileRows));
  const pieceBytes = Math.min(step, region.height) * rowBytes;
  if (planes.length * (region.height / step) > MAX_PIECES || pieceBytes > MAX_PIECE_BYTES) {
    throw new AppError('too_large', `The image of HDU ${hdu.index} is too large to be made anew.`);
  }
  const pieces: Piece[] = planes.flatMap((plane) =>
    cutRows(region, step, tileRows).map((part) => ({
      kind: 'pixels',
      hdu: hdu.index,
      plane,
      region: part,
      lengthBytes: part.height * rowBytes,
    })),
  );
  return [...pieces, fillPiece(planes.length * region.height * rowBytes)];
}

/** The numbers of all planes of an image. */
export function allPlanes(hdu: Hdu): number[] {
  if (planeOf(hdu).planes > MAX_PLANES) {
    throw new AppError('too_large', `HDU ${hdu.index} has more than ${MAX_PLANES} planes.`);
  }
  return Array.from({ length: planeOf(hdu).planes }, (_, plane) => plane);
}

/** @param step about how many rows go into a piece */
function cutRows(region: Region, step: number, tileRows: number): Region[] {
  const parts: Region[] = [];
  const top = region.y + region.height;
  for (let y = region.y; y < top;) {
    const end = Math.min(top, (Math.floor(y / tileRows) + Math.ceil(step / tileRows)) * tileRows);
    parts.push({ ...region, y, height: end - y });
    y = end;
  }
  return parts;
}

/** Rows of a tile; 1 where rows can be had one by one. FITS Standard 4.0 §10.1.1. */
function tileHeight(hdu: Hdu): number {
  if (hdu.kind !== 'compressed-image') return 1;
  const rows = hdu.header.number('ZTILE2') ?? 1;
  return Number.isSafeInteger(rows) && rows > 0 ? Math.min(rows, hdu.axes[1] ?? 1) : 1;
}
