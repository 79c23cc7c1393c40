import type { Card, CardValue } from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import { splitFitsName } from '../lib/paths.js';
import { parseInstant } from '../lib/time.js';

/**
 * What a template may be filled with. A card tells more than its bare value: JavaScript has one kind
 * of number, but `30.0` and `30` are written differently.
 */
export type TemplateValue = CardValue | Pick<Card, 'kind' | 'value'> | undefined;

/** Value for a header key; undefined if there is none. Keys of FITS are the same in any case. */
export type TemplateLookup = (key: string) => TemplateValue;

const PLACEHOLDER = /\{([\w-]+)(?:\|([\w-]+)(?::([\w-]*))?)?\}/g;
const PRINTF = /^([-0]*)(\d*)([diuoxXeEfFgGs])$/;
/** A date or instant in the forms the archive contract knows; zones other than Z are refused there. */
const TEMPLATE_INSTANT = /^\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+Z?)?$/;
/** Types of exposure whose names carry the filter (contract: light, object, flat; not sky flats). */
const TYPES_WITH_FILTER = new Set(['light', 'object', 'flat']);
const CONTROL = /\p{Cc}/u;
/** Marks that are not seen, turn the direction of writing or end a line, and halves of characters. */
const INVISIBLE = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** Names of devices, with any extension: files that Windows, and disks shared with it, do not keep. */
const DEVICE = /^(?:con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$) *(?:\.|$)/i;

const MAX_NAME_BYTES = 200;
const MAX_FOLDER_PART_BYTES = 255;
/** Paths of all systems, with the root and the name, are longer than this. */
const MAX_FOLDER_BYTES = 1024;
const MAX_FOLDER_PARTS = 32;

interface Slot {
  readonly key: string;
  readonly argument: string | undefined;
  readonly lookup: TemplateLookup;
}

const FUNCTIONS: Readonly<Record<string, (slot: Slot) => string>> = {
  lower: ({ key, argument, lookup }) => {
    if (argument !== undefined) throw badTemplate(`lower takes no argument, got '${argument}'`);
    return needText(lookup, key).toLowerCase();
  },
  time: ({ key, argument, lookup }) => {
    const time = needInstant(lookup, key).slice(11, 19);
    return time.replaceAll(':', () => argument ?? '-');
  },
  date: ({ key, argument, lookup }) => {
    const date = needInstant(lookup, key).slice(0, 10);
    return date.replaceAll('-', () => argument ?? '-');
  },
  filter: ({ key, argument, lookup }) => {
    if (argument === '') throw badTemplate('filter needs a keyword after the colon');
    const type = needText(lookup, argument ?? 'IMAGETYP').toLowerCase();
    // The filter is not looked at for a bias or a dark, which may lack it.
    return TYPES_WITH_FILTER.has(type) ? `_${needText(lookup, key)}` : '';
  },
  string: ({ key, argument, lookup }) => formatPrintf(argument ?? '', key, need(lookup, key)),
};

/**
 * Fills a path or file name template from header values: `{KEY}`, `{KEY|func}`, `{KEY|func:arg}` with
 * the functions lower, time, date, filter and string (printf style). Text in braces that is not a
 * placeholder stays. Values are not looked through again for placeholders.
 *
 * @param lookup asked for each key; falls back to configured defaults where the caller wants that
 * @throws 'header_missing' or 'header_invalid' naming the key; 'config_invalid' if the template
 *         itself cannot work: an unknown function or a bad argument
 */
export function formatTemplate(template: string, lookup: TemplateLookup): string {
  return template.replace(
    PLACEHOLDER,
    (_all, key: string, name: string | undefined, argument: string | undefined) => {
      if (name === undefined) return toText(key, need(lookup, key));
      const format = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
      if (format === undefined) throw badTemplate(`there is no function '${name}'`);
      return format({ key, argument, lookup });
    },
  );
}

/** A value with what is known of how the header wrote it. */
interface Found {
  readonly value: Exclude<CardValue, null>;
  readonly isFloat: boolean;
}

function need(lookup: TemplateLookup, key: string): Found {
  const found = lookup(key);
  if (found === undefined) throw missing(key);
  const isBare = found === null || typeof found !== 'object' || !('kind' in found);
  const value = isBare ? found : found.value;
  if (value === null) throw invalid(key, 'has no value');
  const isFraction = typeof value === 'number' && !Number.isInteger(value);
  return { value, isFloat: isBare ? isFraction : found.kind === 'float' || isFraction };
}

function needText(lookup: TemplateLookup, key: string): string {
  const { value } = need(lookup, key);
  if (typeof value !== 'string') throw invalid(key, 'is not text');
  return value.trimEnd();
}

