import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  eachFileByKey,
  eachQuarantineFile,
  eachTrashFile,
  findFileByKey,
  isKeptAside,
  type AsideFile,
  type Catalog,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import { sha256Of } from '../lib/hash.js';
import type { Store } from '../store/index.js';
import { openAside } from './aside.js';
import { usualPath, type BackupEntry } from './backup-manifest.js';
import { comparePaths } from './backup-target.js';
import { journalFolder } from './journal.js';

/** A file that belongs into a back-up; where it will lie there is not known yet. */
export type WantedFile = Omit<BackupEntry, 'path'>;

interface Parts {
  readonly store: Store;
  readonly config: Config;
}

/** Files of the same usual path, which have to be told apart by their bytes. */
export interface WantedGroup {
  readonly path: string;
  readonly files: readonly WantedFile[];
}

/**
 * Every file that a view on the catalogue refers to, and the journal of the tree, in the order of the
 * bytes of their usual paths.
 */
export async function* eachWanted(parts: Parts, view: Catalog): AsyncIterable<WantedGroup> {
  const others = await listOthers(parts, view);
  let group: WantedFile[] = [];
  for await (const file of inOrder(eachFrameFile(view), others)) {
    const [first] = group;
    if (first !== undefined && usualPath(first) !== usualPath(file)) {
      yield { path: usualPath(first), files: group };
      group = [];
    }
    group.push(file);
  }
  const [first] = group;
  if (first !== undefined) yield { path: usualPath(first), files: group };
}

async function* eachFrameFile(view: Catalog): AsyncIterable<WantedFile> {
  for await (const file of eachFileByKey(view)) yield { area: 'frames', ...file };
}

/** Of trash, quarantine and journal there are few; of frames there may be millions. */
async function listOthers(parts: Parts, view: Catalog): Promise<WantedFile[]> {
  const files: WantedFile[] = [];
  for await (const file of eachTrashFile(view)) files.push(toWanted(file));
  for await (const file of eachQuarantineFile(view)) files.push(toWanted(file));
  files.push(...(await listJournal(parts)));
  return files.sort((a, b) => comparePaths(usualPath(a), usualPath(b)));
}

function toWanted({ area, key, frameId, sizeBytes, sha256 }: AsideFile): WantedFile {
  return { area, key, sizeBytes, sha256, ...(frameId === null ? {} : { frameId }) };
}

/** The journal as long as it is now: it only ever grows at its end. */
async function listJournal({ store }: Parts): Promise<WantedFile[]> {
  const folder = journalFolder(store);
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  const files: WantedFile[] = [];
  for (const key of names) {
    const { size: sizeBytes } = await stat(join(folder, key));
    if (sizeBytes === 0) continue;
    const sha256 = await sha256Of(readStart(join(folder, key), sizeBytes));
    files.push({ area: 'journal', key, sizeBytes, sha256 });
  }
  return files;
}

function readStart(path: string, bytes: number): Readable {
  return createReadStream(path, { end: bytes - 1, highWaterMark: 1024 * 1024 });
}

async function* inOrder(
  many: AsyncIterable<WantedFile>,
  few: readonly WantedFile[],
): AsyncIterable<WantedFile> {
  let next = 0;
  for await (const file of many) {
    for (let other = few[next]; other !== undefined; other = few[next]) {
      if (comparePaths(usualPath(other), usualPath(file)) > 0) break;
      yield other;
      next += 1;
    }
    yield file;
  }
  yield* few.slice(next);
}

/** The bytes of a file of the archive. @throws 'not_found' */
export async function openWanted(parts: Parts, file: WantedFile): Promise<Readable> {
  const { area, key, sizeBytes, sha256 } = file;
  if (area === 'frames') return parts.store.read(key);
  if (area === 'journal') return readStart(join(journalFolder(parts.store), key), sizeBytes);
  const frameId = file.frameId ?? null;
  const aside = { area, key, frameId, sizeBytes, sha256, isMoved: true };
  const opened = await openAside(parts, aside);
  if (opened === undefined) throw new AppError('not_found', `The file is not there: ${key}`);
  return opened.createReadStream({ highWaterMark: 1024 * 1024 });
}

/** Whether the catalogue of now still has a file that an earlier view had, with the same bytes. */
export async function isStillWanted(catalog: Catalog, file: WantedFile): Promise<boolean> {
  const { area, key, sizeBytes, sha256, frameId = null } = file;
  if (area === 'journal') return true;
  if (area === 'frames') return (await findFileByKey(catalog, key))?.sha256 === sha256;
  return isKeptAside(catalog, { area, key, frameId, sizeBytes, sha256, isMoved: true });
}
