import type { Card, CardValue } from './types.js';

/** Length of a card in bytes. FITS Standard 4.0 §3.3.1. */
export const CARD_BYTES = 80;

const KEYWORD_LENGTH = 8;
const FIXED_END = 21; // column 30, counted from column 10
const NUMBER_PREFIX = 'xXoObB'; // of JavaScript's 0x10, which is no number in FITS
// Blanks inside and Fortran's D are both found in real headers.
const FLOAT = /^[+-]? *(?:\d+\.?\d*|\.\d+) *(?:[EDed] *[+-]? *\d+)?$/;
const COMPLEX = /^\(([^,()]+),([^,()]+)\)\s*(?:\/(.*))?$/;
const FLOAT_SIGN = /[.DEde ]/;
const OTHER = /[^\x20-\x7e]/;
const CONTROL = /[\0-\x1f\x7f]/;
const CONTROLS = /[\0-\x1f\x7f]/g;

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
  const reader = new CardReader();
  reader.add(latin1(bytes), offset);
  return reader.finish();
}

/** Reads the cards of a header that comes in pieces, as `parseCards` reads a whole one. */
export class CardReader {
  private readonly cards: Card[] = [];
  private long: LongString | undefined; // the last card, if CONTINUE cards follow it
  private isEnded = false;

  /** @param text whole cards, unless it is the last piece; one character per byte */
  add(text: string, offset: number): void {
    const readable = clean(text);
    for (let start = 0; start < text.length && !this.isEnded; start += CARD_BYTES) {
      const image = readable.slice(start, start + CARD_BYTES);
      const asItStands = readable === text ? image : text.slice(start, start + CARD_BYTES);
      if (image[0] === 'E' && isEnd(image)) this.isEnded = true;
      else this.addCard(readCard(image, asItStands, offset + start));
    }
  }

  /** All cards. To be called once. */
  finish(): Card[] {
    this.endLong();
    return this.cards;
  }

  private addCard(card: Card): void {
    if (card.keyword === 'CONTINUE' && typeof card.value === 'string') {
      const last = this.cards.at(-1);
      if (this.long === undefined && last !== undefined) this.long = new LongString(last);
      if (this.long?.add(card) === true) return;
    }
    if (this.long !== undefined) this.endLong();
    this.cards.push(card);
  }

  private endLong(): void {
    if (this.long !== undefined) this.cards[this.cards.length - 1] = this.long.toCard();
    this.long = undefined;
  }
}

/** A string and the CONTINUE cards after it. */
class LongString {
  private readonly values = new Joiner('');
  private readonly comments = new Joiner(' ');
  private readonly texts = new Joiner('\n');
  private last: Card;

  constructor(private readonly first: Card) {
    this.last = first;
    this.keep(first);
  }

  /** Adds a CONTINUE card; false if what came before does not end in an ampersand. */
  add(card: Card): boolean {
    const { kind, value } = this.last;
    if (kind !== 'string' || typeof value !== 'string' || !value.endsWith('&')) return false;
    this.values.add(value.slice(0, -1));
    this.keep(card);
    this.last = card;
    return true;
  }

  toCard(): Card {
    const { first, last } = this;
    if (last === first) return first;
    this.values.add(String(last.value)); // an ampersand at the very end belongs to the text
    const [value, comment, text] = [this.values, this.comments, this.texts].map(String);
    return { ...first, value: value ?? '', comment: comment ?? '', text: text ?? '' };
  }

  private keep(card: Card): void {
    if (card.comment !== '') this.comments.add(card.comment);
    this.texts.add(card.text);
  }
}

/** Texts joined now and then, so that joining very many of them is never one long piece of work. */
class Joiner {
  private readonly large: string[] = [];
  private small: string[] = [];

  constructor(private readonly separator: string) {}

  add(text: string): void {
    this.small.push(text);
    if (this.small.length < 1000) return;
    this.large.push(this.small.join(this.separator));
    this.small = [];
  }

  toString(): string {
    return [...this.large, ...this.small].join(this.separator);
  }
}

