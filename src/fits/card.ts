import type { Card, CardValue } from './types.js';

/** Length of a card in bytes. FITS Standard 4.0 §3.3.1. */
export const CARD_BYTES = 80;

const KEYWORD_LENGTH = 8;
const INTEGER = /^[+-]?\d+$/;
// Blanks inside and Fortran's D are both found in real headers.
const FLOAT = /^[+-]? *(?:\d+\.?\d*|\.\d+) *(?:[EDed] *[+-]? *\d+)?$/;
const COMPLEX = /^\(([^,()]+),([^,()]+)\)\s*(?:\/(.*))?$/;

interface Field {
  readonly kind: Card['kind'];
  readonly value: CardValue;
  readonly comment: string;
}

/**
 * The cards of a header, in order, up to but without END. Never throws: a card that cannot be read
 * has kind `bad`. Long strings are joined from their CONTINUE cards (FITS Standard 4.0 §4.2.1.2).
 *
 * @param bytes  header bytes; a last part shorter than a card is read as if padded with blanks
 * @param offset where `bytes` starts in the expanded file
 */
export function parseCards(bytes: Uint8Array, offset = 0): Card[] {
  const text = latin1(bytes);
  const readable = clean(text);
  const cards: Card[] = [];
  let pieces: Card[] = []; // a long string and its CONTINUE cards so far
  for (let start = 0; start < text.length; start += CARD_BYTES) {
    const image = readable.slice(start, start + CARD_BYTES);
    if (isEnd(image)) break;
    const card = readCard(image, text.slice(start, start + CARD_BYTES), offset + start);
    if (continues(pieces.at(-1), card)) pieces.push(card);
    else {
      if (pieces.length > 1) cards[cards.length - 1] = joinPieces(pieces);
      pieces = [card];
      cards.push(card);
    }
  }
  if (pieces.length > 1) cards[cards.length - 1] = joinPieces(pieces);
  return cards;
}

/**
 * One card from its text (up to 80 characters, one per byte). Never throws.
 * Keyword records: FITS Standard 4.0 §4.1; HIERARCH: the registered ESO convention.
 */
export function parseCard(image: string, offset = 0): Card {
  return readCard(clean(image), image, offset);
}

/** True for an END card, also one followed by other bytes than blanks. */
export function isEnd(image: string): boolean {
  if (!image.startsWith('END')) return false;
  const rest = clean(image.slice(3));
  return rest.trim() === '' || (rest.startsWith('     ') && rest[5] !== '=');
}

/** @param image the card with control characters made blanks; `text` is the card as it stands */
function readCard(image: string, text: string, offset: number): Card {
  const field = image.slice(0, KEYWORD_LENGTH).trimEnd();
  const keyword = field.trim().toUpperCase();
  if (isCommentary(keyword)) {
    const value = text.slice(KEYWORD_LENGTH).trimEnd();
    return { keyword, kind: 'commentary', value, comment: '', text, offset };
  }
  if (keyword === 'CONTINUE') return makeCard(keyword, image.slice(KEYWORD_LENGTH), text, offset);
  const indicator = image.indexOf('=');
  if (indicator === KEYWORD_LENGTH) {
    return makeCard(keyword, image.slice(indicator + 1), text, offset);
  }
  if (keyword === 'HIERARCH' && indicator > KEYWORD_LENGTH) {
    const name = image.slice(KEYWORD_LENGTH, indicator).trim();
    return makeCard(name, image.slice(indicator + 1), text, offset);
  }
  if (indicator > 0 && indicator < KEYWORD_LENGTH && image[indicator + 1] === ' ') {
    // A short keyword whose writer forgot to fill up to column 8.
    const name = image.slice(0, indicator).trim().toUpperCase();
    return makeCard(name, image.slice(indicator + 1), text, offset);
  }
  const value = image.slice(KEYWORD_LENGTH).trim();
  // Not a keyword at all, often a line of text that ran over: its case is kept.
  return { keyword: field.trim(), kind: 'bad', value, comment: '', text, offset };
}

function makeCard(keyword: string, rest: string, text: string, offset: number): Card {
  const { kind, value, comment } = parseField(rest.trim());
  return { keyword, kind, value, comment, text, offset };
}

function isCommentary(keyword: string): boolean {
  return keyword === 'COMMENT' || keyword === 'HISTORY' || keyword === '';
}

