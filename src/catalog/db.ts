import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import knex, { type Knex } from 'knex';
import { LRUCache } from 'lru-cache';
import { AppError, systemCode } from '../lib/errors.js';
import { createLimiter, type Limiter } from '../lib/pool.js';
import type { Search } from './search.js';
import type { ObjectSum } from './sightings.js';
import { keepStatements, type SqliteConnection } from './statements.js';
import { noteTouch, type Touch, type Touches } from './touches.js';

/** One writing transaction, or one view for reading. */
export type Transaction = Knex.Transaction;

/** Part of a question in SQL. */
export interface Query {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

/** Columns as they stand behind SELECT. */
export function toColumns(db: Knex, columns: readonly (Knex.Raw | Knex.QueryBuilder)[]): Query {
  const { sql, bindings } = db.select(...columns).toSQL();
  return { sql: sql.replace(/^select /, ''), bindings };
}

/** The two handles on one database: a single writer, and a pool that can only read. */
export interface Catalog {
  readonly write: Knex;
  readonly read: Knex;
  /** Numbers that hold as long as the change counter in their keys stands where it stood. */
  readonly known: LRUCache<string, Promise<number>>;
  /** The same of numbers of frames by the id of their facet. */
  readonly knownFacets: LRUCache<string, Promise<ReadonlyMap<number, number>>>;
  /** The same of the objects of frames. */
  readonly knownObjects: LRUCache<string, Promise<readonly ObjectSum[]>>;
  /** What conditions of plain lists came to the last time, by `conditionsKey`. */
  readonly searches: LRUCache<string, Search>;
  /** Conditions, by `conditionsText`, of which an index found many frames the last time. */
  readonly findsMany: LRUCache<string, true>;
  /** What changes have touched that this process made. */
  readonly touches: Touches;
  /** Lets few readings of very many frames run at once: a connection is left for quick ones. */
  readonly heavy: Limiter;
  /** True while somebody waits for a connection to read with: what can wait should leave them the box. */
  isCrowded(): boolean;
  close(): Promise<void>;
}

const READERS = 4;
const HEAVY = 2;
const HEAVY_WAIT_MS = 25_000;
const HEAVY_WAITING = 200;
const KNOWN = 5_000;
/** Some hundred pairs of numbers each. */
const KNOWN_FACETS = 200;
/** Some ids each. */
const KNOWN_SEARCHES = 500;
/** Some thousand rows each. */
const KNOWN_OBJECTS = 20;
/** Clients give up after 30 s: they must have heard from us before. */
const BUSY_TIMEOUT_MS = 5_000;
const ACQUIRE_TIMEOUT_MS = 10_000;

/** For Knex: what it warns of is thrown as well, and then told in a sentence. */
export const NOT_TOLD_TWICE = { warn: (): void => undefined };

/** Pages that the writer keeps, KiB: what it reads again, the system has in memory. */
export const WRITER_CACHE_KIB = 8_192;

/**
 * WAL with `synchronous = FULL`: a committed transaction survives a power cut, at the price of one
 * flush of the log per commit (with NORMAL the last commits could be lost, and a frame with them).
 */
const WRITER_PRAGMAS = `
  PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -${WRITER_CACHE_KIB};
`;
/** Their caches are small for the same reason. */
const READER_PRAGMAS = `
  PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
  PRAGMA query_only = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA mmap_size = 67108864;
  PRAGMA cache_size = -4096;
`;

/** Characters of the statements that each kind of connection keeps: those of bulk loads are long. */
const WRITER_STATEMENTS = 2_000_000;
const READER_STATEMENTS = 300_000;

/** Path of the file that `sqlite:<path>` names. */
export function databasePath(url: string): string {
  return url.replace(/^sqlite:(?:\/\/(?=\/))?/, '');
}

/** @param url `sqlite:<path>`; the folder is made when absent */
export function openCatalog(url: string): Catalog {
  const filename = databasePath(url);
  mkdirSync(dirname(filename), { recursive: true });
  const write = openSqlite(filename, 1, WRITER_PRAGMAS, WRITER_STATEMENTS);
  const read = openSqlite(filename, READERS, READER_PRAGMAS, READER_STATEMENTS);
  return {
    write,
    read,
    known: new LRUCache({ max: KNOWN }),
    knownFacets: new LRUCache({ max: KNOWN_FACETS }),
    knownObjects: new LRUCache({ max: KNOWN_OBJECTS }),
    searches: new LRUCache({ max: KNOWN_SEARCHES }),
    findsMany: new LRUCache({ max: KNOWN_SEARCHES }),
    touches: new Map(),
    heavy: createLimiter(HEAVY, { waitMs: HEAVY_WAIT_MS, waiting: HEAVY_WAITING }),
    isCrowded: () => poolOf(read).numPendingAcquires() > 0,
    async close() {
      await read.destroy();
      await write.destroy();
    },
  };
}

/** Of the pool that Knex keeps its connections in, what its types do not tell. */
function poolOf({ client }: Knex): { numPendingAcquires(): number } {
  return (client as { readonly pool: { numPendingAcquires(): number } }).pool;
}

function openSqlite(
  filename: string,
  connections: number,
  pragmas: string,
  statements: number,
): Knex {
  return knex({
    client: 'sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
    log: NOT_TOLD_TWICE,
    pool: {
      min: 1,
      max: connections,
      idleTimeoutMillis: 2 ** 31 - 1,
      afterCreate(connection: SqliteConnection, done: (error: Error | null) => void) {
        keepStatements(connection, statements);
        connection.exec(pragmas, done);
      },
    },
  });
}

/**
 * Runs `work` in one writing transaction. The change counter is raised first: so the transaction
 * holds the write lock before it reads anything, and cannot fail later because another process
 * wrote in between (SQLITE_BUSY_SNAPSHOT).
 *
 * @param touched tells of what `work` gave what it has touched; without it, that may be everything
 */
export async function inTransaction<T>(
  catalog: Catalog,
  work: (tx: Knex.Transaction) => Promise<T>,
  touched?: (done: T) => Touch | undefined,
): Promise<T> {
  const { done, change } = await catalog.write.transaction(async (tx) => {
    const [raised] = await tx.raw<{ value: number }[]>(
      `update counters set value = value + 1 where name = 'changes' returning value`,
    );
    return { done: await work(tx), change: required(raised).value };
  });
  const touch = touched?.(done);
  if (touch !== undefined) noteTouch(catalog.touches, change, touch);
  return done;
}

/** The number that `readChanges` reads, as a column of a question about something else. */
export const CHANGES = `(select value from counters where name = 'changes') as changes`;

/**
 * How often what readers can see has changed: equal numbers mean equal answers, as long as neither
 * the clock nor who asks plays a part in them.
 *
 * @param db a transaction, for the number that belongs to its view; default: now
 */
export async function readChanges(catalog: Catalog, db: Knex = catalog.read): Promise<number> {
  const row: { changes: number } | undefined = await db.first(db.raw(CHANGES));
  return required(row).changes;
}

/**
 * An answer that is looked for once, however many ask at the same time and as long as it is kept. An
 * answer that could not be had is not kept.
 *
 * @param question all that the answer depends on; only its hash is kept
 */
export async function askOnce<T>(
  cache: LRUCache<string, Promise<T>>,
  question: readonly unknown[],
  answer: () => Promise<T>,
): Promise<T> {
  const key = createHash('sha256').update(JSON.stringify(question)).digest('base64');
  const known = cache.get(key);
  if (known !== undefined) return known;
  const asked = answer();
  cache.set(key, asked);
  try {
    return await asked;
  } catch (error) {
    if (cache.peek(key) === asked) cache.delete(key);
    throw error;
  }
}

/** Runs `work` on one unchanging view of the database. */
export async function inSnapshot<T>(
  catalog: Catalog,
  work: (tx: Knex.Transaction) => Promise<T>,
): Promise<T> {
  return catalog.read.transaction(work);
}

/** What an error of the database means for those who asked; undefined if it is a bug of ours. */
export function toCatalogError(error: unknown): AppError | undefined {
  const code = systemCode(error) ?? '';
  const isTimeout = error instanceof Error && error.name === 'KnexTimeoutError';
  if (isTimeout || code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') {
    const message = 'The catalogue is busy. Nothing was changed; try again in a moment.';
    return new AppError('busy', message, {}, error);
  }
  if (code === 'SQLITE_FULL') {
    const message = 'The disk of the catalogue is full. Nothing was changed.';
    return new AppError('store_full', message, {}, error);
  }
  if (/^SQLITE_(?:CANTOPEN|READONLY|IOERR|CORRUPT|NOTADB)$/.test(code)) {
    return new AppError('store_unavailable', `The catalogue cannot be used (${code}).`, {}, error);
  }
  return undefined;
}

/** Index or column that a UNIQUE error is about, as SQLite names it (`versions.sha256`). */
export function uniqueViolation(error: unknown): string | undefined {
  if (!(typeof error === 'object' && error !== null && 'message' in error)) return undefined;
  return /UNIQUE constraint failed: ([\w.]+)/.exec(String(error.message))?.[1];
}

/** @throws 'not_found' if `row` is undefined */
export function required<T>(row: T | undefined): T {
  if (row === undefined) throw new AppError('not_found', 'Not found.');
  return row;
}
