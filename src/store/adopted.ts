import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { lstat, readdir, realpath, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { AppError, systemCode } from '../lib/errors.js';
import { isInside } from '../lib/paths.js';
import { syncPath } from './flush.js';
import { openFsStore as openOwnTree, type FsStoreOptions } from './fs.js';
import { pathOfKey } from './keys.js';
import { openPlainFile, statPlainFile, streamOf } from './plain-file.js';
import { createRunReader } from './runs.js';
import type { Store } from './store.js';
import { asStoreError, asUndefined, isAbsent } from './trouble.js';

/**
 * Trees outside of the root that are served from where they lie: first part of the keys of their
 * files (`@adopted1`) → folder. Files are read there, never put, changed or removed.
 */
export type AdoptedTrees = ReadonlyMap<string, string>;

/** First part of a key in an adopted tree. */
const PREFIX = /^@adopted\d+$/;

/** Whether a key leads into an adopted tree, which lies elsewhere than the files of the archive. */
export function isAdoptedKey(key: string): boolean {
  return PREFIX.test(key.split('/', 1)[0] ?? '');
}

/** A store on a directory tree, and on those that were adopted into it. @throws as `fs.ts` */
export async function openFsStore(root: string, options: FsStoreOptions = {}): Promise<Store> {
  const own = await openOwnTree(root, options);
  return withAdopted(own, () => readAdopted(own));
}

/** The adopted trees of an archive, from a small file in its tree. @throws 'store_unavailable' */
export function readAdopted({ stateDir }: Pick<Store, 'stateDir'>): AdoptedTrees {
  const path = listPath(stateDir);
  try {
    const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const entries = Object.entries(json).filter(([name]) => PREFIX.test(name));
    return new Map(entries.map(([name, folder]) => [name, String(folder)]));
  } catch (error) {
    if (isAbsent(error)) return new Map();
    if (!(error instanceof SyntaxError)) return asStoreError(error);
    const message = `${path} is damaged: it should hold {"@adopted1": "/a/folder", …}.`;
    throw new AppError('store_unavailable', message, {}, error);
  }
}

/**
 * Where the files of `folder` lie as the store sees them, and whether that has to be remembered first.
 *
 * @param root of the archive
 * @returns the prefix of their keys; '' for the root itself. `isNew` for a tree that is not adopted yet
 * @throws 'bad_request' for what is no folder, or contains the archive or a tree that is adopted already
 */
export async function placeTree(
  store: Pick<Store, 'stateDir'>,
  root: string,
  folder: string,
): Promise<{ readonly prefix: string; readonly folder: string; readonly isNew: boolean }> {
  const real = await realpath(folder).catch(asUndefined);
  const found = real === undefined ? undefined : await lstat(real);
  if (real === undefined || found?.isDirectory() !== true) {
    throw new AppError('bad_request', `There is no folder ${resolve(folder)}.`);
  }
  const known: (readonly [string, string])[] = [
    ['', await realpath(root).catch(asStoreError)],
    ...readAdopted(store),
  ];
  for (const [name, tree] of known) {
    if (isInside(tree, real)) {
      const below = relative(tree, real).split(sep).join('/');
      const prefix = [name, below].filter((part) => part !== '').join('/');
      return { prefix, folder: real, isNew: false };
    }
    if (isInside(real, tree)) {
      const what = name === '' ? 'the archive itself' : `the adopted tree ${tree}`;
      throw new AppError('bad_request', `${real} contains ${what}: adopt the folders beside it.`);
    }
  }
  return { prefix: await freeName(root, known), folder: real, isNew: true };
}

/** Remembers a tree, so that every process of the archive serves it. Durable once resolved. */
export async function rememberTree(
  store: Pick<Store, 'stateDir'>,
  prefix: string,
  folder: string,
): Promise<void> {
  const path = listPath(store.stateDir);
  const trees = Object.fromEntries([...readAdopted(store), [prefix, folder]]);
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, `${JSON.stringify(trees, undefined, 2)}\n`, { flag: 'wx' });
    await syncPath(draft);
    await rename(draft, path);
    await syncPath(dirname(path));
  } catch (error) {
    await rm(draft, { force: true });
    asStoreError(error);
  }
}

