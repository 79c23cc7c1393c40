import type { Request, RequestHandler, Response } from 'express';
import { listSharedFrames, type StoredFile } from '../../catalog/index.js';
import {
  createZipsBegun,
  sendPlainZip,
  sendScript,
  type ScriptLanguage,
  type ZipDress,
} from '../../downloads/index.js';
import {
  clientOf,
  markBegun,
  parameter,
  parseId,
  queryParameters,
  requireIntact,
  rootUrl,
  sendDownload,
  viewerOf,
} from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { parseRenderOptions } from '../../preview/index.js';
import { createNamer } from '../../zip/index.js';
import type { Web } from '../page.js';
import { THUMBNAIL_QUERY } from '../render.js';
import { filesOf, getShared, keepPrivate, openShare, type OpenShare } from './open.js';
import { readmeText, shareFolder, sumsText } from './words.js';

const FITS_TYPE = 'image/fits';

/** Everything that a share gives besides its page. */
export function createShareFiles(web: Web): {
  readonly zip: RequestHandler;
  readonly script: RequestHandler;
  readonly readme: RequestHandler;
  readonly sums: RequestHandler;
  readonly file: RequestHandler;
  readonly preview: RequestHandler;
} {
  const { services } = web;
  const { catalog, store, config, previews } = services;
  const begun = createZipsBegun();
  const siteName = config.SITE_NAME === '' ? 'Platevault' : config.SITE_NAME;

  const dressOf = async ({ share, sharer }: OpenShare) => {
    const frames = await listSharedFrames(catalog, share.id, sharer);
    const files = filesOf(frames);
    const dress: ZipDress = {
      folder: shareFolder(share),
      texts: (zipped) => [
        { name: 'README.txt', text: readmeText(share, { siteName, frames, files: zipped }) },
        { name: 'SHA256SUMS', text: sumsText(zipped) },
      ],
    };
    return { files, dress };
  };

  /** One of the texts that are in the zip too. */
  const textOf =
    (wanted: string): RequestHandler =>
    async (req, res) => {
      keepPrivate(res);
      const { files, dress } = await dressOf(await openShare(services, req));
      const nameOf = createNamer();
      const named = files.map((file) => ({
        ...file,
        name: nameOf(`${file.basename}${file.extension}`),
      }));
      const text = dress.texts(named).find(({ name }) => name === wanted)?.text ?? '';
      res.set('Cache-Control', 'private, no-cache').type('text/plain').send(text);
    };

  const zip: RequestHandler = async (req, res) => {
    keepPrivate(res);
    const opened = await openShare(services, req);
    const { files, dress } = await dressOf(opened);
    requireFiles(files);
    noteFetched(web, res, opened);
    await sendPlainZip(services, req, res, oneSlice(files), begun, dress);
  };

  const script: RequestHandler = async (req, res) => {
    keepPrivate(res);
    const opened = await openShare(services, req);
    const { share, sharer, path } = opened;
    const frames = await listSharedFrames(catalog, share.id, sharer);
    const files = filesOf(frames);
    requireFiles(files);
    noteFetched(web, res, opened);
    const numbers = new Map(frames.map(({ frameId, number }) => [frameId, number]));
    const root = `${rootUrl(services, req)}${path.slice(1)}files/`;
    await sendScript(services, req, res, oneSlice(files), languageOf(req), {
      urlOf: (frameId) => `${root}${numbers.get(frameId) ?? 0}/`,
      expiresMs: share.expiresMs,
      folder: shareFolder(share),
    });
  };

  const file: RequestHandler = async (req, res) => {
    keepPrivate(res);
    const opened = await openShare(services, req);
    const { file: stored } = await getShared(services, opened, parseId(req.params.number));
    markBegun(res);
    const download = {
      key: stored.key,
      filename: `${stored.basename}${stored.extension}`,
      contentType: FITS_TYPE,
      sizeBytes: stored.sizeBytes,
      sha256: stored.sha256,
      modifiedMs: stored.createdMs,
    };
    await sendDownload(req, res, store, download, config.X_ACCEL_PREFIX);
  };

  const preview: RequestHandler = async (req, res) => {
    keepPrivate(res);
    const opened = await openShare(services, req);
    const { file: stored } = await getShared(services, opened, parseId(req.params.number));
    await requireIntact(store, stored);
    const source = { path: await store.localPath(stored.key), sha256: stored.sha256 };
    const gone = new AbortController();
    res.once('close', () => {
      gone.abort();
    });
    const waiter = { signal: gone.signal, client: clientOf(viewerOf(res)) };
    const picture = await previews.get(source, OPTIONS, waiter);
    // Not for ever: a share ends, and then its pictures do.
    res.set({ 'Content-Type': picture.contentType, ETag: picture.etag });
    res.set('Cache-Control', 'private, max-age=3600').send(Buffer.from(picture.bytes));
  };

  return { zip, script, readme: textOf('README.txt'), sums: textOf('SHA256SUMS'), file, preview };
}

/** As the pictures of lists are: each is drawn once. */
const OPTIONS = parseRenderOptions(Object.fromEntries(new URLSearchParams(THUMBNAIL_QUERY)));

async function* oneSlice(files: readonly StoredFile[]): AsyncGenerator<readonly StoredFile[]> {
  yield await Promise.resolve(files);
}

function requireFiles(files: readonly StoredFile[]): void {
  if (files.length > 0) return;
  throw new AppError('gone', 'None of the frames of this share is there any more.');
}

/** @throws 'bad_request' */
function languageOf(req: Request): ScriptLanguage {
  const format = parameter(queryParameters(req), 'format');
  if (format === '' || format === 'script') return 'shell';
  if (format === 'script-windows') return 'powershell';
  const message = 'Invalid value for format: expected script or script-windows.';
  throw new AppError('bad_request', message, { parameter: 'format' });
}

function noteFetched({ services }: Web, res: Response, { share }: OpenShare): void {
  services.deeds.note(viewerOf(res), {
    action: 'share.fetched',
    subject: `share:${share.id}`,
    outcome: 'done',
    detail: { title: share.title },
  });
}
