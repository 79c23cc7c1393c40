import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import knex, { type Knex } from 'knex';
import { LRUCache } from 'lru-cache';
import { AppError, hasCode } from '../lib/errors.js';
import { createLimiter } from '../lib/pool.js';
import { NOT_TOLD_TWICE, toCatalogError, type Catalog } from './db.js';
import { asDamage, requireDatabaseFile, requireNoFolder, wasCutOff } from './soundness.js';

interface SqliteConnection {
  exec(sql: string, done: (error: Error | null) => void): void;
}

const READERS = 4;
const PRAGMAS = `
  PRAGMA busy_timeout = 5000;
  PRAGMA foreign_keys = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA mmap_size = 268435456;
`;

/**
 * Opens a catalogue that is only to be looked at: neither it nor its folder is changed, and every
 * attempt to write fails. Works beside a running server, and on a disk that cannot be written.
 *
 * @param path of the database file
 * @param absent what is said if it is not there
 * @throws 'not_found' if there is no such file, 'config_invalid' if it is a folder
 */
export function openCatalogReadOnly(
  path: string,
  absent = `There is no catalogue at ${path}.`,
): Catalog {
  if (!existsSync(path)) throw new AppError('not_found', absent);
  requireNoFolder(path);
  const db = openFile(path, 'ro');
  return {
    write: db,
    read: db,
    known: new LRUCache({ max: 1 }),
    knownFacets: new LRUCache({ max: 1 }),
    touches: new Map(),
    knownObjects: new LRUCache({ max: 1 }),
    searches: new LRUCache({ max: 1 }),
    findsMany: new LRUCache({ max: 1 }),
    heavy: createLimiter(READERS, { waitMs: 60_000, waiting: 100 }),
    isCrowded: () => false,
    close: () => db.destroy(),
  };
}

function openFile(path: string, mode: 'ro' | 'rw'): Knex {
  // Beside a log of changes a reader needs shared memory in the folder. Where none can be made, and
  // nobody else can write either, the file does not change.
  const isFixed = mode === 'ro' && !canWrite(dirname(path)) && !existsSync(`${path}-wal`);
  return knex({
    client: 'sqlite3',
    connection: {
      filename: `${pathToFileURL(path).href}?mode=${mode}${isFixed ? '&immutable=1' : ''}`,
      flags: ['OPEN_URI'], // knex adds READWRITE, which does not go with READONLY; `mode` rules
    },
    useNullAsDefault: true,
    log: NOT_TOLD_TWICE,
    pool: {
      min: 0,
      max: READERS,
      afterCreate(connection: SqliteConnection, done: (error: Error | null) => void) {
        connection.exec(PRAGMAS, done);
      },
    },
  });
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes a copy of the catalogue as it is at this moment, whole and without gaps, to a file that must
 * not exist. VACUUM INTO reads in one transaction, so writers go on meanwhile; SQLite's online back-up
 * would begin anew with every write of another connection, and might never end.
 *
 * @param path of the database file
 */
export async function copyCatalog(path: string, target: string): Promise<void> {
  const source = openCatalogReadOnly(path);
  try {
    await source.read.raw('vacuum into ?', [target]);
  } finally {
    await source.close();
  }
}

/**
 * Writes what stands in the log of changes into the database itself, so that its file alone is whole.
 *
 * @returns false if the database is damaged, so that this cannot be done
 * @throws 'busy' if somebody else has it open, 'store_unavailable', 'store_full'
 */
export async function foldLog(path: string): Promise<boolean> {
  if (!wasCutOff(path)) return true;
  try {
    await requireDatabaseFile(path);
    const db = openFile(path, 'rw');
    try {
      await db.raw('pragma synchronous = full');
      await db.raw('pragma wal_checkpoint(truncate)');
    } finally {
      await db.destroy();
    }
  } catch (error) {
    if (hasCode(asDamage(error, path), 'damaged')) return false;
    throw toCatalogError(error) ?? error;
  }
  if (!wasCutOff(path)) return true;
  throw new AppError('busy', `Another program has the catalogue ${path} open. End it first.`);
}

/**
 * Whether a database file holds together: its pages, its indexes, and what its rows refer to.
 *
 * @returns a sentence for each fault; none if all is well
 */
export async function checkDatabase(catalog: Catalog): Promise<string[]> {
  const faults: { integrity_check: string }[] = await catalog.read.raw('pragma integrity_check');
  const texts = faults.map((row) => row.integrity_check).filter((text) => text !== 'ok');
  const broken: { table: string; rowid: number | null; parent: string }[] = await catalog.read.raw(
    'pragma foreign_key_check',
  );
  return [
    ...texts,
    ...broken.map(
      ({ table, rowid, parent }) =>
        `Row ${String(rowid)} of ${table} refers to a row of ${parent} that is not there.`,
    ),
  ];
}
