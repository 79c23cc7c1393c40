import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  raiseIds,
  type HighestIds,
  type JournalEntry,
  type JournalState,
} from '../catalog/index.js';
import { systemCode } from '../lib/errors.js';
import { syncPath, type Store } from '../store/index.js';

/** Size from which the next file is begun. */
const SEGMENT_BYTES = 64 * 1024 * 1024;
const SEGMENT = /^\d{6}\.ndjson$/;
const NEWLINE = 10;
/** How each line begins: what begins so and breaks off was torn by a crash. */
const BEGINNING = '{"epoch":';

/** Where the journal of a store lies. */
export function journalFolder(store: Pick<Store, 'stateDir'>): string {
  return join(store.stateDir, 'journal');
}

/** A file of the journal. */
export interface Segment {
  readonly name: string;
  readonly bytes: number;
}

/** One line of a file of the journal. */
export interface JournalLine {
  /** Name of its file. */
  readonly file: string;
  /** Offset of its first byte in the file. */
  readonly at: number;
  /** undefined if the line cannot be read. */
  readonly entry: JournalEntry | undefined;
  /** Whether it breaks off, as the last line of a process that died while it wrote. */
  readonly isTorn: boolean;
}

/** How far the journal has been read: bytes by name of the file. */
export type JournalPosition = Map<string, number>;

/** Its files, oldest first; none if there is no journal. */
export async function listSegments(folder: string): Promise<Segment[]> {
  const found = await Promise.all(
    (await segmentNames(folder)).map(async (name) => {
      const stats = await stat(join(folder, name)).catch(ignoreAbsent);
      return stats === undefined ? [] : [{ name, bytes: stats.size }];
    }),
  );
  return found.flat();
}

/** Bytes of all files of the journal: another number means that it has grown. */
export async function journalBytes(folder: string): Promise<number> {
  return (await listSegments(folder)).reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Reads all lines, oldest first. A line that cannot be read, such as the last one of a process that
 * died while it wrote, comes as undefined.
 */
export async function* readJournal(folder: string): AsyncIterable<JournalEntry | undefined> {
  for await (const { entry } of readLines(folder)) yield entry;
}

/**
 * Reads the lines that follow a position, oldest first, and moves it on. A last line that is not ended
 * may still be being written: it is told as torn, and read again by the next call.
 */
export async function* readLines(
  folder: string,
  position: JournalPosition = new Map(),
): AsyncIterable<JournalLine> {
  for (const { name, bytes } of await listSegments(folder)) {
    const from = position.get(name) ?? 0;
    if (bytes > from) yield* readFrom(folder, name, from, position);
  }
}

async function* readFrom(
  folder: string,
  file: string,
  from: number,
  position: JournalPosition,
): AsyncIterable<JournalLine> {
  let at = from;
  let pieces: Buffer[] = [];
  for await (const chunk of createReadStream(join(folder, file), { start: from })) {
    let rest = chunk as Buffer;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      const line = Buffer.concat([...pieces, rest.subarray(0, end)]);
      const start = at;
      at += line.length + 1;
      position.set(file, at);
      if (line.length > 0) yield toLine(file, start, line.toString());
      pieces = [];
      rest = rest.subarray(end + 1);
    }
    pieces.push(rest);
  }
  const left = Buffer.concat(pieces);
  if (left.length === 0) return;
  const last = toLine(file, at, left.toString());
  yield { ...last, isTorn: last.entry === undefined };
}

function toLine(file: string, at: number, text: string): JournalLine {
  const entry = parseEntry(text);
  const isTorn = entry === undefined && text.startsWith(BEGINNING) && !text.endsWith('}');
  return { file, at, entry, isTorn };
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
 * Appends entries to the newest file, or to a new one, and waits until they are on disk.
 *
 * @returns how many bytes
 */
export async function appendEntries(
  folder: string,
  entries: readonly JournalEntry[],
): Promise<number> {
  if (await makeFolder(folder)) await syncPath(dirname(folder));
  const newest = (await listSegments(folder)).at(-1);
  const isFull = (newest?.bytes ?? 0) >= SEGMENT_BYTES;
  const name = newest === undefined || isFull ? nextName(newest) : newest.name;
  const handle = await open(join(folder, name), 'a+', 0o640);
  try {
    // What a crash tore off must not swallow the first line that comes after it.
    const start = (await endsOpen(handle)) ? '\n' : '';
    const lines = Buffer.from(start + entries.map(formatEntry).join(''));
    await handle.appendFile(lines);
    await handle.sync();
    if (name !== newest?.name) await syncPath(folder);
    return lines.length;
  } finally {
    await handle.close();
  }
}

/** Begins a new file: from now on nobody writes to those there are. @returns their names */
export async function beginSegment(folder: string): Promise<readonly string[]> {
  if (await makeFolder(folder)) await syncPath(dirname(folder));
  const before = await listSegments(folder);
  await (await open(join(folder, nextName(before.at(-1))), 'a', 0o640)).close();
  await syncPath(folder);
  return before.map(({ name }) => name);
}

/** Moves files of the journal to another folder of the same file system, which is made. */
export async function moveSegments(
  folder: string,
  names: readonly string[],
  to: string,
): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of names) await rename(join(folder, name), join(to, name));
  for (const changed of [to, dirname(to), folder]) await syncPath(changed);
}

function nextName(newest: Segment | undefined): string {
  const number = newest === undefined ? 1 : Number.parseInt(newest.name, 10) + 1;
  return `${String(number).padStart(6, '0')}.ndjson`;
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
  share: ({ share }) => isShare(share),
  rules: ({ rules }) => Array.isArray(rules),
  reports: ({ sent }) => Array.isArray(sent),
  users: ({ users }) => Array.isArray(users),
  ids: ({ ids }) => typeof ids === 'object' && ids !== null,
};

function isShare(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id, tokenHash, madeBy, files } = value as Record<string, unknown>;
  const isNamed = typeof tokenHash === 'string' && typeof madeBy === 'string';
  return Number.isSafeInteger(id) && isNamed && Array.isArray(files);
}

function isRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id, basename, versions } = value as Record<string, unknown>;
  return Number.isSafeInteger(id) && typeof basename === 'string' && Array.isArray(versions);
}

async function segmentNames(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => SEGMENT.test(name)).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
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
