import type { Request } from 'express';
import { parameter, queryParameters } from '../http/index.js';
import { AppError } from '../lib/errors.js';

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

/** @returns the error for a value that is not what was expected */
export function badValue(name: string, expected: string): AppError {
  const message = `Invalid value for ${name}: expected ${expected}.`;
  return new AppError('bad_request', message, { parameter: name });
}
