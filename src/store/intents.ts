import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCode } from '../lib/errors.js';
import { ownedName } from '../lib/owned-names.js';
import { asStoreError, asUndefined } from './trouble.js';

/**
 * A file and its row cannot appear, or go, at the same instant. Before the two part for a moment, it is
 * written down beside the spool which files are about to lie there without a row: if the process dies
 * before it has said `done`, the next one removes those to which no row refers.
 */
export interface Intent {
  /** Files and rows agree again. Never throws for trouble of the disk: a sweep ends it too. */
  done(): Promise<void>;
}

/** A file that is about to lie under `key` without a row, or to be removed from there. */
export interface IntendedFile {
  readonly key: string;
  /** Where its bytes lie now; it may be absent, then nothing is intended. */
  readonly path: string;
  /** Of its bytes; where links are not supported, the file is known by it. */
  readonly sha256?: string;
}

/** How the file is known again. */
export interface Identity {
  readonly key: string;
  /** Where its bytes were spooled. */
  readonly path: string;
  /** A link keeps these three; another file does not have them all. Decimal. */
  readonly inode: string;
  readonly modifiedNs: string;
  readonly sizeBytes: string;
  readonly sha256: string | null;
}

/** Ending of the names of intents in the spool. */
export const INTENT = '.intent';

/**
 * Writes an intent. It is not flushed: against the death of the process it need not be, and after a
 * power cut `check` tells of files without a row.
 *
 * @throws 'store_full', 'store_unavailable'
 */
export async function writeIntent(
  spoolDir: string,
  files: readonly IntendedFile[],
): Promise<Intent> {
  const found: Identity[] = [];
  for (const file of files) {
    const identity = await identify(file);
    if (identity !== undefined) found.push(identity);
  }
  if (found.length === 0) return { done: () => Promise.resolve() };
  const path = join(spoolDir, ownedName(INTENT));
  try {
    await writeFile(path, JSON.stringify(found), { flag: 'wx' });
  } catch (error) {
    await rm(path, { force: true }).catch(asUndefined);
    asStoreError(error);
  }
  return { done: () => removeQuietly(path) };
}

/** What is left of it says of a file with a row that it has one: it does no harm. */
async function removeQuietly(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    if (systemCode(error) === undefined) throw error;
  });
}

async function identify({ key, path, sha256 }: IntendedFile): Promise<Identity | undefined> {
  const found = await stat(path, { bigint: true }).catch(asUndefined);
  if (found === undefined) return undefined;
  return {
    key,
    path: basename(path),
    inode: String(found.ino),
    modifiedNs: String(found.mtimeNs),
    sizeBytes: String(found.size),
    sha256: sha256 ?? null,
  };
}

/** The files of an intent; none if it was written only in part: then nothing had been done yet. */
export async function readIntent(path: string): Promise<readonly Identity[]> {
  const text = await readFile(path, 'utf8').catch(asUndefined);
  try {
    const files: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(files) ? files.filter(isIdentity) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function isIdentity(value: unknown): value is Identity {
  if (typeof value !== 'object' || value === null) return false;
  const { key, path, inode, modifiedNs, sizeBytes } = value as Record<string, unknown>;
  return [key, path, inode, modifiedNs, sizeBytes].every((text) => typeof text === 'string');
}

/**
 * Whether the file at `path` is provably the one that was meant: the very file, or (where it was copied)
 * one with the same bytes, or the start of a copy whose original is still in the spool.
 */
export async function isMeant(
  identity: Identity,
  path: string,
  spoolDir: string,
): Promise<boolean> {
  const found = await stat(path, { bigint: true }).catch(asUndefined);
  if (found?.isFile() !== true) return false;
  const size = BigInt(identity.sizeBytes);
  const isSame =
    String(found.ino) === identity.inode && String(found.mtimeNs) === identity.modifiedNs;
  if (found.size === size && isSame) return true;
  if (found.size > size) return false;
  const spooled = join(spoolDir, basename(identity.path));
  const original = await stat(spooled).catch(asUndefined);
  if (original !== undefined && BigInt(original.size) >= found.size) {
    return (await hashStart(path, found.size)) === (await hashStart(spooled, found.size));
  }
  return found.size === size && (await hashStart(path, size)) === identity.sha256;
}

async function hashStart(path: string, bytes: bigint): Promise<string> {
  const hash = createHash('sha256');
  if (bytes > 0n) {
    for await (const chunk of createReadStream(path, { end: Number(bytes) - 1 })) {
      hash.update(chunk as Buffer);
    }
  }
  return hash.digest('hex');
}
