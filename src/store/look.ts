import type { Dir, Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCode } from '../lib/errors.js';
import { pathOfKey, SPOOL_DIR, STATE_DIR } from './keys.js';
import { asUndefined } from './trouble.js';

/** Opens a folder to list it; undefined if there is none. @throws 'store_unavailable' */
export async function openFolder(path: string): Promise<Dir | undefined> {
  try {
    return await opendir(path);
  } catch (error) {
    // Every new disk has it, for the system alone; the files of an archive are never in there.
    const isOfSystem = basename(path) === 'lost+found' && systemCode(error) === 'EACCES';
    if (!isOfSystem) asUndefined(error);
    return undefined;
  }
}

/** What lies in a folder and is neither file nor folder, for people. */
export function describeEntry(entry: Dirent): string {
  return entry.isSymbolicLink()
    ? 'It is a symbolic link; the archive follows none.'
    : 'It is no file, but a device, a pipe or a socket.';
}

/** Whether a file of this size lies under `key`, in a folder that is not opened as a store yet. */
export async function holdsFile(root: string, key: string, sizeBytes: number): Promise<boolean> {
  const found = await lstat(pathOfKey(root, key)).catch(asUndefined);
  return found?.isFile() === true && found.size === sizeBytes;
}

/** Whether there is any file in a folder, besides what an archive keeps of itself. */
export async function holdsAnyFile(root: string): Promise<boolean> {
  const entries = await openFolder(root);
  if (entries === undefined) return false;
  for await (const entry of entries) {
    if (entry.isFile()) return true;
    const isOwn = entry.name === SPOOL_DIR || entry.name === STATE_DIR;
    if (entry.isDirectory() && !isOwn && (await holdsAnyFile(join(root, entry.name)))) return true;
  }
  return false;
}
