import { eachTrashFile, OPERATOR, type Catalog, type FrameRecord } from '../catalog/index.js';
import {
  createSample,
  describeTree,
  isAdoptedKey,
  placeTree,
  readAdopted,
  rememberTree,
  withAdopted,
  type ListedFile,
  type PassedOver,
  type Store,
} from '../store/index.js';
import { journalFolder, writeJournal } from './journal.js';
import { fileLoose, versionsLast, type LooseParts, type LooseResult } from './loose.js';

/** What there is to do: what is passed over counts as a file without bytes. */
export interface TreeTotal {
  readonly files: number;
  readonly bytes: number;
}

export interface AdoptOptions {
  /** True to find out what would be done, and change nothing. */
  readonly isDry: boolean;
  /** Told before the first file is looked at. */
  readonly onTotal: (total: TreeTotal) => void;
}

/**
 * Takes the FITS files of a folder into the archive where they lie: not a byte of them is copied, moved
 * or changed. Files outside of the tree of the archive are read from their folder from then on. Works
 * beside a running server; begun again after an interruption, it goes on where it was, and tells of
 * files that were changed since they were taken in.
 *
 * @throws 'bad_request' for what is no folder, or contains the archive; 'store_unavailable' for a tree
 *         that is known and whose disk is away
 */
export async function* adoptTree(
  parts: LooseParts,
  folder: string,
  options: AdoptOptions,
): AsyncIterable<LooseResult> {
  const { isDry } = options;
  const { store, prefix } = await openTree(parts, folder, options);
  const others: LooseResult[] = [];
  const listed = store.list(prefix, (other) => others.push(toPassedOver(other)));
  const trashed = await readTrashed(parts.catalog);
  const files = versionsLast(withoutTrashed(listed, trashed, (result) => others.push(result)));
  for await (const result of fileLoose({ ...parts, store }, files, { by: OPERATOR, isDry })) {
    yield* others.splice(0);
    yield result;
  }
  yield* others;
  if (!isDry) await writeJournal(parts.catalog, journalFolder(store));
}

/** Frames in the trash by the keys of their files in adopted trees, where they lie as before. */
async function readTrashed(catalog: Catalog): Promise<ReadonlyMap<string, number>> {
  const trashed = new Map<string, number>();
  for await (const { key, frameId } of eachTrashFile(catalog)) {
    if (frameId !== null && isAdoptedKey(key)) trashed.set(key, frameId);
  }
  return trashed;
}

/** Taken in anew, they would undo what somebody deleted, and be in the way of its coming back. */
async function* withoutTrashed(
  files: AsyncIterable<ListedFile>,
  trashed: ReadonlyMap<string, number>,
  onTrashed: (result: LooseResult) => void,
): AsyncIterable<ListedFile> {
  for await (const file of files) {
    const frameId = trashed.get(file.key);
    if (frameId === undefined) {
      yield file;
      continue;
    }
    const text = `Its frame was deleted and is in the trash: \`platevault trash restore ${frameId}\` brings it back.`;
    onTrashed({ ...file, status: 'in-trash', frameId, basename: null, text });
  }
}

/** Files of a frame that lie in adopted trees: they stay there, whatever becomes of the frame. */
export function adoptedFilesOf({ versions }: FrameRecord): string[] {
  return versions.map(({ key }) => key).filter(isAdoptedKey);
}

/** What is told of something in a tree that is no file of an archive. */
export function toPassedOver({ key, text }: PassedOver): LooseResult {
  return { key, sizeBytes: 0, status: 'passed-over', frameId: null, basename: null, text };
}

/**
 * The tree that a folder is, as part of the store; unless this is a dry run it is remembered, with some
 * of its files, by which it is known again.
 *
 * @returns prefix of the keys of its files
 * @throws as `adoptTree`
 */
export async function openTree(
  { store, config }: LooseParts,
  folder: string,
  { isDry, onTotal }: AdoptOptions,
): Promise<{ readonly store: Store; readonly prefix: string }> {
  const place = await placeTree(store, config.ARCHIVE_ROOT, folder);
  const { prefix } = place;
  const known = readAdopted(store);
  const trees = place.isNew
    ? new Map([...known, [prefix, await describeTree(place.folder, [])] as const])
    : known;
  const tried = place.isNew ? withAdopted(store, () => trees) : store;
  const { sample, ...total } = await countTree(tried, prefix);
  onTotal(total);
  if (isDry) return { store: tried, prefix };
  const isWhole = isAdoptedKey(prefix) && !prefix.includes('/');
  // Without a file of a tree that is known, what was known of it is worth more.
  if (isWhole && (place.isNew || sample.length > 0)) {
    await rememberTree(store, prefix, await describeTree(place.folder, sample));
  }
  return { store, prefix };
}

async function countTree(
  store: Store,
  prefix: string,
): Promise<TreeTotal & { readonly sample: readonly { name: string; sizeBytes: number }[] }> {
  let [files, bytes] = [0, 0];
  const sample = createSample();
  const countOther = (): void => {
    files += 1;
  };
  for await (const { key, sizeBytes } of store.list(prefix, countOther)) {
    files += 1;
    bytes += sizeBytes;
    sample.add({ name: key.slice(prefix.length + 1), sizeBytes });
  }
  return { files, bytes, sample: sample.files() };
}
