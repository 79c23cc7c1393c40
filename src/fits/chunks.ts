import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import { createGunzip, createInflateRaw } from 'node:zlib';
import { AppError, systemCode } from '../lib/errors.js';

const CHUNK_BYTES = 256 * 1024;

/** Bytes [start, end) of a file. */
export interface FileRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes of a file in order, default all. Nothing is opened before the first is asked for. */
export async function* fileChunks(path: string, range?: FileRange): AsyncGenerator<Uint8Array> {
  if (range !== undefined && range.end <= range.start) return;
  yield* openStream(path, range);
}

/**
 * The content of a gzip file (RFC 1952), also of several members; fill and other bytes after the last
 * one are ignored. A stream that breaks off is read as a shorter file.
 *
 * @throws 'fits_invalid' if the data or a check sum are damaged
 */
export async function* gunzipChunks(path: string): AsyncGenerator<Uint8Array> {
  yield* inflated(openStream(path), createGunzip({ chunkSize: CHUNK_BYTES }), 'gzip');
}

/** The content of a part of a file that is compressed as RFC 1951 says. Throws as `gunzipChunks`. */
export async function* deflatedChunks(path: string, range: FileRange): AsyncGenerator<Uint8Array> {
  if (range.end <= range.start) return;
  yield* inflated(openStream(path, range), createInflateRaw({ chunkSize: CHUNK_BYTES }), 'zip');
}

function openStream(path: string, range?: FileRange): ReturnType<typeof createReadStream> {
  const bounds = range === undefined ? {} : { start: range.start, end: range.end - 1 };
  return createReadStream(path, { highWaterMark: CHUNK_BYTES, ...bounds });
}

async function* inflated(
  file: ReturnType<typeof createReadStream>,
  inflate: Transform & AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  // Errors reach the reader through the iterator; the callback only keeps them from being unhandled.
  pipeline(file, inflate, () => undefined);
  try {
    yield* inflate;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'Z_BUF_ERROR') return; // the stream breaks off: the content ends here
    if (code?.startsWith('Z_') !== true) throw error;
    throw new AppError('fits_invalid', `The ${name} data are damaged.`, { code }, error);
  } finally {
    inflate.destroy();
  }
}
