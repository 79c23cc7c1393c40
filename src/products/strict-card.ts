import { formatCards, type Card } from '../fits/index.js';

const CARD_BYTES = 80;
const SHORT_KEYWORD = /^[A-Z0-9_-]{1,8}$/;
/** With HIERARCH; any longer and there may be no room for its value. */
const LONG_KEYWORD = /^(?=.{1,40}$)[A-Z0-9_-]+(?: [A-Z0-9_-]+)*$/;
/** With a value these would be other cards than they are. */
const NO_KEYWORD = /^(?:END|CONTINUE|HIERARCH)$/;

const NUMBER = '[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[ED][+-]?\\d+)?';
const STRING = "'(?:[^']|'')*'";
const COMPLEX = `\\( *${NUMBER} *, *${NUMBER} *\\)`;
const FIELD = `(?: *(?:${STRING}|[TF]|${NUMBER}|${COMPLEX}))? *(?:/.*)?$`;
/** A card with a value. FITS Standard 4.0 §4.1.2.2 and §4.2. */
const STANDARD = new RegExp(`^(?:(?=[A-Z0-9_-]+ *= )[A-Z0-9_ -]{8}|HIERARCH [^=]+)= ${FIELD}`);
const CONTINUED = new RegExp(`^CONTINUE  +${STRING} *(?:/.*)?$`);
const COMMENTARY = /^[A-Z0-9_-]* *.{72}$/s;
const WHOLE_NUMBER = new RegExp(`^${NUMBER}$`);
const WHOLE_COMPLEX = new RegExp(`^${COMPLEX}$`);
/** A number as headers have it: with blanks inside, and a small letter for its exponent. */
const WRITTEN_NUMBER = /^[+-]? *(?:\d+\.?\d*|\.\d+)(?: *[EDed] *[+-]? *\d+)?/;

type ReservedType = 'number' | 'integer' | 'text' | 'date';

/** Keywords whose values have a type. FITS Standard 4.0 §4.4.2, §8 and §9. */
const RESERVED: readonly (readonly [ReservedType, RegExp])[] = [
  ['date', /^DATE/],
  ['integer', /^(?:BLANK|EXTVER|EXTLEVEL|WCSAXES[A-Z]?)$/],
  ['number', /^(?:CRPIX|CRVAL|CDELT|CRDER|CSYER|CROTA|LTV|CNPIX)\d+[A-Z]?$/],
  ['number', /^(?:CD|PC|PV)\d+_\d+[A-Z]?$/],
  ['number', /^(?:LONPOLE|LATPOLE|EQUINOX|RESTFRQ|RESTWAV|VELANGL|VELOSYS|ZSOURCE)[A-Z]?$/],
  ['number', /^(?:BSCALE|BZERO|DATAM(?:AX|IN)|EPOCH|RESTFREQ|OBSGEO-[XYZBLH])$/],
  ['number', /^(?:MJD-(?:OBS|AVG|BEG|END)|(?:MJD|JD)REF[IF]?)$/],
  ['text', /^(?:AUTHOR|BUNIT|EXTNAME|INSTRUME|OBJECT|OBSERVER|ORIGIN|REFERENC|TELESCOP)$/],
  ['text', /^(?:C(?:TYPE|UNIT|NAME)\d+|PS\d+_\d+|RADESYS|SPECSYS|WCSNAME)[A-Z]?$/],
];

/**
 * A card that keeps to the standard, as lines of 80 characters: as it stands where it does, else
 * written anew, so that what it says survives: with the digits it has, or, where its keyword is
 * reserved for values of another kind, as a comment. FITS Standard 4.0 §4.1, §4.2 and §4.4.
 */
export function strictCard(card: Card): string[] {
  const lines = card.text.split('\n').map((line) => line.padEnd(CARD_BYTES));
  const isPlain = lines.every((line) => /^[\x20-\x7e]{80}$/.test(line));
  if (card.kind === 'commentary' && lines.every((line) => COMMENTARY.test(line)))
    return isPlain ? lines : lines.map(printable);
  const type = reservedType(card.keyword);
  const isValue = card.kind !== 'bad' && card.kind !== 'commentary';
  if (isPlain && isValue && areStandard(lines)) {
    if (lines[0]?.startsWith('HIERARCH ') === true || hasType(card, type)) return lines;
  }
  // Neither a keyword nor a value that can be saved: its text stays as a comment.
  const text = printable(card.text.replaceAll('\n', ' ').trimEnd());
  const canSave = card.kind !== 'commentary' && text.includes('=');
  return (canSave ? rewritten(card, type) : undefined) ?? formatCards(['COMMENT', text]);
}

/** The finite number that a card holds, also in quotes, as readers of headers take it. */
export function numberIn({ value }: Card): number | undefined {
  if (typeof value === 'string') {
    const token = strictNumber(value);
    return token === undefined ? undefined : finite(Number(token.replace('D', 'E')));
  }
  return typeof value === 'number' || typeof value === 'bigint' ? finite(Number(value)) : undefined;
}

