import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as startTimer, clearTimeout } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import {
  forgetUnjournaled,
  isToldAnew,
  limitToldBytes,
  openCatalog,
  readArchive,
  readToldBytes,
  readUnjournaled,
  requireDatabaseFile,
  tellAnew,
  toCatalogError,
  type Catalog,
} from '../catalog/index.js';
import { hasCode, systemCode } from '../lib/errors.js';
import { errorFields, type Log } from '../lib/log.js';
import { markerPath, readMarker, type Store } from '../store/index.js';
import {
  appendEntries,
  beginSegment,
  journalBytes,
  journalFolder,
  listSegments,
  moveSegments,
} from './journal-file.js';

export { journalFolder, journalIds } from './journal-file.js';

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
  let told = '';

  const look = async (): Promise<void> => {
    let wait = LOOK_EVERY_MS;
    try {
      const fault = await lookAtJournal(catalog, folder);
      if (fault !== undefined && fault.text !== told) log.warn(fault.text);
      told = fault?.text ?? '';
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

/** What is wrong with the journal as a whole. */
export interface JournalFault {
  /** `missing`: whoever writes it next writes all of it anew; `damaged`: it has lost something. */
  readonly kind: 'missing' | 'damaged';
  /** One sentence. */
  readonly text: string;
}

/**
 * Looks at the files of the journal, not into them: that costs nothing, and finds what was removed or
 * cut off. `checkJournal` compares what they tell.
 *
 * @returns undefined if nothing is wrong, or the tree is not there
 */
export async function lookAtJournal(
  catalog: Catalog,
  folder: string,
): Promise<JournalFault | undefined> {
  const told = await readToldBytes(catalog);
  const segments = await listSegments(folder);
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  if (bytes === 0) {
    if (told === undefined || !existsSync(markerPath(dirname(dirname(folder))))) return undefined;
    const text = `The journal of the archive is missing (${folder}): it is made anew from the catalogue when a server runs.`;
    return { kind: 'missing', text };
  }
  const damage = (what: string): JournalFault => ({
    kind: 'damaged',
    text: `The journal of the archive is damaged (${folder}): ${what}.`,
  });
  const numbers = segments.map(({ name }) => Number.parseInt(name, 10));
  const first = numbers[0] ?? 0;
  const gap = numbers.findIndex((number, index) => number !== first + index);
  if (gap >= 0) return damage(`the file before ${String(segments[gap]?.name)} is missing`);
  if (bytes >= (told ?? 0)) return undefined;
  return damage(`it has ${bytes} bytes, and ${told} were written`);
}

/**
 * Writes the journal anew from the catalogue, beside a running server too. The new files follow the old
 * ones, which are put aside when all is told: at every instant there is a journal that tells as much
 * as before.
 *
 * @returns how many lines were written, and where the old files lie; undefined if there were none
 * @throws 'store_full', 'store_unavailable'
 */
export async function rebuildJournal(
  catalog: Catalog,
  store: Pick<Store, 'stateDir' | 'check'>,
): Promise<{ readonly lines: number; readonly oldFiles: string | undefined }> {
  await store.check();
  const folder = journalFolder(store);
  const old = await beginSegment(folder);
  await tellAnew(catalog);
  await limitToldBytes(catalog, 0);
  const lines = await writeJournal(catalog, folder);
  if (old.length === 0) return { lines, oldFiles: undefined };
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const oldFiles = join(store.stateDir, 'replaced', `journal-${time}`);
  await moveSegments(folder, old, oldFiles);
  await limitToldBytes(catalog, await journalBytes(folder));
  return { lines, oldFiles };
}

/**
 * Appends all that the journal has not been told yet; to one that has gone, all there is. A crash in
 * between leaves lines that are written again later; they say the same.
 *
 * @param goesOn asked between two writings; what is not written yet stays due
 * @returns how many lines
 */
export async function writeJournal(
  catalog: Catalog,
  folder: string,
  goesOn = (): Promise<boolean> => Promise.resolve(true),
): Promise<number> {
  await beginAnew(catalog, folder);
  for (let lines = 0; ;) {
    const { entries, last } = await readUnjournaled(catalog, BATCH);
    if (last === undefined) return lines;
    await forgetUnjournaled(catalog, last, await appendEntries(folder, entries));
    lines += entries.length;
    if (!(await goesOn())) return lines;
  }
}

/** Has all told to a journal that has gone, and goes on with what a process that died began. */
async function beginAnew(catalog: Catalog, folder: string): Promise<void> {
  const isMissing = (await lookAtJournal(catalog, folder))?.kind === 'missing';
  if (!isMissing && !(await isToldAnew(catalog))) return;
  await tellAnew(catalog);
  // Once is enough, however often the writing fails.
  if (isMissing) await limitToldBytes(catalog, 0);
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
