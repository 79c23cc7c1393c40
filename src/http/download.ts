import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { AppError, systemCode } from '../lib/errors.js';
import { isAdoptedKey, type Store } from '../store/index.js';

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
  /** True if other bytes may have the same date; then only the tag decides on conditions. */
  readonly isDateWeak?: boolean;
  /** Each run has to be good only until the next one is asked for. */
  read(range: ByteRange): AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;
}

/** Bytes [start, end). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The sign for a page that its download has begun, as the reference archive gives it: scripts read it,
 * so it cannot be HttpOnly.
 */
export function markBegun(res: Response): void {
  const { secure } = res.req;
  res.cookie('fileDownload', 'true', { path: '/', sameSite: 'lax', secure });
}

/**
 * Sends a stored file as `sendMade` does. Behind nginx the bytes, and what part of them is asked
 * for, are left to it (`accelPrefix`).
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
  const read = (range: ByteRange): Promise<AsyncIterable<Uint8Array>> =>
    store.runs(download.key, range);
  const made: MadeDownload = { ...download, etag: `"${download.sha256}"`, read };
  // The proxy is told of ARCHIVE_ROOT alone.
  if (accelPrefix === '' || isAdoptedKey(download.key)) {
    await sendMade(req, res, made);
  } else if (describe(req, res, made)) {
    const path = download.key.split('/').map(encodeURIComponent).join('/');
    res.set('X-Accel-Redirect', accelPrefix + path).end();
  }
}

/**
 * Sends a file whose length is known: GET and HEAD, Range and If-Range, ETag and Last-Modified, and
 * all conditions (RFC 9110 §8.8, §13, §14). A POST that makes the same bytes again may ask for a part
 * of them as a GET does. Nothing is sent before the first bytes are there, so what cannot be made is
 * answered with the reason. If reading fails after that the connection breaks: the client learns that.
 *
 * @throws as `made.read`, with none of the headers of the file left in the answer
 */
export async function sendMade(req: Request, res: Response, made: MadeDownload): Promise<void> {
  const earlier = new Set(res.getHeaderNames());
  if (!describe(req, res, made)) return;
  const range = chooseRange(req, res, made);
  if (range === undefined) return;
  let runs: AsyncIterator<Uint8Array> | undefined;
  try {
    runs = (await made.read(range))[Symbol.asyncIterator]();
    for (let run = await runs.next(); run.done !== true; run = await runs.next()) {
      if (!(await isTaken(res, run.value))) return;
    }
    res.end();
  } catch (error) {
    if (res.destroyed && !res.headersSent) return; // the client has left, and takes no answer
    if (!res.headersSent) {
      for (const name of res.getHeaderNames()) if (!earlier.has(name)) res.removeHeader(name);
    }
    throw error;
  } finally {
    await runs?.return?.(); // what was begun is put away, also if nothing of it was taken
  }
}

/**
 * Sends one run; resolves when the system has it, so that its buffer can be used again.
 * @returns false if the client has left
 */
function isTaken(res: Response, run: Uint8Array): Promise<boolean> {
  if (res.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const leave = (): void => {
      resolve(false);
    };
    res.once('close', leave);
    res.write(run, (error) => {
      res.off('close', leave);
      resolve(error === null || error === undefined);
    });
  });
}

/** Sets the headers of the whole; false if a condition of the client has ended the matter. */
function describe(req: Request, res: Response, made: MadeDownload): boolean {
  res.set({
    'Content-Type': made.contentType,
    'Content-Disposition': contentDisposition(made.filename),
    ETag: made.etag,
    'Last-Modified': lastModified(made),
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-cache',
  });
  if (!meetsConditions(req, made)) res.status(412).end();
  else if (isKnown(req, made)) res.status(304).end();
  else return true;
  return false;
}

/**
 * If-Match and If-Unmodified-Since, RFC 9110 §13.1.1 and §13.1.4: for a client that goes on with a
 * file and knows no If-Range, such as curl.
 */
function meetsConditions(req: Request, made: MadeDownload): boolean {
  const tags = req.get('if-match');
  if (tags !== undefined) {
    return tags.split(',').some((tag) => tag.trim() === '*' || tag.trim() === made.etag);
  }
  const since = Date.parse(req.get('if-unmodified-since') ?? '');
  return Number.isNaN(since) || (made.isDateWeak !== true && wholeSeconds(made) <= since);
}

/** If-None-Match and If-Modified-Since of GET and HEAD. */
function isKnown(req: Request, { isDateWeak }: MadeDownload): boolean {
  return req.fresh && (isDateWeak !== true || req.get('if-none-match') !== undefined);
}

/** Sets the headers of the part asked for; undefined if there is nothing to send but headers. */
function chooseRange(req: Request, res: Response, made: MadeDownload): ByteRange | undefined {
  const size = made.sizeBytes;
  const range = parseRange(req, made);
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

function lastModified(made: Attributes): string {
  return new Date(wholeSeconds(made)).toUTCString();
}

function wholeSeconds({ modifiedMs }: Attributes): number {
  return Math.floor(modifiedMs / 1000) * 1000;
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
  const name = key.slice(key.lastIndexOf('/') + 1); // the folder is no business of a client
  if (found === undefined) {
    throw new AppError('not_found', `The file of this frame is missing in the archive: ${name}`);
  }
  if (found.sizeBytes !== sizeBytes) {
    const message = `The stored file is damaged: ${name} has ${found.sizeBytes} bytes instead of ${sizeBytes}.`;
    throw new AppError('damaged', message);
  }
}

/** Streams to the client as fast as it takes; a client that leaves is no error. */
export async function sendStream(
  from: NodeJS.ReadableStream | AsyncIterable<Uint8Array | string>,
  res: Response,
): Promise<void> {
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
 * whole, as RFC 9110 §14.2 allows; so is HEAD, which has no ranges.
 */
function parseRange(req: Request, made: MadeDownload): ByteRange | 'unsatisfiable' | undefined {
  const ifRange = req.get('if-range');
  const isSame =
    ifRange === made.etag || (made.isDateWeak !== true && ifRange === lastModified(made));
  if (req.method === 'HEAD' || (ifRange !== undefined && !isSame)) return undefined;
  const match = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(req.get('range') ?? '');
  if (match === null) return undefined;
  const size = made.sizeBytes;
  const [, first = '', final = ''] = match;
  if (first === '' && final === '') return undefined;
  if (first === '') {
    const suffix = Number(final);
    if (suffix === 0 || size === 0) return 'unsatisfiable';
    return { start: Math.max(0, size - suffix), end: size };
  }
  const start = Number(first);
  const end = final === '' ? size : Math.min(size, Number(final) + 1);
  if (final !== '' && Number(final) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}
