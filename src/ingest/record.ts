import { copyFile, link } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  changeFingerprint,
  findBySha256,
  hasKey,
  insertEvent,
  insertFrame,
  insertJob,
  inTransaction,
  recordChecks,
  recordDeed,
  touchOfNew,
  type Actor,
  type Catalog,
  type FrameFacts,
  type KnownBytes,
  type NewFrame,
  type Touch,
  type Transaction,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError, hasCode, systemCode } from '../lib/errors.js';
import { sha256Of } from '../lib/hash.js';
import { syncPath, type Store } from '../store/index.js';
import type { Inspected } from './inspect.js';
import type { Reading } from './overrides.js';
import type { Kept } from './pack.js';
import type { Profile } from './profiles.js';
import { alreadyThere, type IngestResult } from './results.js';
import { settle } from './settle.js';
import type { Spooled } from './spool.js';
import type { Step } from './steps.js';
import type { Target } from './target.js';

interface RecordParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly config: Config;
  readonly profiles: readonly Profile[];
  readonly at?: (step: Step) => void;
}

/** One upload on its way into the archive. */
export interface Upload {
  readonly file: Spooled;
  readonly kept: Kept;
  /** Its headers are as `reading` has them; what is kept of them is as they stand. */
  readonly inspected: Inspected;
  readonly facts: FrameFacts;
  readonly by: Actor;
  readonly reading: Reading;
}

/**
 * File first, row second: at no time is there a row without its file. Where it ends in between, the file
 * goes again, at the latest at the next start: it was written down before that it might.
 *
 * @param extension of the stored file
 * @returns the id of the frame
 * @throws 'key_exists', UNIQUE errors of the database; then another process was quicker
 */
export async function putAndRecord(
  parts: RecordParts,
  upload: Upload,
  target: Target,
  extension: string,
): Promise<number> {
  const { store, at } = parts;
  const { path, sha256 } = upload.kept;
  const { key } = target;
  if (target.isThere) {
    await flushStored(store, key);
    return record(parts, upload, target, extension);
  }
  const intent = await store.intend([{ key, path, sha256 }]);
  at?.('intended');
  try {
    await store.put(key, path);
  } catch (error) {
    await intent.done();
    throw error;
  }
  const frameId = await record(parts, upload, target, extension).catch(async (error: unknown) => {
    // Unless the commit went through after all. If not even that can be found out, or the file not
    // be removed, the intent stays, and the next start sees to it.
    if (!(await hasKey(parts.catalog, key))) await takeBack(store, key, path);
    await intent.done();
    throw error;
  });
  at?.('committed');
  await intent.done();
  at?.('settled');
  return frameId;
}

async function record(
  parts: RecordParts,
  upload: Upload,
  target: Target,
  extension: string,
): Promise<number> {
  const { catalog, at } = parts;
  const { sha256 } = upload.kept;
  const frame = toNewFrame(upload, target, extension);
  const { frameId: known, number, basename } = target;
  const work = async (tx: Transaction): Promise<{ frameId: number; touch: Touch | undefined }> => {
    const of = known === undefined ? undefined : { frameId: known, number };
    const { frameId, versionId } = await insertFrame(tx, frame, of);
    await settle(tx, parts, upload, frameId);
    await insertJob(tx, 'preview', { frameId, versionId });
    await insertEvent(tx, 'frame.stored', { frameId, version: number, sha256 });
    await recordDeed(tx, upload.by, {
      action: 'frame.stored',
      subject: `frame:${frameId}`,
      outcome: 'done',
      detail: { basename, version: number, sha256 },
    });
    at?.('recorded');
    // A further version may be of another night, or of another name of its target.
    const touch = of === undefined ? await touchOfNew(tx, frameId, basename) : undefined;
    return { frameId, touch };
  };
  const { frameId } = await inTransaction(catalog, work, ({ touch }) => touch);
  return frameId;
}

function toNewFrame(
  { file, inspected, facts, kept, by }: Upload,
  { basename, key }: Target,
  extension: string,
): NewFrame {
  const { container, sizeBytes, sha256, md5, crc32, original } = kept;
  const sums = { sizeBytes, sha256, md5, crc32 };
  const { uploadName, uploadedBy = by.userId } = file;
  return {
    basename,
    facts,
    version: { key, extension, container, ...sums, original, uploadName, uploadedBy },
    hdus: inspected.stored,
  };
}

/** Nobody knows whether a file that was found has ever been flushed. */
async function flushStored(store: Store, key: string): Promise<void> {
  const path = await store.localPath(key);
  await syncPath(path);
  await syncPath(dirname(path));
}

/** Makes a file that was put a spooled one again, so that it can be put elsewhere. */
async function takeBack(store: Store, key: string, spooledPath: string): Promise<void> {
  try {
    const path = await store.localPath(key);
    // Not every file system knows links.
    await link(path, spooledPath).catch(() => copyFile(path, spooledPath));
  } finally {
    await store.remove(key);
  }
}

/** Whether the file of known bytes lies where it should, with the length it should have. */
export async function isInPlace(store: Store, { key, sizeBytes }: KnownBytes): Promise<boolean> {
  return (await store.stat(key))?.sizeBytes === sizeBytes;
}

/** Whether it also holds these bytes still: all of them are read. */
export async function isIntact(store: Store, known: KnownBytes): Promise<boolean> {
  if (!(await isInPlace(store, known))) return false;
  try {
    return (await sha256Of(await store.read(known.key))) === known.sha256;
  } catch (error) {
    // Bytes that the disk cannot read any more are as good as others; or it has gone since.
    if (systemCode(error) === 'EIO' || hasCode(error, 'not_found')) return false;
    throw error;
  }
}

/**
 * Puts known bytes in the place of a file that has gone or changed. Bytes that were packed may come
 * out otherwise than before, by another version of the program: then that is written down.
 *
 * @throws 'damaged' if the stored file cannot be made again; 'forbidden' if it lies where the archive
 *         writes nothing
 */
export async function putBack(
  { catalog, store }: RecordParts,
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
  await store.replace(known.key, kept.path).catch((error: unknown) => {
    throw hasCode(error, 'forbidden') ? onlyByHand(error) : error;
  });
  if (!isSame) {
    await inTransaction(catalog, (tx) => changeFingerprint(tx, known.versionId, kept));
  }
  // What the audit found is no longer so.
  const check = { versionId: known.versionId, atMs: Date.now(), result: 'ok' } as const;
  await recordChecks(catalog, [check]);
  const { warnings, ...result } = alreadyThere(file, known);
  const told = 'The stored file was missing or damaged, and has been put back.';
  return { ...result, warnings: [told, ...warnings] };
}

/**
 * The bytes that came may be the last good ones: they are refused, so that they are kept. The frame is
 * not named, which who sent them may not be allowed to see.
 */
function onlyByHand(cause: unknown): AppError {
  const message =
    'The archive has these very bytes, but their file is missing or damaged. It lies in a tree that was adopted, where only a person may put it back: what was sent is kept in quarantine for that. `platevault check` names the file.';
  return new AppError('forbidden', message, {}, cause);
}