/**
 * One card from its text (up to 80 characters, one per byte). Never throws.
 * Keyword records: FITS Standard 4.0 §4.1; HIERARCH: the registered ESO convention.
 */
export function parseCard(text: string, offset = 0): Card {
  return readCard(clean(text), text, offset);
}

/** True for an END card, also one followed by other bytes than blanks. FITS Standard 4.0 §4.4.1. */
export function isEnd(image: string): boolean {
  if (!image.startsWith('END')) return false;
  const rest = clean(image.slice(3));
  return rest.trim() === '' || (rest.startsWith('     ') && rest[5] !== '=');
}

/** @param image the card with control characters made blanks; `text` is the card as it stands */
function readCard(image: string, text: string, offset: number): Card {
  const field = image.slice(0, KEYWORD_LENGTH).trim();
  const keyword = field.toUpperCase();
  if (isCommentary(keyword)) {
    const value = text.slice(KEYWORD_LENGTH).trimEnd();
    return { keyword, kind: 'commentary', value, comment: '', text, offset };
  }
  if (keyword === 'CONTINUE') return makeCard(keyword, image.slice(KEYWORD_LENGTH), text, offset);
  const indicator = image.indexOf('=');
  if (indicator === KEYWORD_LENGTH) {
    const rest = image.slice(indicator + 1);
    const card = makeCard(keyword, rest, text, offset);
    return card.kind === 'bad' ? { ...card, ...parseFixed(rest) } : card;
  }
  if (keyword === 'HIERARCH' && indicator > KEYWORD_LENGTH) {
    const name = image.slice(KEYWORD_LENGTH, indicator).trim();
    return makeCard(name, image.slice(indicator + 1), text, offset);
  }
  if (indicator > 0 && indicator < KEYWORD_LENGTH && image[indicator + 1] === ' ') {
    // A short keyword whose writer forgot to fill up to column 8.
    const name = image.slice(0, indicator).trim().toUpperCase();
    if (isCommentary(name)) {
      const value = text.slice(indicator).trimEnd();
      return { keyword: name, kind: 'commentary', value, comment: '', text, offset };
    }
    return makeCard(name, image.slice(indicator + 1), text, offset);
  }
  const value = image.slice(KEYWORD_LENGTH).trim();
  // Not a keyword at all, often a line of text that ran over: its case is kept.
  return { keyword: field, kind: 'bad', value, comment: '', text, offset };
}

function makeCard(keyword: string, rest: string, text: string, offset: number): Card {
  const { kind, value, comment } = parseField(rest);
  return { keyword, kind, value, comment, text, offset };
}

function isCommentary(keyword: string): boolean {
  return keyword === 'COMMENT' || keyword === 'HISTORY' || keyword === '';
}

/** Value and comment from what stands after the value indicator. FITS Standard 4.0 §4.1.2.3, §4.2. */
function parseField(rest: string): Field {
  // Most values are one of these two. The fewer pieces are cut, the sooner a long header is read.
  if (rest[1] === "'" && rest[0] === ' ') return parseQuoted(rest, 1);
  const slash = rest.indexOf('/');
  const token = (slash < 0 ? rest : rest.slice(0, slash)).trim();
  return (
    parsePlain(token, slash < 0 ? '' : rest.slice(slash + 1).trim()) ?? parseOther(rest.trim())
  );
}

function parseOther(field: string): Field {
  const first = field[0];
  if (first === undefined) return { kind: 'undefined', value: null, comment: '' };
  if (first === '/') return { kind: 'undefined', value: null, comment: field.slice(1).trim() };
  if (first === "'") return parseQuoted(field, 0);
  if (first === '(') return parseComplex(field);
  return parseUnquoted(field);
}

/** A logical value or a number, from its token; undefined for anything else. */
function parsePlain(token: string, comment: string): Field | undefined {
  if (token === 'T' || token === 'F') return { kind: 'logical', value: token === 'T', comment };
  const value = parseToken(token);
  // Beyond the range of a double it is kept as text: infinity is no value of a header.
  if (value === undefined || !Number.isFinite(value)) return undefined;
  const isInteger = Number.isInteger(value) && !FLOAT_SIGN.test(token);
  return isInteger
    ? { kind: 'integer', value: toInteger(token, value), comment }
    : { kind: 'float', value, comment };
}

