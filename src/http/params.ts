import type { Request } from 'express';
import { AppError } from '../lib/errors.js';
import { LIMITS } from './limits.js';

/** Parameters of a query string, each with its values in order. Names in brackets stay as they are. */
export function queryParameters(req: Request): Map<string, string[]> {
  return parseParameters(
    req.originalUrl.slice(req.originalUrl.indexOf('?') + 1 || req.originalUrl.length),
  );
}

/** As `queryParameters`, of any form-encoded text. */
export function parseParameters(text: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const values = parameters.get(name);
    if (values === undefined) parameters.set(name, [value]);
    else values.push(value);
  }
  return parameters;
}

/** The last value of a parameter, trimmed; '' if there is none. */
export function parameter(
  parameters: ReadonlyMap<string, readonly string[]>,
  name: string,
): string {
  return parameters.get(name)?.at(-1)?.trim() ?? '';
}

/** The last value of each parameter, as `parameter` gives it. */
export function lastValues(
  parameters: ReadonlyMap<string, readonly string[]>,
): Record<string, string> {
  return Object.fromEntries(
    [...parameters.keys()].map((name) => [name, parameter(parameters, name)]),
  );
}

/** The id in a path. @throws 'not_found' if it is none: ids are whole numbers below 2^53 */
export function parseId(text: unknown): number {
  const id = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(id)) throw new AppError('not_found', 'Not found.');
  return id;
}

/** True if the client would rather see a page than data. `?format=` decides. */
export function prefersHtml(req: Request): boolean {
  const format = parameter(queryParameters(req), 'format');
  if (['json', 'csv', 'votable', 'text'].includes(format)) return false;
  if (format === 'html') return true;
  return req.accepts(['application/json', 'text/html']) === 'text/html';
}

/** True for `format=csv`. */
export function wantsCsv(req: Request): boolean {
  return parameter(queryParameters(req), 'format') === 'csv';
}

/** True for `format=votable`. */
export function wantsVotable(req: Request): boolean {
  return parameter(queryParameters(req), 'format') === 'votable';
}

/**
 * @param others what an address gives besides JSON and a page
 * @throws 'bad_request' for `format=` with another word: what should be sent is not known
 */
export function requireKnownFormat(
  req: Request,
  others: readonly ('csv' | 'votable' | 'text')[] = [],
): void {
  const format = parameter(queryParameters(req), 'format');
  const known = ['json', 'html', ...others];
  if (format === '' || known.includes(format)) return;
  const message = `Invalid value for format: expected ${known.join(' or ')}.`;
  throw new AppError('bad_request', message, { parameter: 'format' });
}

/** True if the client asks for JSON by name, and for no page: any content will not do. */
export function demandsJson(req: Request): boolean {
  const format = parameter(queryParameters(req), 'format');
  if (format !== '') return format === 'json';
  return req.accepts(['text/html', 'application/json']) === 'application/json';
}

/** A text field of a parsed body; '' if absent. Only text: nothing nested reaches a query. */
export function bodyText(req: Request, name: string): string {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return '';
  const value: unknown = (body as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}

/**
 * As `bodyText`, for fields that need not be sent: undefined if one was not.
 *
 * @throws 'bad_request' if it was sent more than once: which is meant is not known
 */
export function sentText(req: Request, name: string): string | undefined {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined;
  if (typeof (body as Record<string, unknown>)[name] === 'string') return bodyText(req, name);
  throw new AppError('bad_request', `${name} is expected once.`, { parameter: name });
}

/** Parameters that have one value: in brackets they would be ignored, and the answer a wrong one. */
const SINGLE = [
  'limit',
  'offset',
  'sort',
  'order',
  'ordering',
  'cursor',
  'pagination_style',
].concat(['format', 'width', 'hdu', 'plane', 'exp', 'sig', 'next']);
/** Characters of a name that are told again. */
const MAX_TOLD = 100;
/** Names that mean something to JavaScript, and to nobody else. */
const PROTOTYPE = /(?:^|\[)(?:__proto__|constructor|prototype)(?:[[\]]|$)/;

/**
 * Refuses queries that no client means, whatever address they are for: NUL, bytes that are no UTF-8,
 * halves of characters, brackets behind parameters that take one value, and far too many.
 *
 * @throws 'bad_request' naming the parameter
 */
export function refuseOddQuery(req: Pick<Request, 'originalUrl'>): void {
  // `OPTIONS *` is about the server as a whole, of which there is nothing to tell. RFC 9110 §9.3.7
  if (!/^(?:\/|https?:)/.test(req.originalUrl)) {
    throw new AppError('bad_request', 'The address does not begin with a slash.');
  }
  const start = req.originalUrl.indexOf('?');
  if (start < 0) return;
  const pairs = req.originalUrl.slice(start + 1).split('&');
  if (pairs.length > LIMITS.parameters) {
    const message = `More than ${LIMITS.parameters} parameters in one request.`;
    throw new AppError('bad_request', message);
  }
  for (const pair of pairs) {
    const [name = '', ...rest] = pair.split('=');
    const plain = decode(name);
    const value = decode(rest.join('='));
    if (plain === undefined || /[\p{Cc}\p{Cs}]/u.test(plain))
      throw oddParameter('', 'its name cannot be read');
    if (value === undefined) throw oddParameter(plain, 'it is not UTF-8');
    if (/[\0\p{Cs}]/u.test(value)) throw oddParameter(plain, 'it has characters that no text has');
    const bracket = plain.indexOf('[');
    if (PROTOTYPE.test(plain) || (bracket > 0 && SINGLE.includes(plain.slice(0, bracket)))) {
      throw oddParameter(plain, 'there is no such parameter');
    }
  }
}

/**
 * Refuses a form with bytes that are no UTF-8, written out or behind percent signs: whoever reads it
 * would get other text than was sent.
 *
 * @throws 'bad_request' naming the field
 */
export function refuseOddForm(bytes: Buffer): void {
  const text = bytes.toString('latin1');
  if (!/[\x80-\xff]|%[89a-f]/i.test(text)) return;
  const written = text.replace(
    /[\x80-\xff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  for (const pair of written.split('&')) {
    const [name = '', ...rest] = pair.split('=');
    const plain = decode(name);
    if (plain === undefined) throw oddParameter('', 'its name cannot be read');
    if (decode(rest.join('=')) === undefined) throw oddParameter(plain, 'it is not UTF-8');
  }
}

function oddParameter(name: string, problem: string): AppError {
  const parameter = name.slice(0, MAX_TOLD);
  const message = `Invalid parameter${parameter === '' ? '' : ` ${parameter}`}: ${problem}.`;
  return new AppError('bad_request', message, parameter === '' ? {} : { parameter });
}

/** Undefined if the bytes are no UTF-8. A percent sign that begins no byte stands for itself. */
function decode(text: string): string | undefined {
  const plain = text.replaceAll('+', ' ');
  if (!plain.includes('%')) return plain;
  try {
    return decodeURIComponent(plain.replace(/%(?![\da-f]{2})/gi, '%25'));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