/** The instant as `YYYY-MM-DDTHH:MM:SS…`; fractions are cut, not rounded. */
function needInstant(lookup: TemplateLookup, key: string): string {
  const text = needText(lookup, key).trim();
  const ms = TEMPLATE_INSTANT.test(text) ? parseInstant(text) : undefined;
  if (ms === undefined) throw invalid(key, `is not a date: '${text}'`);
  return new Date(ms).toISOString();
}

function toText(key: string, { value, isFloat }: Found): string {
  if (typeof value === 'string') return value.trimEnd();
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw invalid(key, 'has a value that cannot stand in a name');
  }
  return isFloat && Number.isInteger(value) && Math.abs(value) < 1e16
    ? value.toFixed(1)
    : String(value);
}

function formatPrintf(format: string, key: string, found: Found): string {
  const match = PRINTF.exec(format);
  if (match === null) throw badTemplate(`'${format}' is not a format such as 04d`);
  const [, flags = '', width = '', letter = ''] = match;
  const text = letter === 's' ? toText(key, found) : formatNumber(letter, key, found);
  const size = Number(width);
  if (size > MAX_NAME_BYTES) throw badTemplate(`the width in '${format}' is too large`);
  if (flags.includes('-')) return text.padEnd(size);
  if (!flags.includes('0') || letter === 's') return text.padStart(size);
  const sign = text.startsWith('-') ? '-' : '';
  return sign + text.slice(sign.length).padStart(size - sign.length, '0');
}

function formatNumber(letter: string, key: string, { value, isFloat }: Found): string {
  if (typeof value === 'string' || typeof value === 'object') throw invalid(key, 'is not a number');
  if (typeof value === 'number' && !Number.isFinite(value)) throw invalid(key, 'is not finite');
  const number = Number(value);
  switch (letter) {
    case 'e':
    case 'E':
      return withCase(letter, number.toExponential(6).replace(/e([+-])(\d)$/, 'e$10$2'));
    case 'f':
    case 'F':
      return number.toFixed(6);
    case 'g':
    case 'G':
      return withCase(letter, formatGeneral(number));
    case 'd':
    case 'i':
    case 'u':
      return typeof value === 'bigint' ? String(value) : String(BigInt(Math.trunc(number)));
    default:
      if (isFloat) throw invalid(key, `is not an integer, which %${letter} needs`);
      return withCase(letter, BigInt(value).toString(letter === 'o' ? 8 : 16));
  }
}

