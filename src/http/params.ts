import type { Request } from 'express';
import { AppError } from '../lib/errors.js';

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

/** True if the client would rather see a page than JSON. `?format=json` and `?format=html` decide. */
export function prefersHtml(req: Request): boolean {
  const format = parameter(queryParameters(req), 'format');
  if (format === 'json') return false;
  if (format === 'html') return true;
  return req.accepts(['application/json', 'text/html']) === 'text/html';
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
