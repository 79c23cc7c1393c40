import { randomUUID } from 'node:crypto';
import { createReadStream, type BigIntStats } from 'node:fs';
import { link, lstat, opendir, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { AppError, systemCode } from '../lib/errors.js';
import { sha256Of } from '../lib/hash.js';
import type { Disks } from './disks.js';
import { syncPath } from './flush.js';
import type { Folders } from './folders.js';
import { pathOfKey, STATE_DIR } from './keys.js';
import { copyDurably, moveFile } from './move.js';
import type { ShelfStep } from './steps.js';
import { asStoreError, asUndefined } from './trouble.js';

/** Where the files of deleted frames lie until they come back or go for good; one folder for each. */
export interface Shelf {
  /**
   * Moves a file from its place to the shelf of a frame. Idempotent; durable once resolved. Files of
   * folders that are only read stay where they are. If the shelf has the same bytes already, the file
   * goes; if it has others, the file is kept in `.platevault/replaced/`, where nothing is removed.
   * @throws 'store_full', 'store_unavailable'
   */
  put(key: string, frameId: number): Promise<void>;
  /**
   * Moves a file back to its place. It never overwrites.
   * @returns false if it is not on the shelf
   * @throws 'key_exists', 'store_full', 'store_unavailable'
   */
  takeBack(key: string, frameId: number): Promise<boolean>;
  /** Whether a file lies on the shelf of a frame. */
  has(key: string, frameId: number): Promise<boolean>;
  /** Removes the shelf of a frame with all that lies on it. */
  clear(frameId: number): Promise<void>;
  /** Everything that lies on a shelf, or beside them, in no order. */
  list(): AsyncIterable<ShelvedFile>;
}

/** A file in the folder of the shelves. */
export interface ShelvedFile {
  /** Path below that folder, with `/` between the parts. */
  readonly name: string;
  /** Whose shelf it is on; undefined if it is on none. */
  readonly frameId: number | undefined;
  /** The key that it had, and gets back. */
  readonly key: string;
}

const SHELVES = 'trash';
/** As a restore keeps files that are in the way. */
const REPLACED = 'replaced';

/** What a shelf needs of the tree that it belongs to. */
interface Tree {
  readonly root: string;
  readonly folders: Folders;
  readonly disks: Disks;
  readonly requireRoot: () => Promise<void>;
  readonly at: (step: ShelfStep) => void;
}

/** Shelves in the tree of the archive, so that a file is moved and not copied. */
export function createShelf({ root, folders, disks, requireRoot, at }: Tree): Shelf {
  const shelfOf = (frameId: number): string => join(root, STATE_DIR, SHELVES, String(frameId));
  // A key that leads nowhere in the tree leads nowhere on a shelf.
  const shelfPath = (key: string, frameId: number): string =>
    join(shelfOf(frameId), relative(root, pathOfKey(root, key)));

  const asidePath = (key: string, frameId: number): string =>
    join(
      root,
      STATE_DIR,
      REPLACED,
      `${frameId}-${randomUUID()}`,
      relative(root, pathOfKey(root, key)),
    );

  return {
    has: async (key, frameId) => (await look(shelfPath(key, frameId))) !== undefined,

    async put(key, frameId) {
      await requireRoot();
      const path = pathOfKey(root, key);
      const shelved = shelfPath(key, frameId);
      const [here, there] = [await look(path), await look(shelved)];
      if (here === undefined) {
        await disks.require(key); // else it would stay there, without a row
        return;
      }
      try {
        // It is there twice after half a `takeBack`, and after a restore that filled the shelf. Left in
        // the tree it would be taken for a frame.
        const isTwice =
          there !== undefined && (await haveSameBytes([path, here], [shelved, there]));
        const to = there === undefined || isTwice ? shelved : asidePath(key, frameId);
        await folders.make(dirname(to));
        if (isTwice) await unlink(path);
        else await moveFile(path, to);
        at('shelf-moved');
        await syncPath(dirname(to));
        await syncPath(dirname(path));
        await folders.prune(dirname(path));
      } catch (error) {
        asStoreError(error);
      }
    },

    async takeBack(key, frameId) {
      const shelved = shelfPath(key, frameId);
      const found = await look(shelved);
      if (found === undefined) {
        await folders.prune(dirname(shelved));
        return false;
      }
      await requireRoot();
      const path = pathOfKey(root, key);
      try {
        await folders.make(dirname(path));
        const there = await look(path);
        // Linked already by a process that died before it took the other name away.
        if (there === undefined || !isSame(found, there)) await moveTo(shelved, path);
        at('shelf-linked');
        await syncPath(dirname(path));
        await rm(shelved, { force: true });
        at('shelf-taken');
        await folders.prune(dirname(shelved));
        return true;
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') return asStoreError(error);
        throw new AppError('key_exists', `There is a file at '${key}' already.`, { key }, error);
      }
    },

    async clear(frameId) {
      await requireRoot();
      try {
        await rm(shelfOf(frameId), { recursive: true, force: true });
      } catch (error) {
        asStoreError(error);
      }
    },

    async *list() {
      await requireRoot();
      for await (const name of eachBelow(join(root, STATE_DIR, SHELVES), '')) {
        const [shelf = '', ...parts] = name.split('/');
        const isShelf = /^[1-9]\d*$/.test(shelf) && parts.length > 0;
        yield { name, frameId: isShelf ? Number(shelf) : undefined, key: parts.join('/') };
      }
    },
  };
}

/** Paths below a folder, which may be absent, of all that is no folder. */
async function* eachBelow(folder: string, prefix: string): AsyncIterable<string> {
  const entries = await opendir(folder).catch(asUndefined);
  if (entries === undefined) return;
  for await (const entry of entries) {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) yield* eachBelow(join(folder, entry.name), `${name}/`);
    else yield name;
  }
}

function look(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(asUndefined);
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

async function haveSameBytes(
  [path, stats]: readonly [string, BigIntStats],
  [otherPath, otherStats]: readonly [string, BigIntStats],
): Promise<boolean> {
  if (isSame(stats, otherStats)) return true;
  if (!stats.isFile() || !otherStats.isFile() || stats.size !== otherStats.size) return false;
  const sums = [
    await sha256Of(createReadStream(path)),
    await sha256Of(createReadStream(otherPath)),
  ];
  return sums[0] === sums[1];
}

/** `rename` would silently replace; where links are not supported, it is looked before. */
async function moveTo(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // From here on both names are there; the caller takes the old one away.
    if (systemCode(error) === 'EXDEV') return copyDurably(from, to);
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(systemCode(error) ?? '')) throw error;
    if ((await look(to)) !== undefined) throw existing(to, error);
    await rename(from, to);
  }
}

function existing(path: string, cause: unknown): Error {
  return Object.assign(new Error(`${path} exists`, { cause }), { code: 'EEXIST' });
}
