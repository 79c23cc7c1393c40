import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createMeter, type Fingerprint } from '../lib/hash.js';
import { ownedName } from '../lib/owned-names.js';
import { asStoreError, syncPath } from '../store/index.js';

/** A file that has been received whole and flushed to disk, but is not stored yet. */
export interface Spooled extends Fingerprint {
  readonly path: string;
  /** Name the client gave it, without folders. */
  readonly uploadName: string;
  /** Id of who sent it, if that was not who has it stored now; null if that is not known. */
  readonly uploadedBy?: number | null;
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
  const path = join(folder, ownedName('.part'));
  const meter = createMeter();
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      meter.add(chunk);
      onBytes();
      done(null, chunk);
    },
  });
  try {
    await pipeline(
      stream,
      through,
      createWriteStream(path, { flags: 'wx', highWaterMark: 1024 * 1024 }),
    );
    await syncPath(path);
  } catch (error) {
    await rm(path, { force: true });
    asStoreError(error);
  }
  return { path, uploadName: basename(name.replaceAll('\\', '/')), ...meter.fingerprint() };
}
