import type { Readable } from 'node:stream';
import { AppError, hasCode } from '../lib/errors.js';
import { sha256Of } from '../lib/hash.js';
import { mapConcurrently } from '../lib/pool.js';
import { openWanted, type WantedFile, type WantedGroup } from './backup-entries.js';
import { secondPath, usualPath, type BackupEntry } from './backup-manifest.js';
import { comparePaths, type BackupTarget, type TargetFile } from './backup-target.js';
import { partAwayOf } from '../store/index.js';
import type { BackupParts } from './backup.js';

/** What is done with each file on its way; the sums grow. */
export interface Carried {
  /** Copied by this one. */
  files: number;
  bytes: number;
  /** Files that are not in the archive as they should be. */
  readonly bad: WantedFile[];
  /** Files of parts of the archive that are away, by part: they are not lost. */
  readonly away: Map<string, number>;
}

export interface CarryOptions {
  readonly target: BackupTarget;
  /** What is known to lie on the target with which bytes, in order of the usual paths. */
  readonly known: AsyncIterable<BackupEntry>;
  readonly carried: Carried;
  /** Waited for before each file. */
  readonly beforeFile: () => Promise<void>;
}

/** Groups looked at together, and of them at once. */
const BATCH = 64;
const LANES = 4;

/** A group with what is known of its place on the target. */
interface Placed extends WantedGroup {
  readonly known: readonly BackupEntry[];
  readonly present: TargetFile | undefined;
}

/**
 * Makes sure that every wanted file lies on the target, and says where. What is known to lie there is
 * neither read nor copied; what lies there and is not known, as after a back-up that was broken off,
 * is read and compared; all else is copied. Nothing that lies there is changed.
 */
export async function* carry(
  parts: BackupParts,
  wanted: AsyncIterable<WantedGroup>,
  options: CarryOptions,
): AsyncIterable<BackupEntry> {
  for await (const batch of inBatches(place(wanted, options))) {
    const groups = await mapConcurrently(batch, LANES, (group) =>
      carryGroup(parts, group, options),
    );
    for (const entries of groups) yield* entries;
  }
}

/** Three streams in one order, side by side. */
async function* place(
  wanted: AsyncIterable<WantedGroup>,
  { target, known }: CarryOptions,
): AsyncIterable<Placed> {
  const entries = createCursor(known, usualPath);
  const files = createCursor(target.list('files/'), (file) => file.path);
  for await (const group of wanted) {
    const present = (await files.take(group.path))[0];
    yield { ...group, known: await entries.take(group.path), present };
  }
  await entries.end();
  await files.end();
}

async function carryGroup(
  parts: BackupParts,
  { files, known, present, path }: Placed,
  options: CarryOptions,
): Promise<BackupEntry[]> {
  const entries: BackupEntry[] = [];
  for (const file of files) {
    const twin = entries.find((entry) => entry.sha256 === file.sha256);
    const isFree = present === undefined && entries.every((entry) => entry.path !== path);
    const found = twin?.path ?? (await findThere(file, { known, present, path }, options.target));
    const at = found ?? (isFree ? path : secondPath(file));
    if (found === undefined && !(await copy(parts, file, at, options))) continue;
    entries.push({ ...file, path: at });
  }
  return entries;
}

/** Where the bytes of a file lie on the target; undefined if they do not. */
async function findThere(
  file: WantedFile,
  { known, present, path }: Omit<Placed, 'files'>,
  target: BackupTarget,
): Promise<string | undefined> {
  const sizeOf = async (at: string): Promise<number | undefined> =>
    at === path ? present?.sizeBytes : (await target.stat(at))?.sizeBytes;
  for (const entry of known) {
    if (entry.sha256 !== file.sha256) continue;
    if ((await sizeOf(entry.path)) === file.sizeBytes) return entry.path;
  }
  // Left by a back-up that was broken off, or by one that is not kept any more.
  for (const at of [path, ...(present === undefined ? [] : [secondPath(file)])]) {
    if ((await sizeOf(at)) !== file.sizeBytes) continue;
    if ((await sha256Of(await target.read(at))) === file.sha256) return at;
  }
  return undefined;
}

/** @returns false if the file is not in the archive as it should be, or cannot be reached now */
async function copy(
  parts: BackupParts,
  file: WantedFile,
  path: string,
  { target, carried, beforeFile }: CarryOptions,
): Promise<boolean> {
  await beforeFile();
  const { sizeBytes, sha256 } = file;
  const open = (): Promise<Readable> => openWanted(parts, file);
  try {
    await target.write(path, { sizeBytes, sha256, open });
  } catch (error) {
    // A part of the archive that is away must not keep the rest of it out of the back-up.
    const away = partAwayOf(error);
    if (away !== undefined) {
      carried.away.set(away, (carried.away.get(away) ?? 0) + 1);
      return false;
    }
    const isBad = hasCode(error, 'not_found') || hasCode(error, 'damaged');
    if (!isBad) throw hasCode(error, 'key_exists') ? taken(target, path, error) : error;
    carried.bad.push(file);
    return false;
  }
  carried.files += 1;
  carried.bytes += sizeBytes;
  return true;
}

function taken(target: BackupTarget, path: string, cause: unknown): AppError {
  const message = `'${path}' in ${target.name} is not what a back-up would have written there. Move it away.`;
  return new AppError('key_exists', message, {}, cause);
}

/** Reads a stream, in order of a path, beside another one. */
export function createCursor<T>(
  items: AsyncIterable<T>,
  pathOf: (item: T) => string,
): { take(path: string): Promise<T[]>; end(): Promise<void> } {
  const iterator = items[Symbol.asyncIterator]();
  let head: IteratorResult<T, unknown> | undefined;
  return {
    /** All items of this path; those before it are passed over. */
    async take(path) {
      const found: T[] = [];
      for (;;) {
        head ??= await iterator.next();
        if (head.done === true) return found;
        const order = comparePaths(pathOf(head.value), path);
        if (order > 0) return found;
        if (order === 0) found.push(head.value);
        head = undefined;
      }
    },
    /** Reads what is left: what is wrong with a stream may be told at its end. */
    async end() {
      while (head?.done !== true) head = await iterator.next();
    },
  };
}

async function* inBatches<T>(items: AsyncIterable<T>): AsyncIterable<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
