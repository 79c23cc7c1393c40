import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { systemCode } from '../lib/errors.js';
import type { Rendered } from './render.js';

/** Pictures on disk. Several processes may share the folder. */
export interface PictureCache {
  /** The picture of a key, which then counts as just used; undefined if it is not there. */
  get(key: string): Promise<Rendered | undefined>;
  /** Keeps a picture. All or nothing; others may have to go for it. */
  put(key: string, picture: Rendered): Promise<void>;
}

/** All of a picture but its bytes; it stands before them in the file, as JSON. */
type Label = Omit<Rendered, 'bytes'> & { readonly length: number };

const MAGIC = Buffer.from('pvpic1\n\0', 'latin1');
const PREFIX_BYTES = MAGIC.length + 4;
const TEMPORARY = '.part';
const STALE_MS = 3_600_000;
/** A picture that is asked for again and again is marked as used once in so long. */
const TOUCH_EVERY_MS = 60_000;
const TOUCHED = 10_000;
/** A sweep goes below the bound, so that not each new picture needs one. */
const SWEEP_TO = 0.85;

/**
 * A folder of at most about `maxBytes`; the longest unused pictures go first, by the times of their
 * files. 0 keeps nothing.
 *
 * @param directory made when needed
 */
export function createPictureCache(directory: string, maxBytes: number): PictureCache {
  let total: Promise<number> | undefined; // bytes in the folder as far as this process knows
  let temporaries = 0;
  const touched = new LRUCache<string, true>({ max: TOUCHED, ttl: TOUCH_EVERY_MS });

  const sweep = async (target: number): Promise<number> => {
    const files = await listFiles(directory);
    let bytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    if (bytes <= maxBytes) return bytes;
    for (const file of files.sort((a, b) => a.usedMs - b.usedMs)) {
      if (bytes <= target) break;
      await rm(file.path, { force: true });
      bytes -= file.sizeBytes;
    }
    return bytes;
  };

  return {
    async get(key) {
      const path = pathOf(directory, key);
      let content: Buffer;
      try {
        content = await readFile(path);
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return undefined;
        throw error;
      }
      const picture = unpack(content);
      if (picture !== undefined && !touched.has(key)) {
        touched.set(key, true);
        await touch(path);
      }
      return picture;
    },
    async put(key, picture) {
      const content = pack(picture);
      if (content.length > maxBytes) return;
      const path = pathOf(directory, key);
      const temporary = `${path}.${process.pid}-${(temporaries += 1)}${TEMPORARY}`;
      await mkdir(join(path, '..'), { recursive: true });
      try {
        await writeFile(temporary, content, { flag: 'wx' });
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      const before = total ?? sweep(maxBytes * SWEEP_TO).then((bytes) => bytes - content.length);
      total = before.then((bytes) => {
        const now = bytes + content.length;
        return now > maxBytes ? sweep(maxBytes * SWEEP_TO) : now;
      });
      try {
        await total;
      } catch (error) {
        total = undefined; // count anew next time
        throw error;
      }
    },
  };
}

function pathOf(directory: string, key: string): string {
  return join(directory, key.slice(0, 2), key);
}

/** Marks a file as just used; another process may have removed it meanwhile. */
async function touch(path: string): Promise<void> {
  const now = new Date();
  try {
    await utimes(path, now, now);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

interface CachedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly usedMs: number;
}

/** All pictures of the folder. Temporary files that a crash left behind are removed. */
async function listFiles(directory: string): Promise<CachedFile[]> {
  const found: CachedFile[] = [];
  for (const folder of await readdir(directory)) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue;
    for (const name of await readdir(join(directory, folder))) {
      const path = join(directory, folder, name);
      const facts = await statIfThere(path);
      if (facts === undefined) continue;
      if (!name.endsWith(TEMPORARY)) found.push({ path, ...facts });
      else if (Date.now() - facts.usedMs > STALE_MS) await rm(path, { force: true });
    }
  }
  return found;
}

async function statIfThere(path: string): Promise<Omit<CachedFile, 'path'> | undefined> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { sizeBytes: size, usedMs: mtimeMs };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function pack({ bytes, ...rest }: Rendered): Buffer {
  const label: Label = { ...rest, length: bytes.length };
  const text = Buffer.from(JSON.stringify(label));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([MAGIC, length, text, bytes]);
}

/** Undefined for anything but a whole picture, such as a file that a power cut left empty. */
function unpack(content: Buffer): Rendered | undefined {
  if (content.length < PREFIX_BYTES || !MAGIC.equals(content.subarray(0, MAGIC.length))) {
    return undefined;
  }
  const start = PREFIX_BYTES + content.readUInt32BE(MAGIC.length);
  if (start > content.length) return undefined;
  const text = content.toString('utf8', PREFIX_BYTES, start);
  const { length, ...rest } = JSON.parse(text) as Label; // written by pack
  const bytes = content.subarray(start);
  return bytes.length === length ? { ...rest, bytes } : undefined;
}
