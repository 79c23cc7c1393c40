import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, systemCode } from '../lib/errors.js';
import { syncPath } from './flush.js';
import { STATE_DIR } from './keys.js';
import { asUndefined, isAbsent } from './trouble.js';

/**
 * What says that a folder is the root of an archive, and of which: without it the empty folder under
 * a disk that is not mounted could not be told from a new archive.
 */
export interface Marker {
  readonly id: string;
  readonly createdMs: number;
}

/** Path of the marker file of a root. */
export function markerPath(root: string): string {
  return join(root, STATE_DIR, 'archive.json');
}

/** The marker of a root; undefined if it has none, or is not there. @throws 'store_unavailable' */
export async function readMarker(root: string): Promise<Marker | undefined> {
  const path = markerPath(root);
  const text = await readFile(path, 'utf8').catch(asUndefined);
  if (text === undefined) return undefined;
  const found = parseMarker(text);
  if (found === undefined) {
    const message = `${path} is damaged: it should hold {"id": "…"} with the id of the archive.`;
    throw new AppError('store_unavailable', message);
  }
  return found;
}

/** What a person wrote by hand may lack the time. */
function parseMarker(text: string): Marker | undefined {
  try {
    const { id, createdMs } = JSON.parse(text) as { id?: unknown; createdMs?: unknown };
    if (typeof id !== 'string' || id === '') return undefined;
    return { id, createdMs: typeof createdMs === 'number' ? createdMs : 0 };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/**
 * Marks a folder, which is made when absent, as the root of an archive. Durable once resolved.
 *
 * @param id of the archive, if it has one already
 * @returns the marker that is there now: another process may have been quicker
 * @throws 'store_unavailable'
 */
export async function markRoot(root: string, id: string = randomUUID()): Promise<Marker> {
  const path = markerPath(root);
  const draft = `${path}.${randomUUID()}`;
  const marker: Marker = { id, createdMs: Date.now() };
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(draft, `${JSON.stringify(marker)}\n`, { flag: 'wx' });
    await syncPath(draft);
    await place(draft, path);
    for (const folder of [dirname(path), root, dirname(root)]) await syncPath(folder);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw rootError(root, error);
  } finally {
    await rm(draft, { force: true }).catch(asUndefined);
  }
  return (await readMarker(root)) ?? marker;
}

/** Never replaces a marker, where the file system knows links. */
async function place(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(systemCode(error) ?? '')) throw error;
    await rename(draft, path);
  }
}

/** That the root cannot be used, and why. */
export function rootError(root: string, error: unknown): AppError {
  const code = systemCode(error) ?? 'unknown error';
  const message = `The root of the archive cannot be used: ${root} (${code}).`;
  return new AppError('store_unavailable', message, {}, error);
}

/**
 * Makes sure that the root is still that of the archive; costs one look at a file. Its disk may have
 * been unmounted, or another one be mounted in its place; and it may come back.
 *
 * @returns a function that throws 'store_unavailable' as long as it is not
 */
export function watchRoot(root: string, id: string): () => Promise<void> {
  const path = markerPath(root);
  let known: string | undefined; // the marker file that was read last
  return async () => {
    const found = await stat(path).catch((error: unknown) => {
      throw isAbsent(error) ? rootGone(error) : rootError(root, error);
    });
    const state = `${found.dev}:${found.ino}:${found.mtimeMs}`;
    if (state === known) return;
    const marker = await readMarker(root);
    if (marker?.id !== id) throw new AppError('store_unavailable', OTHER);
    known = state;
  };
}

const OTHER = 'Another archive lies in ARCHIVE_ROOT than the one that was there.';

/** That the root has no marker any more. */
export function rootGone(cause: unknown): AppError {
  const message =
    'The disk of the archive is not there: ARCHIVE_ROOT has lost its marker file. Is it mounted?';
  return new AppError('store_unavailable', message, {}, cause);
}
