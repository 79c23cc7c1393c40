import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, open, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError, systemCode } from '../lib/errors.js';
import { sha256Of } from '../lib/hash.js';
import { isInside } from '../lib/paths.js';
import { asStoreError, syncPath } from '../store/index.js';
import {
  comparePaths,
  type BackupSource,
  type BackupTarget,
  type TargetFile,
} from './backup-target.js';

const CHUNK_BYTES = 1024 * 1024;
/** Folder for files that are not whole yet. */
const DRAFTS = '.incoming';

/**
 * Back-ups in a folder. A file is written under another name, flushed, read again and compared, and
 * only then gets its name, which it keeps for good.
 *
 * @throws 'not_found' if the folder is not there
 */
export async function openFolderTarget(folder: string): Promise<BackupTarget> {
  const root = await realpath(resolve(folder)).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR')
      return asStoreError(error);
    const message = `The folder for back-ups is not there: ${folder}. Make it, or mount its disk.`;
    throw new AppError('not_found', message, {}, error);
  });
  const drafts = join(root, DRAFTS);
  let hasWritten = false;
  const pathOf = (path: string): string => {
    const full = resolve(root, path);
    if (path === '' || full === root || !isInside(root, full) || isInside(drafts, full)) {
      throw new AppError('path_escapes', `The path leads out of the back-up: '${path}'`);
    }
    return full;
  };

  return {
    name: root,

    async *list(prefix) {
      const [folderOf, start] = splitPrefix(prefix);
      for await (const file of walk(root, folderOf)) {
        if (file.path.startsWith(start) && !file.path.startsWith(`${DRAFTS}/`)) yield file;
      }
    },

    async stat(path) {
      const found = await stat(pathOf(path)).catch(asAbsent);
      return found?.isFile() === true ? { path, sizeBytes: found.size } : undefined;
    },

    async read(path) {
      const handle = await open(pathOf(path), 'r').catch((error: unknown) => {
        if (systemCode(error) !== 'ENOENT') return asStoreError(error);
        throw new AppError('not_found', `The back-up has no '${path}'.`, {}, error);
      });
      return handle.createReadStream({ highWaterMark: CHUNK_BYTES });
    },

    async write(path, source) {
      const target = pathOf(path);
      const draft = join(drafts, randomUUID());
      hasWritten = true;
      try {
        await mkdir(drafts, { recursive: true });
        await writeDraft(draft, source);
        await makeFolders(root, dirname(target));
        await place(draft, target, path);
        await syncPath(dirname(target));
      } catch (error) {
        asStoreError(error);
      } finally {
        await rm(draft, { force: true });
      }
    },

    async remove(path) {
      try {
        await rm(pathOf(path), { force: true });
        await removeEmpty(root, dirname(pathOf(path)));
      } catch (error) {
        asStoreError(error);
      }
    },

    async close() {
      // What an earlier process left in it is of no use to anybody.
      if (hasWritten) await rm(drafts, { recursive: true, force: true });
    },
  };
}

/** Writes the bytes, flushes them, and compares what can be read from the disk then. */
async function writeDraft(draft: string, source: BackupSource): Promise<void> {
  await pipeline(await source.open(), createWriteStream(draft, { flags: 'wx', flush: true }));
  const copied = await sha256Of(createReadStream(draft, { highWaterMark: CHUNK_BYTES }));
  if (copied === source.sha256) return;
  const own = await sha256Of(await source.open());
  if (own !== source.sha256) throw new AppError('damaged', 'The file is not what was stored.');
  const message = 'What was written to the back-up is not what can be read from it.';
  throw new AppError('store_unavailable', message);
}

/** `rename` would silently replace; where links are not supported it is all there is. */
async function place(draft: string, target: string, path: string): Promise<void> {
  try {
    await link(draft, target);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'EEXIST') {
      throw new AppError('key_exists', `The back-up has a file '${path}' already.`, {}, error);
    }
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
    await rename(draft, target);
  }
}

/** One by one below the root, each flushed: a root that has gone must not be made anew. */
async function makeFolders(root: string, folder: string): Promise<void> {
  let at = root;
  for (const part of relative(root, folder).split(sep)) {
    if (part === '') continue;
    const parent = at;
    at = join(at, part);
    try {
      await mkdir(at);
    } catch (error) {
      if (systemCode(error) === 'EEXIST') continue;
      throw error;
    }
    await syncPath(parent);
  }
}

async function removeEmpty(root: string, folder: string): Promise<void> {
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

/** The folder in which all paths with a prefix lie, and the prefix. */
function splitPrefix(prefix: string): [string, string] {
  return [prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix];
}

/** Files below a folder in the order of their paths; none if it is not there. */
async function* walk(root: string, folder: string): AsyncIterable<TargetFile> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(asAbsent);
  if (entries === undefined) return;
  // With its slash, a folder stands where its files do.
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  for (const name of names.sort(comparePaths)) {
    if (name.endsWith('/')) {
      yield* walk(root, `${folder}${name}`);
      continue;
    }
    const found = await stat(join(root, folder, name)).catch(asAbsent);
    if (found?.isFile() === true) yield { path: `${folder}${name}`, sizeBytes: found.size };
  }
}

function asAbsent(error: unknown): undefined {
  if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
  return asStoreError(error);
}
