import { constants } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { asUndefined } from './trouble.js';

/** Large reads: with Node's 64 KB a download is half as quick. */
const READ_CHUNK_BYTES = 1024 * 1024;

/** Opens a file for reading; never what a symbolic link points to. */
export function openPlainFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
}

/** Bytes [start, end) of an open file, default all; the stream closes it. */
export function streamOf(
  handle: FileHandle,
  range?: { readonly start: number; readonly end: number },
): Readable {
  const bounds = range === undefined ? {} : { start: range.start, end: range.end - 1 };
  return handle.createReadStream({ ...bounds, highWaterMark: READ_CHUNK_BYTES });
}

/** Length and dates of a file, epoch ms. */
export interface FileTimes {
  readonly sizeBytes: number;
  /** When its bytes were written, as far as those who copy files keep to that. */
  readonly modifiedMs: number;
  /** When anything about it was changed last, by the clock of its disk; nobody can set it back. */
  readonly changedMs: number;
}

/** Length and dates of a file; what is there but no plain file has no bytes. Undefined if there is nothing. */
export async function statPlainFile(path: string): Promise<FileTimes | undefined> {
  const found = await lstat(path).catch(asUndefined);
  if (found === undefined) return undefined;
  return {
    sizeBytes: found.isFile() ? found.size : 0,
    modifiedMs: Math.floor(found.mtimeMs),
    changedMs: Math.floor(found.ctimeMs),
  };
}