function areStandard([first = '', ...more]: readonly string[]): boolean {
  return STANDARD.test(first) && more.every((line) => CONTINUED.test(line));
}

function reservedType(keyword: string): ReservedType | undefined {
  const name = keyword.toUpperCase();
  if (name.length > 8) return undefined;
  return RESERVED.find(([, pattern]) => pattern.test(name))?.[0];
}

function hasType({ kind, value }: Card, type: ReservedType | undefined): boolean {
  if (type === 'date') return kind === 'string' && isDate(String(value));
  if (type === 'text') return kind === 'string';
  if (type === 'integer') return kind === 'integer';
  return type === undefined || kind === 'integer' || kind === 'float';
}

/** The card in strict form; undefined if its keyword or its value has none. */
function rewritten(card: Card, type: ReservedType | undefined): string[] | undefined {
  const keyword = card.keyword.toUpperCase();
  if (NO_KEYWORD.test(keyword)) return undefined;
  if (!SHORT_KEYWORD.test(keyword) && !LONG_KEYWORD.test(keyword)) return undefined;
  const comment = printable(card.comment);
  const text = valueText(card, type);
  if (text === undefined) return undefined;
  if (typeof text === 'object') return formatCards([keyword, text.string, comment]);
  const head = SHORT_KEYWORD.test(keyword) ? `${keyword.padEnd(8)}= ` : `HIERARCH ${keyword} = `;
  const written = head + text.padStart(20);
  if (written.length > CARD_BYTES) return undefined;
  const full = comment === '' ? written : `${written} / ${comment}`;
  return [full.slice(0, CARD_BYTES).padEnd(CARD_BYTES)];
}

/** What to write as value: a token as it is, or a string to be quoted; undefined if there is none. */
function valueText(
  card: Card,
  type: ReservedType | undefined,
): string | { readonly string: string } | undefined {
  const { kind, value } = card;
  if (type === 'date') {
    const date = typeof value === 'string' ? strictDate(value) : undefined;
    return date === undefined ? undefined : { string: date };
  }
  if (type === 'integer') {
    const number = numberIn(card);
    return Number.isSafeInteger(number) ? String(number) : undefined;
  }
  if (type === 'number') return typeof value === 'string' ? strictNumber(value) : token(card);
  if (typeof value === 'string') return { string: printable(value) };
  const text = token(card);
  if (type === 'text') return text === undefined || kind === 'undefined' ? text : { string: text };
  return kind === 'undefined' ? '' : text;
}

/** The value of a card without quotes as its writer put it, in strict form. */
function token({ kind, value, text }: Card): string | undefined {
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (typeof value === 'bigint') return String(value);
  const field = text.slice(text.indexOf('=') + 1).trimStart();
  if (kind === 'complex') {
    const pair = (/^\([^()]*\)/.exec(field)?.[0] ?? '').replaceAll(' ', '').toUpperCase();
    return WHOLE_COMPLEX.test(pair) ? pair : undefined;
  }
  if (typeof value !== 'number') return undefined;
  const written = strictNumber(WRITTEN_NUMBER.exec(field)?.[0] ?? '');
  // The start of a comment without a slash may look like an exponent.
  const isWhole = written !== undefined && Number(written.replace('D', 'E')) === value;
  return isWhole ? written : String(value).toUpperCase();
}

function strictNumber(text: string): string | undefined {
  const number = text.replaceAll(' ', '').toUpperCase();
  return WHOLE_NUMBER.test(number) ? number : undefined;
}

/** The same date as FITS writes it: without a zone, which is that of TIMESYS, and with T before the time. */
function strictDate(text: string): string | undefined {
  const date = text
    .trim()
    .replace(/^(\d{4}-\d\d-\d\d)[ t](?=\d)/, '$1T')
    .replace(/(:\d\d(?:\.\d*)?)[Zz]$/, '$1');
  return isDate(date) ? date : undefined;
}

/** A date, with or without time, or a day of the 20th century as `dd/mm/yy`. FITS Standard 4.0 §9.1.1. */
function isDate(text: string): boolean {
  const old = /^(\d\d)\/(\d\d)\/(\d\d)$/.exec(text);
  if (old !== null) return isDay(1900 + Number(old[3]), Number(old[2]), Number(old[1]));
  const match = /^((?:[+-]\d)?\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.\d*)?)?$/.exec(text);
  if (match === null) return false;
  const [year, month, day, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  // Leap seconds are number 60.
  const isTime = hour <= 23 && minute <= 59 && second <= 60;
  return isTime && isDay(year ?? 0, month ?? 0, day ?? 0);
}

function isDay(year: number, month: number, day: number): boolean {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day >= 1 && day <= (days[month - 1] ?? 0);
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
