import { lstat, mkdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { AppError, systemCode } from '../lib/errors.js';
import { isInside } from '../lib/paths.js';
import type { Disks } from './disks.js';
import { syncPath } from './flush.js';
import { markerPath, rootGone } from './marker.js';
import { asUndefined, isAbsent } from './trouble.js';

/** The folders of a tree. */
export interface Folders {
  /**
   * Makes what is missing of `folder`, one by one: `mkdir -p` flushes no parent, and would make a
   * root anew that has gone.
   * @throws 'path_escapes' if a symbolic link is on the way, 'header_invalid' if a file is,
   *         'store_unavailable' if it is to lie on a disk of its own, and that is away
   */
  make(folder: string): Promise<void>;
  /** Removes `folder` and those above it as far as they are empty. Trouble here is no trouble. */
  prune(folder: string): Promise<void>;
}

/** Names of folders known to be on disk, at most; then they are flushed once more. */
const MAX_FLUSHED = 10_000;

export function createFolders(root: string, disks: Disks): Folders {
  // A folder that is there may have been made by a process that died before it was flushed: each is
  // flushed once by this one, and not again for every frame.
  const flushed = new Set<string>();

  const keyOf = (folder: string): string => relative(root, folder).split(sep).join('/');

  /** @returns the device that the folder lies on */
  const makeOne = async (parent: string, folder: string, device: number): Promise<number> => {
    const found = await lstat(folder).catch(asUndefined);
    if (found === undefined) {
      await requireMarker(root);
      await disks.require(keyOf(folder));
      await mkdir(folder).catch(ignoreExisting);
    } else if (!found.isDirectory()) {
      throw notFolder(relative(root, folder), found.isSymbolicLink());
    } else {
      if (found.dev !== device) await disks.note(keyOf(folder));
      else if (!flushed.has(folder) || disks.isNoted(keyOf(folder))) {
        await disks.require(keyOf(folder));
      }
      if (flushed.has(folder)) return found.dev;
    }
    await syncPath(parent);
    if (flushed.size >= MAX_FLUSHED) flushed.clear();
    flushed.add(folder);
    return found?.dev ?? device;
  };

  return {
    async make(folder) {
      let at = root;
      let { dev } = await stat(root);
      for (const part of relative(root, folder).split(sep)) {
        if (part !== '') dev = await makeOne(at, (at = join(at, part)), dev);
      }
    },

    async prune(folder) {
      for (let at = folder; at !== root && isInside(root, at); at = dirname(at)) {
        if (disks.isNoted(keyOf(at))) return; // a mount point is there to stay
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
