import type { FileHandle } from 'node:fs/promises';
import { createMeter, type Fingerprint } from '../lib/hash.js';

type Block = Buffer<SharedArrayBuffer>;

/** Writes and adds up the bytes of files in another thread. */
export interface SpoolThread {
  begin(fd: number): {
    add(bytes: Block): Promise<void>;
    fingerprint(): Promise<Fingerprint>;
    drop(): void;
  };
  close(): Promise<void>;
}

/** Bytes that are handed over at once: few enough to stay in the cache of a core. */
const BLOCK_BYTES = 256 * 1024;
/** Blocks of one file that are on their way to the disk; then its sender waits. */
const MAX_AHEAD = 3;
/** Blocks that are kept for the next files. */
const MAX_SPARE = 64;

/** Memory that threads share, used again and again. */
export interface Blocks {
  take(): Block;
  give(block: Block): void;
}

export function createBlocks(): Blocks {
  const spare: Block[] = [];
  return {
    take: () => spare.pop() ?? Buffer.from(new SharedArrayBuffer(BLOCK_BYTES)),
    give(block) {
      if (spare.length < MAX_SPARE) spare.push(block);
    },
  };
}

/** Writes the pieces of a file in order, and adds them up. */
export interface FileWriter {
  /** Takes a piece, which may be changed afterwards. @returns what to wait for before the next, if so */
  write(piece: Buffer): Promise<void> | undefined;
  /** Resolves when all is written; it is not flushed yet. Once only. */
  end(): Promise<Fingerprint>;
  /** To be called in any case, before the file is closed: waits for what is under way. Never throws. */
  close(): Promise<void>;
}

/** A writer at the start of an empty file, which the caller flushes and closes. */
export function createFileWriter(
  handle: FileHandle,
  blocks: Blocks,
  thread: SpoolThread,
): FileWriter {
  const ahead: Promise<void>[] = []; // ends in this order
  let file: ReturnType<SpoolThread['begin']> | undefined;
  let block: Block | undefined;
  let filled = 0;

  /** Sends what has been gathered on its way. */
  const send = async (sent: Block, bytes: Block): Promise<void> => {
    file ??= thread.begin(handle.fd);
    await file.add(bytes);
    blocks.give(sent);
  };
  const sendBlock = (): void => {
    if (block === undefined) return;
    const sending = send(block, block.subarray(0, filled));
    [block, filled] = [undefined, 0];
    sending.catch(() => undefined); // whoever waits for it is told
    ahead.push(sending);
  };
  const waitFor = async (most: number): Promise<void> => {
    for (; ahead.length > most; ahead.shift()) await ahead[0];
  };

  return {
    write(piece) {
      for (let at = 0; at < piece.length;) {
        block ??= blocks.take();
        const taken = piece.copy(block, filled, at);
        at += taken;
        filled += taken;
        if (filled === block.length) sendBlock();
      }
      return ahead.length > MAX_AHEAD ? waitFor(MAX_AHEAD) : undefined;
    },

    async end() {
      if (file === undefined && ahead.length === 0) {
        // It is done sooner than another thread is asked.
        return writeHere(handle, block?.subarray(0, filled) ?? Buffer.alloc(0));
      }
      sendBlock();
      await waitFor(0);
      file ??= thread.begin(handle.fd);
      const fingerprint = await file.fingerprint();
      file = undefined; // there is nothing to drop
      return fingerprint;
    },

    async close() {
      await Promise.allSettled(ahead);
      file?.drop();
      if (block !== undefined) blocks.give(block);
      block = undefined;
    },
  };
}

async function writeHere(handle: FileHandle, bytes: Buffer): Promise<Fingerprint> {
  const meter = createMeter();
  meter.add(bytes);
  await handle.writeFile(bytes);
  return meter.fingerprint();
}
