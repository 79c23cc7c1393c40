import { join } from 'node:path';
import { AppError } from '../lib/errors.js';

/** Folders at the top of the tree that hold no frames: the spool, and what the archive keeps of itself. */
export const SPOOL_DIR = '.incoming';
export const STATE_DIR = '.platevault';

/** Linux: NAME_MAX, and PATH_MAX without its closing zero. */
const MAX_PART_BYTES = 255;
const MAX_PATH_BYTES = 4095;
/** Each folder costs a flush when it is made; no observatory files its frames deeper. */
const MAX_PARTS = 32;

/** Marks that make a name show as another one. */
const TRICKS = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff';
/** These, control characters, and halves of surrogate pairs. */
const UNFIT = new RegExp(`[\\p{Cc}\\p{Cs}${TRICKS}]`, 'gu');

/**
 * Path of the file that `key` names. Nothing in a key is put right: one that is not exactly the path
 * of a file below the root is refused.
 *
 * @param root absolute
 * @throws 'path_escapes'
 */
export function pathOfKey(root: string, key: string): string {
  const parts = key.split('/');
  const [first = ''] = parts;
  const leadsOut = parts.some((part) => part === '' || part === '.' || part === '..');
  if (leadsOut || isOwn(first) || key.includes('\0')) {
    throw new AppError('path_escapes', `Formatted path escapes ARCHIVE_ROOT: ${quote(key)}`);
  }
  return join(root, ...parts);
}

/**
 * Makes sure that a new file may be called `key`. What lies in the tree already may be called otherwise:
 * an archive that was taken over is served as it is.
 *
 * @throws 'header_invalid'
 */
export function requireFit(root: string, key: string): void {
  if (key.search(UNFIT) >= 0) {
    const message = `The path made from the header has characters in it that no path should have: ${quote(key)}`;
    throw new AppError('header_invalid', message);
  }
  const parts = key.split('/');
  const isLong = parts.some((part) => Buffer.byteLength(part) > MAX_PART_BYTES);
  if (isLong || parts.length > MAX_PARTS || Buffer.byteLength(join(root, key)) > MAX_PATH_BYTES) {
    const message = `The path made from the header is too long or too deep: ${quote(key)}`;
    throw new AppError('header_invalid', message);
  }
}

/**
 * True for the folders of the archive itself, also in the spellings that some file systems take for
 * the same name: other case, compatible characters, dots and blanks at the end.
 */
function isOwn(part: string): boolean {
  const name = part
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[. ]+$/, '');
  return name === SPOOL_DIR || name === STATE_DIR;
}

/** The key in quotes, with what cannot be shown written as escapes; cut where it is very long. */
function quote(key: string): string {
  const cut = key.length > 200 ? `${key.slice(0, 200)}…` : key;
  const escape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `'${cut.replace(UNFIT, escape)}'`;
}
