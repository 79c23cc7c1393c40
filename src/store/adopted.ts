import { lstat, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, systemCode } from '../lib/errors.js';
import { isAdoptedKey, readAdopted, requireTree, type AdoptedTrees } from './adopted-trees.js';
import { createDisks, type Disks } from './disks.js';
import { openFsStore as openOwnTree, type FsStoreOptions } from './fs.js';
import { pathOfKey } from './keys.js';
import { describeEntry } from './look.js';
import { openPlainFile, statPlainFile, streamOf } from './plain-file.js';
import { createRunReader } from './runs.js';
import type { ListedFile, PassedOver, Store } from './store.js';
import { asStoreError, asUndefined, isAbsent } from './trouble.js';

/** A store on a directory tree, and on those that were adopted into it. @throws as `fs.ts` */
export async function openFsStore(root: string, options: FsStoreOptions = {}): Promise<Store> {
  const own = await openOwnTree(root, options);
  return withAdopted(own, () => readAdopted(own));
}

/** The trees as they are known, and what is needed of them. */
interface Trees {
  /** Path of a file or folder in an adopted tree; undefined for all other keys. */
  readonly pathOf: (key: string) => string | undefined;
  readonly disks: Disks;
  /** For what is not there: that the disk is there on which it should be. @throws 'store_unavailable' */
  requireThere(key: string): Promise<void>;
}

function openTrees(stateDir: string, look: () => AdoptedTrees): Trees {
  let trees: AdoptedTrees = new Map();
  const pathOf = (key: string): string | undefined => {
    if (!isAdoptedKey(key)) return undefined;
    const [name = '', ...rest] = key.split('/');
    if (!trees.has(name)) trees = look();
    const folder = trees.get(name)?.folder;
    if (folder === undefined) return undefined;
    return rest.length === 0 ? folder : pathOfKey(folder, rest.join('/'));
  };
  const disks = createDisks(stateDir, pathOf);
  return {
    pathOf,
    disks,
    async requireThere(key) {
      trees = look(); // adopted once more, moved, or given up meanwhile
      const [name = ''] = key.split('/', 1);
      const tree = trees.get(name);
      if (tree === undefined) return;
      await requireTree(name, tree);
      await disks.require(key);
    },
  };
}

/**
 * A store that also reads the files of adopted trees.
 *
 * @param look asked again when a key has a prefix that is not known: another process may have adopted
 */
export function withAdopted(own: Store, look: () => AdoptedTrees): Store {
  const trees = openTrees(own.stateDir, look);
  const { pathOf } = trees;
  const readRuns = createRunReader();
  const refuse = (key: string, code: 'path_escapes' | 'forbidden', why: string): void => {
    if (pathOf(key) === undefined) return;
    const message = `'${key}' lies in a tree that was adopted: files there are only read.${why}`;
    throw new AppError(code, message);
  };
  const openFile = (key: string, path: string): Promise<FileHandle> =>
    openPlainFile(path).catch((error: unknown) => asReadError(trees, key, error));

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
      refuse(key, 'path_escapes', '');
      await own.put(key, spooledPath);
    },
    async replace(key, spooledPath) {
      refuse(key, 'forbidden', ' This one is missing or damaged: only you may put it back there.');
      await own.replace(key, spooledPath);
    },
    async remove(key) {
      refuse(key, 'path_escapes', '');
      await own.remove(key);
    },
    async read(key, range) {
      const path = pathOf(key);
      if (path === undefined) return own.read(key, range);
      return streamOf(await openFile(key, path), range);
    },
    async runs(key, range) {
      const path = pathOf(key);
      return path === undefined ? own.runs(key, range) : readRuns(await openFile(key, path), range);
    },
    async stat(key) {
      const path = pathOf(key);
      if (path === undefined) return own.stat(key);
      const found = await statPlainFile(path);
      // Not there, or nothing is there: the frame is not lost, its disk is away.
      if (found === undefined) await trees.requireThere(key);
      return found;
    },
    async localPath(key) {
      const path = pathOf(key);
      if (path === undefined) return own.localPath(key);
      const found = await lstat(path).catch((error: unknown) => asReadError(trees, key, error));
      if (found.isFile()) return path;
      throw new AppError('not_found', `There is no plain file at '${key}'.`);
    },
    list(prefix, onOther) {
      const path = pathOf(prefix);
      return path === undefined ? own.list(prefix, onOther) : list(trees, prefix, onOther);
    },
  };
}

/** Half a list would pass for a whole one: the disks have to be there before and after. */
async function* list(
  trees: Trees,
  prefix: string,
  onOther: ((other: PassedOver) => void) | undefined,
): AsyncIterable<ListedFile> {
  const { disks } = trees;
  const requireAll = async (): Promise<void> => {
    await trees.requireThere(prefix);
    await disks.requireBelow(prefix);
  };
  await requireAll();
  await disks.lookAlong(prefix);
  const folder = trees.pathOf(prefix);
  if (folder !== undefined) yield* listFolder({ disks, onOther }, prefix, folder);
  await requireAll();
}

interface Listing {
  readonly disks: Disks;
  readonly onOther: ((other: PassedOver) => void) | undefined;
}

/** Files of a folder in a fixed order; hidden ones are not frames. */
async function* listFolder(
  listing: Listing,
  prefix: string,
  folder: string,
): AsyncIterable<ListedFile> {
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
    const [key, path] = [`${prefix}/${entry.name}`, join(folder, entry.name)] as const;
    const isHidden = entry.name.startsWith('.');
    if (isHidden || !(entry.isDirectory() || entry.isFile())) {
      const text = isHidden ? 'Its name begins with a dot: it is hidden.' : describeEntry(entry);
      listing.onOther?.({ key, text });
      continue;
    }
    if (entry.isDirectory()) {
      await listing.disks.look(key);
      yield* listFolder(listing, key, path);
      continue;
    }
    const found = await lstat(path).catch(asUndefined);
    if (found !== undefined) yield { key, sizeBytes: found.size };
  }
}

async function asReadError(trees: Trees, key: string, error: unknown): Promise<never> {
  if (!isAbsent(error)) return asStoreError(error);
  await trees.requireThere(key);
  throw new AppError('not_found', 'The file is not there.', {}, error);
}
