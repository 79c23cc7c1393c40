import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  isLockHeld,
  readArchive,
  rememberArchive,
  sampleFiles,
  type ArchiveMark,
  type Catalog,
} from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
import {
  holdsAnyFile,
  holdsFile,
  markerPath,
  markRoot,
  openFsStore,
  readMarker,
  rootError,
  type FsStoreOptions,
  type Store,
} from '../store/index.js';

export interface RootOptions {
  /** True for those who make the catalogue from the tree: a tree that it knows nothing of is theirs. */
  readonly takesTree?: boolean;
  readonly at?: FsStoreOptions['at'];
}

/**
 * Opens the tree of frames if it is the one that the catalogue belongs to. Only a new archive gets a
 * new root: where a catalogue finds an empty folder instead of its files, their disk is not mounted,
 * and nothing may be made there.
 *
 * @throws 'store_unavailable' with what is wrong, and what to do
 */
export async function openRoot(
  catalog: Catalog,
  root: string,
  { takesTree = false, at }: RootOptions = {},
): Promise<Store> {
  const known = await readArchive(catalog);
  const marker = await readMarker(root);
  const mark = known ?? marker;
  if (known !== undefined && marker !== undefined && known.id !== marker.id) {
    throw refusal(
      `${root} holds another archive (${marker.id}) than the catalogue (${known.id}).`,
      ['Point ARCHIVE_ROOT and DATA_DIR to one and the same archive.'],
    );
  }
  if (known === undefined && marker !== undefined) await requireKinship(catalog, root, takesTree);
  if (marker === undefined) await requireOurs(catalog, root, known);
  const { id } = marker ?? (await markRoot(root, mark?.id));
  if (known === undefined) await rememberArchive(catalog, marker ?? { id, createdMs: Date.now() });
  return openFsStore(root, { id, ...(at === undefined ? {} : { at }) });
}

/** A root without a marker is that of a new archive, or of one that is older than markers. */
async function requireOurs(
  catalog: Catalog,
  root: string,
  known: ArchiveMark | undefined,
): Promise<void> {
  const files = await sampleFiles(catalog);
  if (files.length === 0 && known === undefined) return;
  if (await holdsSome(root, files)) return;
  const id = known === undefined ? '' : ` ${known.id}`;
  const mark = JSON.stringify({ id: known?.id });
  throw refusal(
    `The archive${id} is not in ${root}: its marker file and its frames are not there.`,
    [
      'Mount its disk, or point ARCHIVE_ROOT to where it lies now. Nothing was made or changed.',
      ...(known === undefined
        ? []
        : [`Should this folder hold it from now on, write ${mark} to ${markerPath(root)}.`]),
    ],
  );
}

/** A catalogue that knows no archive is new, or older than markers; the tree has one. */
async function requireKinship(catalog: Catalog, root: string, takesTree: boolean): Promise<void> {
  const files = await sampleFiles(catalog);
  if (files.length > 0) {
    if (await holdsSome(root, files)) return;
    throw refusal(`${root} holds another archive than the catalogue.`, [
      'Point ARCHIVE_ROOT and DATA_DIR to one and the same archive.',
    ]);
  }
  if (!takesTree) await requireNoFrames(root);
}

/**
 * Looks at a root before a catalogue is made for it: what would be refused afterwards is refused now,
 * and nothing is made.
 *
 * @throws 'store_unavailable', 'busy' if a server is at work on it
 */
export async function requireNewArchive(root: string): Promise<void> {
  const marker = await readMarker(root);
  if (marker !== undefined) {
    await requireNoFrames(root);
    if (await isLockHeld(join(dirname(markerPath(root)), 'server.lock'))) {
      throw new AppError('busy', `Another server is at work on ${root}. Stop it first.`);
    }
  }
  try {
    await mkdir(root, { recursive: true });
    await access(root, constants.W_OK);
  } catch (error) {
    throw rootError(root, error);
  }
}

async function requireNoFrames(root: string): Promise<void> {
  if (!(await holdsAnyFile(root))) return;
  throw refusal(`The catalogue is new, but ${root} holds the frames of an archive.`, [
    'Make the catalogue from them with `platevault reindex`, or bring it back with `platevault restore`.',
    'Nothing was changed.',
  ]);
}

async function holdsSome(
  root: string,
  files: readonly { readonly key: string; readonly sizeBytes: number }[],
): Promise<boolean> {
  for (const { key, sizeBytes } of files) if (await holdsFile(root, key, sizeBytes)) return true;
  return false;
}

function refusal(what: string, hints: readonly string[]): AppError {
  return new AppError('store_unavailable', [what, ...hints].join(' '));
}
