import { chmod, open, stat } from 'node:fs/promises';
import { systemCode } from './errors.js';

/** The owner reads and writes; nobody else does anything. */
const PRIVATE = 0o600;

/** Makes an empty file that its owner alone may read, whatever the umask; one that is there stays. */
export async function createPrivate(path: string): Promise<void> {
  await unlessRefused(async () => {
    const handle = await open(path, 'a', PRIVATE);
    await handle.close();
  });
}

/** Takes the rights of all others from files, as far as they are there and are ours to change. */
export async function keepPrivate(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await unlessRefused(async () => {
      const { mode } = await stat(path);
      if ((mode & 0o077) !== 0) await chmod(path, PRIVATE);
    });
  }
}

/** What the system refuses is told by whoever needs the file next, and by `doctor`. */
async function unlessRefused(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}
