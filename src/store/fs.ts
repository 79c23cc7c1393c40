import { constants } from 'node:fs';
import {
  access,
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  realpath,
  rename,
  rm,
  statfs,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { AppError, hasCode, systemCode } from '../lib/errors.js';
import { isOfOtherProcess } from '../lib/owned-names.js';
import { isAdoptedKey } from './adopted-trees.js';
import { createDisks, isPartAway, type Disks } from './disks.js';
import { syncPath } from './flush.js';
import { createFolders, type Folders } from './folders.js';
import { INTENT, isMeant, readIntent, writeIntent } from './intents.js';
import { pathOfKey, requireFit, SPOOL_DIR, STATE_DIR } from './keys.js';
import { describeEntry, openFolder } from './look.js';
import { markRoot, readMarker, rootError, watchRoot } from './marker.js';
import { openPlainFile, statPlainFile, streamOf } from './plain-file.js';
import { keptRoom } from './room.js';
import { createRunReader } from './runs.js';
import { createShelf } from './shelf.js';
import type { StoreStep } from './steps.js';
import type { ListedFile, PassedOver, Store, Swept } from './store.js';
import { asStoreError, asUndefined, isAbsent } from './trouble.js';

/** Another process may remove the folder that was just made, empty as it is, this often. */
const MAX_TRIES = 3;

export interface FsStoreOptions {
  /** Id of the archive, which the marker of the root must have; without one, that of the root or a new one. */
  readonly id?: string;
  /** Called at each step of `put`; for tests. */
  readonly at?: (step: StoreStep) => void;
}

/** What the functions of a store share. */
interface Tree {
  readonly root: string;
  /** The root as the file system knows it: it may be reached by a symbolic link, nothing below it may. */
  readonly realRoot: string;
  readonly spoolDir: string;
  readonly stateDir: string;
  readonly folders: Folders;
  readonly disks: Disks;
  readonly requireRoot: () => Promise<void>;
  readonly at: (step: StoreStep) => void;
}

/**
 * A store on a directory tree. A file appears under its name by `link`, complete or not at all, and
 * never replaces another; file and folders are flushed before `put` resolves. Symbolic links below
 * the root are not followed.
 *
 * @throws 'store_unavailable' if the root cannot be used, or is not that of the archive
 */
export async function openFsStore(root: string, options: FsStoreOptions = {}): Promise<Store> {
  const tree = await openTree(root, options);
  const { spoolDir, stateDir, folders, disks, requireRoot } = tree;
  const readRuns = createRunReader();

  return {
    spoolDir,
    stateDir,
    shelf: createShelf(tree),
    put: (key, spooledPath) => put(tree, key, spooledPath),
    replace: (key, spooledPath) => replace(tree, key, spooledPath),

    async read(key, range) {
      return streamOf(await openFile(tree, key), range);
    },

    async runs(key, range) {
      return readRuns(await openFile(tree, key), range);
    },

    async stat(key) {
      const found = await statPlainFile(pathOfKey(root, key));
      // Not there, or nothing is there: the frame is not lost, its disk is away.
      if (found === undefined) await requireThere(tree, key);
      return found;
    },

    localPath: (key) => findFile(tree, key),

    async remove(key) {
      const path = pathOfKey(root, key);
      await requireThere(tree, key);
      if (!(await isReal(tree, dirname(path)))) return;
      await unlink(path).catch(asUndefined);
      await folders.prune(dirname(path));
    },

    async *list(prefix, onOther) {
      const requireAll = async (): Promise<void> => {
        await requireRoot();
        await disks.requireBelow(prefix);
      };
      // Half a list would pass for a whole one: the disks have to be there before and after.
      await requireAll();
      await disks.lookAlong(prefix);
      yield* walk(tree, prefix === '' ? root : pathOfKey(root, prefix), onOther);
      await requireAll();
    },

    async check() {
      await requireRoot();
      await access(spoolDir, constants.W_OK).catch(asStoreError);
    },

    async requireRoom() {
      await requireRoot();
      const { bavail, blocks, bsize } = await statfs(root).catch(asStoreError);
      if (bavail * bsize >= keptRoom(blocks * bsize)) return;
      const message =
        'The disk of the archive is full but for what it needs itself. Nothing was stored.';
      throw new AppError('store_full', message);
    },

    intend: (files) => writeIntent(spoolDir, files),

    async intendRemoval(keys) {
      const files = keys.map((key) => ({ key, path: pathOfKey(root, key) }));
      try {
        return await writeIntent(spoolDir, files);
      } catch (error) {
        // What makes room must not need any; `check` tells of the files, should the process die now.
        if (!hasCode(error, 'store_full')) throw error;
        return { done: () => Promise.resolve() };
      }
    },

    sweep: (isKnown) => sweep(tree, isKnown),
  };
}

async function openFile(tree: Tree, key: string): Promise<FileHandle> {
  const path = await findFile(tree, key);
  return openPlainFile(path).catch((error: unknown) => asReadError(tree, key, error));
}

async function openTree(root: string, { id, at }: FsStoreOptions): Promise<Tree> {
  const marker = id === undefined ? await markRoot(root, (await readMarker(root))?.id) : { id };
  const requireRoot = watchRoot(root, marker.id);
  await requireRoot();
  const [spoolDir, stateDir] = [join(root, SPOOL_DIR), join(root, STATE_DIR)] as const;
  try {
    await mkdir(spoolDir).catch((error: unknown) => {
      if (systemCode(error) !== 'EEXIST') throw error;
    });
    const realRoot = await realpath(root);
    const disks = createDisks(stateDir, (key) => pathOfFolder(root, key));
    const folders = createFolders(root, disks);
    return {
      root,
      realRoot,
      spoolDir,
      stateDir,
      folders,
      disks,
      requireRoot,
      at: at ?? (() => undefined),
    };
  } catch (error) {
    throw rootError(root, error);
  }
}

async function put(tree: Tree, key: string, spooledPath: string): Promise<void> {
  const { root, folders, at } = tree;
  const path = pathOfKey(root, key);
  requireFit(root, key);
  await tree.requireRoot();
  try {
    await makePlace(tree, path, () => linkOrCopy(spooledPath, path));
  } catch (error) {
    await folders.prune(dirname(path));
    if (systemCode(error) !== 'EEXIST') asStoreError(error);
    throw new AppError('key_exists', `There is a file at '${key}' already.`, { key }, error);
  }
  try {
    at('linked');
    await syncPath(dirname(path));
    at('flushed');
    await unlink(spooledPath);
    at('put');
  } catch (error) {
    await unlink(path).catch(asUndefined);
    asStoreError(error);
  }
}

async function replace(tree: Tree, key: string, spooledPath: string): Promise<void> {
  const path = pathOfKey(tree.root, key);
  await tree.requireRoot();
  try {
    await makePlace(tree, path, () => renameOrCopy(spooledPath, path));
    await syncPath(dirname(path));
  } catch (error) {
    asStoreError(error);
  }
}

/** Makes the folders of a file and then the file, anew if they were removed in between. */
async function makePlace(
  { root, folders, requireRoot, at }: Tree,
  path: string,
  make: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await folders.make(dirname(path));
      at('foldered');
      await make();
      return;
    } catch (error) {
      const isGone = systemCode(error) === 'ENOENT' && dirname(path) !== root;
      if (!isGone || attempt >= MAX_TRIES) throw error;
      await requireRoot();
    }
  }
}

