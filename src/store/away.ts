import { join } from 'node:path';
import { isAdoptedKey, readAdopted, requireTree } from './adopted-trees.js';
import { createDisks, partAwayOf } from './disks.js';
import { pathOfKey, STATE_DIR } from './keys.js';

/** A part of an archive that cannot be reached, while the rest of it can. */
export interface PartAway {
  /** Key of its folder. */
  readonly part: string;
  /** For people, with what to do about it. */
  readonly text: string;
}

/**
 * The disks below a root, and the adopted trees, that are away now. Also for those who have not opened
 * the store; that the root itself is there is for others to find out.
 *
 * @throws 'store_unavailable' if it cannot be found out
 */
export async function findPartsAway(root: string): Promise<readonly PartAway[]> {
  const stateDir = join(root, STATE_DIR);
  const trees = readAdopted({ stateDir });
  const found: PartAway[] = [];
  const note = async (look: Promise<void>): Promise<void> => {
    try {
      await look;
    } catch (error) {
      const part = partAwayOf(error);
      if (part === undefined || !(error instanceof Error)) throw error;
      found.push({ part, text: error.message });
    }
  };
  for (const [name, tree] of trees) await note(requireTree(name, tree));
  const pathOf = (key: string): string | undefined => {
    if (!isAdoptedKey(key)) return key === '' ? root : pathOfKey(root, key);
    const [name = '', ...rest] = key.split('/');
    const folder = trees.get(name)?.folder;
    return folder === undefined || rest.length === 0 ? folder : pathOfKey(folder, rest.join('/'));
  };
  const disks = createDisks(stateDir, pathOf);
  for (const key of disks.noted()) {
    // Of a tree that is away, no disk in it is there either: it is told once.
    const [tree] = key.split('/', 1);
    if (!found.some(({ part }) => part === tree)) await note(disks.require(key));
  }
  return found;
}
