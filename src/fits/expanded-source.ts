import { open, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, systemCode } from '../lib/errors.js';
import { ownedName } from '../lib/owned-names.js';
import { expandBzip2 } from './bzip2.js';
import { fileChunks, gunzipChunks } from './chunks.js';
import { CONTAINER_NAMES } from './magic.js';
import { handleSource } from './plain-source.js';
import type { ByteSource, Container, SourceLimits } from './types.js';
import { expandCompress } from './unix-compress.js';
import { expandZip } from './zip-member.js';

type Expand = (path: string) => AsyncGenerator<Uint8Array>;

const EXPAND: Readonly<Record<Container, Expand>> = {
  plain: fileChunks,
  gzip: gunzipChunks,
  bzip2: (path) => expandBzip2(fileChunks(path)),
  compress: (path) => expandCompress(fileChunks(path)),
  zip: expandZip,
};

// A real frame may compress a hundredfold, a synthetic one far more; only large results are held to
// a ratio.
const RATIO_FREE_BYTES = 256 * 1024 * 1024;

/** What a compressed file may become. */
export type ExpansionLimits = Pick<SourceLimits, 'maxExpandedBytes' | 'maxExpansionRatio'>;

/**
 * The content of a compressed file. Reading forward streams through the file and keeps only what
 * was read last; the first step backward expands it once into a temporary file. A stream that breaks
 * off is read as a shorter file.
 *
 * @throws on reading: 'too_large' beyond the limits, 'fits_invalid' if the data are damaged,
 *         'fits_unsupported' for what is not read, 'store_full' if there is no room for the
 *         temporary file
 */
export async function openExpandedSource(
  path: string,
  container: Container,
  limits: SourceLimits,
): Promise<ByteSource> {
  const chunks = await boundedChunks(path, container, limits);
  const forward = new ForwardReader(chunks());
  let expanding: Promise<ByteSource> | undefined; // one expansion, however many ask for it
  let expanded: ByteSource | undefined;

  const expand = async (): Promise<ByteSource> => {
    await forward.close();
    expanding ??= expandToTemp(chunks(), limits.tempDir);
    expanded = await expanding;
    return expanded;
  };

  return {
    get sizeBytes() {
      return expanded?.sizeBytes ?? forward.windowEnd;
    },
    read: async (position, length) =>
      (await forward.read(position, length)) ?? (await expand()).read(position, length),
    extent: async (end) => (await forward.extent(end)) ?? (await expand()).extent(end),
    close: async () => {
      await forward.close();
      await (await expanding?.catch(() => undefined))?.close(); // its failure is the reader's to see
    },
  };
}

/**
 * Writes the content of a file, taken out of its container, to a new file.
 *
 * @throws as reading of `openExpandedSource`; 'key_exists' if there is a file at `targetPath`.
 *         Then nothing is left at `targetPath` that was not there before
 */
export async function expandInto(
  path: string,
  container: Container,
  targetPath: string,
  limits: ExpansionLimits,
): Promise<void> {
  const chunks = await boundedChunks(path, container, limits);
  await (await writeNew(chunks(), targetPath)).close();
}

/** Starts the expansion anew each time it is called; it throws 'too_large' beyond the limits. */
async function boundedChunks(
  path: string,
  container: Container,
  limits: ExpansionLimits,
): Promise<() => AsyncGenerator<Uint8Array>> {
  const { size: packedBytes } = await stat(path);
  const { maxExpandedBytes, maxExpansionRatio } = limits;
  const who = `The ${CONTAINER_NAMES[container]} file`.replace('file file', 'file');
  return async function* () {
    let length = 0;
    for await (const chunk of EXPAND[container](path)) {
      length += chunk.length;
      if (length > maxExpandedBytes) {
        const text = `${who} expands to more than ${maxExpandedBytes} bytes.`;
        throw new AppError('too_large', text, { maxExpandedBytes });
      }
      if (length > RATIO_FREE_BYTES && length > packedBytes * maxExpansionRatio) {
        const text = `${who} expands more than ${maxExpansionRatio}-fold.`;
        throw new AppError('too_large', text, { maxExpansionRatio });
      }
      if (chunk.length > 0) yield chunk;
    }
  };
}