/** `rename` would silently replace; where links are not supported, an exclusive copy does. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EXDEV', 'EMLINK'].includes(code)) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
    try {
      await syncPath(to);
    } catch (failure) {
      await unlink(to).catch(asUndefined);
      throw failure;
    }
  }
}

async function renameOrCopy(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    const draft = `${to}.part`;
    await copyFile(from, draft);
    await syncPath(draft);
    await rename(draft, to);
    await unlink(from);
  }
}

/** Path of a stored file. @throws 'not_found', also for what only a symbolic link leads to */
async function findFile(tree: Tree, key: string): Promise<string> {
  const path = pathOfKey(tree.root, key);
  const found = await lstat(path).catch((error: unknown) => asReadError(tree, key, error));
  if (!found.isFile() || !(await isReal(tree, dirname(path)))) {
    throw new AppError('not_found', 'There is no plain file under this name in the archive.');
  }
  return path;
}

/** False if the folder is not there, or a symbolic link is on the way to it. */
async function isReal({ root, realRoot }: Tree, folder: string): Promise<boolean> {
  const real = await realpath(folder).catch(asUndefined);
  return real === join(realRoot, relative(root, folder));
}

/** As `asStoreError`, while reading: what is not there is not found, unless the whole disk is away. */
async function asReadError(tree: Tree, key: string, error: unknown): Promise<never> {
  if (!isAbsent(error)) return asStoreError(error);
  await requireThere(tree, key);
  throw new AppError('not_found', 'The file is not there.', {}, error);
}

