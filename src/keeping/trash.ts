import {
  ARCHIVE,
  deleteFrame,
  findBySha256,
  findContent,
  findNamesake,
  findOwner,
  getFrame,
  getTrashed,
  hasKey,
  insertEvent,
  insertHdus,
  insertJob,
  insertRecord,
  insertTrashed,
  inTransaction,
  isTheirs,
  listTrashedBefore,
  listUnfinishedTrash,
  noteMoved,
  notePurged,
  noteReturning,
  readContent,
  readRecord,
  recordDeed,
  removeTrashed,
  toOverrides,
  uniqueViolation,
  type Actor,
  type Catalog,
  type Frame,
  type FrameContent,
  type FrameRecord,
  type Transaction,
  type Trashed,
  type Viewer,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { Reader } from '../ingest/index.js';
import { AppError, hasCode } from '../lib/errors.js';
import type { Limiter } from '../lib/pool.js';
import type { Store } from '../store/index.js';
import type { TrashStep } from './trash-steps.js';

/** Deleted frames, until they come back or go for good. */
export interface Trash {
  /**
   * Deletes a frame: it is out of every list at once, and its files lie in the trash.
   *
   * @returns keys of files that could not be moved yet; that is done at the next start
   * @throws 'not_found' if there is no such frame, or `viewer` may not see it; 'forbidden' if `viewer`
   *         sees it only because it is public
   */
  put(frameId: number, viewer: Viewer, reason?: string): Promise<string[]>;
  /**
   * Brings a frame back as it was, under its old id and name.
   *
   * @throws 'not_found'; 'key_exists' if its name, its bytes or its place are taken now; 'damaged' if
   *         its file is gone
   */
  restore(frameId: number, by: Actor): Promise<FrameRecord>;
  /** Removes a deleted frame and its files for good. @throws 'not_found' */
  purge(frameId: number, by: Actor): Promise<void>;
  /** Purges what has lain in the trash for longer than the settings say. @returns how many frames */
  purgeExpired(): Promise<number>;
  /** Finishes what a process that died has begun. @returns how many frames that concerned */
  settle(): Promise<number>;
}

export interface TrashParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly config: Config;
  readonly reader: Reader;
  /** Runs work while no upload is choosing its place. */
  readonly exclusively: Limiter;
  /** Called after a frame has come back: there is a job to do. */
  readonly onRestored?: () => void;
  /** Called at each step; for tests. */
  readonly at?: (step: TrashStep) => void;
}

const DAY_MS = 86_400_000;

export function createTrash(parts: TrashParts): Trash {
  const { catalog, config, exclusively, store } = parts;
  const purge = async (frameId: number, by: Actor): Promise<void> => {
    await store.check();
    const item = await inTransaction(catalog, async (tx) => {
      const found = await getTrashed(tx, frameId, by);
      await notePurged(tx, frameId);
      const { basename, sizeBytes, record } = found;
      const versions = record.versions.map(({ key, sha256 }) => ({ key, sha256 }));
      await recordDeed(tx, by, {
        action: 'frame.purged',
        subject: `frame:${frameId}`,
        outcome: 'done',
        old: { basename, sizeBytes, versions },
      });
      await insertEvent(tx, 'frame.purged', {
        frameId,
        basename,
        by: by.username,
        atMs: Date.now(),
      });
      parts.at?.('purged');
      return found;
    });
    parts.at?.('given-up');
    await exclusively(() => removeForGood(parts, item));
  };

  return {
    put: (frameId, viewer, reason = '') =>
      exclusively(async () => {
        await store.check(); // where the files cannot be reached, nothing is changed about them
        const record = await inTransaction(catalog, (tx) =>
          takeOut(tx, parts, { frameId, viewer, reason }),
        );
        parts.at?.('out-of-lists');
        return shelve(parts, record);
      }),

    async restore(frameId, by) {
      const item = await getTrashed(catalog.read, frameId, by);
      const content = await findContent(catalog.read, frameId);
      await exclusively(() => bringBack(parts, item, content, by));
      parts.onRestored?.();
      return item.record;
    },

    purge,

    async purgeExpired() {
      if (config.TRASH_DAYS === 0) return 0;
      const ids = await listTrashedBefore(catalog, Date.now() - config.TRASH_DAYS * DAY_MS);
      for (const id of ids) {
        await purge(id, ARCHIVE).catch((error: unknown) => {
          // Restored or purged by somebody meanwhile.
          if (!hasCode(error, 'not_found')) throw error;
        });
      }
      return ids.length;
    },

    async settle() {
      const items = await listUnfinishedTrash(catalog);
      for (const item of items) {
        await exclusively(async () => {
          if (item.purgedMs === null) await shelve(parts, item.record);
          else await removeForGood(parts, item);
        });
      }
      return items.length;
    },
  };
}