/**
 * Content in order. What the last read gave stays at hand: headers are read in larger pieces. Calls
 * are served one after another.
 */
class ForwardReader {
  windowEnd = 0;
  private windowStart = 0; // content before here is gone
  private window: Uint8Array[] = [];
  private isDone = false;
  private isClosed = false;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly chunks: AsyncGenerator<Uint8Array>) {}

  /** Undefined if the place is behind, or the reader closed. */
  read(position: number, length: number): Promise<Uint8Array | undefined> {
    return this.inTurn(async () => {
      if (this.isClosed || position < this.windowStart) return undefined;
      const end = position + length;
      this.dropBefore(position);
      while (this.windowEnd < end) if (!(await this.advance(position))) break;
      return this.copy(position, Math.min(end, this.windowEnd));
    });
  }

  /** Undefined if the reader is closed. */
  extent(end: number): Promise<number | undefined> {
    return this.inTurn(async () => {
      if (this.isClosed) return undefined;
      while (this.windowEnd < end) if (!(await this.advance(end))) break;
      return Math.min(end, this.windowEnd);
    });
  }

  close(): Promise<void> {
    return this.inTurn(async () => {
      this.isClosed = true;
      this.window = [];
      await this.chunks.return(undefined);
    });
  }

  private inTurn<T>(use: () => Promise<T>): Promise<T> {
    const result = this.turn.then(use);
    this.turn = result.catch(() => undefined); // the failure is that of whoever asked
    return result;
  }

  private copy(start: number, end: number): Uint8Array {
    // In memory of its own, not Node's shared pool: the caller may hand it to another thread.
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, end - start));
    let at = this.windowStart;
    for (const chunk of this.window) {
      const from = Math.max(0, start - at);
      const to = Math.min(chunk.length, end - at);
      if (from < to) bytes.set(chunk.subarray(from, to), at + from - start);
      at += chunk.length;
    }
    return bytes;
  }

  /** Takes one chunk more; keeps those that reach beyond `needed`, and the last one. */
  private async advance(needed: number): Promise<boolean> {
    if (this.isDone) return false;
    // After a failure nothing is read on as if the content ended there.
    const next = await this.chunks.next().catch((error: unknown) => {
      this.isClosed = true;
      throw error;
    });
    if (next.done === true) {
      this.isDone = true;
      return false;
    }
    this.window.push(next.value);
    this.windowEnd += next.value.length;
    this.dropBefore(needed);
    return true;
  }

  private dropBefore(position: number): void {
    for (;;) {
      const [first] = this.window;
      const end = this.windowStart + (first?.length ?? 0);
      if (first === undefined || end > position || this.window.length === 1) return;
      this.window.shift();
      this.windowStart = end;
    }
  }
}

async function expandToTemp(
  chunks: AsyncGenerator<Uint8Array>,
  tempDir: string,
): Promise<ByteSource> {
  const tempPath = join(tempDir, ownedName('.part'));
  return handleSource(await writeNew(chunks, tempPath), tempPath);
}

/** Writes all chunks to a new file and gives it open for reading; leaves none behind on failure. */
async function writeNew(chunks: AsyncGenerator<Uint8Array>, path: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'wx+', 0o600);
    for await (const chunk of chunks) await handle.appendFile(chunk);
    return handle;
  } catch (error) {
    if (handle !== undefined) {
      await handle.close();
      await rm(path, { force: true });
    }
    const code = systemCode(error);
    if (code === 'ENOSPC') throw new AppError('store_full', 'The disk is full.', { path }, error);
    if (code !== 'EEXIST') throw error;
    throw new AppError(
      'key_exists',
      'There is a file in the place of the expanded one.',
      {},
      error,
    );
  }
}
