import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as startTimer, clearTimeout } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import {
  forgetUnjournaled,
  openCatalog,
  raiseIds,
  readArchive,
  readUnjournaled,
  requireDatabaseFile,
  toCatalogError,
  type Catalog,
  type HighestIds,
  type JournalEntry,
  type JournalState,
} from '../catalog/index.js';
import { hasCode, systemCode } from '../lib/errors.js';
import { errorFields, type Log } from '../lib/log.js';
import { markerPath, readMarker, syncPath, type Store } from '../store/index.js';

/**
 * The journal lies in the tree and says what the files do not: ids, names, owners, times, corrections,
 * notes, trash. Each line is one JSON object with the whole state of one subject; lines are only ever
 * appended. With it and the files the catalogue can be made anew.
 */
export interface Journal {
  /** Writes what is left, if it is not too much, and ends. */
  close(): Promise<void>;
}

/** Longest time that a change is known to the catalogue alone. */
const LOOK_EVERY_MS = 1_000;
/** Wait after trouble (disk full, tree gone): nothing is lost meanwhile, it stays in the queue. */
const RETRY_MS = 10_000;
/** Changes of one writing: one flush of the disk for all of them. */
const BATCH = 250;
/** Between two writings, where there is much to be caught up with: requests go first. */
const PAUSE_MS = 100;
/** A server that is told to stop does not wait longer: what is left is written by the next one. */
const CLOSING_MS = 3_000;
/** Size from which the next file is begun. */
const SEGMENT_BYTES = 64 * 1024 * 1024;
const SEGMENT = /^\d{6}\.ndjson$/;
const NEWLINE = 10;

/** Where the journal of a store lies. */
export function journalFolder(store: Pick<Store, 'stateDir'>): string {
  return join(store.stateDir, 'journal');
}

/** Keeps the journal up to date in the background: whoever changes the catalogue, it looks by itself. */
export function startJournal(parts: {
  readonly catalog: Catalog;
  readonly store: Pick<Store, 'stateDir'>;
  readonly log: Log;
}): Journal {
  const { catalog, log } = parts;
  const folder = journalFolder(parts.store);
  let looking = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let isClosing = false;

  const look = async (): Promise<void> => {
    let wait = LOOK_EVERY_MS;
    try {
      const goesOn = (): Promise<boolean> => setTimeout(PAUSE_MS, !isClosing, { ref: false });
      await writeJournal(catalog, folder, goesOn);
    } catch (error) {
      log.warn('the journal cannot be written', errorFields(error));
      wait = RETRY_MS;
    }
    if (!isClosing) timer = startTimer(begin, wait).unref();
  };
  const begin = (): void => {
    looking = look();
  };
  timer = startTimer(begin, LOOK_EVERY_MS).unref();

  return {
    async close() {
      isClosing = true;
      clearTimeout(timer);
      await looking;
      const end = Date.now() + CLOSING_MS;
      try {
        await writeJournal(catalog, folder, () => Promise.resolve(Date.now() < end));
      } catch (error) {
        // The queue is in the catalogue: what cannot be written now is written at the next start.
        log.warn('the journal cannot be written', errorFields(error));
      }
    },
  };
}

/**
 * Appends all that the journal has not been told yet. A crash in between leaves lines that are written
 * again later; they say the same.
 *
 * @param goesOn asked between two writings; what is not written yet stays due
 * @returns how many lines
 */
export async function writeJournal(
  catalog: Catalog,
  folder: string,
  goesOn = (): Promise<boolean> => Promise.resolve(true),
): Promise<number> {
  for (let lines = 0; ;) {
    const { entries, last } = await readUnjournaled(catalog, BATCH);
    if (last === undefined) return lines;
    await append(folder, entries.map(formatEntry).join(''));
    await forgetUnjournaled(catalog, last);
    lines += entries.length;
    if (!(await goesOn())) return lines;
  }
}

/**
 * Writes what a catalogue has not told yet, where no server does that. One that is not there, cannot be
 * read, or belongs to another tree tells nothing.
 *
 * @param path of the database
 */
