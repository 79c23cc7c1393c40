import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ARCHIVE,
  findBySha256,
  inTransaction,
  isQuarantined,
  noteRefusal,
  releaseQuarantined,
  toCatalogError,
  trimQuarantine,
  type Actor,
  type Catalog,
  type Refusal,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import { statFile } from '../lib/files.js';
import { moveFile, type Store } from '../store/index.js';
import { AS_IT_STANDS, isChosen, type Reading } from './overrides.js';
import { isInPlace } from './record.js';
import type { IngestResult } from './results.js';
import type { Spooled } from './spool.js';

/** Keeps refused uploads with their reason, within the bounds of the settings. */
export interface Quarantine {
  /** Takes the spooled file over if it is kept. Refusing must not fail: trouble here is no trouble. */
  keep(file: Spooled, reason: AppError, by: Actor, how: HowRead): Promise<void>;
  /**
   * Lets go of a file that is in the archive now.
   *
   * @throws 'store_unavailable' if what was stored is not in its place: then the file is kept
   */
  release(file: Spooled, result: IngestResult, by: Actor): Promise<void>;
}

/** How the headers of a refused file were read, and the night that they name. */
interface HowRead {
  readonly reading: Reading;
  readonly night: string | null;
}

interface QuarantineParts {
  readonly catalog: Catalog;
  readonly config: Config;
  readonly store: Store;
}

/** Where refused files lie, under the hash of their bytes. */
export function quarantinePath({ DATA_DIR }: Config, file = ''): string {
  return join(DATA_DIR, 'quarantine', file);
}

export function createQuarantine(parts: QuarantineParts): Quarantine {
  const { catalog, config } = parts;
  const { QUARANTINE_FILES, QUARANTINE_BYTES } = config;
  return {
    async keep(file, reason, by, how) {
      const { sizeBytes, sha256 } = file;
      const isKept = sizeBytes > 0 && sizeBytes <= QUARANTINE_BYTES && QUARANTINE_FILES > 0;
      const path = quarantinePath(config, sha256);
      let isNew = false;
      try {
        if (isKept) {
          isNew = !(await isQuarantined(catalog, sha256));
          await mkdir(quarantinePath(config), { recursive: true });
          await moveFile(file.path, path);
        }
        await noteRefusal(catalog, toRefusal(file, reason, by, how), by, isKept);
        const surplus = await trimQuarantine(catalog, QUARANTINE_FILES, QUARANTINE_BYTES);
        for (const name of surplus) await rm(quarantinePath(config, name), { force: true });
      } catch (error) {
        // A full disk or a busy catalogue must not turn "your file is bad" into "the archive is bad".
        if (systemCode(error) === undefined && toCatalogError(error) === undefined) throw error;
        if (isNew) await rm(path, { force: true });
      }
    },

    async release(file, { id }, by) {
      const { sha256 } = file;
      const path = quarantinePath(config, sha256);
      if ((await isThere(path)) && !(await isStored(parts, sha256))) {
        // It may be the last copy. The transaction that stored it has taken it off the list.
        const message = `What was stored of '${file.uploadName}' is not in its place. Try it again.`;
        const failure = new AppError('store_unavailable', message);
        await noteRefusal(catalog, toRefusal(file, failure, by, UNREAD), by, true);
        throw failure;
      }
      // The transaction that stored it has done so; bytes that were there already had none.
      if (id !== null && (await isQuarantined(catalog, sha256))) {
        await inTransaction(catalog, (tx) => releaseQuarantined(tx, sha256, id, by));
      }
      await rm(path, { force: true });
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
  return found !== undefined;
}

async function isStored({ catalog, store }: QuarantineParts, sha256: string): Promise<boolean> {
  const known = await findBySha256(catalog.read, sha256);
  return known !== undefined && (await isInPlace(store, known));
}

const UNREAD: HowRead = { reading: AS_IT_STANDS, night: null };

function toRefusal(
  file: Spooled,
  error: AppError,
  by: Actor,
  { reading, night }: HowRead,
): Refusal {
  const { uploadName, sizeBytes, sha256, uploadedBy = by.userId } = file;
  const { code, message } = error;
  const { keyword } = error.data;
  const { profile, why } = reading;
  const overrides = Object.fromEntries(reading.overrides);
  const attempt = { overrides, profile, ...(why === undefined ? {} : { why }) };
  return {
    uploadName,
    file: sha256,
    sizeBytes,
    sha256,
    code,
    reason: message,
    keyword: typeof keyword === 'string' ? keyword : null,
    night,
    uploadedBy,
    attempt: isChosen(reading) ? attempt : null,
    isRetry: file.uploadedBy !== undefined,
  };
}

/**
 * Puts right what a process that died has left: a file that was to be let go of is removed if what was
 * stored is in its place, one whose refusal was not written down is kept and told as such.
 *
 * @returns number of files that were out of order
 */
export async function sweepQuarantine(parts: QuarantineParts): Promise<number> {
  const { catalog, config } = parts;
  const names = await readdir(quarantinePath(config)).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  let count = 0;
  for (const name of names) {
    if (await isBrokenOff(quarantinePath(config, name))) {
      await rm(quarantinePath(config, name), { force: true });
      count += 1;
    }
    if (!/^[\da-f]{64}$/.test(name) || (await isQuarantined(catalog, name))) continue;
    count += 1;
    const path = quarantinePath(config, name);
    if (await isStored(parts, name)) await rm(path, { force: true });
    else await noteRefusal(catalog, forgotten(name, (await stat(path)).size), ARCHIVE, true);
  }
  return count;
}

/** Bytes that are copied from another disk lie under another name until all of them are there. */
const PART = /\.part$/;
/** A copy that goes on is written to all the time: another process may be making it. */
const STILL_MS = 60_000;

async function isBrokenOff(path: string): Promise<boolean> {
  if (!PART.test(path)) return false;
  const found = await statFile(path);
  return found !== undefined && Date.now() - found.mtimeMs > STILL_MS;
}

function forgotten(sha256: string, sizeBytes: number): Refusal {
  return {
    uploadName: `${sha256.slice(0, 12)}.fits`,
    file: sha256,
    sizeBytes,
    sha256,
    code: 'busy',
    reason: 'The archive stopped before the reason was written down. Try it again.',
    keyword: null,
    night: null,
    uploadedBy: null,
    attempt: null,
  };
}