/** The rows of a frame: from the frames to the trash. */
async function takeOut(
  tx: Transaction,
  { catalog, at }: TrashParts,
  { frameId, viewer, reason }: { frameId: number; viewer: Viewer; reason: string },
): Promise<FrameRecord> {
  const frame: Frame = await getFrame(catalog, frameId, viewer);
  const { proposal } = frame;
  if (!isTheirs(viewer, { proposal, broughtBy: await findOwner(tx, frameId) })) {
    const message = `'${frame.basename}' is neither of your proposals nor uploaded by you: you see it because it is public, and may not delete it.`;
    throw new AppError('forbidden', message);
  }
  const record = await readRecord(tx, frameId);
  const sizeBytes = record.versions.reduce((sum, version) => sum + version.sizeBytes, 0);
  const { basename, night } = frame;
  const atMs = Date.now();
  const by = viewer.username;
  const content = await readContent(tx, frame);
  await insertTrashed(tx, { record, sizeBytes, night, by, trashedMs: atMs, reason }, content);
  await recordDeed(tx, viewer, {
    action: 'frame.trashed',
    subject: `frame:${frameId}`,
    outcome: 'done',
    old: { basename, night, sizeBytes, versions: record.versions.length },
    ...(reason === '' ? {} : { detail: { reason } }),
  });
  await insertEvent(tx, 'frame.trashed', { frameId, basename, by, atMs, reason });
  await deleteFrame(tx, frameId);
  at?.('trashed');
  return record;
}

/** Moves the files of a deleted frame out of the tree. @returns keys of those that could not be moved */
async function shelve({ catalog, store, at }: TrashParts, record: FrameRecord): Promise<string[]> {
  const left: string[] = [];
  for (const { key } of record.versions) {
    try {
      // Uploaded again before the file was moved: then it belongs to that frame.
      if (!(await hasKey(catalog, key))) await store.shelf.put(key, record.id);
    } catch (error) {
      // The frame is deleted; a file that stays behind for now is only in the way.
      if (!(error instanceof AppError)) throw error;
      left.push(key);
    }
  }
  at?.('shelved');
  if (left.length === 0) await noteMoved(catalog, record.id);
  at?.('move-noted');
  return left;
}

async function removeForGood(parts: TrashParts, item: Trashed): Promise<void> {
  const { catalog, store, at } = parts;
  for (const { key } of item.record.versions) {
    // Also if it had been moved: a process that died while it brought the frame back left it there.
    if (!(await hasKey(catalog, key))) await store.shelf.put(key, item.frameId);
  }
  at?.('shelf-filled');
  await store.shelf.clear(item.frameId);
  at?.('shelf-cleared');
  await inTransaction(catalog, (tx) => removeTrashed(tx, item.frameId));
  at?.('row-removed');
}

