import type { Request, RequestHandler, Response } from 'express';
import {
  findFrames,
  getFrame,
  listFacets,
  listFrames,
  listHeaders,
  parseConditions,
  type Frame,
} from '../catalog/index.js';
import { mainImage, eachRow, openFits, tableColumns } from '../fits/index.js';
import {
  isSigned,
  lastValues,
  parameter,
  parseId,
  queryParameters,
  requireAction,
  requireCsrf,
  requireIntact,
  rootUrl,
  sendDownload,
  viewerOf,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { parseRenderOptions } from '../preview/index.js';
import { sendCsv } from './csv.js';
import { parseFrameQuery } from './parse.js';
import { toAggregateShape, toFrameShape, toHdusShape, toHeadersShape } from './shapes.js';

/** Handlers of the addresses of frames; the route table is in `index.ts`. */
export function createFrameHandlers(services: Services) {
  const { catalog, store, config } = services;

  const frameOf = (req: Request, res: Response): Promise<Frame> =>
    getFrame(catalog, parseId(req.params.id), viewerOf(res));

  const list: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const query = parseFrameQuery(queryParameters(req), config);
    const page = await listFrames(catalog, query, viewer);
    const root = rootUrl(services, req);
    res.json({
      count: page.total,
      count_estimated: false,
      ...pageLinks(req, root, query, page.total),
      results: page.items.map((frame) => toFrameShape(services, root, frame)),
    });
  };

  const aggregate: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const conditions = parseConditions(queryParameters(req));
    res.json(toAggregateShape(await listFacets(catalog, conditions, viewer)));
  };

  const show: RequestHandler = async (req, res) => {
    requireAction(res, 'read');
    res.json(toFrameShape(services, rootUrl(services, req), await frameOf(req, res)));
  };

  const related: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const frame = await frameOf(req, res);
    const frames = await findFrames(catalog, frame.relatedIds, viewer);
    const root = rootUrl(services, req);
    res.json(frames.map((each) => toFrameShape(services, root, each)));
  };

  const headers: RequestHandler = async (req, res) => {
    requireAction(res, 'read');
    const frame = await frameOf(req, res);
    await requireIntact(store, frame.version);
    const hdus = await listHeaders(catalog, frame.version);
    const wanted = parameter(queryParameters(req), 'hdu');
    if (wanted === 'all') {
      res.json(toHdusShape(hdus));
    } else if (wanted !== '') {
      const hdu = hdus.filter((each) => String(each.hdu) === wanted);
      if (hdu.length === 0) {
        throw new AppError(
          'bad_request',
          `Invalid value for hdu: expected all or a number from 0 to ${hdus.length - 1}.`,
          {
            parameter: 'hdu',
          },
        );
      }
      res.json({ ...toHdusShape(hdu), ...toHeadersShape(hdu[0]) });
    } else {
      res.json(toHeadersShape(mainImage({ hdus }) ?? hdus[0]));
    }
  };

  const download: RequestHandler = async (req, res) => {
    const frame = await frameForDownload(req, res);
    const { version } = frame;
    res.cookie('fileDownload', 'true', { path: '/' });
    await sendDownload(
      req,
      res,
      store,
      {
        key: version.key,
        filename: `${frame.basename}${version.extension}`,
        contentType: 'image/fits',
        sizeBytes: version.sizeBytes,
        sha256: version.sha256,
        modifiedMs: version.createdMs,
      },
      config.X_ACCEL_PREFIX,
    );
  };

  /** A signed address stands for the right to read: clients fetch `url` without their token. */
  const frameForDownload = async (req: Request, res: Response): Promise<Frame> => {
    const id = parseId(req.params.id);
    const parameters = queryParameters(req);
    const signature = parameter(parameters, 'sig');
    if (signature === '' || viewerOf(res).role !== 'anonymous') {
      requireAction(res, 'read');
      return getFrame(catalog, id, viewerOf(res));
    }
    if (!isSigned(services, id, parameter(parameters, 'exp'), signature)) {
      throw new AppError(
        'unauthenticated',
        'This address has expired or was changed. Ask the archive for a new one.',
      );
    }
    return getFrame(catalog, id, { ...viewerOf(res), role: 'user' });
  };

  const preview: RequestHandler = async (req, res) => {
    requireAction(res, 'read');
    const frame = await frameOf(req, res);
    const options = parseRenderOptions(lastValues(queryParameters(req)));
    const path = await localFile(frame);
    const source = { path, sha256: frame.version.sha256 };
    // The picture of these bytes with these options never changes; only who may see it may.
    res.set('Cache-Control', 'private, max-age=3600');
    res.set('ETag', services.previews.etag(source, options));
    if (req.fresh) {
      res.status(304).end();
      return;
    }
    const gone = new AbortController();
    res.once('close', () => {
      gone.abort();
    });
    const picture = await services.previews.get(source, options, gone.signal);
    res.set({ 'Content-Type': picture.contentType, ETag: picture.etag });
    // For programs; people read it in the picture.
    if (picture.problem !== undefined) res.set('X-Problem', encodeURI(picture.problem));
    res.send(Buffer.from(picture.bytes));
  };

  const tableOfFrame: RequestHandler = async (req, res) => {
    requireAction(res, 'read');
    const frame = await frameOf(req, res);
    const path = await localFile(frame);
    res.type('text/comma-separated-values');
    const fits = await openFits(path, {
      maxExpandedBytes: config.MAX_EXPANDED_BYTES,
      tempDir: store.spoolDir,
    });
    try {
      const table = fits.hdus.find(
        (hdu) => hdu.name.toUpperCase() === 'CAT' && hdu.kind === 'bintable',
      );
      // The reference archive answers with nothing, and its clients know it so.
      if (table === undefined) res.end();
      else await sendCsv(res, tableColumns(table), eachRow(fits, table));
    } finally {
      await fits.close();
    }
  };

  const remove: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'delete');
    requireCsrf(services, req, res);
    const left = await services.ingest.remove(parseId(req.params.id), viewer);
    if (left.length > 0) services.log.warn('files of a removed frame stay behind', { keys: left });
    res.status(200).end();
  };

  const localFile = async (frame: Frame): Promise<string> => {
    await requireIntact(store, frame.version);
    return store.localPath(frame.version.key);
  };

  return { list, aggregate, show, related, headers, download, preview, tableOfFrame, remove };
}

/** `next` and `previous` of the OCS dialect: absolute, with the query kept; null at the ends. */
function pageLinks(
  req: Request,
  root: string,
  query: { limit: number; offset: number },
  total: number,
): { next: string | null; previous: string | null } {
  const link = (offset: number): string => {
    const url = new URL(req.originalUrl.replace(/^\/+/, ''), root);
    url.searchParams.set('limit', String(query.limit));
    url.searchParams.set('offset', String(offset));
    return url.href;
  };
  const { limit, offset } = query;
  return {
    next: limit > 0 && offset + limit < total ? link(offset + limit) : null,
    previous: limit > 0 && offset > 0 ? link(Math.max(0, offset - limit)) : null,
  };
}
