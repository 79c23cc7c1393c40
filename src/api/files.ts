import type { Request, RequestHandler, Response } from 'express';
import { getFrameFile, type FrameFile } from '../catalog/index.js';
import {
  isSigned,
  lastValues,
  markBegun,
  parameter,
  parseId,
  queryParameters,
  requireAction,
  requireIntact,
  sendDownload,
  sendMade,
  viewerOf,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { parseRenderOptions } from '../preview/index.js';
import type { CutoutRequest, Product, ProductSource } from '../products/index.js';
import { parseCutout, parseHdu } from './parse-cutout.js';
import { toFindingShape } from './shapes.js';
import { sendTable } from './table.js';

const FITS_TYPE = 'image/fits';

/** Handlers of what is in the file of a frame: its bytes, and all that is made from them. */
export function createFileHandlers(services: Services) {
  const { store, config, previews, products } = services;

  const download: RequestHandler = async (req, res) => {
    const frame = await frameForDownload(services, req, res);
    const { version } = frame;
    markBegun(res);
    await sendDownload(
      req,
      res,
      store,
      {
        key: version.key,
        filename: `${frame.basename}${version.extension}`,
        contentType: FITS_TYPE,
        sizeBytes: version.sizeBytes,
        sha256: version.sha256,
        modifiedMs: version.createdMs,
      },
      config.X_ACCEL_PREFIX,
    );
  };

  const preview: RequestHandler = async (req, res) => {
    const frame = await frameToRead(services, req, res);
    const options = parseRenderOptions(lastValues(queryParameters(req)));
    const source = await sourceOf(services, frame);
    // The picture of these bytes with these options never changes; only who may see it may.
    res.set('Cache-Control', 'private, max-age=3600');
    res.set('ETag', previews.etag(source, options));
    if (req.fresh) {
      res.status(304).end();
      return;
    }
    const picture = await previews.get(source, options, whenGone(res));
    res.set({ 'Content-Type': picture.contentType, ETag: picture.etag });
    // For programs; people read it in the picture.
    if (picture.problem !== undefined) res.set('X-Problem', encodeURI(picture.problem));
    res.send(Buffer.from(picture.bytes));
  };

  const unpack: RequestHandler = async (req, res) => {
    const frame = await frameToRead(services, req, res);
    const source = await sourceOf(services, frame);
    const isOriginal = frame.version.original !== null;
    const product = await products.make(source, { kind: 'unpack', isOriginal }, whenGone(res));
    await sendProduct(req, res, { frame, product, filename: `${frame.basename}.fits` });
  };

  const cutout: RequestHandler = async (req, res) => {
    const frame = await frameToRead(services, req, res);
    const request: CutoutRequest = parseCutout(queryParameters(req));
    const source = await sourceOf(services, frame);
    const product = await products.make(source, { kind: 'cutout', ...request }, whenGone(res));
    if (product.section !== undefined) res.set('X-Cutout-Section', product.section);
    await sendProduct(req, res, { frame, product, filename: `${frame.basename}-cutout.fits` });
  };

  const table: RequestHandler = async (req, res) => {
    const frame = await frameToRead(services, req, res);
    const parameters = queryParameters(req);
    const format = parameter(parameters, 'format') === 'json' ? 'json' : 'csv';
    const source = await sourceOf(services, frame);
    const found = await products.table(source, parseHdu(parameters), whenGone(res));
    await sendTable(res, found, format);
  };

  const verify: RequestHandler = async (req, res) => {
    const frame = await frameToRead(services, req, res);
    const source = await sourceOf(services, frame);
    const issues = await products.check(source);
    res.set('Cache-Control', 'private, no-cache');
    res.json(issues.map(toFindingShape));
  };

  return { download, preview, unpack, cutout, table, verify };
}

async function sendProduct(
  req: Request,
  res: Response,
  made: { frame: FrameFile; product: Product; filename: string },
): Promise<void> {
  const { frame, product, filename } = made;
  try {
    await sendMade(req, res, {
      filename,
      contentType: FITS_TYPE,
      sizeBytes: product.sizeBytes,
      etag: product.etag,
      modifiedMs: frame.version.createdMs,
      read: product.read,
    });
  } finally {
    await product.close();
  }
}

function frameToRead(services: Services, req: Request, res: Response): Promise<FrameFile> {
  requireAction(res, 'read');
  return getFrameFile(services.catalog, parseId(req.params.id), viewerOf(res));
}

/** A signed address stands for the right to read: clients fetch `url` without their token. */
async function frameForDownload(
  services: Services,
  req: Request,
  res: Response,
): Promise<FrameFile> {
  const id = parseId(req.params.id);
  const parameters = queryParameters(req);
  const signature = parameter(parameters, 'sig');
  if (signature === '' || viewerOf(res).role !== 'anonymous') {
    return frameToRead(services, req, res);
  }
  if (!isSigned(services, id, parameter(parameters, 'exp'), signature)) {
    throw new AppError(
      'unauthenticated',
      'This address has expired or was changed. Ask the archive for a new one.',
    );
  }
  return getFrameFile(services.catalog, id, { ...viewerOf(res), role: 'user' });
}

/** The file of a frame, which has the length it was stored with. */
async function sourceOf({ store }: Services, { version }: FrameFile): Promise<ProductSource> {
  await requireIntact(store, version);
  const path = await store.localPath(version.key);
  return { path, sha256: version.sha256, container: version.container };
}

/** Aborts when the client leaves: nobody waits for the work any more. */
function whenGone(res: Response): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => {
    gone.abort();
  });
  return gone.signal;
}
