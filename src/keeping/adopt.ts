import { OPERATOR } from '../catalog/index.js';
import { placeTree, readAdopted, rememberTree, withAdopted, type Store } from '../store/index.js';
import { journalFolder, writeJournal } from './journal.js';
import { fileLoose, versionsLast, type LooseParts, type LooseResult } from './loose.js';

export interface AdoptOptions {
  /** True to find out what would be done, and change nothing. */
  readonly isDry: boolean;
  /** Told before the first file is looked at. */
  readonly onTotal: (total: { readonly files: number; readonly bytes: number }) => void;
}

/**
 * Takes the FITS files of a folder into the archive where they lie: not a byte of them is copied, moved
 * or changed. Files outside of the tree of the archive are read from their folder from then on. Works
 * beside a running server; begun again after an interruption, it goes on where it was.
 *
 * @throws 'bad_request' for what is no folder, or contains the archive
 */
export async function* adoptTree(
  parts: LooseParts,
  folder: string,
  { isDry, onTotal }: AdoptOptions,
): AsyncIterable<LooseResult> {
  const { store, prefix } = await openTree(parts, folder, isDry);
  onTotal(await countTree(store, prefix));
  const files = versionsLast(store.list(prefix));
  yield* fileLoose({ ...parts, store }, files, { by: OPERATOR, isDry });
  if (!isDry) await writeJournal(parts.catalog, journalFolder(store));
}

/**
 * The tree that a folder is, as part of the store.
 *
 * @param isDry true to remember nothing
 * @returns prefix of the keys of its files
 * @throws 'bad_request'
 */
export async function openTree(
  { store, config }: LooseParts,
  folder: string,
  isDry: boolean,
): Promise<{ readonly store: Store; readonly prefix: string }> {
  const place = await placeTree(store, config.ARCHIVE_ROOT, folder);
  if (!place.isNew) return { store, prefix: place.prefix };
  if (!isDry) {
    await rememberTree(store, place.prefix, place.folder);
    return { store, prefix: place.prefix };
  }
  const trees = new Map([...readAdopted(store), [place.prefix, place.folder]]);
  return { store: withAdopted(store, () => trees), prefix: place.prefix };
}

/** How much there is to do. */
export async function countTree(
  store: Store,
  prefix: string,
): Promise<{ files: number; bytes: number }> {
  const total = { files: 0, bytes: 0 };
  for await (const { sizeBytes } of store.list(prefix)) {
    total.files += 1;
    total.bytes += sizeBytes;
  }
  return total;
}
