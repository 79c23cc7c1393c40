import { open } from 'node:fs/promises';

/** Flushes a file or folder, so that its bytes (or the names in it) survive a power cut. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
