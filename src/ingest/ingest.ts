import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  findBySha256,
  hasKey,
  insertEvent,
  insertFrame,
  insertJob,
  inTransaction,
  uniqueViolation,
  type Catalog,
  type KnownBytes,
  type NewFrame,
  type Viewer,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError, hasCode, type ErrorCode } from '../lib/errors.js';
import { createLimiter, type Limiter } from '../lib/pool.js';
import type { Store } from '../store/index.js';
import { inspect } from './inspect.js';
import { mapHeader } from './mapping.js';
import { placeFile, siteDefaults } from './place.js';
import type { Profile } from './profiles.js';
import { createQuarantine } from './quarantine.js';
import { removeFrame } from './remove.js';
import { spoolStream, type Spooled } from './spool.js';
import { chooseTarget, type Target } from './target.js';

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

export interface Ingest {
  /** True while a file is being received: work that can wait should. */
  isReceiving(): boolean;
  /** Receives the bytes of one file. The caller discards what it does not hand to `store`. */
  spool(stream: Readable, name: string): Promise<Spooled>;
  /**
   * Judges and stores one spooled file, which is gone afterwards. Refusals are results; trouble of
   * ours (disk, database) is thrown, and worth a retry.
   */
  store(file: Spooled, uploadedBy: number | null): Promise<IngestResult>;
  /** Removes spooled files that were not stored. */
  discard(files: readonly Spooled[]): Promise<void>;
  /**
   * Removes a frame with all its versions.
   * @returns keys of files that could not be removed; no frame refers to them any more
   * @throws 'not_found'
   */
  remove(frameId: number, viewer: Viewer): Promise<string[]>;
}

export interface IngestParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly config: Config;
  readonly profiles: readonly Profile[];
  /** Called after a frame has been committed: there is a job to do. */
  readonly onStored: () => void;
}

/** Codes that are the file's fault: it is refused and kept in quarantine. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'fits_invalid',
  'fits_truncated',
  'fits_unsupported',
  'too_large',
  'header_missing',
  'header_invalid',
  'path_escapes',
]);

/** Without a byte for this long, nothing is being received: a client that stalls holds up no one. */
const RECEIVING_MS = 500;

/** Longest wait for one's turn to be stored; clients give up after 30 s. */
const MAX_WAIT_MS = 20_000;

/** A race for a name, lost to another process, is decided anew this often. */
const MAX_TRIES = 5;

export function createIngest(parts: IngestParts): Ingest {
  const { store } = parts;
  const quarantine = createQuarantine(parts);
  // From choosing a name to its row being committed, one at a time: two uploads of one name must
  // not choose the same place. Receiving, hashing and parsing are long done by then.
  const oneAtATime = createLimiter(1, { waitMs: MAX_WAIT_MS, waiting: 10_000 });
  let lastByteMs = 0;

  return {
    isReceiving: () => Date.now() - lastByteMs < RECEIVING_MS,

    spool: (stream, name) =>
      spoolStream(stream, store.spoolDir, name, () => {
        lastByteMs = Date.now();
      }),

    async store(file, uploadedBy) {
      try {
        const result = await storeFile(parts, oneAtATime, file, uploadedBy);
        parts.onStored();
        return result;
      } catch (error) {
        if (!(error instanceof AppError) || !REFUSALS.has(error.code)) throw error;
        await quarantine.keep(file, error, uploadedBy);
        return notStored(file, 'refused', error);
      } finally {
        await rm(file.path, { force: true });
      }
    },

    async discard(files) {
      for (const file of files) await rm(file.path, { force: true });
    },

    remove: (frameId, viewer) => removeFrame(parts, frameId, viewer),
  };
}

/** The pipeline: known bytes? → parse → map → name → put → one transaction. */
async function storeFile(
  parts: IngestParts,
  oneAtATime: Limiter,
  file: Spooled,
  uploadedBy: number | null,
): Promise<IngestResult> {
  const { catalog, config, profiles, store } = parts;
  const known = await findBySha256(catalog.read, file.sha256);
  if (known !== undefined) return alreadyThere(parts, file, known);

  const inspected = await inspect(file, config.MAX_EXPANDED_BYTES, store.spoolDir);
  const facts = mapHeader(inspected.hdus, profiles, siteDefaults(config));
  const place = placeFile(config, file, inspected, facts);

  return oneAtATime(async () => {
    for (let attempt = 1; ; attempt += 1) {
      const target = await chooseTarget(parts, place, facts, file);
      const frame: NewFrame = {
        basename: target.basename,
        facts,
        version: {
          key: target.key,
          extension: place.extension,
          container: inspected.container,
          sizeBytes: file.sizeBytes,
          sha256: file.sha256,
          md5: file.md5,
          crc32: file.crc32,
          uploadName: file.uploadName,
          uploadedBy,
        },
        hdus: inspected.stored,
      };
      try {
        const id = await putAndRecord(parts, file, frame, target);
        return stored(file, target, id, facts.warnings);
      } catch (error) {
        const twin = await findBySha256(catalog.read, file.sha256);
        if (twin !== undefined) return alreadyThere(parts, file, twin);
        const lostRace = hasCode(error, 'key_exists') || uniqueViolation(error) !== undefined;
        if (!lostRace || attempt >= MAX_TRIES) throw error;
      }
    }
  });
}

/** File first, row second: a crash in between leaves a file without a row, never a row without one. */
async function putAndRecord(
  { catalog, store }: IngestParts,
  file: Spooled,
  frame: NewFrame,
  target: Target,
): Promise<number> {
  if (!target.isPut) await store.put(target.key, file.path);
  try {
    return await inTransaction(catalog, async (tx) => {
      const of =
        target.frameId === undefined
          ? undefined
          : { frameId: target.frameId, number: target.number };
      const { frameId, versionId } = await insertFrame(tx, frame, of);
      await insertJob(tx, 'preview', { frameId, versionId });
      await insertEvent(tx, 'frame.stored', {
        frameId,
        version: target.number,
        sha256: file.sha256,
      });
      return frameId;
    });
  } catch (error) {
    // Unless the commit went through after all, or another process has recorded the same bytes.
    if (!(await hasKey(catalog, target.key))) await store.remove(target.key);
    throw error;
  }
}

/** The result for a file that is not in the archive now. */
export function notStored(
  file: Spooled,
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

function aboutFile(file: Spooled) {
  return { name: file.uploadName, sha256: file.sha256, sizeBytes: file.sizeBytes };
}

function stored(
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

/**
 * The answer for bytes that are known. It is an acknowledgement, so the stored file is looked at
 * first: if it has gone or lost its end, these bytes take its place.
 */
async function alreadyThere(
  { store }: IngestParts,
  file: Spooled,
  known: KnownBytes,
): Promise<IngestResult> {
  const warnings: string[] = [];
  const found = await store.stat(known.key);
  if (found?.sizeBytes !== file.sizeBytes) {
    if (found !== undefined) await store.remove(known.key);
    await store.put(known.key, file.path);
    warnings.push('The stored file was missing or damaged, and has been put back.');
  }
  if (known.version !== known.currentVersion) {
    warnings.push(
      `These bytes are version ${known.version}; version ${known.currentVersion} is the current one.`,
    );
  }
  return {
    ...aboutFile(file),
    basename: known.basename,
    id: known.frameId,
    version: known.version,
    status: 'already-there',
    error: null,
    code: null,
    warnings,
  };
}
