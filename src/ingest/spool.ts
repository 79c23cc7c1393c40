import { open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Fingerprint } from '../lib/hash.js';
import { ownedName } from '../lib/owned-names.js';
import { asStoreError } from '../store/index.js';
import { createFileWriter, type Blocks, type SpoolThread } from './file-writer.js';

/** A file that has been received whole and flushed to disk, but is not stored yet. */
export interface Spooled extends Fingerprint {
  readonly path: string;
  /** Name the client gave it, without folders. */
  readonly uploadName: string;
  /** Id of who sent it, if that was not who has it stored now; null if that is not known. */
  readonly uploadedBy?: number | null;
}

/** Where files are spooled, and with what. */
export interface SpoolParts {
  readonly folder: string;
  readonly blocks: Blocks;
  readonly spoolThread: SpoolThread;
  /** Called for each piece that came. */
  readonly onBytes: () => void;
}

/**
 * Writes a stream to a new file, hashing on the way, and flushes it. On any failure (client gone,
 * disk full) nothing is left behind.
 */
export async function spoolStream(
  stream: Readable,
  name: string,
  { folder, blocks, spoolThread, onBytes }: SpoolParts,
): Promise<Spooled> {
  const path = join(folder, ownedName('.part'));
  try {
    const handle = await open(path, 'wx');
    const writer = createFileWriter(handle, blocks, spoolThread);
    try {
      await pipeline(
        stream,
        new Writable({
          write(chunk: Buffer, _encoding, done) {
            onBytes();
            const full = writer.write(chunk);
            if (full === undefined) done();
            else
              full.then(() => {
                done();
              }, done);
          },
        }),
      );
      const fingerprint = await writer.end();
      await handle.sync();
      return { path, uploadName: basename(name.replaceAll('\\', '/')), ...fingerprint };
    } finally {
      await writer.close();
      await handle.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    return asStoreError(error);
  }
}
