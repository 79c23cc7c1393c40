import { existsSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { AppError, systemCode } from '../lib/errors.js';
import type { Catalog } from './db.js';

/** Time for looking through the pages at the start: after an orderly end, and after a crash. */
const QUICK_MS = 500;
const THOROUGH_MS = 3_000;

/** Database file format: §1.3 of sqlite.org/fileformat2.html. */
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';

/** As sqlite3 gives it; only what is needed to end a look that takes too long. */
interface SqliteConnection {
  all(sql: string, done: (error: Error | null, rows?: { quick_check: string }[]) => void): void;
  interrupt(): void;
}

interface SqliteClient {
  acquireConnection(): Promise<SqliteConnection>;
  releaseConnection(connection: SqliteConnection): Promise<void>;
}

/**
 * Looks at the file of a database before anything opens it: SQLite would take an empty one for new,
 * and answer for a foreign one as for a locked one. A file that is not there is no fault.
 *
 * @throws 'damaged' for what is no database, or has lost its end; 'config_invalid' for a folder
 */
export async function requireDatabaseFile(path: string): Promise<void> {
  requireNoFolder(path);
  if (!holdsDatabase(path)) return;
  const header = await readHeader(path);
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw damaged(path, 'it is not an SQLite database');
  }
  // What is in the log of changes is not in the file yet: then its length says nothing.
  if (existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0) return;
  const pageBytes = header.readUInt16BE(16) === 1 ? 65536 : header.readUInt16BE(16);
  const isCounted = header.readUInt32BE(24) === header.readUInt32BE(92);
  const bytes = pageBytes * header.readUInt32BE(28);
  const { size } = statSync(path);
  if (isCounted && size < bytes) {
    throw damaged(path, `it has ${size} bytes instead of ${bytes}`);
  }
}

/** SQLite says of a folder that the disk has failed. @throws 'config_invalid' */
export function requireNoFolder(path: string): void {
  if (!existsSync(path) || !statSync(path).isDirectory()) return;
  const message = `DATABASE_URL leads to ${path}, which is a folder and no file. Set it to the path of the database.`;
  throw new AppError('config_invalid', message);
}

/** Whether there is anything at the path of a database: an empty file is none yet. */
export function holdsDatabase(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0;
}

async function readHeader(path: string): Promise<Buffer> {
  const handle = await open(path);
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    await handle.read(header, 0, HEADER_BYTES, 0);
    return header;
  } finally {
    await handle.close();
  }
}

/** Whether the last process that wrote a database has not closed it: it died. */
export function wasCutOff(path: string): boolean {
  return existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0;
}

/**
 * Looks through the pages of the database, as far as the time for it goes: half a second, or three
 * after a crash. That is all of a small catalogue and the start of a large one, whose thousands of
 * megabytes would keep the archive closed for minutes; `check` reads every page.
 *
 * @throws 'damaged' with what was found, 'busy' if another program keeps the database locked
 */
export async function requireSound(
  catalog: Catalog,
  path: string,
  isAfterCrash: boolean,
): Promise<void> {
  try {
    const faults = await quickCheck(catalog, isAfterCrash ? THOROUGH_MS : QUICK_MS);
    if (faults.length > 0) throw damaged(path, faults.join('; '));
    await requireFree(catalog);
  } catch (error) {
    throw asDamage(error, path);
  }
}

/**
 * Looks through the pages for at most `limitMs`.
 * @returns what was found in the time; none if all that was looked at is well
 */
export async function quickCheck(catalog: Catalog, limitMs: number): Promise<string[]> {
  const client = catalog.read.client as SqliteClient; // knex has no type for its clients
  const connection = await client.acquireConnection();
  const timer = setTimeout(() => {
    connection.interrupt();
  }, limitMs);
  try {
    const rows = await new Promise<{ quick_check: string }[]>((resolve, reject) => {
      connection.all('pragma quick_check(5)', (error, found) => {
        if (error !== null) reject(error);
        else resolve(found ?? []);
      });
    });
    return rows.map((row) => row.quick_check).filter((text) => text !== 'ok');
  } catch (error) {
    if (systemCode(error) !== 'SQLITE_INTERRUPT') throw error;
    return [];
  } finally {
    clearTimeout(timer);
    await client.releaseConnection(connection);
  }
}

/** Nobody else holds the database for writing, at least for one moment of the next seconds. */
async function requireFree(catalog: Catalog): Promise<void> {
  await catalog.write.raw('begin immediate');
  await catalog.write.raw('rollback');
}

/** Errors of the start with what to do; anything else comes back as it is. */
export function asDamage(error: unknown, path: string): unknown {
  const code = systemCode(error) ?? '';
  if (code.startsWith('SQLITE_NOTADB')) {
    return damaged(path, 'it is not an SQLite database', error);
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return damaged(path, `its pages do not hold together (${code})`, error);
  }
  if (/^SQLITE_(?:BUSY|LOCKED)/.test(code)) {
    const message = `Another program keeps the catalogue ${path} locked. End it (a back-up, a database browser, another Platevault), then start again.`;
    return new AppError('busy', message, {}, error);
  }
  if (/^SQLITE_(?:READONLY|CANTOPEN|IOERR)/.test(code)) {
    const message = `The catalogue ${path} cannot be read and written (${code}). Look at the disk and at whom the file and its folder belong to.`;
    return new AppError('store_unavailable', message, {}, error);
  }
  return error;
}

function damaged(path: string, what: string, cause?: unknown): AppError {
  const message =
    `The catalogue ${path} is damaged: ${what}. Nothing was changed, and no frame is lost: the files are in ARCHIVE_ROOT. ` +
    'Keep a copy of the damaged file; then bring back the last back-up with `platevault restore`, or make the catalogue anew from the files with `platevault reindex`.';
  return new AppError('damaged', message, {}, cause);
}
