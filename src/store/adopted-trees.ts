import { lstat, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { AppError } from '../lib/errors.js';
import { isInside } from '../lib/paths.js';
import { partAway } from './disks.js';
import { isTreeThere, markOf, type AdoptedTree, type KnownFile } from './presence.js';
import { readStateFile, writeStateFile } from './state-file.js';
import type { Store } from './store.js';
import { asStoreError, asUndefined } from './trouble.js';

/**
 * Trees outside of the root that are served from where they lie, by the first part of the keys of
 * their files (`@adopted1`). Files are read there, never put, changed or removed.
 */
export type AdoptedTrees = ReadonlyMap<string, AdoptedTree>;

/** First part of a key in an adopted tree. */
const PREFIX = /^@adopted\d+$/;

/** Whether a key leads into an adopted tree, which lies elsewhere than the files of the archive. */
export function isAdoptedKey(key: string): boolean {
  return PREFIX.test(key.split('/', 1)[0] ?? '');
}

/** The adopted trees of an archive, from a small file in its tree. @throws 'store_unavailable' */
export function readAdopted({ stateDir }: Pick<Store, 'stateDir'>): AdoptedTrees {
  const example = '{"@adopted1": {"folder": "/a/folder", "files": […]}, …}';
  return readStateFile(listPath(stateDir), parseTrees, example) ?? new Map();
}

function parseTrees(json: unknown): AdoptedTrees | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const trees = new Map<string, AdoptedTree>();
  for (const [name, value] of Object.entries(json)) {
    const tree = parseTree(value);
    if (tree === undefined) return undefined;
    if (PREFIX.test(name)) trees.set(name, tree);
  }
  return trees;
}

/** Of a tree that a person wrote down, or an earlier version did, there is the folder alone. */
function parseTree(value: unknown): AdoptedTree | undefined {
  if (typeof value === 'string') return { folder: value, files: [] };
  if (typeof value !== 'object' || value === null) return undefined;
  const { folder, mark, files = [] } = value as Record<string, unknown>;
  if (typeof folder !== 'string' || !Array.isArray(files) || !files.every(isKnownFile)) {
    return undefined;
  }
  return { folder, ...(typeof mark === 'string' ? { mark } : {}), files };
}

function isKnownFile(value: unknown): value is KnownFile {
  if (typeof value !== 'object' || value === null) return false;
  const { name, sizeBytes } = value as Record<string, unknown>;
  return typeof name === 'string' && typeof sizeBytes === 'number';
}

/** Where a folder lies as the store sees it. */
export interface TreePlace {
  /** Of the keys of its files; '' for the root itself. */
  readonly prefix: string;
  readonly folder: string;
  /** Whether it is outside of the root, and not part of an adopted tree yet. */
  readonly isNew: boolean;
}

/**
 * Where the files of `folder` lie as the store sees them, and whether that has to be remembered first.
 *
 * @param root of the archive
 * @throws 'bad_request' for what is no folder, or contains the archive or a tree that is adopted already
 */
export async function placeTree(
  store: Pick<Store, 'stateDir'>,
  root: string,
  folder: string,
): Promise<TreePlace> {
  const real = await realpath(folder).catch(asUndefined);
  const found = real === undefined ? undefined : await lstat(real);
  if (real === undefined || found?.isDirectory() !== true) {
    throw new AppError('bad_request', `There is no folder ${resolve(folder)}.`);
  }
  const known: (readonly [string, string])[] = [
    ['', await realpath(root).catch(asStoreError)],
    ...[...readAdopted(store)].map(([name, tree]) => [name, tree.folder] as const),
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

/** What a tree is known again by. @param files some of its files */
export async function describeTree(
  folder: string,
  files: readonly KnownFile[],
): Promise<AdoptedTree> {
  const mark = markOf(await stat(folder, { bigint: true }).catch(asStoreError));
  return { folder, mark, files };
}

/** Remembers a tree, so that every process of the archive serves it. Durable once resolved. */
export async function rememberTree(
  store: Pick<Store, 'stateDir'>,
  prefix: string,
  tree: AdoptedTree,
): Promise<void> {
  const trees = new Map([...readAdopted(store), [prefix, tree]]);
  await writeStateFile(listPath(store.stateDir), Object.fromEntries(trees));
}

/** Makes sure that the disks of all adopted trees are there. @throws 'store_unavailable' */
export async function requireTrees(store: Pick<Store, 'stateDir'>): Promise<void> {
  for (const [name, tree] of readAdopted(store)) await requireTree(name, tree);
}

/** Makes sure that the disk of a tree is there. @throws 'store_unavailable', see `isPartAway` */
export async function requireTree(name: string, tree: AdoptedTree): Promise<void> {
  if (!(await isTreeThere(tree))) throw partAway(name, AWAY_TREE);
}

const AWAY_TREE =
  'Its folder, which .platevault/adopted.json names, has none of the files that are known of it. If they have gone for good, take it out there.';

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
