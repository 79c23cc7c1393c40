import { lstat, mkdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { AppError, systemCode } from '../lib/errors.js';
import { isInside } from '../lib/paths.js';
import { syncPath } from './flush.js';
import { markerPath, rootGone } from './marker.js';
import { asUndefined, isAbsent } from './trouble.js';

/** The folders of a tree. */
export interface Folders {
  /**
   * Makes what is missing of `folder`, one by one: `mkdir -p` flushes no parent, and would make a
   * root anew that has gone.
   * @throws 'path_escapes' if a symbolic link is on the way, 'header_invalid' if a file is
   */
  make(folder: string): Promise<void>;
  /** Removes `folder` and those above it as far as they are empty. Trouble here is no trouble. */
  prune(folder: string): Promise<void>;
}

/** Names of folders known to be on disk, at most; then they are flushed once more. */
const MAX_FLUSHED = 10_000;

export function createFolders(root: string): Folders {
  // A folder that is there may have been made by a process that died before it was flushed: each is
  // flushed once by this one, and not again for every frame.
  const flushed = new Set<string>();

  const makeOne = async (parent: string, folder: string): Promise<void> => {
    const found = await lstat(folder).catch(asUndefined);
    if (found === undefined) {
      await requireMarker(root);
      await mkdir(folder).catch(ignoreExisting);
    } else if (!found.isDirectory())
      throw notFolder(relative(root, folder), found.isSymbolicLink());
    else if (flushed.has(folder)) return;
    await syncPath(parent);
    if (flushed.size >= MAX_FLUSHED) flushed.clear();
    flushed.add(folder);
  };

  return {
    async make(folder) {
      let at = root;
      for (const part of relative(root, folder).split(sep)) {
        if (part !== '') await makeOne(at, (at = join(at, part)));
      }
    },

    async prune(folder) {
      for (let at = folder; at !== root && isInside(root, at); at = dirname(at)) {
        try {
          await rmdir(at);
          flushed.delete(at);
        } catch (error) {
          // Not empty, or gone: in either case nothing above it can be removed by us.
          if (systemCode(error) === undefined) throw error;
          return;
        }
      }
    },
  };
}

/** Under a disk that is not mounted nothing is made. */
async function requireMarker(root: string): Promise<void> {
  await stat(markerPath(root)).catch((error: unknown) => {
    throw isAbsent(error) ? rootGone(error) : error;
  });
}

function notFolder(name: string, isLink: boolean): AppError {
  return isLink
    ? new AppError('path_escapes', `'${name}' is a symbolic link; the archive follows none.`)
    : new AppError('header_invalid', `'${name}' is a file, not a folder.`);
}

/** Another upload may have made the folder first. */
function ignoreExisting(error: unknown): void {
  if (systemCode(error) !== 'EEXIST') throw error;
}