/** Files first, rows second: a process that dies in between leaves the frame in the trash. */
async function bringBack(
  parts: TrashParts,
  item: Trashed,
  known: FrameContent | undefined,
  by: Actor,
): Promise<void> {
  const { catalog, store, at } = parts;
  const { record, frameId } = item;
  await requireFree(catalog, record);
  const moved: string[] = [];
  // A process that dies from here on leaves files in the tree that the next start puts back.
  await noteReturning(catalog, frameId);
  at?.('returning');
  try {
    for (const { key } of record.versions) {
      if (await store.shelf.takeBack(key, frameId)) moved.push(key);
    }
    at?.('files-back');
    await requireCurrentFile(store, record);
    const content = known ?? (await readAnew(parts, record));
    await inTransaction(catalog, async (tx) => {
      await putBack(tx, { record, content, by });
      at?.('restored');
    });
    at?.('in-lists');
  } catch (error) {
    for (const key of moved) {
      if (!(await hasKey(catalog, key))) await store.shelf.put(key, frameId);
    }
    await noteMoved(catalog, frameId);
    const taken = uniqueViolation(error);
    if (taken === undefined) throw error;
    const message = `Frame '${record.basename}' cannot come back: another one has taken its place (${taken}).`;
    throw new AppError('key_exists', message, {}, error);
  }
}

async function putBack(
  tx: Transaction,
  { record, content, by }: { record: FrameRecord; content: FrameContent; by: Actor },
): Promise<void> {
  const { id: frameId, basename, currentVersion } = record;
  await removeTrashed(tx, frameId);
  await insertRecord(tx, record, content.facts, content.hdus[currentVersion] ?? []);
  for (const { id, number } of record.versions) {
    if (number !== currentVersion) await insertHdus(tx, id, content.hdus[number] ?? []);
  }
  const current = record.versions.find(({ number }) => number === currentVersion);
  if (current !== undefined) await insertJob(tx, 'preview', { frameId, versionId: current.id });
  const subject = `frame:${frameId}`;
  await recordDeed(tx, by, { action: 'frame.restored', subject, outcome: 'done' });
  const told = { frameId, basename, by: by.username, atMs: Date.now() };
  await insertEvent(tx, 'frame.restored', told);
}

/** A clear word about what is in the way, before anything is moved. @throws 'key_exists' */
async function requireFree(catalog: Catalog, record: FrameRecord): Promise<void> {
  const { basename } = record;
  const namesake = await findNamesake(catalog.read, basename);
  if (namesake !== undefined) {
    const message = `Another frame is called '${basename}' now: frame ${namesake.id}. Delete that one first.`;
    throw new AppError('key_exists', message, { frameId: namesake.id });
  }
  for (const { number, key, sha256, original } of record.versions) {
    for (const sum of [sha256, ...(original === null ? [] : [original.sha256])]) {
      const twin = await findBySha256(catalog.read, sum);
      if (twin === undefined) continue;
      const message = `The bytes of version ${number} were uploaded again: they are frame ${twin.frameId}, '${twin.basename}'. Delete that one first.`;
      throw new AppError('key_exists', message, { frameId: twin.frameId });
    }
    if (await hasKey(catalog, key)) {
      throw new AppError('key_exists', `Another frame has the place of version ${number}: ${key}`);
    }
  }
}

async function requireCurrentFile(store: Store, record: FrameRecord): Promise<void> {
  const current = record.versions.find(({ number }) => number === record.currentVersion);
  const found = current === undefined ? undefined : await store.stat(current.key);
  if (current !== undefined && found?.sizeBytes === current.sizeBytes) return;
  const state = found === undefined ? 'missing' : `damaged: it has ${found.sizeBytes} bytes`;
  const message = `Frame '${record.basename}' cannot come back: its file is ${state}.`;
  throw new AppError('damaged', message, { key: current?.key });
}

/** What the files say, of a frame of which nothing but the record is known. */
async function readAnew({ reader }: TrashParts, record: FrameRecord): Promise<FrameContent> {
  const hdus: Record<number, FrameContent['hdus'][number]> = {};
  let facts: FrameContent['facts'] | undefined;
  const reading = { overrides: toOverrides(record.corrections), profile: record.chosenProfile };
  for (const { number, key, original } of record.versions) {
    if (number === record.currentVersion) facts = await reader.facts(key, reading);
    hdus[number] = await reader.headers(key, original !== null);
  }
  if (facts === undefined) {
    throw new AppError('damaged', `Frame '${record.basename}' has no current version.`);
  }
  return { facts, hdus };
}
