import { lstat, open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import {
  eachQuarantineFile,
  eachTrashFile,
  isKeptAside,
  isOfTrashed,
  type AsideFile,
  type Catalog,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import { statFile } from '../lib/files.js';
import { sha256Of } from '../lib/hash.js';
import { isAbsent, pathOfKey, type Store } from '../store/index.js';
import type { Difference } from './check.js';

/** Age from which what is unfinished belongs to nobody any more. */
const UNFINISHED_MS = 3_600_000;

interface Parts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly config: Config;
}

/** Where a file of a deleted frame lies. @param stateDir of the store */
export function shelvedPath(stateDir: string, frameId: number, key: string): string {
  return pathOfKey(join(stateDir, 'trash', String(frameId)), key);
}

/** Opens a file that is kept beside those of the frames; undefined if it is nowhere. */
export async function openAside(
  { store, config }: Pick<Parts, 'store' | 'config'>,
  { area, key, frameId }: AsideFile,
): Promise<FileHandle | undefined> {
  if (area === 'quarantine') return openThere(join(config.DATA_DIR, 'quarantine', key));
  const shelved = shelvedPath(store.stateDir, frameId ?? 0, key);
  // It is still to be moved, or lies where nothing may be moved; or it was moved while we looked.
  return (
    (await openThere(shelved)) ??
    (await openThere(store.localPath(key))) ??
    (await openThere(shelved))
  );
}

async function openThere(place: string | Promise<string>): Promise<FileHandle | undefined> {
  try {
    return await open(await place);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** What is wrong with the trash, with quarantine, and with what was broken off. */
export async function* eachAsideFault(parts: Parts, readData: boolean): AsyncIterable<Difference> {
  const known = new Set<string>();
  for await (const file of eachQuarantineFile(parts.catalog)) {
    known.add(file.key);
    const fault = await faultOf(parts, file, readData);
    if (fault !== undefined) yield fault;
  }
  for await (const file of eachTrashFile(parts.catalog)) {
    const fault = await faultOf(parts, file, readData);
    if (fault !== undefined) yield fault;
  }
  yield* eachUnknownShelved(parts);
  const quarantine = join(parts.config.DATA_DIR, 'quarantine');
  for (const name of await oldFiles(quarantine)) {
    if (known.has(name)) continue;
    const text = 'A refused file that is not listed.';
    yield { kind: 'leftover', key: `quarantine/${name}`, text };
  }
  for (const name of await oldFiles(parts.store.spoolDir)) {
    yield { kind: 'leftover', key: name, text: 'An upload that was not finished.' };
  }
}

/** Files in the trash of the tree that belong to no deleted frame: nobody would ever remove them. */
async function* eachUnknownShelved({ catalog, store }: Parts): AsyncIterable<Difference> {
  for await (const { name, frameId, key } of store.shelf.list()) {
    if (frameId !== undefined && (await isOfTrashed(catalog, frameId, key))) continue;
    // It goes before its row does: brought back, or removed for good, while this was looked at.
    if ((await lookAt(join(store.stateDir, 'trash', name))) === undefined) continue;
    const text = 'No deleted frame refers to this file in the trash.';
    yield { kind: 'unknown-file', key: `trash/${name}`, text };
  }
}

async function lookAt(path: string): Promise<object | undefined> {
  return lstat(path).catch((error: unknown) => {
    if (!isAbsent(error)) throw error;
    return undefined;
  });
}

async function faultOf(
  parts: Parts,
  file: AsideFile,
  readData: boolean,
): Promise<Difference | undefined> {
  const fault = await compare(parts, file, readData);
  // It may have been restored, mended or thrown away meanwhile.
  if (fault === undefined || !(await isKeptAside(parts.catalog, file))) return undefined;
  return compare(parts, file, readData);
}

async function compare(
  parts: Parts,
  file: AsideFile,
  readData: boolean,
): Promise<Difference | undefined> {
  const key = `${file.area}/${file.key}`;
  const name = `A file in ${NAMES[file.area]}`;
  try {
    const opened = await openAside(parts, file);
    if (opened === undefined) return { kind: 'missing', key, text: `${name} is missing.` };
    const fault = await compareBytes(opened, file, readData).finally(() => opened.close());
    return fault === undefined
      ? undefined
      : { kind: fault.kind, key, text: `${name} ${fault.text}` };
  } catch (error) {
    // One bad block must not end a check of everything; a root that has gone must.
    if (error instanceof AppError || systemCode(error) === undefined) throw error;
    return {
      kind: 'unreadable',
      key,
      text: `${name} cannot be read (${String(systemCode(error))}).`,
    };
  }
}

async function compareBytes(
  opened: FileHandle,
  { sizeBytes, sha256 }: AsideFile,
  readData: boolean,
): Promise<Pick<Difference, 'kind' | 'text'> | undefined> {
  const { size } = await opened.stat();
  if (size !== sizeBytes) {
    return { kind: 'size', text: `has ${size} bytes instead of ${sizeBytes}.` };
  }
  if (!readData || (await sha256Of(opened.createReadStream({ autoClose: false }))) === sha256) {
    return undefined;
  }
  return { kind: 'content', text: 'has other bytes than were kept.' };
}

const NAMES = { quarantine: 'quarantine', trash: 'the trash' } as const;

/** Names in a folder, which may be absent, of what has lain there for long. */
async function oldFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  const old: string[] = [];
  for (const name of names) {
    const found = await statFile(join(folder, name));
    if (found !== undefined && Date.now() - found.mtimeMs >= UNFINISHED_MS) old.push(name);
  }
  return old;
}