/** Makes sure that the disk is there on which a file lies, if it is there at all. */
async function requireThere({ requireRoot, disks }: Tree, key: string): Promise<void> {
  await requireRoot();
  await disks.require(key);
}

async function isAway({ disks }: Tree, key: string): Promise<boolean> {
  try {
    await disks.require(key);
    return false;
  } catch (error) {
    if (isPartAway(error)) return true;
    throw error;
  }
}

/** Path of a folder of the tree, '' for the root; undefined for those of adopted trees. */
function pathOfFolder(root: string, key: string): string | undefined {
  return isAdoptedKey(key) ? undefined : join(root, key);
}

async function* walk(
  tree: Tree,
  folder: string,
  onOther: ((other: PassedOver) => void) | undefined,
): AsyncIterable<ListedFile> {
  const { root, spoolDir, stateDir, disks } = tree;
  const entries = await openFolder(folder);
  if (entries === undefined) return;
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    if (path === spoolDir || path === stateDir) continue;
    const key = relative(root, path).split(sep).join('/');
    if (entry.isDirectory()) {
      await disks.look(key);
      yield* walk(tree, path, onOther);
    } else if (entry.isFile()) {
      const found = await lstat(path).catch(asUndefined);
      if (found !== undefined) yield { key, sizeBytes: found.size }; // else removed meanwhile
    } else {
      onOther?.({ key, text: describeEntry(entry) });
    }
  }
}

async function sweep(tree: Tree, isKnown: (key: string) => Promise<boolean>): Promise<Swept> {
  const { root, spoolDir, folders } = tree;
  await tree.requireRoot();
  const found = await readdir(spoolDir).catch(asStoreError);
  // A command may be storing files beside the server that starts: what it uses is not left over.
  const names = found.filter((name) => !isOfOtherProcess(name));
  const intents = names.filter((name) => name.endsWith(INTENT));
  const kept = new Set<string>(); // until the disk is back on which the file may lie
  let orphans = 0;
  for (const name of intents) {
    for (const identity of await readIntent(join(spoolDir, name))) {
      if (await isKnown(identity.key)) continue;
      if (await isAway(tree, identity.key)) kept.add(name).add(identity.path);
      const path = pathOfKey(root, identity.key);
      if (await isMeant(identity, path, spoolDir)) {
        await unlink(path).catch(asUndefined);
        orphans += 1;
      }
      await folders.prune(dirname(path));
    }
  }
  // Only now: as long as an intent is there, it can be ended by the next process.
  for (const name of names.filter((each) => !kept.has(each))) {
    await rm(join(spoolDir, name), { force: true, recursive: true }).catch(asStoreError);
  }
  return { unfinished: names.length - intents.length, orphans };
}
