import { watch } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A name in which the process stands that uses the file: `<pid>-<uuid>` and an ending. */
export const OWNED_NAME = /^[1-9]\d*-[\da-f]{8}-[\da-f]{4}-/;

/** Names of all files that came into a folder while `work` ran, also of those that have gone. */
export async function namesDuring<T>(
  folder: string,
  work: () => Promise<T>,
): Promise<{ readonly names: readonly string[]; readonly result: T }> {
  const names = new Set<string>();
  const last = `end-of-${process.pid}`;
  const watcher = watch(folder);
  const seen = new Promise<void>((resolve, reject) => {
    watcher.on('error', reject);
    watcher.on('change', (_event, name) => {
      if (String(name) === last) resolve();
      else names.add(String(name));
    });
  });
  try {
    const result = await work();
    // Events come in order: with this one all that were before it have come.
    await writeFile(join(folder, last), '');
    await seen;
    return { names: [...names], result };
  } finally {
    watcher.close();
    await rm(join(folder, last), { force: true });
  }
}