/** Value and comment from what stands after the value indicator. FITS Standard 4.0 §4.1.2.3, §4.2. */
function parseField(field: string): Field {
  const first = field[0];
  if (first === undefined) return { kind: 'undefined', value: null, comment: '' };
  if (first === '/') return { kind: 'undefined', value: null, comment: field.slice(1).trim() };
  if (first === "'") return parseQuoted(field);
  if (first === '(') return parseComplex(field);
  const slash = field.indexOf('/');
  const token = slash < 0 ? field : field.slice(0, slash).trimEnd();
  const comment = slash < 0 ? '' : field.slice(slash + 1).trim();
  if (token === 'T' || token === 'F') return { kind: 'logical', value: token === 'T', comment };
  if (INTEGER.test(token)) return { kind: 'integer', value: parseInteger(token), comment };
  if (FLOAT.test(token)) return { kind: 'float', value: parseFloatText(token), comment };
  return parseUnquoted(field);
}

function parseQuoted(field: string): Field {
  let value = '';
  for (let start = 1; ;) {
    const quote = field.indexOf("'", start);
    if (quote < 0) {
      // No closing quote: the text is worth more than a strict refusal.
      return { kind: 'bad', value: value + field.slice(start).trimEnd(), comment: '' };
    }
    value += field.slice(start, quote);
    const next = field[quote + 1];
    if (next === undefined || next === ' ' || next === '/') {
      const rest = field.slice(quote + 1).trimStart();
      const comment = rest.startsWith('/') ? rest.slice(1).trim() : rest.trim();
      return { kind: 'string', value: value.trimEnd(), comment };
    }
    value += "'"; // doubled, or a quote in the middle of a word whose writer did not double it
    start = quote + (next === "'" ? 2 : 1);
  }
}

function parseComplex(field: string): Field {
  const match = COMPLEX.exec(field);
  const parts = [match?.[1], match?.[2]].map((part) => part?.trim() ?? '');
  if (match === null || !parts.every((part) => FLOAT.test(part))) return parseUnquoted(field);
  const [real = 0, imaginary = 0] = parts.map(parseFloatText);
  return { kind: 'complex', value: [real, imaginary], comment: match[3]?.trim() ?? '' };
}

function parseUnquoted(field: string): Field {
  // A slash without a blank before it may be part of the text, as in Ha/OIII.
  const slash = field.indexOf(' /');
  const value = (slash < 0 ? field : field.slice(0, slash)).trimEnd();
  return { kind: 'bad', value, comment: slash < 0 ? '' : field.slice(slash + 2).trim() };
}

function parseInteger(token: string): number | bigint {
  const value = Number(token);
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  return BigInt(token.startsWith('+') ? token.slice(1) : token);
}

/** The number a text wholly is, also with Fortran's D; undefined for any other text. */
export function parseNumber(text: string): number | undefined {
  const token = text.trim();
  return FLOAT.test(token) ? parseFloatText(token) : undefined;
}

function parseFloatText(token: string): number {
  return Number(token.replaceAll(' ', '').replace(/d/i, 'E'));
}

function continues(before: Card | undefined, card: Card): boolean {
  if (card.keyword !== 'CONTINUE' || typeof card.value !== 'string') return false;
  return (
    before?.kind === 'string' && typeof before.value === 'string' && before.value.endsWith('&')
  );
}

function joinPieces(pieces: readonly Card[]): Card {
  const [first, ...more] = pieces;
  if (first === undefined) throw new Error('a long string without pieces');
  const values = pieces.map((piece) => (typeof piece.value === 'string' ? piece.value : ''));
  const last = values.pop() ?? ''; // an ampersand at the very end belongs to the text
  return {
    ...first,
    value: values.map((value) => value.slice(0, -1)).join('') + last,
    comment: [first, ...more]
      .map((piece) => piece.comment)
      .filter(Boolean)
      .join(' '),
    text: pieces.map((piece) => piece.text).join('\n'),
  };
}

/** Control characters read as blanks, so that NUL and line breaks end words instead of joining them. */
function clean(text: string): string {
  return /[\0-\x1f\x7f]/.test(text) ? text.replace(/[\0-\x1f\x7f]/g, ' ') : text;
}

/** One character per byte, so nothing is lost where a writer put other bytes than ASCII. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