/** C's %g: six significant digits, without zeros at the end. */
function formatGeneral(number: number): string {
  const [digits = '', exponentText = '0'] = number.toExponential(5).split('e');
  const exponent = Number(exponentText);
  if (number === 0) return '0';
  if (exponent >= -4 && exponent < 6) return String(Number(number.toPrecision(6)));
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${String(Number(digits))}e${exponent < 0 ? '-' : '+'}${power}`;
}

function withCase(letter: string, text: string): string {
  return letter === letter.toUpperCase() ? text.toUpperCase() : text;
}

/** What the bytes are wrapped in; decides the extension of a file that came without one. */
export type Container = 'plain' | 'gzip' | 'bzip2' | 'compress' | 'zip' | 'tiles' | 'xisf';

const CONTAINER_EXTENSIONS: Readonly<Record<Container, string>> = {
  plain: '.fits',
  gzip: '.fits.gz',
  bzip2: '.fits.bz2',
  compress: '.fits.Z',
  zip: '.fits.zip',
  tiles: '.fits.fz',
  xisf: '.xisf',
};

export interface PlaceRequest {
  /** PATH_FORMATTER, such as `{SITEID}/{DAY-OBS}/`. */
  readonly pathTemplate: string;
  /** FILENAME_FORMATTER; '' to take the name from `fname` or `uploadName`. */
  readonly filenameTemplate: string;
  readonly lookup: TemplateLookup;
  /** Name the file was uploaded under; may have folders. */
  readonly uploadName?: string | undefined;
  /** Header FNAME. */
  readonly fname?: string | undefined;
  readonly container?: Container | undefined;
}

/** Where a file belongs: `<folder>/<basename><extension>` below the root of the archive. */
export interface FilePlace {
  /** Parts joined by `/`, none of them empty, `.` or `..`; '' for the root itself. */
  readonly folder: string;
  readonly basename: string;
  /** With its leading dot: `.fits`, `.fits.fz`, as uploaded. */
  readonly extension: string;
}

/**
 * Works out folder, name and extension of a file. The name comes from the template, else from FNAME
 * without its folder, else from the uploaded name; known FITS extensions at its end are cut off.
 *
 * @throws 'path_escapes' if the folder would leave the root; 'header_missing', 'header_invalid' naming
 *         the key, the name or the folder; 'config_invalid' for a template that cannot work
 */
export function filePlace(request: PlaceRequest): FilePlace {
  const folder = placeFolder(formatTemplate(request.pathTemplate, request.lookup));
  // The same letters may be written in several ways: `é` must not be two frames. Unicode NFC.
  const basename = splitFitsName(placeName(request)).basename.normalize('NFC');
  checkBasename(basename);
  const uploaded = splitFitsName(lastPart(request.uploadName ?? '')).extension;
  const extension = uploaded || CONTAINER_EXTENSIONS[request.container ?? 'plain'];
  if (Buffer.byteLength(basename + extension) > MAX_NAME_BYTES) {
    throw new AppError('header_invalid', `File name is too long: '${basename}${extension}'`);
  }
  return { folder, basename, extension };
}

function placeFolder(formatted: string): string {
  const parts = formatted.split('/');
  const isForeign = formatted.startsWith('/') || formatted.includes('\\');
  if (isForeign || CONTROL.test(formatted) || parts.includes('..')) {
    throw new AppError('path_escapes', `Formatted path escapes ARCHIVE_ROOT: '${formatted}'`);
  }
  const kept = parts
    .filter((part) => part !== '' && part !== '.')
    .map((part) => part.normalize('NFC'));
  for (const part of kept) checkFolderPart(part);
  const folder = kept.join('/');
  if (kept.length > MAX_FOLDER_PARTS || Buffer.byteLength(folder) > MAX_FOLDER_BYTES) {
    throw badFolder('is too long', folder.slice(0, MAX_FOLDER_PART_BYTES));
  }
  return folder;
}

function checkFolderPart(part: string): void {
  if (Buffer.byteLength(part) > MAX_FOLDER_PART_BYTES) throw badFolder('is too long', part);
  // Hidden folders are of the archive itself, and of programs that look for their settings.
  if (part.startsWith('.')) throw badFolder('begins with a dot', part);
  if (/[. ]$/.test(part)) throw badFolder('ends with a dot or a blank', part);
  const problem = oddName(part);
  if (problem !== undefined) throw badFolder(problem, part);
}

function badFolder(problem: string, part: string): AppError {
  return new AppError('header_invalid', `Folder name ${problem}: '${part}'`);
}

/** What some system could not keep of a name, or take for another one; undefined if there is nothing. */
function oddName(name: string): string | undefined {
  if (INVISIBLE.test(name)) return 'has invisible characters';
  if (DEVICE.test(name)) return 'is that of a device';
  return undefined;
}

function placeName(request: PlaceRequest): string {
  if (request.filenameTemplate !== '') {
    return formatTemplate(request.filenameTemplate, request.lookup).trim();
  }
  const fname = request.fname?.trim() ?? '';
  if (fname !== '') return fname.slice(fname.lastIndexOf('/') + 1);
  return lastPart(request.uploadName ?? '');
}

/** The part after the last separator; browsers on Windows used to send whole paths. */
function lastPart(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1).trim();
}

function checkBasename(basename: string): void {
  // A name that is nothing but an extension has no basename.
  const isEmpty = basename === '' || splitFitsName(`x${basename}`).basename === 'x';
  const isDots = basename === '.' || basename === '..';
  if (isEmpty || isDots || /[/\\]/.test(basename) || CONTROL.test(basename)) {
    const message = `Invalid filename derived from FITS header: '${basename}'`;
    throw new AppError('header_invalid', message, { basename });
  }
  const problem = basename.startsWith('.') ? 'begins with a dot' : oddName(basename);
  if (problem !== undefined) {
    throw new AppError('header_invalid', `File name ${problem}: '${basename}'`, { basename });
  }
}

/** Store key of a version: `<folder>/<basename><ext>` for the first, then `<basename>~2<ext>` and so on. */
export function versionKey(
  folder: string,
  basename: string,
  extension: string,
  version: number,
): string {
  const name = `${basename}${version > 1 ? `~${version}` : ''}${extension}`;
  return folder === '' ? name : `${folder}/${name}`;
}

/**
 * What is appended to a basename that another exposure already has: `-20260301T200000.123`, always
 * with milliseconds, so that two exposures never get the same text. `-undated` without a date.
 */
export function exposureSuffix(dateObsMs: number | null): string {
  if (dateObsMs === null) return '-undated';
  const iso = new Date(dateObsMs).toISOString();
  return `-${iso.replace(/[-:]/g, '').replace('Z', '')}`;
}

function missing(key: string): AppError {
  return new AppError('header_missing', `Could not find ${key} in FITS header.`, { keyword: key });
}

function invalid(key: string, why: string): AppError {
  return new AppError('header_invalid', `FITS header ${key} ${why}`, { keyword: key });
}

function badTemplate(why: string): AppError {
  return new AppError('config_invalid', `Path or file name template: ${why}`);
}
