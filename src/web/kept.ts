import type { Request } from 'express';
import { CSRF_FIELD, rootUrl, type Services } from '../http/index.js';
import { localPath } from './render.js';

/** A form that came when its sender was not signed in any more, to be sent again. */
export interface KeptForm {
  /** Where it goes, a path without the base. */
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Longer ones are not carried through the login. */
const MAX_LETTERS = 60_000;
const MAX_FIELDS = 1000;
/** What must not stand in a page again. */
const SECRETS = /^(?:old|new|again|kept)$|password|secret|token/i;
/** A text that is worth being looked at, and changed, before it is sent again. */
const LONG = /\n|^.{60,}/s;

/**
 * The form of a request that was refused; undefined if it is none of ours, has secrets in it, or is too
 * long. One that another site has made is never kept: nobody shall send it by mistake.
 */
export function keepForm(services: Services, req: Request): KeptForm | undefined {
  const body: unknown = req.body;
  if (req.method !== 'POST' || !isOurs(services, req)) return undefined;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const fields = Object.entries(body)
    .flatMap(([name, value]) => [value].flat().map((each: unknown) => [name, each] as const))
    .filter((field): field is readonly [string, string] => typeof field[1] === 'string')
    .filter(([name]) => name !== CSRF_FIELD);
  const path = localPath(req.originalUrl, '');
  if (path === '' || fields.some(([name]) => SECRETS.test(name))) return undefined;
  const isShort = fields.length <= MAX_FIELDS && JSON.stringify(fields).length <= MAX_LETTERS;
  return fields.length > 0 && isShort ? { path, fields } : undefined;
}

function isOurs(services: Services, req: Request): boolean {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = req.get('origin');
  return origin !== undefined && origin === new URL(rootUrl(services, req)).origin;
}

/** As a field of the login carries it. */
export function formatKept(kept: KeptForm | undefined): string {
  return kept === undefined ? '' : JSON.stringify(kept);
}

/** Back from there; undefined for '' and for what is no such form. */
export function parseKept(text: string): KeptForm | undefined {
  if (text === '' || text.length > 2 * MAX_LETTERS) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { path, fields } = value as Record<string, unknown>;
  if (typeof path !== 'string' || localPath(path, '') === '' || !Array.isArray(fields)) {
    return undefined;
  }
  const isField = (field: unknown): field is [string, string] =>
    Array.isArray(field) && field.length === 2 && field.every((each) => typeof each === 'string');
  return fields.every(isField) ? { path, fields } : undefined;
}

/** What fields are called on the pages that have them; all others are sent along unseen. */
const NAMES: Readonly<Record<string, string>> = {
  text: 'Note',
  keyword: 'Keyword',
  value: 'Value',
  why: 'Why',
  reason: 'Reason',
  title: 'Title',
  days: 'Days',
  tag: 'Tag',
  flag: 'Flag',
  name: 'Name',
  username: 'Account',
  role: 'Role',
};

/** What the page shows that asks whether it shall be sent again. */
export function toKeptModel(base: string, { path, fields }: KeptForm) {
  const isLong = ([name, value]: readonly [string, string]): boolean =>
    LONG.test(value) && Object.hasOwn(NAMES, name);
  return {
    action: base + path,
    backUrl: base + path.replace(/[^/]+\/$/, ''),
    texts: fields.filter(isLong).map(toField),
    values: fields.filter((field) => !isLong(field)).map(toField),
  };
}

function toField([name, value]: readonly [string, string]) {
  return { name, value, label: Object.hasOwn(NAMES, name) ? (NAMES[name] ?? '') : '' };
}
