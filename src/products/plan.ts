import { AppError } from '../lib/errors.js';
import {
  eachNativeStrip,
  eachTableChunk,
  toBigEndian,
  unpackHeap,
  type FitsFile,
  type Hdu,
  type Region,
} from '../fits/index.js';

/** Bytes that a FITS block is filled up to. FITS Standard 4.0 §3.1. */
export const BLOCK_BYTES = 2880;
const CARD_BYTES = 80;
/** Most bytes made at once: a header may claim any size. */
const MAX_MADE_BYTES = 1024 ** 3;

/** Where the bytes of one part of a product come from. */
export type Piece =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Bytes of the source file as they are. */
  | { readonly kind: 'copy'; readonly offset: number; readonly lengthBytes: number }
  /** Rows of one plane of an image, as a plain FITS image keeps them. */
  | {
      readonly kind: 'pixels';
      readonly hdu: number;
      readonly plane: number;
      readonly region: Region;
      readonly lengthBytes: number;
    }
  /** Rows of a table that is compressed, as a plain table keeps them. */
  | {
      readonly kind: 'rows';
      readonly hdu: number;
      readonly firstRow: number;
      readonly rows: number;
      readonly lengthBytes: number;
    }
  /** The heap of such a table. */
  | { readonly kind: 'heap'; readonly hdu: number; readonly lengthBytes: number }
  | { readonly kind: 'zeros'; readonly lengthBytes: number };

/**
 * A file that is made while it is sent: its exact length is known before the first byte, and any
 * range of it can be made without the rest. Plain data, so that it can cross threads.
 */
export interface Plan {
  readonly sizeBytes: number;
  readonly pieces: readonly Piece[];
}

/** Length of a piece in bytes. */
export function pieceBytes(piece: Piece): number {
  return piece.kind === 'bytes' ? piece.bytes.length : piece.lengthBytes;
}

/** A plan of these pieces, in order. */
export function makePlan(pieces: readonly Piece[]): Plan {
  const some = pieces.filter((piece) => pieceBytes(piece) > 0);
  return { sizeBytes: some.reduce((sum, piece) => sum + pieceBytes(piece), 0), pieces: some };
}

/** A header from its cards (80 characters each, without END), filled up to whole blocks. */
export function headerBytes(cards: readonly string[]): Uint8Array {
  const text = [...cards, 'END'.padEnd(CARD_BYTES)].join('');
  const length = Math.ceil(text.length / BLOCK_BYTES) * BLOCK_BYTES;
  return new Uint8Array(Buffer.from(text.padEnd(length), 'latin1'));
}

/** What fills data of this many bytes up to whole blocks. FITS Standard 4.0 §3.3.2. */
export function fillPiece(dataBytes: number): Piece {
  const lengthBytes = (BLOCK_BYTES - (dataBytes % BLOCK_BYTES)) % BLOCK_BYTES;
  return { kind: 'zeros', lengthBytes };
}

/**
 * The bytes of some pieces of a plan, one after another.
 *
 * @param file the file that the plan was made for
 * @throws as the codec; 'fits_truncated' if the file is shorter than when it was planned
 */
export async function readPieces(file: FitsFile, pieces: readonly Piece[]): Promise<Uint8Array> {
  const total = pieces.reduce((sum, piece) => sum + pieceBytes(piece), 0);
  if (total > MAX_MADE_BYTES) {
    throw new AppError('too_large', 'The rows or tiles of the file are too large to unpack.');
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    await fill(file, piece, bytes.subarray(at, at + pieceBytes(piece)));
    at += pieceBytes(piece);
  }
  return bytes;
}

async function fill(file: FitsFile, piece: Piece, target: Uint8Array): Promise<void> {
  switch (piece.kind) {
    case 'bytes':
      target.set(piece.bytes);
      return;
    case 'copy':
      target.set(exactly(await file.source.read(piece.offset, target.length), target.length));
      return;
    case 'pixels':
      await fillPixels(file, piece, target);
      return;
    case 'rows':
      await fillRows(file, piece, target);
      return;
    case 'heap':
      target.set(await unpackHeap(file, hduOf(file, piece.hdu)));
      return;
    default: // zeros already
  }
}

async function fillRows(
  file: FitsFile,
  { hdu, firstRow, rows }: Piece & { kind: 'rows' },
  target: Uint8Array,
): Promise<void> {
  let at = 0;
  for await (const { bytes } of eachTableChunk(file, hduOf(file, hdu), { firstRow, rows })) {
    target.set(bytes, at);
    at += bytes.length;
  }
}

async function fillPixels(
  file: FitsFile,
  { hdu, plane, region }: Piece & { kind: 'pixels' },
  target: Uint8Array,
): Promise<void> {
  let at = 0;
  for await (const { pixels } of eachNativeStrip(file, hduOf(file, hdu), { plane, region })) {
    const bytes = toBigEndian(pixels);
    target.set(bytes, at);
    at += bytes.length;
  }
}

function hduOf(file: FitsFile, index: number): Hdu {
  const hdu = file.hdus[index];
  if (hdu === undefined) throw new AppError('fits_truncated', `HDU ${index} is gone.`);
  return hdu;
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new AppError('fits_truncated', 'The file is shorter than it was.');
}
