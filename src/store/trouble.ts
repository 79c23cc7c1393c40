import { AppError, hasCode, systemCode, type ErrorCode } from '../lib/errors.js';

/** What the errors of file systems mean; what is not here is "cannot be reached or written". */
const MEANING: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: ['store_full', 'The disk of the archive is full. The file was not stored.'],
  EDQUOT: ['store_full', 'The quota of the archive is used up. The file was not stored.'],
  EFBIG: ['too_large', 'The file is larger than the file system of the archive can hold.'],
  ENAMETOOLONG: ['header_invalid', 'The name made from the header is too long for a file.'],
  EILSEQ: ['header_invalid', 'The file system of the archive cannot hold this name.'],
  EROFS: ['store_unavailable', 'The disk of the archive can only be read (EROFS).'],
  EMFILE: ['busy', 'The archive has too many files open. Try again in a moment.'],
  ENFILE: ['busy', 'The machine has too many files open. Try again in a moment.'],
};

/** What an error of the file system means for a store; anything else comes back as it is. */
export function toStoreError(error: unknown): unknown {
  const code = systemCode(error);
  if (error instanceof AppError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  const [meaning, message] = MEANING[code] ?? [
    'store_unavailable',
    `The archive cannot be reached or written (${code}).`,
  ];
  return new AppError(meaning, message, {}, error);
}

/** Throws what `toStoreError` makes of an error. */
export function asStoreError(error: unknown): never {
  throw toStoreError(error);
}

/** True if an error says that there is nothing under a path. */
export function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || hasCode(error, 'not_found');
}

/** For `catch`: undefined where there is nothing, a store error for all else. */
export function asUndefined(error: unknown): undefined {
  if (isAbsent(error)) return undefined;
  return asStoreError(error);
}
