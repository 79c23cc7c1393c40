import { AppError } from '../lib/errors.js';
import { CARD_BYTES, CardReader, isEnd, isPrinting, latin1, parseNumber } from './card.js';
import { createPace, inSteps } from './pace.js';
import type { ByteSource, Card, CardValue, Header } from './types.js';

/** FITS files are made of blocks of this many bytes. FITS Standard 4.0 §3.1. */
export const BLOCK_BYTES = 2880;

/** Most bytes of a header; more is refused before it is parsed. */
export const MAX_HEADER_BYTES = 8 * 1024 * 1024;

/** Most headers are of a few blocks; 22 are within what the walk over a file reads at once. */
const READ_BLOCKS = [4, 18] as const;
const MAX_READ_BLOCKS = 91; // 256 kB: parsed in some milliseconds

/** A header over cards already read; the cards keep their order and their duplicates. */
export function makeHeader(cards: readonly Card[]): Header {
  const byKeyword = new Map<string, Card>();
  indexCards(byKeyword, cards);
  return headerOf(cards, byKeyword);
}

/** As `makeHeader`, in steps between which the event loop runs. */
export async function makeLongHeader(cards: readonly Card[], pace = createPace()): Promise<Header> {
  const byKeyword = new Map<string, Card>();
  await inSteps(
    cards,
    (some) => {
      indexCards(byKeyword, some);
    },
    pace,
  );
  return headerOf(cards, byKeyword);
}

function indexCards(byKeyword: Map<string, Card>, cards: readonly Card[]): void {
  for (const card of cards) {
    if (card.kind === 'commentary') continue;
    const key = card.keyword.toUpperCase();
    if (!byKeyword.has(key)) byKeyword.set(key, card);
  }
}

function headerOf(cards: readonly Card[], byKeyword: ReadonlyMap<string, Card>): Header {
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
  /** Bytes of its cards. */
  readonly cardBytes: number;
  /** False if the file ended, with nothing but text, before an END card. */
  readonly hasEnd: boolean;
}

/**
 * Reads the header that starts at `position`, in growing pieces, never more than 8 MB. A long one is
 * parsed in steps between which the event loop runs. FITS Standard 4.0 §3.3.1.
 *
 * @throws 'fits_invalid' if there is no END card before something that is not text; 'too_large' if
 *         the header is beyond the limit; 'fits_truncated' if the file ends inside the first block
 */
export async function readHeader(
  source: Pick<ByteSource, 'read'>,
  position: number,
): Promise<FoundHeader> {
  const pace = createPace();
  const reader = new CardReader();
  let length = 0;
  let hasEnd = false;
  for (let pieces = 0; ; pieces += 1) {
    const blocks = READ_BLOCKS[pieces] ?? MAX_READ_BLOCKS;
    // Whole blocks: a card is never cut in two.
    const piece = await source.read(position + length, blocks * BLOCK_BYTES);
    const end = findEnd(piece);
    hasEnd = end !== undefined;
    const text = latin1(hasEnd ? piece.subarray(0, end) : piece);
    checkText(text, hasEnd);
    reader.add(text, position + length);
    length += end ?? piece.length;
    if (hasEnd || piece.length < blocks * BLOCK_BYTES) break;
    if (length > MAX_HEADER_BYTES) {
      throw new AppError('too_large', 'The header is longer than 8 MB.', { position });
    }
    await pace();
  }
  if (!hasEnd && length < BLOCK_BYTES) {
    throw new AppError('fits_truncated', 'The file ends inside a header.', { position });
  }
  const cards = reader.finish();
  const header = await makeLongHeader(cards, pace);
  const filled = Math.ceil((length + CARD_BYTES) / BLOCK_BYTES) * BLOCK_BYTES;
  return {
    header,
    lengthBytes: hasEnd ? filled : length,
    cardBytes: length,
    hasEnd,
  };
}

/** Offset of the END card in a piece of header, or undefined. */
function findEnd(piece: Uint8Array): number | undefined {
  for (let at = 0; at < piece.length; at += CARD_BYTES) {
    // 'E' first: most cards are not END, and making a string for each would be slow.
    if (piece[at] === 0x45 && isEnd(latin1(piece.subarray(at, at + CARD_BYTES)))) return at;
  }
  return undefined;
}

/** @throws 'fits_invalid' at a block that is not text: the header has no END and data have begun */
function checkText(text: string, hasEnd: boolean): void {
  if (isPrinting(text)) return;
  const stop = hasEnd ? text.length - (text.length % BLOCK_BYTES) : text.length;
  for (let block = 0; block < stop; block += BLOCK_BYTES) {
    if (isMostlyPrinting(text.slice(block, block + BLOCK_BYTES))) continue;
    throw new AppError('fits_invalid', 'The header has no END card: data begin in its place.');
  }
}

/** By every seventh of them. */
function isMostlyPrinting(text: string): boolean {
  let odd = 0;
  for (let at = 0; at < text.length; at += 7) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) odd += 1;
  }
  return odd * 14 <= text.length + 6;
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
  const token = (slash < 0 ? written : written.slice(0, slash)).trim();
  const isWhole = card.kind === 'complex' || parseNumber(token) !== undefined;
  return isWhole ? token : token.split(' ')[0]; // a comment without its slash
}
