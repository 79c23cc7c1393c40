import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eachVersion, hasKey, type Catalog, type Version } from '../catalog/index.js';
import type { Store } from '../store/index.js';

/** Something in which catalogue and store do not agree. */
export interface Difference {
  /**
   * `missing`: a version without its file; `size`, `content`: a file that is not the bytes that were
   * stored; `unknown-file`: a file that no version refers to; `leftover`: a file of a broken upload.
   */
  readonly kind: 'missing' | 'size' | 'content' | 'unknown-file' | 'leftover';
  readonly key: string;
  readonly text: string;
}

/** Age from which an unfinished upload is a leftover. */
const UNFINISHED_MS = 3_600_000;

/** Compares every version with its file and every file with the versions. Changes nothing. */
export async function* compareStore(
  catalog: Catalog,
  store: Store,
  options: { readonly readData: boolean },
): AsyncIterable<Difference> {
  for await (const version of eachVersion(catalog)) {
    const difference = await compareVersion(store, version, options.readData);
    if (difference !== undefined) yield difference;
  }
  for await (const { key } of store.list('')) {
    if (!(await hasKey(catalog, key))) {
      yield { kind: 'unknown-file', key, text: 'No frame refers to this file.' };
    }
  }
  for (const name of await readdir(store.spoolDir)) {
    const found = await stat(join(store.spoolDir, name)).catch(() => undefined);
    // A young one may belong to an upload that is just coming in, or be gone by now.
    if (found === undefined || Date.now() - found.mtimeMs < UNFINISHED_MS) continue;
    yield { kind: 'leftover', key: name, text: 'An upload that was not finished.' };
  }
}

async function compareVersion(
  store: Store,
  version: Version & { readonly basename: string },
  readData: boolean,
): Promise<Difference | undefined> {
  const { key, basename } = version;
  const found = await store.stat(key);
  if (found === undefined)
    return { kind: 'missing', key, text: `The file of frame '${basename}' is missing.` };
  if (found.sizeBytes !== version.sizeBytes) {
    const text = `The file of frame '${basename}' has ${found.sizeBytes} bytes instead of ${version.sizeBytes}.`;
    return { kind: 'size', key, text };
  }
  if (readData && (await hashFile(store, key)) !== version.sha256) {
    return { kind: 'content', key, text: `The bytes of frame '${basename}' have changed.` };
  }
  return undefined;
}

/** SHA-256 of a stored file, hexadecimal. */
export async function hashFile(store: Store, key: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of await store.read(key)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
