import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import knex from 'knex';
import { AppError, systemCode } from '../lib/errors.js';

/**
 * Holds a lock that ends with the process, however it ends: an exclusive transaction on a database
 * of its own. A file with a process id in it would survive a crash, and mean nothing in another
 * container.
 *
 * @param path of the lock file, made when absent
 * @throws 'busy' if another process holds it, 'store_unavailable' if it cannot be written
 */
export async function holdLock(path: string): Promise<{ release(): Promise<void> }> {
  const db = knex({
    client: 'sqlite3',
    connection: { filename: path },
    useNullAsDefault: true,
    pool: { min: 1, max: 1, idleTimeoutMillis: 2 ** 31 - 1 },
  });
  try {
    await db.raw('pragma busy_timeout = 0');
    await db.raw('begin exclusive');
  } catch (error) {
    await db.destroy();
    const code = systemCode(error) ?? '';
    if (code !== 'SQLITE_BUSY' && code !== 'SQLITE_LOCKED') {
      const message = `${path} cannot be written (${code}): is the disk mounted read-only, or does the folder belong to somebody else?`;
      throw new AppError('store_unavailable', message, {}, error);
    }
    throw new AppError('busy', `Another process holds ${path}.`, {}, error);
  }
  return { release: () => db.destroy() };
}

/** Whether some process holds the lock now. Nothing is made or changed; without a file nobody does. */
export async function isLockHeld(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  const db = knex({
    client: 'sqlite3',
    connection: { filename: `${pathToFileURL(path).href}?mode=ro`, flags: ['OPEN_URI'] },
    useNullAsDefault: true,
    pool: { min: 0, max: 1 },
  });
  try {
    await db.raw('pragma busy_timeout = 0');
    await db.raw('select count(*) from sqlite_master');
    return false;
  } catch (error) {
    if (/^SQLITE_(?:BUSY|LOCKED)/.test(systemCode(error) ?? '')) return true;
    throw error;
  } finally {
    await db.destroy();
  }
}
