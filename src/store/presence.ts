import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { holdsAnyFile, holdsFile } from './look.js';
import { asUndefined } from './trouble.js';

/** A file by which a tree is known again; its name is the path below the folder of the tree. */
export interface KnownFile {
  readonly name: string;
  readonly sizeBytes: number;
}

/** A tree outside of the root, and by what it is known again: not a byte is written into it. */
export interface AdoptedTree {
  readonly folder: string;
  /** What the system says of the folder, see `markOf`; undefined if that was not written down. */
  readonly mark?: string;
  /** Some of its files; none before the first file of it is filed. */
  readonly files: readonly KnownFile[];
}

/** Files that are looked for. Of so many some stay, whatever people do in a tree. */
const SAMPLE = 24;

/**
 * Whether the disk of a tree is there. Some file of it has to be: the number of its device and the
 * inode of its folder may change with the next mount, and be the same for another disk. The folder
 * itself, if it is the same, says that only after all those files have gone, but not others.
 *
 * @throws 'store_unavailable' if it cannot be found out
 */
export async function isTreeThere({ folder, mark, files }: AdoptedTree): Promise<boolean> {
  const found = await stat(folder, { bigint: true }).catch(asUndefined);
  if (found?.isDirectory() !== true) return false;
  if (files.length === 0 && mark !== undefined) return true; // nothing of it is expected yet
  for (const { name, sizeBytes } of files) {
    if (await holdsFile(folder, name, sizeBytes)) return true;
  }
  return (mark === undefined || mark === markOf(found)) && (await holdsAnyFile(folder));
}

/** Device, inode and time of birth: what no other folder has, as long as nothing is mounted anew. */
export function markOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return [dev, ino, birthtimeNs].join(':');
}

/** Chooses some of many files, evenly spread, without knowing how many there will be. */
export function createSample(): { add(file: KnownFile): void; files(): readonly KnownFile[] } {
  let kept: KnownFile[] = [];
  let [seen, step] = [0, 1];
  return {
    add(file) {
      if (seen % step === 0) kept.push(file);
      seen += 1;
      if (kept.length <= SAMPLE) return;
      kept = kept.filter((_, index) => index % 2 === 0);
      step *= 2;
    },
    files: () => kept,
  };
}
