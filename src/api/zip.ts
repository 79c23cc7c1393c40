import type { Request, RequestHandler, Response } from 'express';
import { ZipArchive } from 'archiver';
import { findFrames, listVersions, parseConditions, type Version } from '../catalog/index.js';
import {
  bodyText,
  contentDisposition,
  queryParameters,
  requireAction,
  requireCsrf,
  requireIntact,
  sendStream,
  viewerOf,
  type Authentication,
  type Services,
} from '../http/index.js';
import { AppError, hasCode } from '../lib/errors.js';
import { parseFrameQuery } from './parse.js';

type Entry = Version & { readonly basename: string };

/** Most frames in one zip. */
const MAX_FRAMES = 100_000;

/** Handlers for zips of chosen frames (POST) and of all that match a query (GET). */
export function createZipHandlers(services: Services, authentication: Authentication) {
  const { catalog, config } = services;

  /** All frames that match; `limit` and `offset` are read, so that bad ones are told, but not obeyed. */
  const ofQuery: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const parameters = queryParameters(req);
    parseFrameQuery(parameters, config);
    const entries = await listVersions(
      catalog,
      parseConditions(parameters),
      MAX_FRAMES + 1,
      viewer,
    );
    if (entries.length === 0) throw new AppError('not_found', 'No frames match.');
    if (entries.length > MAX_FRAMES) {
      throw new AppError(
        'too_large',
        `More than ${MAX_FRAMES} frames match. Ask for fewer at once.`,
      );
    }
    await sendZip(services, res, entries);
  };

  const ofIds: RequestHandler = async (req, res) => {
    const token = bodyText(req, 'auth_token');
    if (token !== '' && viewerOf(res).role === 'anonymous')
      await authentication.adoptToken(res, token);
    const viewer = requireAction(res, 'read');
    requireCsrf(services, req, res);
    const ids = [...new Set(readIds(req))];
    if (ids.length === 0) throw badIds('no frames were chosen');
    const frames = await findFrames(catalog, ids, viewer);
    if (frames.length < ids.length) {
      const gone = ids.filter((id) => frames.every((frame) => frame.id !== id));
      const list = gone.slice(0, 20).join(', ');
      throw new AppError(
        'not_found',
        `Not found: ${gone.length} of ${ids.length} frames are not there (any more): ${list}.`,
      );
    }
    await sendZip(
      services,
      res,
      frames.map((frame) => ({ ...frame.version, basename: frame.basename })),
    );
  };

  return { ofQuery, ofIds };
}

/** Every spelling that clients use: `frame_ids[]`, `frame_ids`, `frame_ids[0]`, and JSON lists. */
function readIds(req: Request): number[] {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null) return [];
  const texts: unknown[] = Object.entries(body)
    .filter(([name]) => /^frame_ids(?:\[\d*\])?$/.test(name))
    .flatMap(([, value]: [string, unknown]) =>
      Array.isArray(value) ? (value as unknown[]) : [value],
    )
    .flatMap((value) => (typeof value === 'string' ? value.split(',') : [value]));
  return texts.map((text) => {
    const isId =
      typeof text === 'string' ? /^\s*\d{1,15}\s*$/.test(text) : Number.isSafeInteger(text);
    if (!isId) throw badIds('expected ids of frames');
    return Number(text);
  });
}

function badIds(reason: string): AppError {
  const message = `Invalid value for frame_ids: ${reason}.`;
  return new AppError('bad_request', message, { parameter: 'frame_ids' });
}

/** Streams the files, stored and not packed again, in one folder; what is missing is listed in it. */
async function sendZip(
  { config, store }: Services,
  res: Response,
  entries: readonly Entry[],
): Promise<void> {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const folder = `${config.ZIP_BASENAME}-${day}-${entries.length}`;
  const zip = new ZipArchive({ store: true });
  const missing: string[] = [];
  for (const entry of entries) {
    try {
      await requireIntact(store, entry);
      const path = await store.localPath(entry.key);
      zip.file(path, {
        name: `${folder}/${entry.basename}${entry.extension}`,
        date: new Date(entry.createdMs),
      });
    } catch (error) {
      if (!hasCode(error, 'not_found') && !hasCode(error, 'damaged')) throw error;
      missing.push(`${entry.basename}${entry.extension}`);
    }
  }
  if (missing.length > 0) {
    const text = `These files are missing or damaged in the archive, and so not in this zip:\n\n${missing.join('\n')}\n`;
    zip.append(text, { name: `${folder}/MISSING.txt` });
  }
  res.set({
    'Content-Type': 'application/zip',
    'Content-Disposition': contentDisposition(`${folder}.zip`),
    'Cache-Control': 'private, no-store',
  });
  res.cookie('fileDownload', 'true', { path: '/' });
  if (res.req.method === 'HEAD') {
    res.end();
    return;
  }
  res.once('close', () => {
    zip.abort();
  });
  // Begun here, awaited as the stream ends; a failure of it shows as a failure of the stream.
  void zip.finalize();
  await sendStream(zip, res);
}
