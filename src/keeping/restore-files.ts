import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError, hasCode } from '../lib/errors.js';
import { statFile } from '../lib/files.js';
import { sha256Of } from '../lib/hash.js';
import { ownedName } from '../lib/owned-names.js';
import { mapConcurrently } from '../lib/pool.js';
import { moveFile, pathOfKey, syncPath, type AdoptedTrees, type Store } from '../store/index.js';
import { shelvedPath } from './aside.js';
import { readManifest, type BackupEntry, type Snapshot } from './backup-manifest.js';
import type { BackupTarget } from './backup-target.js';

/** What was done with a file, or would be. */
export interface RestoredFile {
  /**
   * `written`: it was not there; `same`: it was there already; `replaced`: another one was there, and
   * is kept aside; `damaged`: the back-up does not have it whole, so nothing was done; `left`: it is
   * missing or another one in an adopted tree, where nothing is ever written.
   */
  readonly outcome: 'written' | 'same' | 'replaced' | 'damaged' | 'left';
  readonly entry: BackupEntry;
  /** For people. */
  readonly text: string;
}

export interface RestoreFilesOptions {
  readonly target: BackupTarget;
  readonly snapshot: Snapshot;
  /** Root of the tree; it need not be there for a dry run. */
  readonly root: string;
  readonly dataDir: string;
  /** undefined for a dry run. */
  readonly store: Store | undefined;
  /** Folder for files that are in the way, in the file system of the tree. */
  readonly asideDir: string;
  /** Whether the tree has a journal already, which then is left alone. */
  readonly hasJournal: boolean;
  /** Trees that lie elsewhere; on a new machine there are none, and their files become its own. */
  readonly adopted: AdoptedTrees;
}

const LANES = 4;
const BATCH = 32;
const CHUNK_BYTES = 1024 * 1024;

/**
 * Puts every file of a back-up into its place, or says what it would do. A file that is there and is
 * another one is moved aside, once the right one has arrived whole.
 */
export async function* restoreFiles(options: RestoreFilesOptions): AsyncIterable<RestoredFile> {
  let batch: BackupEntry[] = [];
  const run = (): Promise<RestoredFile[]> =>
    mapConcurrently(batch, LANES, (entry) => restoreFile(options, entry));
  for await (const entry of readManifest(options.target, options.snapshot)) {
    if (entry.area === 'journal' && options.hasJournal) continue;
    batch.push(entry);
    if (batch.length < BATCH) continue;
    yield* await run();
    batch = [];
  }
  yield* await run();
}

async function restoreFile(
  options: RestoreFilesOptions,
  entry: BackupEntry,
): Promise<RestoredFile> {
  const path = placeOf(options, entry);
  const found = await statFile(path);
  const isSame =
    found?.size === entry.sizeBytes &&
    (await sha256Of(createReadStream(path, { highWaterMark: CHUNK_BYTES }))) === entry.sha256;
  const name = entry.area === 'frames' ? entry.key : `${entry.area}/${entry.key}`;
  if (isSame) return { outcome: 'same', entry, text: `${name} is there already.` };
  if (adoptedPath(options.adopted, entry.key) !== undefined) {
    const text = `${name} is not what it was, or missing; it lies in an adopted tree (${path}), where only you may put it back.`;
    return { outcome: 'left', entry, text };
  }
  const outcome = found === undefined ? 'written' : 'replaced';
  const text =
    found === undefined ? `${name} is not there.` : `${name} is there, but is another file.`;
  if (options.store === undefined) return { outcome, entry, text };
  const draft = join(options.store.spoolDir, ownedName('.part'));
  try {
    const fault = await fetchFile(options.target, entry, draft);
    if (fault !== undefined) return { outcome: 'damaged', entry, text: `${name}: ${fault}` };
    if (found !== undefined) await moveAside(path, join(options.asideDir, entry.area, entry.key));
    await putInPlace(options.store, entry, draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  return { outcome, entry, text };
}

/** Path of a file of the archive, wherever that is. @throws 'path_escapes' */
function placeOf(
  { root, dataDir, adopted }: Pick<RestoreFilesOptions, 'root' | 'dataDir' | 'adopted'>,
  { area, key, frameId }: BackupEntry,
): string {
  // A list is as good as whoever could write it: nothing in it may lead out of the archive.
  const inTree = pathOfKey(root, key);
  if (area === 'frames') return adoptedPath(adopted, key) ?? inTree;
  if (area === 'quarantine') return pathOfKey(join(dataDir, 'quarantine'), key);
  const state = join(root, '.platevault');
  if (area === 'journal') return pathOfKey(join(state, 'journal'), key);
  return shelvedPath(state, frameId ?? 0, key);
}

/** Path of a file in an adopted tree; undefined for all other files. */
function adoptedPath(adopted: AdoptedTrees, key: string): string | undefined {
  const [name = '', ...rest] = key.split('/');
  const tree = adopted.get(name);
  return tree === undefined ? undefined : pathOfKey(tree.folder, rest.join('/'));
}

/** @returns what is wrong with the file in the back-up; undefined if it arrived whole */
async function fetchFile(
  target: BackupTarget,
  entry: BackupEntry,
  draft: string,
): Promise<string | undefined> {
  try {
    await pipeline(
      await target.read(entry.path),
      createWriteStream(draft, { flags: 'wx', flush: true }),
    );
  } catch (error) {
    if (!hasCode(error, 'not_found')) throw error;
    return 'it is missing in the back-up.';
  }
  const sum = await sha256Of(createReadStream(draft, { highWaterMark: CHUNK_BYTES }));
  return sum === entry.sha256 ? undefined : 'it is damaged in the back-up.';
}

/** Keeps a file that is in the way. Durable once resolved. */
async function moveAside(path: string, aside: string): Promise<void> {
  await mkdir(dirname(aside), { recursive: true });
  await moveFile(path, (await statFile(aside)) === undefined ? aside : `${aside}.${randomUUID()}`);
  await syncPath(dirname(aside));
}

async function putInPlace(
  store: Store,
  { area, key }: BackupEntry,
  draft: string,
  path: string,
): Promise<void> {
  if (area === 'frames') return store.put(key, draft);
  await mkdir(dirname(path), { recursive: true });
  await link(draft, path).catch((error: unknown) => {
    throw new AppError('store_unavailable', `${path} cannot be written.`, {}, error);
  });
  await syncPath(dirname(path));
}
