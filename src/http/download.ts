import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { AppError, systemCode } from '../lib/errors.js';
import type { Store } from '../store/index.js';

/** What a client is told of a file before its bytes. */
interface Attributes {
  /** Name that the client is offered. */
  readonly filename: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** A stored file to send. */
export interface Download extends Attributes {
  readonly key: string;
  readonly sha256: string;
}

/** A file that is made while it is sent. */
export interface MadeDownload extends Attributes {
  /** Strong: the same bytes have the same tag (RFC 9110 §8.8.3). */
  readonly etag: string;
  read(range: ByteRange): AsyncIterable<Uint8Array>;
}

/** Bytes [start, end). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Sends a stored file: GET and HEAD, Range and If-Range, ETag and Last-Modified (RFC 9110 §8.8,
 * §13, §14). Behind nginx the bytes are left to it (`accelPrefix`), else they are streamed.
 *
 * @throws 'not_found' if the file is not in the store, 'damaged' if it has not the length it had
 */
export async function sendDownload(
  req: Request,
  res: Response,
  store: Store,
  download: Download,
  accelPrefix: string,
): Promise<void> {
  await requireIntact(store, download);
  const etag = `"${download.sha256}"`;
  if (!describe(req, res, { ...download, etag })) return;
  if (accelPrefix !== '') {
    const path = download.key.split('/').map(encodeURIComponent).join('/');
    res.set('X-Accel-Redirect', accelPrefix + path).end();
    return;
  }
  const range = chooseRange(req, res, { ...download, etag });
  if (range !== undefined) await sendStream(await store.read(download.key, range), res);
}

/** As `sendDownload`, of a file that is made while it is sent. */
export async function sendMade(req: Request, res: Response, made: MadeDownload): Promise<void> {
  if (!describe(req, res, made)) return;
  const range = chooseRange(req, res, made);
  if (range !== undefined) await sendStream(Readable.from(made.read(range)), res);
}

/** Sets the headers of the whole; false if the client has it already and was told so. */
function describe(
  req: Request,
  res: Response,
  entity: Attributes & { readonly etag: string },
): boolean {
  res.set({
    'Content-Type': entity.contentType,
    'Content-Disposition': contentDisposition(entity.filename),
    ETag: entity.etag,
    'Last-Modified': lastModified(entity),
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-cache',
  });
  if (!req.fresh) return true;
  res.status(304).end();
  return false;
}

/** Sets the headers of the part asked for; undefined if there is nothing to send but headers. */
function chooseRange(
  req: Request,
  res: Response,
  entity: Attributes & { readonly etag: string },
): ByteRange | undefined {
  const size = entity.sizeBytes;
  const range = parseRange(req, size, entity.etag, lastModified(entity));
  if (range === 'unsatisfiable') {
    res.status(416).set('Content-Range', `bytes */${size}`).end();
    return undefined;
  }
  const { start, end } = range ?? { start: 0, end: size };
  if (range !== undefined) {
    res.status(206).set('Content-Range', `bytes ${start}-${end - 1}/${size}`);
  }
  res.set('Content-Length', String(end - start));
  if (req.method !== 'HEAD' && end > start) return { start, end };
  res.end();
  return undefined;
}

function lastModified({ modifiedMs }: Attributes): string {
  return new Date(Math.floor(modifiedMs / 1000) * 1000).toUTCString();
}

/**
 * A stored file as the catalogue knows it; a shorter or longer one must not pass for it.
 * @throws 'not_found', 'damaged'
 */
export async function requireIntact(
  store: Store,
  { key, sizeBytes }: { readonly key: string; readonly sizeBytes: number },
): Promise<void> {
  const found = await store.stat(key);
  if (found === undefined) {
    throw new AppError('not_found', `The file of this frame is missing in the archive: ${key}`);
  }
  if (found.sizeBytes !== sizeBytes) {
    const message = `The stored file is damaged: ${key} has ${found.sizeBytes} bytes instead of ${sizeBytes}.`;
    throw new AppError('damaged', message);
  }
}

/** Streams to the client; a client that leaves is no error. */
export async function sendStream(from: NodeJS.ReadableStream, res: Response): Promise<void> {
  try {
    await pipeline(from, res);
  } catch (error) {
    if (systemCode(error) !== 'ERR_STREAM_PREMATURE_CLOSE' && systemCode(error) !== 'ECONNRESET')
      throw error;
  }
}

/** A name for any browser: plain ASCII, and the exact name in RFC 8187 form where that differs. */
export function contentDisposition(
  filename: string,
  kind: 'attachment' | 'inline' = 'attachment',
): string {
  const ascii = filename.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  if (ascii === filename) return `${kind}; filename="${ascii}"`;
  const encoded = encodeURIComponent(filename).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  );
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/**
 * The one range asked for, undefined for the whole. Several ranges at once are answered with the
 * whole, as RFC 9110 §14.2 allows.
 */
function parseRange(
  req: Request,
  size: number,
  etag: string,
  lastModified: string,
): ByteRange | 'unsatisfiable' | undefined {
  const ifRange = req.get('if-range');
  if (ifRange !== undefined && ifRange !== etag && ifRange !== lastModified) return undefined;
  const match = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/.exec(req.get('range') ?? '');
  if (match === null) return undefined;
  const [, first = '', final = ''] = match;
  if (first === '' && final === '') return undefined;
  if (first === '') {
    const suffix = Number(final);
    return suffix === 0 ? 'unsatisfiable' : { start: Math.max(0, size - suffix), end: size };
  }
  const start = Number(first);
  const end = final === '' ? size : Math.min(size, Number(final) + 1);
  if (final !== '' && Number(final) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}
