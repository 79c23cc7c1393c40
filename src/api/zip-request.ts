import type { Request } from 'express';
import { parameter, queryParameters } from '../http/index.js';
import { AppError } from '../lib/errors.js';

/** Most frames in one zip. */
export const MAX_FRAMES = 100_000;

/** What a zip is to be like. */
export interface ZipOptions {
  readonly format: 'zip' | 'shell' | 'powershell';
  /** Packed files unpacked on the way. */
  readonly uncompress: boolean;
  /** The tables of the frames instead of their files. */
  readonly catalogOnly: boolean;
  /** The calibrations of the frames too. */
  readonly calibrations: boolean;
}

/** Values of `format`. */
export const ZIP_FORMATS: Readonly<Record<string, ZipOptions['format']>> = {
  '': 'zip',
  zip: 'zip',
  // What chooses between a page and JSON elsewhere means nothing here.
  json: 'zip',
  html: 'zip',
  script: 'shell',
  sh: 'shell',
  'script-windows': 'powershell',
  powershell: 'powershell',
  ps1: 'powershell',
};

/** Options from the query, and from the body of a POST before it. @throws 'bad_request' */
export function readOptions(req: Request): ZipOptions {
  const parameters = queryParameters(req);
  const read = (name: string): string => bodyWord(req, name) ?? parameter(parameters, name);
  const flag = (name: string): boolean => {
    const word = read(name).toLowerCase();
    if (/^(?:true|1|yes|on)$/.test(word)) return true;
    if (/^(?:false|0|no|off|)$/.test(word)) return false;
    throw badValue(name, 'true or false');
  };
  const format = read('format').toLowerCase();
  if (!Object.hasOwn(ZIP_FORMATS, format))
    throw badValue('format', 'zip, script or script-windows');
  const options: ZipOptions = {
    format: ZIP_FORMATS[format] ?? 'zip',
    uncompress: flag('uncompress'),
    catalogOnly: flag('catalog_only'),
    calibrations: flag('calibrations'),
  };
  // A script checks lengths and sums, which what is made on the way has not got beforehand.
  if (options.format !== 'zip') {
    if (options.uncompress) throw badValue('uncompress', 'false: a script fetches stored files');
    if (options.catalogOnly) throw badValue('catalog_only', 'false: a script fetches stored files');
  }
  return options;
}

/** The options as a query, which `readOptions` reads. */
export function formatOptions(options: ZipOptions): string {
  const flags = [
    options.uncompress ? 'uncompress=true' : '',
    options.catalogOnly ? 'catalog_only=true' : '',
    options.calibrations ? 'calibrations=true' : '',
    options.format === 'shell' ? 'format=script' : '',
    options.format === 'powershell' ? 'format=script-windows' : '',
  ];
  return flags.filter((flag) => flag !== '').join('&');
}

/** A word, number or truth value of a parsed body. */
function bodyWord(req: Request, name: string): string | undefined {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined;
  const value: unknown = (body as Record<string, unknown>)[name];
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  throw badValue(name, 'one word');
}

/**
 * Ids of frames in every spelling that clients use: `frame_ids[]`, `frame_ids`, `frame_ids[0]`, JSON
 * lists, and `3,5-9` as `formatIds` writes it. Each once, ascending, so that the same frames make the
 * same zip; undefined if they are not mentioned.
 *
 * @throws 'bad_request', 'too_large'
 */
export function readIds(source: Iterable<readonly [string, unknown]>): number[] | undefined {
  const values = [...source].flatMap(([name, value]) =>
    /^frame_ids(?:\[\d*\])?$/.test(name) ? [value].flat() : [],
  );
  if (values.length === 0) return undefined;
  const ids = new Set<number>();
  let mentioned = 0;
  const add = (word: string): void => {
    const { first, last } = parseRun(word);
    mentioned += last - first + 1;
    // The same long run, named again and again, is short to write and long to read.
    if (mentioned > MAX_MENTIONED || last - first >= MAX_FRAMES || ids.size > MAX_FRAMES) {
      throw tooMany(MAX_FRAMES);
    }
    for (let id = first; id <= last; id += 1) ids.add(id);
  };
  for (const value of values) {
    if (typeof value === 'string') for (const word of value.split(',')) add(word);
    else if (Number.isSafeInteger(value)) add(String(value));
    else throw badIds();
  }
  return [...ids].sort((a, b) => a - b);
}

/** Most ids in one request, those named twice counted twice. */
const MAX_MENTIONED = 2 * MAX_FRAMES;

function parseRun(word: string): { first: number; last: number } {
  const match = /^\s*(\d{1,15})(?:-(\d{1,15}))?\s*$/.exec(word);
  if (match === null) throw badIds();
  const first = Number(match[1]);
  const last = Number(match[2] ?? first);
  if (last < first) throw badIds();
  return { first, last };
}

/** Ascending ids as short text: `3,5-9`. */
export function formatIds(ids: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const id of ids) {
    const run = runs.at(-1);
    if (run !== undefined && id === run.last + 1) run.last = id;
    else runs.push({ first: id, last: id });
  }
  return runs
    .map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`))
    .join(',');
}

/** @returns the error for a selection of more frames than can be had at once */
export function tooMany(most: number): AppError {
  return new AppError('too_large', `More than ${most} frames match. Ask for fewer at once.`);
}

function badIds(): AppError {
  return badValue('frame_ids', 'ids of frames');
}

/** @returns the error for a value that is not what was expected */
export function badValue(name: string, expected: string): AppError {
  const message = `Invalid value for ${name}: expected ${expected}.`;
  return new AppError('bad_request', message, { parameter: name });
}