function openFile(path: string): Promise<FileHandle> {
  return openPlainFile(path).catch(asReadError);
}

/**
 * A store that also reads the files of adopted trees.
 *
 * @param look asked again when a key has a prefix that is not known: another process may have adopted
 */
export function withAdopted(own: Store, look: () => AdoptedTrees): Store {
  let trees: AdoptedTrees = new Map();
  const readRuns = createRunReader();
  const pathOf = (key: string): string | undefined => {
    const [name = '', ...rest] = key.split('/');
    if (!PREFIX.test(name)) return undefined;
    if (!trees.has(name)) trees = look();
    const tree = trees.get(name);
    if (tree === undefined) return undefined;
    return rest.length === 0 ? tree : pathOfKey(tree, rest.join('/'));
  };
  const refuse = (key: string): void => {
    if (pathOf(key) === undefined) return;
    const message = `'${key}' lies in a tree that was adopted: files there are only read.`;
    throw new AppError('path_escapes', message);
  };

  // One by one: what is added to the interface has to be thought of here.
  return {
    spoolDir: own.spoolDir,
    stateDir: own.stateDir,
    shelf: own.shelf,
    check: () => own.check(),
    requireRoom: () => own.requireRoom(),
    intend: (files) => own.intend(files),
    intendRemoval: (keys) => own.intendRemoval(keys),
    sweep: (isKnown) => own.sweep(isKnown),
    async put(key, spooledPath) {
      refuse(key);
      await own.put(key, spooledPath);
    },
    async replace(key, spooledPath) {
      refuse(key);
      await own.replace(key, spooledPath);
    },
    async remove(key) {
      refuse(key);
      await own.remove(key);
    },
    async read(key, range) {
      const path = pathOf(key);
      if (path === undefined) return own.read(key, range);
      return streamOf(await openFile(path), range);
    },
    async runs(key, range) {
      const path = pathOf(key);
      return path === undefined ? own.runs(key, range) : readRuns(await openFile(path), range);
    },
    async stat(key) {
      const path = pathOf(key);
      return path === undefined ? own.stat(key) : statPlainFile(path);
    },
    async localPath(key) {
      const path = pathOf(key);
      if (path === undefined) return own.localPath(key);
      const found = await lstat(path).catch(asReadError);
      if (found.isFile()) return path;
      throw new AppError('not_found', `There is no plain file at '${key}'.`);
    },
    list(prefix) {
      const path = pathOf(prefix);
      return path === undefined ? own.list(prefix) : listTree(prefix, path);
    },
  };
}

/** Files of a tree in a fixed order; hidden ones are not frames. */
async function* listTree(
  prefix: string,
  folder: string,
): AsyncIterable<{ key: string; sizeBytes: number }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCode(error) === 'EACCES') return undefined;
    if (isAbsent(error)) return [];
    return asStoreError(error);
  });
  if (entries === undefined) {
    // What may not be looked into must not be passed over in silence: reading it says why.
    yield { key: prefix, sizeBytes: 0 };
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const [key, path] = [`${prefix}/${entry.name}`, join(folder, entry.name)] as const;
    if (entry.isDirectory()) yield* listTree(key, path);
    if (!entry.isFile()) continue;
    const found = await lstat(path).catch(asUndefined);
    if (found !== undefined) yield { key, sizeBytes: found.size };
  }
}

/** A name that no adopted tree and no folder of the archive has. */
async function freeName(
  root: string,
  known: readonly (readonly [string, string])[],
): Promise<string> {
  for (let count = 1; ; count += 1) {
    const name = `@adopted${count}`;
    if (known.some(([other]) => other === name)) continue;
    if ((await lstat(join(root, name)).catch(asUndefined)) === undefined) return name;
  }
}

function listPath(stateDir: string): string {
  return join(stateDir, 'adopted.json');
}

function asReadError(error: unknown): never {
  if (!isAbsent(error)) return asStoreError(error);
  throw new AppError('not_found', 'The file is not there.', {}, error);
}
