import { AppError } from '../../lib/errors.js';
import { parseDate, parseInstant } from '../../lib/time.js';
import type { Asked } from './types.js';

/** Values of a list: more than a person chooses, fewer than a query can carry. */
const MAX_VALUES = 500;
/** No value of a header is longer, and no region needs more. */
const MAX_LENGTH = 10_000;

/** The error for a value that cannot be used: a sentence, and the parameter it is about. */
export function badValue(name: string, value: string, expected: string): AppError {
  const message = `Invalid value for ${name}: expected ${expected}.`;
  return new AppError('bad_request', message, { parameter: name, value });
}

/** The error for a parameter that cannot be asked for: what is wrong, without a stop at the end. */
export function badName(name: string, problem: string): AppError {
  return new AppError('bad_request', `Invalid parameter ${name}: ${problem}.`, { parameter: name });
}

/** The last of several values. */
export function lastOf({ values }: Asked): string {
  return values.at(-1) ?? '';
}

/**
 * The items of a list: values are parted by commas; `\,` is a comma and `\\` a backslash within one.
 * Blanks around an item are left out, and so are empty items.
 */
export function splitList(text: string): string[] {
  const items: string[] = [];
  let item = '';
  for (const [part] of text.matchAll(/\\[\\,]|[^\\,]+|\\|,/g)) {
    if (part === ',') {
      items.push(item);
      item = '';
    } else {
      item += part === '\\,' || part === '\\\\' ? part.slice(1) : part;
    }
  }
  return [...items, item].map((each) => each.trim()).filter((each) => each !== '');
}

/**
 * The texts that a list asks for: its items, and each value as it stands, so that a text with a comma
 * of its own is found by its plain spelling too. @throws 'bad_request' if there are too many
 */
export function listedTexts({ name, values }: Asked): string[] {
  const texts = new Set(values.flatMap((value) => [value, ...splitList(value)]));
  // A value that was escaped is meant as it reads without the backslashes.
  for (const value of values) {
    if (/\\[\\,]/.test(value)) texts.delete(value);
  }
  return bounded(name, [...texts]);
}

/** The items of a list that cannot contain commas, such as numbers. @throws 'bad_request' */
export function listedItems({ name, values }: Asked): string[] {
  return bounded(name, [...new Set(values.flatMap(splitList))]);
}

function bounded(name: string, items: string[]): string[] {
  if (items.length > MAX_VALUES) throw badValue(name, '', `at most ${MAX_VALUES} values`);
  return items;
}

/** A calendar day as `YYYY-MM-DD`. @throws 'bad_request' naming the parameter */
export function requireDate(name: string, text: string): string {
  if (parseDate(text) !== text) throw badValue(name, text, 'a date such as 2026-03-01');
  return text;
}

/** Epoch ms; a zone may have lost its plus, as `+` in a query is a blank. @throws 'bad_request' naming the parameter */
export function requireInstant(name: string, text: string): number {
  const ms = parseInstant(text) ?? parseInstant(text.replace(/(:\S+) (\d\d:\d\d)$/, '$1+$2'));
  if (ms === undefined)
    throw badValue(name, text, 'a date such as 2026-03-01 or 2026-03-01T20:00:00');
  return ms;
}

/** @throws 'bad_request' naming the parameter; numbers beyond nine digits are refused too */
export function requireInteger(name: string, text: string): number {
  if (!/^[+-]?\d{1,9}$/.test(text)) throw badValue(name, text, 'a whole number');
  return Number(text);
}

/** A decimal number that a double can hold; undefined if the text is none. */
export function parseNumber(text: string): number | undefined {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d{1,4})?$/.test(text)) return undefined;
  const value = Number(text.replace(/d/i, 'e'));
  return Number.isFinite(value) ? value : undefined;
}

/** @throws 'bad_request' naming the parameter */
export function requireNumber(name: string, text: string): number {
  const value = parseNumber(text);
  if (value === undefined) throw badValue(name, text, 'a number');
  return value;
}

/** `true` or `false`, `1` or `0`, in any case. @throws 'bad_request' naming the parameter */
export function requireFlag(name: string, text: string): boolean {
  if (/^(?:true|1|yes)$/i.test(text)) return true;
  if (/^(?:false|0|no)$/i.test(text)) return false;
  throw badValue(name, text, 'true or false');
}

/** NUL and its like are in no header; halves of characters would be an error of the database later. */
export function refuseOdd(name: string, value: string): void {
  if (/[\u0000-\u001f\u007f]|\p{Cs}/u.test(value)) {
    throw badValue(name, '', 'text without control characters');
  }
  if (value.length > MAX_LENGTH) throw badValue(name, '', `at most ${MAX_LENGTH} characters`);
}
