import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  findBySha256,
  findNamesake,
  hasKey,
  insertEvent,
  insertFrame,
  insertJob,
  inTransaction,
  uniqueViolation,
  type Catalog,
  type FrameFacts,
  type Namesake,
  type NewFrame,
  type Viewer,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError, hasCode, type ErrorCode } from '../lib/errors.js';
import { createLimiter } from '../lib/pool.js';
import type { Store } from '../store/index.js';
import { hashFile } from './compare.js';
import { inspect } from './inspect.js';
import { mapHeader } from './mapping.js';
import { exposureSuffix, versionKey, type FilePlace } from './naming.js';
import { placeFile, siteDefaults } from './place.js';
import type { Profile } from './profiles.js';
import { createQuarantine } from './quarantine.js';
import { removeFrame } from './remove.js';
import { spoolStream, type Spooled } from './spool.js';

/** What became of one uploaded file. */
export interface IngestResult {
  /** Name under which it was uploaded. */
  readonly name: string;
  readonly basename: string | null;
  readonly id: number | null;
  readonly version: number | null;
  /**
   * `stored`: a new frame; `new-version`: other bytes of a known exposure; `already-there`: the
   * same bytes again, nothing changed; `refused`: not stored, see `error`.
   */
  readonly status: 'stored' | 'new-version' | 'already-there' | 'refused';
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
  /** Removes a frame with all its versions. @throws 'not_found' */
  remove(frameId: number, viewer: Viewer): Promise<void>;
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

/** A race for a name, lost to another process, is decided anew this often. */
const MAX_TRIES = 5;

export function createIngest(parts: IngestParts): Ingest {
  const { store } = parts;
  const quarantine = createQuarantine(parts);
  // From choosing a name to its row being committed, one at a time: two uploads of one name must
  // not choose the same place. Receiving, hashing and parsing are long done by then.
  const oneAtATime = createLimiter(1);
  let receiving = 0;

  return {
    isReceiving: () => receiving > 0,

    async spool(stream, name) {
      receiving += 1;
      try {
        return await spoolStream(stream, store.spoolDir, name);
      } finally {
        receiving -= 1;
      }
    },

    async store(file, uploadedBy) {
      try {
        const result = await storeFile(parts, oneAtATime, file, uploadedBy);
        parts.onStored();
        return result;
      } catch (error) {
        if (!(error instanceof AppError) || !REFUSALS.has(error.code)) throw error;
        await quarantine.keep(file, error, uploadedBy);
        return {
          ...aboutFile(file),
          basename: null,
          id: null,
          version: null,
          status: 'refused',
          error: error.message,
          code: error.code,
          warnings: [],
        };
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
  oneAtATime: ReturnType<typeof createLimiter>,
  file: Spooled,
  uploadedBy: number | null,
): Promise<IngestResult> {
  const { catalog, config, profiles, store } = parts;
  const known = await findBySha256(catalog.read, file.sha256);
  if (known !== undefined) return alreadyThere(file, known);

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
        if (twin !== undefined) return alreadyThere(file, twin);
        const lostRace = hasCode(error, 'key_exists') || uniqueViolation(error) !== undefined;
        if (!lostRace || attempt >= MAX_TRIES) throw error;
      }
    }
  });
}

/** Where an upload goes: a new frame, or the next version of one. */
interface Target {
  readonly basename: string;
  readonly key: string;
  readonly number: number;
  readonly frameId: number | undefined;
  /** Whether these very bytes lie under the key already, left by an upload that died halfway. */
  readonly isPut: boolean;
  readonly warnings: readonly string[];
}

/**
 * The same name is the same frame only for the same exposure: cameras that write `M31_001.fits`
 * every night are normal, and must not overwrite each other.
 */
async function chooseTarget(
  parts: IngestParts,
  place: FilePlace,
  facts: FrameFacts,
  file: Spooled,
): Promise<Target> {
  const warnings: string[] = [];
  let { basename } = place;
  let namesake = await findNamesake(parts.catalog.read, basename);
  if (namesake !== undefined && !isSameExposure(namesake, facts)) {
    warnings.push(
      `Another exposure is called '${basename}' already, so the time was added to the name.`,
    );
    ({ basename, namesake } = await findOwnName(parts.catalog, place.basename, facts));
  }
  const number = (namesake?.versions ?? 0) + 1;
  const where = await freeKey(parts, { ...place, basename }, number, file);
  return { basename, ...where, number, frameId: namesake?.id, warnings };
}

/** `name-<time>`, then `name-<time>-2` and so on, until one is free or means this exposure. */
async function findOwnName(
  catalog: Catalog,
  name: string,
  facts: FrameFacts,
): Promise<{ basename: string; namesake: Namesake | undefined }> {
  const stem = `${name}${exposureSuffix(facts.dateObsMs)}`;
  for (let count = 1; ; count += 1) {
    const basename = count === 1 ? stem : `${stem}-${count}`;
    const namesake = await findNamesake(catalog.read, basename);
    if (namesake === undefined || isSameExposure(namesake, facts)) return { basename, namesake };
  }
}

function isSameExposure(namesake: Namesake, facts: FrameFacts): boolean {
  return namesake.instrument === facts.instrument && namesake.dateObsMs === facts.dateObsMs;
}

/**
 * The first key that neither a row nor a file holds. A file without a row is what a crash between
 * file and row leaves: if it holds these very bytes it is taken over, else it is left in peace.
 */
async function freeKey(
  { catalog, store }: IngestParts,
  place: FilePlace,
  number: number,
  file: Spooled,
): Promise<{ key: string; isPut: boolean }> {
  for (let suffix = number; ; suffix += 1) {
    const key = versionKey(place.folder, place.basename, place.extension, suffix);
    if (await hasKey(catalog, key)) continue;
    const found = await store.stat(key);
    if (found === undefined) return { key, isPut: false };
    const isTwin =
      found.sizeBytes === file.sizeBytes && (await hashFile(store, key)) === file.sha256;
    if (isTwin) return { key, isPut: true };
  }
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

function alreadyThere(
  file: Spooled,
  known: { frameId: number; basename: string; version: number },
): IngestResult {
  return {
    ...aboutFile(file),
    basename: known.basename,
    id: known.frameId,
    version: known.version,
    status: 'already-there',
    error: null,
    code: null,
    warnings: [],
  };
}
