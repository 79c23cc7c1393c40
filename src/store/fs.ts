import { constants } from 'node:fs';
import {
  access,
  copyFile,
  link,
  mkdir,
  open,
  opendir,
  readdir,
  rm,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { AppError, hasCode, systemCode } from '../lib/errors.js';
import { isInside } from '../lib/paths.js';
import type { Store } from './store.js';

/** Large reads: with Node's 64 KB a download is half as quick. */
const READ_CHUNK_BYTES = 1024 * 1024;

/** Folders at the top of the tree that hold no frames: the spool, and what the archive keeps of itself. */
const SPOOL_DIR = '.incoming';
const STATE_DIR = '.platevault';

/**
 * A store on a directory tree. A file appears under its name by `link`, complete or not at all, and
 * never replaces another; file and folders are flushed before `put` resolves.
 */
export async function openFsStore(root: string): Promise<Store> {
  const [spoolDir, stateDir] = [join(root, SPOOL_DIR), join(root, STATE_DIR)] as const;
  const isOurs = (path: string): boolean => isInside(spoolDir, path) || isInside(stateDir, path);
  for (const folder of [spoolDir, stateDir]) {
    await mkdir(folder, { recursive: true }).catch((error: unknown) => asRootError(root, error));
  }
  const pathOf = (key: string): string => {
    const path = resolve(root, key);
    if (key === '' || path === resolve(root) || !isInside(root, path) || isOurs(path)) {
      throw new AppError('path_escapes', `Formatted path escapes ARCHIVE_ROOT: '${key}'`);
    }
    return path;
  };

  return {
    spoolDir,
    stateDir,

    async put(key, spooledPath) {
      const path = pathOf(key);
      try {
        await makeFolders(root, dirname(path));
        await linkOrCopy(spooledPath, path);
        await unlink(spooledPath);
        await syncPath(dirname(path));
      } catch (error) {
        if (systemCode(error) === 'EEXIST') {
          throw new AppError('key_exists', `There is a file at '${key}' already.`, { key }, error);
        }
        asStoreError(error);
      }
    },

    async read(key, range) {
      const handle = await open(pathOf(key), 'r').catch(asReadError);
      const bounds = range === undefined ? {} : { start: range.start, end: range.end - 1 };
      return handle.createReadStream({ ...bounds, highWaterMark: READ_CHUNK_BYTES });
    },

    async stat(key) {
      try {
        const found = await stat(pathOf(key));
        return { sizeBytes: found.size, modifiedMs: Math.floor(found.mtimeMs) };
      } catch (error) {
        if (isAbsent(error)) return undefined;
        return asReadError(error);
      }
    },

    async localPath(key) {
      const path = pathOf(key);
      await stat(path).catch(asReadError);
      return path;
    },

    async remove(key) {
      const path = pathOf(key);
      try {
        await rm(path, { force: true });
      } catch (error) {
        asStoreError(error);
      }
      await removeEmptyFolders(root, dirname(path));
    },

    async *list(prefix) {
      const start = prefix === '' ? root : pathOf(prefix);
      for await (const path of walk(start)) {
        if (isOurs(path)) continue;
        const found = await stat(path);
        yield { key: relative(root, path).split(sep).join('/'), sizeBytes: found.size };
      }
    },

    async check() {
      await access(spoolDir, constants.W_OK).catch(asStoreError);
    },

    async sweep() {
      const names = await readdir(spoolDir);
      for (const name of names) await rm(join(spoolDir, name), { force: true, recursive: true });
      return names.length;
    },
  };
}

/** Flushes a file or folder, so that its bytes (or the names in it) survive a power cut. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What an error of the file system means for a store; anything else comes back as it is. */
export function toStoreError(error: unknown): unknown {
  const code = systemCode(error);
  if (error instanceof AppError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = 'The disk of the archive is full. The file was not stored.';
    return new AppError('store_full', message, {}, error);
  }
  if (code === 'ENAMETOOLONG') {
    const message = 'The name made from the header is too long for a file.';
    return new AppError('header_invalid', message, {}, error);
  }
  const message = `The archive cannot be reached or written (${code}).`;
  return new AppError('store_unavailable', message, {}, error);
}

/** Throws what `toStoreError` makes of an error. */
export function asStoreError(error: unknown): never {
  throw toStoreError(error);
}

/** As `asStoreError`, while reading: what is not there is not found. */
function asReadError(error: unknown): never {
  if (isAbsent(error)) throw new AppError('not_found', 'The file is not there.', {}, error);
  return asStoreError(error);
}

function asRootError(root: string, error: unknown): never {
  const code = systemCode(error) ?? 'unknown error';
  const message = `The root of the archive cannot be used: ${root} (${code}).`;
  throw new AppError('store_unavailable', message, {}, error);
}

function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || hasCode(error, 'not_found');
}

/** Makes missing folders one by one and flushes the parent of each: mkdir -p alone flushes none. */
async function makeFolders(root: string, folder: string): Promise<void> {
  const missing: string[] = [];
  for (let at = folder; at !== root; at = dirname(at)) {
    const found = await stat(at).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    if (found?.isDirectory() === true) break;
    if (found !== undefined) {
      throw new AppError('header_invalid', `'${relative(root, at)}' is a file, not a folder.`);
    }
    missing.unshift(at);
  }
  for (const path of missing) {
    // One by one: a root that has gone (its disk unmounted) must not be made anew.
    await mkdir(path).catch(ignoreExisting);
    await syncPath(dirname(path));
  }
}

/** Another upload may have made the folder first. */
function ignoreExisting(error: unknown): void {
  if (systemCode(error) !== 'EEXIST') throw error;
}

/** `rename` would silently replace; where links are not supported, an exclusive copy does. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EXDEV' && code !== 'EMLINK')
      throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
    await syncPath(to);
  }
}

async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  for (let at = folder; at !== root && isInside(root, at); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (error) {
      // Not empty, or gone: in either case nothing above it can be removed by us.
      if (systemCode(error) === undefined) throw error;
      return;
    }
  }
}

async function* walk(folder: string): AsyncIterable<string> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile()) yield path;
  }
}
