import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathOfKey, SPOOL_DIR, STATE_DIR } from './keys.js';
import { asUndefined } from './trouble.js';

/** Whether a file of this size lies under `key`, in a folder that is not opened as a store yet. */
export async function holdsFile(root: string, key: string, sizeBytes: number): Promise<boolean> {
  const found = await lstat(pathOfKey(root, key)).catch(asUndefined);
  return found?.isFile() === true && found.size === sizeBytes;
}

/** Whether there is any file in a folder, besides what an archive keeps of itself. */
export async function holdsAnyFile(root: string): Promise<boolean> {
  const entries = await opendir(root).catch(asUndefined);
  if (entries === undefined) return false;
  for await (const entry of entries) {
    if (entry.isFile()) return true;
    const isOwn = entry.name === SPOOL_DIR || entry.name === STATE_DIR;
    if (entry.isDirectory() && !isOwn && (await holdsAnyFile(join(root, entry.name)))) return true;
  }
  return false;
}
