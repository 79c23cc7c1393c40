import { stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import {
  checkCube,
  checkDatabase,
  countKept,
  eachKept,
  hasKey,
  isBeingTrashed,
  type Catalog,
  type CheckRecord,
  type KeptVersion,
  type Share,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { SourceLimits } from '../fits/index.js';
import { mapConcurrently } from '../lib/pool.js';
import type { Store } from '../store/index.js';
import { eachAsideFault } from './aside.js';
import { noteChecks } from './changes.js';
import { examineTwice } from './examine.js';
import { checkJournal } from './journal-check.js';
import { eachUnread } from './reindex-unread.js';

/** Something in which the parts of the archive do not agree. */
export interface Difference {
  /**
   * `missing`: a row without its file; `size`, `content`: a file that is not the bytes that were
   * stored; `unreadable`: a file that the disk does not give, or whose header the last reindex could
   * not read; `unknown-file`: a file that no row refers to; `leftover`: a file of something that was broken off; `wrong-count`: a sum or an index
   * that is not what the frames say; `database`: the catalogue itself is damaged; `journal`: the
   * journal in the tree does not tell what the catalogue has; `note`: no difference, but odd since it
   * came.
   */
  readonly kind:
    | 'missing'
    | 'size'
    | 'content'
    | 'unreadable'
    | 'unknown-file'
    | 'leftover'
    | 'wrong-count'
    | 'database'
    | 'journal'
    | 'note';
  readonly key: string;
  readonly text: string;
}

/** How far a check has come. */
export interface CheckProgress {
  readonly files: number;
  readonly bytes: number;
  readonly totalFiles: number;
  readonly totalBytes: number;
}

export interface CheckParts {
  /** May be open for reading alone. */
  readonly catalog: Catalog;
  readonly store: Store;
  readonly config: Config;
  /** Where it is written down what was found; undefined not to. */
  readonly record: Catalog | undefined;
}

export interface CheckOptions {
  readonly readData: boolean;
  /** Which of the files are looked at; default all. */
  readonly share?: Share;
  /** Files that are read at once. */
  readonly jobs: number;
  /** How far compressed files may expand, and where to, when their FITS checksums are compared. */
  readonly limits: SourceLimits;
  readonly onProgress?: (progress: CheckProgress) => void;
}

/** A name in the tree without a row may belong to a frame that is just being stored, for this long. */
const SETTLE_MS = 3_000;
const SETTLE_STEP_MS = 250;
/** A file that has lain there for this long does not belong to a frame that is just being stored. */
const SETTLED_MS = 60_000;
/** Files looked at between two writings of the results. */
const BATCH = 64;
/** Lookups of files at once: they wait for the disk, not for the processor. */
const LOOKS = 16;

/**
 * Compares catalogue, counts, files, bytes and journal with each other. Changes nothing but the times of the
 * readings, and those only if it may. Works beside a running server: what comes or goes meanwhile is
 * no difference.
 *
 * @throws 'store_unavailable' if the archive cannot be reached
 */
export async function* checkArchive(
  parts: CheckParts,
  options: CheckOptions,
): AsyncIterable<Difference> {
  const { catalog } = parts;
  for (const text of await checkDatabase(catalog)) {
    yield { kind: 'database', key: 'catalogue', text };
  }
  for (const text of await checkCube(catalog)) {
    yield { kind: 'wrong-count', key: 'catalogue', text };
  }
  yield* checkVersions(parts, options);
  yield* eachUnread(catalog);
  yield* checkTree(parts);
  yield* eachAsideFault(parts, options.readData);
  yield* checkJournal(parts);
}

/** Every row with its file. */
async function* checkVersions(parts: CheckParts, options: CheckOptions): AsyncIterable<Difference> {
  const total = await countKept(parts.catalog, options.share);
  let [files, bytes] = [0, 0];
  const tell = (): void => {
    const { files: totalFiles, bytes: totalBytes } = total;
    options.onProgress?.({ files, bytes, totalFiles, totalBytes });
  };
  for await (const all of eachKept(parts.catalog, options.share)) {
    for (let from = 0; from < all.length; from += BATCH) {
      const batch = all.slice(from, from + BATCH);
      const found = await mapConcurrently(batch, options.readData ? options.jobs : LOOKS, (one) =>
        checkVersion(parts, one, {
          ...options,
          onRead: (read) => {
            bytes += read;
            tell();
            return undefined;
          },
        }),
      );
      files += batch.length;
      tell();
      if (parts.record !== undefined) {
        await noteChecks(
          parts.record,
          found.flatMap(({ record }) => record ?? []),
        );
      }
      for (const { differences } of found) yield* differences;
    }
  }
}

async function checkVersion(
  parts: CheckParts,
  version: KeptVersion,
  options: CheckOptions & { readonly onRead: (bytes: number) => undefined },
): Promise<{ differences: Difference[]; record: CheckRecord | undefined }> {
  const { readData, limits, onRead } = options;
  const found = await examineTwice(parts, version, { readData, limits, onRead });
  if (found === undefined) return { differences: [], record: undefined };
  const { key } = version;
  const { result, text, notes } = found;
  const record = { versionId: version.id, atMs: Date.now(), result };
  const differences = notes.map((note): Difference => ({ kind: 'note', key, text: note }));
  if (result !== 'ok') differences.push({ kind: result, key, text });
  // Without reading, that a file has the right length says nothing about its bytes.
  return { differences, record: readData || result !== 'ok' ? record : undefined };
}

/** Every file with its row. */
async function* checkTree({ catalog, store }: CheckParts): AsyncIterable<Difference> {
  const young: string[] = [];
  for await (const { key } of store.list('')) {
    if (await hasKey(catalog, key)) continue;
    const age = await ageOf(store, key);
    if (age === undefined) continue;
    if (age < SETTLED_MS) young.push(key);
    else if (!(await isKnown(catalog, key))) yield unknownFile(key);
  }
  let left = young;
  for (let waited = 0; left.length > 0 && waited < SETTLE_MS; waited += SETTLE_STEP_MS) {
    await setTimeout(SETTLE_STEP_MS);
    left = await stillUnknown(catalog, store, left);
  }
  for (const key of left) yield unknownFile(key);
}

async function stillUnknown(catalog: Catalog, store: Store, keys: string[]): Promise<string[]> {
  const left: string[] = [];
  for (const key of keys) {
    const isThere = (await store.stat(key)) !== undefined;
    // The file goes after the row and comes before it: so the row is looked for last.
    if (isThere && !(await isKnown(catalog, key))) left.push(key);
  }
  return left;
}

/** Whether a row refers to a key; that of a deleted frame does until its files have been moved. */
async function isKnown(catalog: Catalog, key: string): Promise<boolean> {
  return (await hasKey(catalog, key)) || isBeingTrashed(catalog, key);
}

/** Time since a file got its name, ms; undefined if it has gone. */
async function ageOf(store: Store, key: string): Promise<number | undefined> {
  try {
    return Math.abs(Date.now() - (await stat(await store.localPath(key))).ctimeMs);
  } catch (error) {
    if ((await store.stat(key)) === undefined) return undefined;
    throw error;
  }
}

function unknownFile(key: string): Difference {
  return { kind: 'unknown-file', key, text: 'No frame refers to this file.' };
}