export async function tellJournal(path: string, root: string): Promise<void> {
  const marker = await readMarker(root);
  if (marker === undefined || !existsSync(path)) return;
  try {
    await requireDatabaseFile(path);
    const catalog = openCatalog(`sqlite:${path}`);
    try {
      if ((await readArchive(catalog))?.id !== marker.id) return;
      await writeJournal(catalog, journalFolder({ stateDir: dirname(markerPath(root)) }));
    } finally {
      await catalog.close();
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
}

/** Whether an error says that a catalogue cannot be read: damaged, of an old schema, locked. */
export function isUnreadable(error: unknown): boolean {
  const isOfSqlite = systemCode(error)?.startsWith('SQLITE_') === true;
  return isOfSqlite || hasCode(error, 'damaged') || toCatalogError(error) !== undefined;
}

/** The highest ids that any line tells of. */
export async function journalIds(folder: string): Promise<HighestIds> {
  const highest = { frames: 0, versions: 0, notes: 0 };
  for await (const entry of readJournal(folder)) {
    if (entry !== undefined) raiseIds(highest, entry);
  }
  return highest;
}

/**
 * Reads all lines, oldest first. A line that cannot be read, such as the last one of a process that
 * died while it wrote, comes as undefined.
 */
export async function* readJournal(folder: string): AsyncIterable<JournalEntry | undefined> {
  for (const name of await segments(folder)) {
    const input = createReadStream(join(folder, name), { encoding: 'utf8' });
    try {
      for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        if (line !== '') yield parseEntry(line);
      }
    } finally {
      input.destroy();
    }
  }
}

/** Bytes of all files of the journal: another number means that it has grown. */
export async function journalBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await segments(folder)) bytes += (await stat(join(folder, name))).size;
  return bytes;
}

function formatEntry({ epoch, seq, subject, state }: JournalEntry): string {
  return `${JSON.stringify({ epoch, seq, subject, ...state })}\n`;
}

/** What another program, or a disk, has spoilt is recognised by its shape. */
function parseEntry(line: string): JournalEntry | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const { epoch, seq, subject, ...state } = json as Record<string, unknown>;
  const isWhole =
    typeof epoch === 'number' &&
    typeof seq === 'number' &&
    typeof subject === 'string' &&
    HOLDS[String(state.kind)]?.(state) === true;
  return isWhole ? { epoch, seq, subject, state: state as unknown as JournalState } : undefined;
}

/** What a state of each kind must have at least. */
const HOLDS: Readonly<Record<string, (state: Record<string, unknown>) => boolean>> = {
  frame: ({ record }) => isRecord(record),
  trash: ({ record, row }) => isRecord(record) && typeof row === 'object' && row !== null,
  gone: () => true,
  notes: ({ notes }) => Array.isArray(notes),
  users: ({ users }) => Array.isArray(users),
};

function isRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id, basename, versions } = value as Record<string, unknown>;
  return Number.isSafeInteger(id) && typeof basename === 'string' && Array.isArray(versions);
}

/** Names of the files, oldest first; none if there is no journal. */
async function segments(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => SEGMENT.test(name)).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Appends lines to the newest file, or to a new one, and waits until they are on disk. */
async function append(folder: string, lines: string): Promise<void> {
  if (await makeFolder(folder)) await syncPath(dirname(folder));
  const newest = (await segments(folder)).at(-1) ?? '000001.ndjson';
  const found = await stat(join(folder, newest)).catch(ignoreAbsent);
  const isFull = (found?.size ?? 0) >= SEGMENT_BYTES;
  const next = String(Number.parseInt(newest, 10) + 1).padStart(6, '0');
  const name = isFull ? `${next}.ndjson` : newest;
  const handle = await open(join(folder, name), 'a+', 0o640);
  try {
    // What a crash tore off must not swallow the first line that comes after it.
    const start = (await endsOpen(handle)) ? '\n' : '';
    await handle.appendFile(start + lines);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (isFull || found === undefined) await syncPath(folder);
}

async function endsOpen(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== NEWLINE;
}

/** @returns whether it was not there. One level only: a tree that has gone is not made anew. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function ignoreAbsent(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
}
