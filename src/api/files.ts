import type { Request, RequestHandler, Response } from 'express';
import { getFrameFile, type FrameFile } from '../catalog/index.js';
import {
  clientOf,
  lastValues,
  markBegun,
  parameter,
  parseId,
  queryParameters,
  requireAction,
  requireIntact,
  requireReader,
  sendDownload,
  sendMade,
  viewerOf,
  type Services,
} from '../http/index.js';
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
    const parameters = lastValues(queryParameters(req));
    const options = parseRenderOptions(parameters);
    const source = await sourceOf(services, frame);
    // The picture of these bytes with these options never changes; only who may see it may.
    res.set('Cache-Control', 'private, max-age=3600');
    res.set('ETag', previews.etag(source, options));
    if (req.fresh) {
      res.status(304).end();
      return;
    }
    const picture = await previews.get(source, options, waiterOf(res));
    res.set({ 'Content-Type': picture.contentType, ETag: picture.etag });
    // An address that names these bytes never shows others; what could not be drawn may be, later.
    if (picture.problem === undefined && isOfBytes(parameters.v, frame)) {
      res.set('Cache-Control', 'private, max-age=31536000, immutable');
    }
    // For programs; people read it in the picture.
    if (picture.problem !== undefined) res.set('X-Problem', encodeURI(picture.problem));
    res.send(Buffer.from(picture.bytes));
  };

  const unpack: RequestHandler = async (req, res) => {
    const frame = await frameToRead(services, req, res);
    const source = await sourceOf(services, frame);
    const isOriginal = frame.version.original !== null;
    const product = await products.make(source, { kind: 'unpack', isOriginal }, waiterOf(res));
    await sendProduct(req, res, { frame, product, filename: `${frame.basename}.fits` });
  };

  const cutout: RequestHandler = async (req, res) => {
    const frame = await frameToRead(services, req, res);
    const request: CutoutRequest = parseCutout(queryParameters(req));
    const source = await sourceOf(services, frame);
    const product = await products.make(source, { kind: 'cutout', ...request }, waiterOf(res));
    if (product.section !== undefined) res.set('X-Cutout-Section', product.section);
    await sendProduct(req, res, { frame, product, filename: `${frame.basename}-cutout.fits` });
  };

  const table: RequestHandler = async (req, res) => {
    const frame = await frameToRead(services, req, res);
    const parameters = queryParameters(req);
    const format = parameter(parameters, 'format') === 'json' ? 'json' : 'csv';
    const source = await sourceOf(services, frame);
    const found = await products.table(source, parseHdu(parameters), waiterOf(res));
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
  const viewer = requireAction(res, 'read');
  return getFrameFile(services.catalog, parseId(req.params.id), viewer);
}

/** A signed address stands for the right to read: clients fetch `url` without their token. */
async function frameForDownload(
  services: Services,
  req: Request,
  res: Response,
): Promise<FrameFile> {
  const id = parseId(req.params.id);
  const reader = await requireReader(services, req, res, { frameId: id });
  return getFrameFile(services.catalog, id, reader);
}

/** True if the text is the beginning of the hash of the file, and long enough to be of no other. */
function isOfBytes(text: string | undefined, { version }: FrameFile): boolean {
  return text !== undefined && /^[\da-f]{12,64}$/.test(text) && version.sha256.startsWith(text);
}

/** The file of a frame, which has the length it was stored with. */
async function sourceOf({ store }: Services, { version }: FrameFile): Promise<ProductSource> {
  await requireIntact(store, version);
  const path = await store.localPath(version.key);
  return { path, sha256: version.sha256, container: version.container };
}

/** Who waits for the work of others, in turn; when they leave, nobody waits any more. */
function waiterOf(res: Response): { signal: AbortSignal; client: string } {
  const gone = new AbortController();
  res.once('close', () => {
    gone.abort();
  });
  return { signal: gone.signal, client: clientOf(viewerOf(res)) };
}
