import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError, systemCode } from '../lib/errors.js';
import { handleSource } from './plain-source.js';
import type { ByteSource, SourceLimits } from './types.js';

// A real frame may compress a hundredfold; only large results are held to a ratio.
const RATIO_FREE_BYTES = 256 * 1024 * 1024;
const MAX_RATIO = 500;

/**
 * The content of a gzip file (RFC 1952, also of several members). Reading forward streams through
 * the file and keeps nothing; the first step backward expands it once into a temporary file.
 * A stream that breaks off is read as a shorter file.
 *
 * @throws on reading: 'too_large' beyond the limits, 'fits_invalid' if the gzip data are damaged,
 *         'store_full' if there is no room for the temporary file
 */
export async function openGzipSource(path: string, limits: SourceLimits): Promise<ByteSource> {
  const { size: packedBytes } = await stat(path);
  const check = (bytes: number): void => {
    checkExpansion(bytes, packedBytes, limits.maxExpandedBytes);
  };
  let forward: ForwardReader | undefined = new ForwardReader(path, check);
  let expanding: Promise<ByteSource> | undefined; // one expansion, however many ask for it
  let expanded: ByteSource | undefined;

  const reach = async (position: number): Promise<ForwardReader | ByteSource> => {
    if (expanded === undefined && forward !== undefined && position >= forward.windowStart) {
      return forward;
    }
    await forward?.close();
    forward = undefined;
    expanding ??= expandToFile(path, limits.tempDir, check);
    expanded = await expanding;
    return expanded;
  };

  return {
    get sizeBytes() {
      return expanded?.sizeBytes ?? forward?.windowEnd ?? 0;
    },
    read: async (position, length) => (await reach(position)).read(position, length),
    extent: async (end) => (expanded ?? forward)?.extent(end) ?? 0,
    close: async () => {
      await forward?.close();
      await (await expanding?.catch(() => undefined))?.close(); // its failure is the reader's to see
    },
  };
}

function checkExpansion(bytes: number, packedBytes: number, maxExpandedBytes: number): void {
  if (bytes > maxExpandedBytes) {
    throw new AppError(
      'too_large',
      `The gzip file expands to more than ${maxExpandedBytes} bytes.`,
      {
        maxExpandedBytes,
      },
    );
  }
  if (bytes > RATIO_FREE_BYTES && bytes > packedBytes * MAX_RATIO) {
    throw new AppError('too_large', `The gzip file expands more than ${MAX_RATIO}-fold.`);
  }
}

/** Content of a gzip file in order; only the piece last expanded is held. */
class ForwardReader {
  windowStart = 0;
  windowEnd = 0;
  private window: Uint8Array = new Uint8Array(0);
  private readonly chunks: AsyncIterator<Uint8Array>;
  private readonly stop: () => void;

  constructor(
    path: string,
    private readonly check: (bytes: number) => void,
  ) {
    const stream = gunzipStream(path);
    this.chunks = stream.chunks;
    this.stop = stream.stop;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    await this.seek(position);
    const parts: Uint8Array[] = [];
    let at = position;
    while (at < position + length) {
      if (at >= this.windowEnd && !(await this.advance())) break;
      const from = at - this.windowStart;
      const part = this.window.subarray(from, from + position + length - at);
      parts.push(part);
      at += part.length;
    }
    const bytes = joinParts(parts);
    // What was just read stays: a header is read in larger pieces than it fills.
    this.window = Buffer.concat([bytes, this.window.subarray(Math.max(0, at - this.windowStart))]);
    this.windowStart = this.windowEnd - this.window.length;
    return bytes;
  }

  async extent(end: number): Promise<number> {
    while (this.windowEnd < end) if (!(await this.advance())) break;
    return Math.min(end, this.windowEnd);
  }

  close(): Promise<void> {
    this.stop();
    return Promise.resolve();
  }

  private async seek(position: number): Promise<void> {
    while (this.windowEnd <= position) if (!(await this.advance())) return;
  }

  private async advance(): Promise<boolean> {
    const next = await this.chunks.next();
    if (next.done === true) return false;
    this.check(this.windowEnd + next.value.length);
    this.window = next.value;
    this.windowStart = this.windowEnd;
    this.windowEnd += next.value.length;
    return true;
  }
}

/** In memory of its own, not Node's shared pool: the caller may hand it to another thread. */
function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function expandToFile(
  path: string,
  tempDir: string,
  check: (bytes: number) => void,
): Promise<ByteSource> {
  const tempPath = join(tempDir, `fits-${randomUUID()}.part`);
  const handle = await open(tempPath, 'wx+', 0o600);
  const stream = gunzipStream(path);
  try {
    let length = 0;
    for await (const chunk of { [Symbol.asyncIterator]: () => stream.chunks }) {
      check(length + chunk.length);
      await handle.appendFile(chunk);
      length += chunk.length;
    }
  } catch (error) {
    await handle.close();
    await rm(tempPath, { force: true });
    if (systemCode(error) !== 'ENOSPC') throw error;
    throw new AppError('store_full', 'The disk is full.', { tempDir }, error);
  } finally {
    stream.stop();
  }
  return handleSource(handle, tempPath);
}

interface Gunzip {
  readonly chunks: AsyncGenerator<Uint8Array>;
  readonly stop: () => void;
}

function gunzipStream(path: string): Gunzip {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  // Errors reach the reader through the iterator; the callback only keeps them from being unhandled.
  pipeline(file, gunzip, () => undefined);
  return { chunks: eachChunk(gunzip), stop: () => gunzip.destroy() };
}

async function* eachChunk(gunzip: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* gunzip;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'Z_BUF_ERROR') return; // the stream breaks off: the content ends here
    if (code?.startsWith('Z_') !== true) throw error;
    throw new AppError('fits_invalid', 'The gzip data are damaged.', { code }, error);
  }
}
