import { existsSync } from 'node:fs';
import { copyFile, link, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, systemCode } from '../lib/errors.js';
import { syncPath } from '../store/index.js';

/** What SQLite keeps beside a database while it is in use, and after a crash. */
const SIDE_FILES = ['-wal', '-shm'];

/** Removes a database with all that belongs to it. */
export async function removeDatabase(path: string): Promise<void> {
  for (const end of ['', '-journal', ...SIDE_FILES]) await rm(path + end, { force: true });
}

/**
 * Puts a finished database in the place of another one, which stays beside it under a name of its own.
 * There is a whole database under `path` at every instant, the old one or the new one.
 *
 * @param draft closed; nothing of it may be left in a log of changes
 * @returns path of the old one; undefined if there was none
 */
export async function swapDatabase(draft: string, path: string): Promise<string | undefined> {
  if (existsSync(`${draft}-wal`)) {
    throw new AppError('busy', `${draft} is still in use: it was not put in the place of ${path}.`);
  }
  const time = new Date().toISOString().replace(/[-:]|\.\d+Z/g, '');
  const safe = `${path}.before-${time}`;
  const hasOld = existsSync(path);
  await syncPath(draft);
  if (hasOld) {
    await linkOrCopy(path, safe);
    // A log of the old one beside the new one would be taken for its own.
    for (const end of SIDE_FILES) {
      if (existsSync(path + end)) await rename(path + end, safe + end);
    }
  }
  await rename(draft, path);
  await syncPath(dirname(path));
  return hasOld ? safe : undefined;
}

/** Not every file system knows links. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(systemCode(error) ?? '')) throw error;
    await copyFile(from, to);
    await syncPath(to);
  }
}
