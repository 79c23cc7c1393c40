import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../lib/errors.js';
import { syncPath } from './flush.js';

/**
 * Gives a file another name. Where that lies on another disk, the file is copied, and goes from its
 * place when the copy is on disk. After a mere change of name the caller flushes the folders.
 */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    // Under the name itself a copy that a crash broke off would be taken for the file.
    const part = `${to}.${randomUUID()}.part`;
    await copyDurably(from, part);
    await rename(part, to);
    await syncPath(dirname(to));
    await unlink(from);
  }
}

/**
 * Copies a file with its time, by which others tell whether it was changed. It never overwrites, and
 * leaves nothing half. Durable once resolved, but for the name of a folder that is new.
 */
export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL);
  try {
    const { atime, mtime } = await stat(from);
    await utimes(to, atime, mtime);
    await syncPath(to);
    await syncPath(dirname(to));
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
}
