import { once } from 'node:events';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ZipArchive } from 'archiver';
import type { Response } from 'express';
import type { StoredFile } from '../catalog/index.js';
import {
  contentDisposition,
  markBegun,
  requireIntact,
  sendStream,
  type Services,
} from '../http/index.js';
import { missingText, tooMany, zipFolder } from '../downloads/index.js';
import { AppError } from '../lib/errors.js';
import { createNamer } from '../zip/index.js';
import type { ZipOptions } from './zip-request.js';

/** Most files that are made on the way into one zip. */
const MAX_MADE = 10_000;

/** What goes into a zip: closed when it is in it, or when nobody wants it any more. */
interface Content {
  readonly name: string;
  /** Can be called again, unless they are those of a file as it is stored. */
  readonly read: () => AsyncIterable<Uint8Array | string>;
  readonly isMade: boolean;
  readonly close: () => Promise<void>;
}

/**
 * Sends a zip of what is made from the files on the way: unpacked images, or tables as CSV. Its
 * length is not known, so it cannot be resumed. What cannot be made is listed in it.
 */
export async function sendUnpackedZip(
  services: Services,
  res: Response,
  slices: AsyncIterable<readonly StoredFile[]>,
  options: ZipOptions,
): Promise<void> {
  const files: StoredFile[] = [];
  for await (const slice of slices) {
    files.push(...slice);
    if (files.length > MAX_MADE) throw tooMany(MAX_MADE);
  }
  const modifiedMs = files.reduce((newest, file) => Math.max(newest, file.createdMs), 0);
  const folder = zipFolder(services.config.ZIP_BASENAME, { modifiedMs, count: files.length });
  markBegun(res);
  res.set({
    'Content-Type': 'application/zip',
    'Content-Disposition': contentDisposition(`${folder}.zip`),
    'Cache-Control': 'private, no-store',
  });
  if (res.req.method === 'HEAD') {
    res.end();
    return;
  }
  const gone = new AbortController();
  res.once('close', () => {
    gone.abort();
  });
  const zip = new ZipArchive({ store: true });
  const filled = fill(zip, services, { files, folder, modifiedMs, options }, gone.signal);
  filled.catch((error: unknown) => {
    zip.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  await sendStream(zip, res);
}

interface Contents {
  readonly files: readonly StoredFile[];
  readonly folder: string;
  readonly modifiedMs: number;
  readonly options: ZipOptions;
}

/** Puts in one content after the other: each is begun when the one before has been taken. */
async function fill(
  zip: ZipArchive,
  services: Services,
  { files, folder, modifiedMs, options }: Contents,
  signal: AbortSignal,
): Promise<void> {
  const nameOf = createNamer();
  const missing: string[] = [];
  for (const file of files) {
    signal.throwIfAborted();
    const content = await openContent(services, file, options, signal);
    if (typeof content === 'string') {
      missing.push(content);
      continue;
    }
    try {
      const bytes = Readable.from(content.read());
      bytes.once('error', (error) => {
        zip.destroy(error);
      });
      const taken = once(zip, 'entry', { signal });
      zip.append(bytes, {
        name: `${folder}/${nameOf(content.name)}`,
        date: new Date(file.createdMs),
      });
      await taken;
    } finally {
      await content.close();
    }
  }
  if (missing.length > 0) {
    const name = `${folder}/${nameOf('MISSING.txt')}`;
    const text = missingText(missing, 'These frames could not be put into this zip:');
    zip.append(text, { name, date: new Date(modifiedMs) });
  }
  await zip.finalize();
}

/** What is made from a file; a line about it if that cannot be. */
async function openContent(
  services: Services,
  file: StoredFile,
  { catalogOnly }: ZipOptions,
  signal: AbortSignal,
): Promise<Content | string> {
  const name = `${file.basename}${file.extension}`;
  try {
    await requireIntact(services.store, file);
    const content = await (catalogOnly
      ? openTable(services, file, signal)
      : openUnpacked(services, file, signal));
    if (content === undefined) return `${name}: it has no catalogue.`;
    if (content.isMade) await readThrough(content, signal);
    return content;
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'busy') throw error;
    return `${name}: ${error.message}`;
  }
}

/**
 * What is made is made twice: an entry that has begun cannot be taken back, and what is damaged in a
 * packed image shows where its bytes are needed.
 */
async function readThrough({ read, close }: Content, signal: AbortSignal): Promise<void> {
  try {
    await finished(Readable.from(read()).resume(), { signal });
  } catch (error) {
    await close();
    throw error;
  }
}

/** The catalogue of a frame as CSV; undefined if it has none. */
async function openTable(
  { store, products }: Services,
  file: StoredFile,
  signal: AbortSignal,
): Promise<Content | undefined> {
  const source = { ...file, path: await store.localPath(file.key) };
  const found = await products.table(source, undefined, { signal });
  if (found === undefined) return undefined;
  async function* bytes(): AsyncGenerator<Uint8Array | string> {
    if (found === undefined) return;
    yield found.table.csvHeader;
    yield* found.read('csv');
  }
  return {
    name: `${file.basename}-catalog.csv`,
    read: bytes,
    isMade: true,
    close: () => found.close(),
  };
}

/** A file that is packed, or compressed as a whole, as a plain one; others as they are. */
async function openUnpacked(
  { store, products }: Services,
  file: StoredFile,
  signal: AbortSignal,
): Promise<Content> {
  if (file.container === 'plain' || file.container === 'xisf') {
    const bytes = await store.read(file.key);
    const close = (): Promise<void> => {
      bytes.destroy();
      return Promise.resolve();
    };
    return { name: `${file.basename}${file.extension}`, read: () => bytes, isMade: false, close };
  }
  const source = { ...file, path: await store.localPath(file.key) };
  const request = { kind: 'unpack', isOriginal: file.isPacked } as const;
  const product = await products.make(source, request, { signal });
  const whole = { start: 0, end: product.sizeBytes };
  return {
    name: `${file.basename}.fits`,
    read: () => product.read(whole),
    isMade: true,
    close: () => product.close(),
  };
}
