import { copyFile, link, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  changeFingerprint,
  findBySha256,
  hasKey,
  insertEvent,
  insertFrame,
  insertJob,
  inTransaction,
  uniqueViolation,
  type Actor,
  type Catalog,
  type FrameFacts,
  type KnownBytes,
  type NewFrame,
  type Viewer,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError, hasCode, type ErrorCode } from '../lib/errors.js';
import { createLimiter, type Limiter } from '../lib/pool.js';
import type { Store } from '../store/index.js';
import { inspect, sourceLimits, type Inspected, type SurveyPool } from './inspect.js';
import { mapHeader } from './mapping.js';
import { asItCame, pack, type Kept, type PackPool } from './pack.js';
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
   *
   * @param turn waited for before it is stored: the files of one request get their ids in order
   */
  store(file: Spooled, by: Actor, turn?: Promise<unknown>): Promise<IngestResult>;
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
  readonly pool: SurveyPool & PackPool;
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

    async store(file, by, turn) {
      try {
        const next: Limiter = async (work) => {
          await turn;
          return oneAtATime(work);
        };
        const result = await storeFile(parts, next, file, by);
        parts.onStored();
        return result;
      } catch (error) {
        if (!(error instanceof AppError) || !REFUSALS.has(error.code)) throw error;
        await quarantine.keep(file, error, by);
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
  by: Actor,
): Promise<IngestResult> {
  const { catalog, config, pool, profiles, store } = parts;
  const known = await findBySha256(catalog.read, file.sha256);
  if (known !== undefined && (await isIntact(store, known))) return alreadyThere(file, known);

  const limits = sourceLimits(config, store);
  const inspected = await inspect(file, limits, pool);
  const { hdus, lookups, keywords } = inspected;
  const facts = mapHeader(hdus, profiles, siteDefaults(config), lookups, keywords);
  // A file that goes back to its place is packed if it was, whatever the setting is now.
  const isPacking = known?.isPacked ?? config.COMPRESS === 'rice';
  const kept = isPacking
    ? await pack(file, inspected, { limits, pool })
    : asItCame(file, inspected);
  try {
    if (known !== undefined) return await putBack(parts, file, kept, known);
    return await storeKept(parts, oneAtATime, { file, kept, inspected, facts, by });
  } finally {
    if (kept.path !== file.path) await rm(kept.path, { force: true });
  }
}

/** One upload on its way into the archive. */
interface Upload {
  readonly file: Spooled;
  readonly kept: Kept;
  readonly inspected: Inspected;
  readonly facts: FrameFacts;
  readonly by: Actor;
}

/** Name → put → one transaction, anew if another process was quicker. */
async function storeKept(
  parts: IngestParts,
  oneAtATime: Limiter,
  upload: Upload,
): Promise<IngestResult> {
  const { catalog, config } = parts;
  const { file, inspected, facts } = upload;
  const asUploaded = placeFile(config, file, inspected, facts);
  return oneAtATime(async () => {
    for (let attempt = 1; ; attempt += 1) {
      const kept = await chooseKept(catalog, upload);
      const packing = kept.original === null ? '' : '.fz';
      const place = { ...asUploaded, extension: asUploaded.extension + packing };
      const target = await chooseTarget(parts, place, facts, kept);
      try {
        const frame = toNewFrame(upload, kept, target, place.extension);
        const id = await putAndRecord(parts, kept, frame, target);
        return stored(file, target, id, [...facts.warnings, ...kept.warnings]);
      } catch (error) {
        const twin = await findBySha256(catalog.read, file.sha256);
        if (twin !== undefined) return alreadyThere(file, twin);
        const lostRace = hasCode(error, 'key_exists') || uniqueViolation(error) !== undefined;
        if (!lostRace || attempt >= MAX_TRIES) throw error;
      }
    }
  });
}

/**
 * The packed bytes, unless they are in the archive already: two files that differ only in what fills
 * them up to whole blocks are packed into the same bytes, from which only one of them comes back
 * exactly. The other one is stored as it came.
 */
async function chooseKept(catalog: Catalog, { file, kept, inspected }: Upload): Promise<Kept> {
  if (kept.original === null) return kept;
  const twin = await findBySha256(catalog.read, kept.sha256);
  if (twin === undefined) return kept;
  const told = `Stored without compression: compressed, it would be the same file as version ${twin.version} of '${twin.basename}', which was made from other bytes.`;
  return asItCame(file, inspected, [...kept.warnings, told]);
}

function toNewFrame(
  { file, inspected, facts, by }: Upload,
  kept: Kept,
  { basename, key }: Target,
  extension: string,
): NewFrame {
  const { container, sizeBytes, sha256, md5, crc32, original } = kept;
  const sums = { sizeBytes, sha256, md5, crc32 };
  const { uploadName } = file;
  return {
    basename,
    facts,
    version: { key, extension, container, ...sums, original, uploadName, uploadedBy: by.userId },
    hdus: inspected.stored,
  };
}

/** File first, row second: a crash in between leaves a file without a row, never a row without one. */
async function putAndRecord(
  { catalog, store }: IngestParts,
  kept: Kept,
  frame: NewFrame,
  target: Target,
): Promise<number> {
  if (!target.isPut) await store.put(target.key, kept.path);
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
        sha256: kept.sha256,
      });
      return frameId;
    });
  } catch (error) {
    // Unless the commit went through after all, or another process has recorded the same bytes.
    if (!(await hasKey(catalog, target.key))) {
      if (!target.isPut) await takeBack(store, target.key, kept.path);
      await store.remove(target.key);
    }
    throw error;
  }
}

/** Makes a file that was put a spooled one again, so that it can be put elsewhere. */
async function takeBack(store: Store, key: string, spooledPath: string): Promise<void> {
  const path = await store.localPath(key);
  // Not every file system knows links.
  await link(path, spooledPath).catch(() => copyFile(path, spooledPath));
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

/** Whether the file of known bytes lies where it should, with the length it should have. */
async function isIntact(store: Store, { key, sizeBytes }: KnownBytes): Promise<boolean> {
  return (await store.stat(key))?.sizeBytes === sizeBytes;
}

/**
 * Puts known bytes in the place of a file that has gone or lost its end. Bytes that were packed may come
 * out otherwise than before, by another version of the program: then that is written down.
 *
 * @throws 'damaged' if the stored file cannot be made again
 */
async function putBack(
  { catalog, store }: IngestParts,
  file: Spooled,
  kept: Kept,
  known: KnownBytes,
): Promise<IngestResult> {
  const isSame = kept.sha256 === known.sha256;
  if (!isSame && (!known.isPacked || kept.original === null)) {
    const message = `The stored file is damaged and cannot be made from this one: ${known.basename}`;
    throw new AppError('damaged', message);
  }
  const twin = isSame ? undefined : await findBySha256(catalog.read, kept.sha256);
  if (twin !== undefined) {
    const message = `The stored file is damaged, and what would take its place is stored as ${twin.basename}.`;
    throw new AppError('damaged', message);
  }
  await store.remove(known.key);
  await store.put(known.key, kept.path);
  if (!isSame) {
    await inTransaction(catalog, (tx) => changeFingerprint(tx, known.versionId, kept));
  }
  const { warnings, ...result } = alreadyThere(file, known);
  const told = 'The stored file was missing or damaged, and has been put back.';
  return { ...result, warnings: [told, ...warnings] };
}

/** The answer for bytes that are known. It is an acknowledgement: the stored file was looked at. */
function alreadyThere(file: Spooled, known: KnownBytes): IngestResult {
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
