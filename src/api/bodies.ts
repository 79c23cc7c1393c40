import type { Request } from 'express';
import {
  parseOverrides,
  parseWhy,
  type Overrides,
  type QuarantineFilter,
} from '../catalog/index.js';
import { parameter, queryParameters } from '../http/index.js';
import { AppError } from '../lib/errors.js';

/** Frames or files that one request may be about: each is read anew. */
const MAX_IDS = 500;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** The body of a request as an object; {} if there is none. @throws 'bad_request', 'unsupported' */
export function readBody(req: Request): Readonly<Record<string, unknown>> {
  if (req.is('json') === false) {
    throw new AppError('unsupported', 'The body is expected to be JSON (application/json).');
  }
  const body: unknown = req.body;
  if (body === undefined || body === null) return {};
  if (typeof body !== 'object' || Array.isArray(body)) {
    throw new AppError('bad_request', 'The body is expected to be a JSON object.');
  }
  return body as Record<string, unknown>;
}

/** A member of a body; undefined if it is absent. */
export function member(body: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

/** A text of a body; undefined if it is absent. @throws 'bad_request' */
export function textMember(
  body: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  const value = member(body, name);
  if (value === undefined || typeof value === 'string') return value;
  throw new AppError('bad_request', `${name} is expected to be a text.`, { parameter: name });
}

/** `ids` of a body, each once; undefined if they are absent. @throws 'bad_request' */
export function readIds(body: Readonly<Record<string, unknown>>): number[] | undefined {
  const ids = member(body, 'ids');
  if (ids === undefined) return undefined;
  const isList =
    Array.isArray(ids) && ids.every((id) => Number.isSafeInteger(id) && Number(id) >= 0);
  if (!isList)
    throw new AppError('bad_request', 'ids is expected to be a list of numbers.', {
      parameter: 'ids',
    });
  const once = [...new Set(ids as number[])];
  if (once.length > MAX_IDS) {
    const message = `At most ${MAX_IDS} at once; these are ${once.length}.`;
    throw new AppError('bad_request', message, { parameter: 'ids' });
  }
  return once;
}

/** `overrides`, `profile` and `why` of a body: how a file is to be read. @throws 'bad_request' */
export function readMend(body: Readonly<Record<string, unknown>>): {
  readonly overrides: Overrides | undefined;
  readonly profile: string | null | undefined;
  readonly why: string | undefined;
} {
  const overrides = member(body, 'overrides');
  const profile = member(body, 'profile') === null ? null : textMember(body, 'profile');
  return {
    overrides: overrides === undefined ? undefined : parseOverrides(overrides),
    profile: profile === '' ? null : profile,
    why: parseWhy(textMember(body, 'why') ?? ''),
  };
}

/** Which refused files a body names: by `ids`, by `code`, or `"all": true`. @throws 'bad_request' */
export function readSelection(body: Readonly<Record<string, unknown>>): QuarantineFilter {
  const ids = readIds(body);
  const code = textMember(body, 'code');
  if (ids === undefined && code === undefined && member(body, 'all') !== true) {
    throw new AppError(
      'bad_request',
      'Name the files: {"ids": […]}, {"code": "…"} or {"all": true}.',
    );
  }
  return { ...(ids === undefined ? {} : { ids }), ...(code === undefined ? {} : { code }) };
}

/** `limit` and `offset` of a list. @throws 'bad_request' */
export function readPage(req: Request): { readonly limit: number; readonly offset: number } {
  const parameters = queryParameters(req);
  const read = (name: string, otherwise: number, most: number): number => {
    const text = parameter(parameters, name);
    if (text === '') return otherwise;
    if (/^\d{1,15}$/.test(text) && Number(text) <= most) return Number(text);
    const message = `Invalid value for ${name}: expected a number from 0 to ${most}.`;
    throw new AppError('bad_request', message, { parameter: name });
  };
  return {
    limit: read('limit', DEFAULT_LIMIT, MAX_LIMIT),
    offset: read('offset', 0, Number.MAX_SAFE_INTEGER),
  };
}
