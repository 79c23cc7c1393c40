import { AppError } from '../lib/errors.js';
import { CARD_BYTES, isEnd, parseCards, parseNumber } from './card.js';
import type { ByteSource, Card, CardValue, Header } from './types.js';

/** FITS files are made of blocks of this many bytes. FITS Standard 4.0 §3.1. */
export const BLOCK_BYTES = 2880;

/** Most bytes of all headers of a file together; more is refused before it is parsed. */
export const MAX_HEADER_BYTES = 8 * 1024 * 1024;
const FIRST_READ_BYTES = 4 * BLOCK_BYTES;

/** A header over cards already read; the cards keep their order and their duplicates. */
export function makeHeader(cards: readonly Card[]): Header {
  const byKeyword = new Map<string, Card>();
  for (const card of cards) {
    const key = card.keyword.toUpperCase();
    if (card.kind !== 'commentary' && !byKeyword.has(key)) byKeyword.set(key, card);
  }
  const find = (keyword: string): Card | undefined => byKeyword.get(keyword.toUpperCase());
  return {
    cards,
    card: find,
    value: (keyword) => find(keyword)?.value,
    number: (keyword) => toNumber(find(keyword)?.value),
    string: (keyword) => toText(find(keyword)),
  };
}

/** A header as found in a file. */
export interface FoundHeader {
  readonly header: Header;
  /** Bytes of the header with its fill, up to where its data start. */
  readonly lengthBytes: number;
  /** False if the file ended, with nothing but text, before an END card. */
  readonly hasEnd: boolean;
}

/**
 * Reads the header that starts at `position`, in growing pieces, never more than 8 MB.
 *
 * @throws 'fits_invalid' if there is no END card before something that is not text, or the header
 *         is beyond the limit; 'fits_truncated' if the file ends inside the first block
 */
export async function readHeader(source: ByteSource, position: number): Promise<FoundHeader> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let want = FIRST_READ_BYTES; ; want = Math.min(want * 2, 4 * 1024 * 1024)) {
    // Multiples of 80 and of 2880: a card is never cut in two.
    const piece = await source.read(position + length, want - (want % BLOCK_BYTES));
    const end = findEnd(piece);
    pieces.push(end === undefined ? piece : piece.subarray(0, end));
    length += end ?? piece.length;
    if (end !== undefined) break;
    if (piece.length < want - (want % BLOCK_BYTES)) return withoutEnd(pieces, position, length);
    if (length > MAX_HEADER_BYTES) {
      throw new AppError('fits_invalid', 'The header is longer than 8 MB.', { position });
    }
  }
  const cards = parseCards(join(pieces), position);
  return {
    header: makeHeader(cards),
    lengthBytes: Math.ceil((length + CARD_BYTES) / BLOCK_BYTES) * BLOCK_BYTES,
    hasEnd: true,
  };
}

/**
 * Offset of the END card in a piece of header, or undefined.
 *
 * @throws 'fits_invalid' at a block that is not text: the header has no END and data have begun
 */
function findEnd(piece: Uint8Array): number | undefined {
  const buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  for (let block = 0; block < piece.length; block += BLOCK_BYTES) {
    const stop = Math.min(block + BLOCK_BYTES, piece.length);
    for (let at = block; at < stop; at += CARD_BYTES) {
      // 'E' first: most cards are not END, and making a string for each would be slow.
      if (piece[at] === 0x45 && isEnd(buffer.toString('latin1', at, at + CARD_BYTES))) return at;
    }
    if (!isText(piece.subarray(block, stop))) {
      throw new AppError('fits_invalid', 'The header has no END card: data begin in its place.');
    }
  }
  return undefined;
}

function isText(block: Uint8Array): boolean {
  let odd = 0;
  for (const byte of block) if (byte < 0x20 || byte > 0x7e) odd += 1;
  return odd * 2 <= block.length;
}

function withoutEnd(pieces: readonly Uint8Array[], position: number, length: number): FoundHeader {
  const bytes = join(pieces);
  if (length < BLOCK_BYTES) {
    throw new AppError('fits_truncated', 'The file ends inside a header.', { position });
  }
  return { header: makeHeader(parseCards(bytes, position)), lengthBytes: length, hasEnd: false };
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}

function toNumber(value: CardValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' ? parseNumber(value) : undefined;
}

function toText(card: Card | undefined): string | undefined {
  if (card?.value === undefined || card.value === null) return undefined;
  if (typeof card.value === 'string') return card.value.trimEnd() || undefined;
  if (typeof card.value === 'boolean') return card.value ? 'T' : 'F';
  // The number as its writer put it: 5.0 stays 5.0.
  const written = card.text.slice(card.text.indexOf('=') + 1);
  const slash = written.indexOf('/');
  return (slash < 0 ? written : written.slice(0, slash)).trim() || undefined;
}
