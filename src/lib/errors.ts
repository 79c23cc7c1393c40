/** Every expected failure of the program. Rooms know codes; `http/` and `cli/` map them outwards. */
export const ERROR_CODES = {
  bad_request: 'The request has a missing or unusable value.',
  unauthenticated: 'No, or no valid, credentials were given.',
  forbidden: 'The caller may not do this.',
  not_found: 'There is no such thing, or the caller may not see it.',
  gone: 'There was such a thing, and it has ended.',
  too_many: 'The same was asked for too often; it works again after the time in Retry-After.',
  method_not_allowed: 'The address exists, but not with this verb.',
  too_large: 'The body, file or selection is larger than the settings allow.',
  unsupported: 'The kind of file or request is not supported.',
  fits_invalid: 'The file is not FITS, or breaks the standard where nothing can be saved.',
  fits_truncated: 'The file ends before the data its headers announce.',
  fits_unsupported: 'The file is FITS, but of a kind that is not read.',
  header_missing: 'A keyword that is needed is missing from the header.',
  header_invalid: 'A keyword that is needed has a value that cannot be read.',
  path_escapes: 'A path made from header values would lead out of the archive.',
  damaged: 'A stored file is not what was stored.',
  key_exists: 'The store already has a file under this key.',
  store_full: 'The disk is full.',
  store_unavailable: 'The store cannot be reached or written.',
  busy: 'The archive is busy; the same request may succeed later.',
  config_invalid: 'The configuration has unknown or bad settings.',
  database_version: 'The database is older or newer than the program.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An expected failure: a code to act on, a sentence for people, and facts for programs. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    data: Record<string, unknown> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'AppError';
    this.code = code;
    this.data = data;
  }
}

/** True if `error` is an AppError with this code. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof AppError && error.code === code;
}

/** True if `error` says that somebody ended the work (`AbortSignal`), not that it went wrong. */
export function isAborted(error: unknown): boolean {
  return typeof error === 'object' && (error as { name?: unknown } | null)?.name === 'AbortError';
}

/**
 * The `code` of a Node system error such as `ENOSPC`. Undefined for what has none, and for an AbortError,
 * which has a code too: it says nothing of a file or a disk.
 */
export function systemCode(error: unknown): string | undefined {
  if (isAborted(error)) return undefined;
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
