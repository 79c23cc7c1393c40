import type { KnownBytes } from '../catalog/index.js';
import type { AppError, ErrorCode } from '../lib/errors.js';
import type { Spooled } from './spool.js';
import type { Target } from './target.js';

/** What became of one uploaded file. */
export interface IngestResult {
  /** Name under which it was uploaded. */
  readonly name: string;
  readonly basename: string | null;
  readonly id: number | null;
  readonly version: number | null;
  /**
   * `stored`: a new frame; `new-version`: other bytes of a known exposure; `already-there`: the
   * same bytes again, nothing changed; `refused`: not stored, see `error`; `failed`: not stored by no
   * fault of the file, so worth sending again.
   */
  readonly status: 'stored' | 'new-version' | 'already-there' | 'refused' | 'failed';
  readonly error: string | null;
  readonly code: ErrorCode | null;
  readonly warnings: readonly string[];
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** The result for a file that is not in the archive now. */
export function notStored(
  file: Pick<Spooled, 'uploadName' | 'sha256' | 'sizeBytes'>,
  status: 'refused' | 'failed',
  { message, code }: AppError,
): IngestResult {
  return {
    ...aboutFile(file),
    basename: null,
    id: null,
    version: null,
    status,
    error: message,
    code,
    warnings: [],
  };
}

function aboutFile(file: Parameters<typeof notStored>[0]) {
  return { name: file.uploadName, sha256: file.sha256, sizeBytes: file.sizeBytes };
}

/** The result for a new frame or version. */
export function stored(
  file: Spooled,
  target: Target,
  id: number,
  warnings: readonly string[],
): IngestResult {
  return {
    ...aboutFile(file),
    basename: target.basename,
    id,
    version: target.number,
    status: target.frameId === undefined ? 'stored' : 'new-version',
    error: null,
    code: null,
    warnings: [...target.warnings, ...warnings],
  };
}

/** The answer for bytes that are known. It is an acknowledgement: the stored file was looked at. */
export function alreadyThere(file: Spooled, known: KnownBytes): IngestResult {
  const isCurrent = known.version === known.currentVersion;
  const told = `These bytes are version ${known.version}; version ${known.currentVersion} is the current one.`;
  return {
    ...aboutFile(file),
    basename: known.basename,
    id: known.frameId,
    version: known.version,
    status: 'already-there',
    error: null,
    code: null,
    warnings: isCurrent ? [] : [told],
  };
}
