import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { ByteSource } from './types.js';

/** Bytes of a file as they are. The file must not change while it is open. */
export async function openPlainSource(path: string): Promise<ByteSource> {
  return handleSource(await open(path, 'r'));
}

/** A source over an open file, which it closes; with `removePath`, that file is removed at once. */
export async function handleSource(handle: FileHandle, removePath?: string): Promise<ByteSource> {
  try {
    // Removed while open: the bytes stay readable, and nothing is left behind even after a crash.
    if (removePath !== undefined) await rm(removePath, { force: true });
    const { size } = await handle.stat();
    return {
      sizeBytes: size,
      read: (position, length, room) =>
        readAt(handle, position, Math.max(0, Math.min(length, size - position)), room),
      extent: (end) => Promise.resolve(Math.min(end, size)),
      close: closeOnce(handle),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readAt(
  handle: FileHandle,
  position: number,
  length: number,
  room: Uint8Array = new Uint8Array(0),
): Promise<Uint8Array> {
  // Slow allocation: never a slice of Node's shared pool, so views on it may be 8-byte aligned.
  const bytes = length <= room.length ? room.subarray(0, length) : Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

function closeOnce(handle: FileHandle): () => Promise<void> {
  let closed = false;
  return async () => {
    if (closed) return;
    closed = true;
    await handle.close();
  };
}
