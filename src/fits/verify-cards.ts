import { CARD_BYTES } from './card.js';
import type { Issue } from './types.js';

/** An issue before it is known of which HDU. */
export type Finding = Omit<Issue, 'hdu'>;

/** A card as it stands in the file, 80 characters. */
export interface Line {
  readonly text: string;
  /** Columns 1 to 8, without the blanks after it. */
  readonly keyword: string;
  readonly offset: number;
}

const COMMENTARY = /^(?:COMMENT|HISTORY|)$/;
/** Mandatory keywords, which must be in the fixed format. FITS Standard 4.0 §4.2, §4.4.1. */
const FIXED: readonly (readonly [keyword: RegExp, value: RegExp, kind: string])[] = [
  [/^SIMPLE$/, /^ {19} ?[TF](?![^ /])/, 'a logical value in column 30'],
  [/^XTENSION$/, /^ '[^']{8,}'/, 'a string of at least 8 characters from column 11'],
  [
    /^(?:BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|TBCOL\d+|ZBITPIX|ZNAXIS\d*)$/,
    /^ (?=.{20}(?:[ /]|$)) *[+-]?\d+(?<=^.{21})/,
    'an integer that ends in column 30',
  ],
];

/**
 * The cards of a header up to END, and where END is; -1 if there is none.
 * FITS Standard 4.0 §3.3.1.
 */
export function splitHeader(bytes: Uint8Array, offset: number): { lines: Line[]; end: number } {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const lines: Line[] = [];
  for (let at = 0; at < text.length; at += CARD_BYTES) {
    const card = text.slice(at, at + CARD_BYTES).padEnd(CARD_BYTES);
    if (/^END(?:[ \0]|$)/.test(card)) return { lines, end: at };
    lines.push({ text: card, keyword: card.slice(0, 8).trimEnd(), offset: offset + at });
  }
  return { lines, end: -1 };
}

/** How each card is written. FITS Standard 4.0 §4.1, §4.2. */
export function* checkLines(lines: readonly Line[]): Generator<Finding> {
  let open = false; // a string that ends with an ampersand goes on
  for (const line of lines) {
    yield* checkCharacters(line);
    if (line.keyword === 'CONTINUE' && !open) {
      yield finding(
        'continue',
        'warning',
        line,
        'continues no string: the one before does not end with &.',
      );
    }
    const value = valueOf(line);
    open = value !== undefined && /&'\s*(?:\/|$)/.test(value);
    if (COMMENTARY.test(line.keyword) || line.keyword === 'CONTINUE') continue;
    if (value === undefined) yield* checkIndicator(line);
    else yield* checkValue(line, value);
    yield* checkFixed(line);
  }
}

function* checkCharacters(line: Line): Generator<Finding> {
  const { keyword, text } = line;
  if (/[^\x20-\x7e]/.test(text)) {
    yield finding('format', 'error', line, 'has bytes that are not printable ASCII.');
  }
  if (/[a-z]/.test(keyword)) {
    yield finding('format', 'error', line, 'has small letters in its keyword.');
  } else if (!/^[A-Z0-9_-]*$/.test(keyword)) {
    yield finding(
      'format',
      'error',
      line,
      'has other characters in its keyword than A-Z, 0-9, - and _.',
    );
  }
}

function* checkIndicator(line: Line): Generator<Finding> {
  if (line.keyword === 'HIERARCH' || line.text[8] === '=') {
    yield finding('format', 'error', line, 'has no "= " where its value should begin.');
  } else {
    yield finding(
      'format',
      'warning',
      line,
      'has no "= " in columns 9 and 10, and counts as a comment.',
    );
  }
}

/** What follows the value indicator; undefined if there is none. HIERARCH cards have their own. */
function valueOf({ keyword, text }: Line): string | undefined {
  if (keyword === 'CONTINUE') return text.slice(8);
  if (keyword === 'HIERARCH') {
    const indicator = text.indexOf('=');
    return indicator < 0 ? undefined : text.slice(indicator + 1);
  }
  return text.startsWith('= ', 8) ? text.slice(9) : undefined;
}

/** Values that cannot be read at all were found when the file was opened. */
function* checkValue(line: Line, value: string): Generator<Finding> {
  const field = value.trim();
  const text = /^'(?:[^']|'')*'(.*)$/.exec(field);
  if (text !== null && !/^\s*(?:\/|$)/.test(text[1] ?? '')) {
    yield finding('format', 'error', line, 'has other text than a comment after its string.');
  }
  if (text === null && /^[+-]?(?:\d+\.?\d*|\.\d+)[ed][+-]?\d+/.test(field)) {
    yield finding('format', 'warning', line, 'writes the exponent with a small letter.');
  }
  if (text === null && /^[^'/]*\S\//.test(field) && !field.startsWith('(')) {
    yield finding('format', 'warning', line, 'has no blank between its value and the comment.');
  }
}

function* checkFixed(line: Line): Generator<Finding> {
  for (const [keyword, value, kind] of FIXED) {
    if (keyword.test(line.keyword) && !value.test(line.text.slice(9))) {
      yield finding('format', 'error', line, `is mandatory and must have ${kind}.`);
    }
  }
}

/** What stands after END. FITS Standard 4.0 §4.4.1, §3.3.1. */
export function* checkEnd(bytes: Uint8Array, end: number, offset: number): Generator<Finding> {
  for (let at = end + 3; end >= 0 && at < bytes.length; at += 1) {
    if (bytes[at] === 0x20) continue;
    const text = 'The header is not filled with blanks after END.';
    yield { code: 'fill', level: 'error', keyword: 'END', offset: offset + at, text };
    return;
  }
}

function finding(
  code: Finding['code'],
  level: Finding['level'],
  { keyword, offset, text }: Line,
  what: string,
): Finding {
  const name = keyword === '' ? 'A card without keyword' : keyword;
  const shown = text.trimEnd().replace(/[^\x20-\x7e]/g, '?');
  return { code, level, keyword, offset, text: `${name} ${what} [${shown}]` };
}
