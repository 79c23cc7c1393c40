import { existsSync } from 'node:fs';
import { copyFile, link, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { foldLog } from '../catalog/index.js';
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
  const time = new Date().toISOString().replace(/[-:]|\.\d+Z/g, '');
  const safe = `${path}.before-${time}`;
  const hasOld = existsSync(path);
  await replaceDatabase(draft, path, async () => {
    if (hasOld) await linkOrCopy(path, safe);
    for (const end of SIDE_FILES) {
      if (existsSync(path + end)) await rename(path + end, safe + end);
    }
  });
  return hasOld ? safe : undefined;
}

/**
 * Puts a finished database in the place of another one. What stands in the log of the old one is
 * written into it before the log goes, so that it is whole until the new one has its name.
 *
 * @param draft closed; nothing of it may be left in a log of changes
 * @param clearSide takes away what lies beside the old one: its log beside the new one would be taken
 *        for the log of that
 * @throws 'busy' if one of them is in use; then the old one is in force
 */
export async function replaceDatabase(
  draft: string,
  path: string,
  clearSide = (): Promise<void> => removeSideFiles(path),
): Promise<void> {
  if (existsSync(`${draft}-wal`)) {
    throw new AppError('busy', `${draft} is still in use: it was not put in the place of ${path}.`);
  }
  await syncPath(draft);
  // A damaged one keeps its log to the end; whoever replaces it has kept both.
  if (existsSync(path)) await foldLog(path);
  await clearSide();
  await rename(draft, path);
  await syncPath(dirname(path));
}

async function removeSideFiles(path: string): Promise<void> {
  for (const end of SIDE_FILES) await rm(path + end, { force: true });
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