/** The number a token without blanks around it wholly is, also with Fortran's D. */
function parseToken(token: string): number | undefined {
  // What JavaScript takes for a decimal number is one in FITS too; asking it first is quickest.
  const value = Number(token);
  const isDecimal = Number.isFinite(value) && !NUMBER_PREFIX.includes(token[1] ?? '.');
  if (isDecimal && token !== '') return value;
  return FLOAT.test(token) ? parseFloatText(token) : undefined;
}

/**
 * A value in the columns of the fixed format, up to column 30, whose comment lacks its slash.
 * FITS Standard 4.0 §4.2.2 to §4.2.4.
 *
 * @param rest the card from column 10 on
 */
function parseFixed(rest: string): Field | undefined {
  const isFixed = rest[FIXED_END - 1] !== ' ' && rest[FIXED_END] === ' ';
  if (!isFixed) return undefined;
  return parsePlain(rest.slice(0, FIXED_END).trim(), rest.slice(FIXED_END).trim());
}

/** @param opening where its first quote is */
function parseQuoted(field: string, opening: number): Field {
  let value = '';
  for (let start = opening + 1; ;) {
    const quote = field.indexOf("'", start);
    if (quote < 0) {
      // No closing quote: the text is worth more than a strict refusal.
      return { kind: 'bad', value: value + field.slice(start).trimEnd(), comment: '' };
    }
    value += field.slice(start, quote);
    const next = field[quote + 1];
    if (next === undefined || next === ' ' || next === '/') {
      const rest = field.slice(quote + 1).trim();
      const comment = rest.startsWith('/') ? rest.slice(1).trimStart() : rest;
      return { kind: 'string', value: value.trimEnd(), comment };
    }
    value += "'"; // doubled, or a quote in the middle of a word whose writer did not double it
    start = quote + (next === "'" ? 2 : 1);
  }
}

function parseComplex(field: string): Field {
  const match = COMPLEX.exec(field);
  const parts = [match?.[1], match?.[2]].map((part) => part?.trim() ?? '');
  const [real, imaginary] = parts.map((part) => (FLOAT.test(part) ? parseFloatText(part) : NaN));
  if (match === null || real === undefined || imaginary === undefined) return parseUnquoted(field);
  if (!Number.isFinite(real) || !Number.isFinite(imaginary)) return parseUnquoted(field);
  return { kind: 'complex', value: [real, imaginary], comment: match[3]?.trim() ?? '' };
}

function parseUnquoted(field: string): Field {
  // A slash without a blank before it may be part of the text, as in Ha/OIII.
  const slash = field.indexOf(' /');
  const value = (slash < 0 ? field : field.slice(0, slash)).trimEnd();
  return { kind: 'bad', value, comment: slash < 0 ? '' : field.slice(slash + 2).trim() };
}

/** @param value the same, rounded to a double */
function toInteger(token: string, value: number): number | bigint {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  return BigInt(token.startsWith('+') ? token.slice(1) : token);
}

/**
 * The number a text wholly is, also with Fortran's D; undefined for any other text.
 * FITS Standard 4.0 §4.2.3 and §4.2.4.
 */
export function parseNumber(text: string): number | undefined {
  // No number is longer than a card; a long string is not worth the search.
  if (text.length > CARD_BYTES) return undefined;
  return parseToken(text.trim());
}

function parseFloatText(token: string): number {
  return Number(token.replaceAll(' ', '').replace(/d/i, 'E'));
}

/** True if all characters are printing ones of ASCII. One native search, however long the text. */
export function isPrinting(text: string): boolean {
  return !OTHER.test(text);
}

/** Control characters read as blanks, so that NUL and line breaks end words instead of joining them. */
function clean(text: string): string {
  return CONTROL.test(text) ? text.replace(CONTROLS, ' ') : text;
}

/** One character per byte, so nothing is lost where a writer put other bytes than ASCII. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
