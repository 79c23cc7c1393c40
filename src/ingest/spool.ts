import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { asStoreError } from '../store/index.js';

/** A file that has been received whole and flushed to disk, but is not stored yet. */
export interface Spooled {
  readonly path: string;
  /** Name the client gave it, without folders. */
  readonly uploadName: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly md5: string;
  readonly crc32: number;
}

/**
 * Writes a stream to a new file in `folder`, hashing on the way, and flushes it. On any failure
 * (client gone, disk full) nothing is left behind.
 */
export async function spoolStream(
  stream: Readable,
  folder: string,
  name: string,
  onBytes: () => void,
): Promise<Spooled> {
  const path = join(folder, `${randomUUID()}.part`);
  const meter = createMeter(onBytes);
  try {
    await pipeline(
      stream,
      meter.through,
      createWriteStream(path, { flags: 'wx', highWaterMark: 1024 * 1024 }),
    );
    await flush(path);
  } catch (error) {
    await rm(path, { force: true });
    asStoreError(error);
  }
  return { path, uploadName: basename(name.replaceAll('\\', '/')), ...meter.digest() };
}

/** Hashes what flows through. */
function createMeter(onBytes: () => void) {
  const sha256 = createHash('sha256');
  const md5 = createHash('md5');
  let checksum = 0;
  let sizeBytes = 0;
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sha256.update(chunk);
      md5.update(chunk);
      checksum = crc32(chunk, checksum);
      sizeBytes += chunk.length;
      onBytes();
      done(null, chunk);
    },
  });
  return {
    through,
    digest: () => ({
      sizeBytes,
      sha256: sha256.digest('hex'),
      md5: md5.digest('hex'),
      crc32: checksum,
    }),
  };
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
