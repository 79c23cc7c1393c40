import type { Request, RequestHandler, Response } from 'express';
import {
  getFrame,
  listVisibleVersions,
  readOtherNames,
  type Frame,
  type Version,
  type Viewer,
} from '../catalog/index.js';
import {
  isVisitor,
  parseId,
  requireAction,
  requireCsrf,
  requireReader,
  rootUrl,
  sendDownload,
  versionUrl,
  viewerOf,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { formatInstant } from '../lib/time.js';

/** Handlers of the versions of a frame: the current one, and those before it. */
export function createVersionHandlers(services: Services) {
  const { catalog, config, revisions, store } = services;

  const list: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const frame = await getFrame(catalog, parseId(req.params.id), viewer);
    await sendVersions(req, res, frame);
  };

  const sendVersions = async (req: Request, res: Response, frame: Frame): Promise<void> => {
    const viewer = viewerOf(res);
    const versions = await listVisibleVersions(catalog, frame, viewer);
    const root = rootUrl(services, req);
    const results = versions.map((version) => ({
      ...toVersionShape(frame, version, viewer),
      url: versionUrl(services, root, { frameId: frame.id, number: version.number }, viewer),
    }));
    const others = isVisitor(viewer) ? [] : await readOtherNames(catalog.read, frame.id);
    const otherNames = others.map(({ name, by, atMs }) => {
      return { name, by, created: formatInstant(atMs) };
    });
    res.json({ count: results.length, results, other_names: otherNames });
  };

  const download: RequestHandler = async (req, res) => {
    const [id, number] = [parseId(req.params.id), parseId(req.params.number)];
    const reader = await requireReader(services, req, res, { frameId: id, number });
    const frame = await getFrame(catalog, id, reader);
    const versions = await listVisibleVersions(catalog, frame, reader);
    const version = versions.find((each) => each.number === number);
    if (version === undefined) throw new AppError('not_found', 'Not found.');
    const { key, extension, sizeBytes, sha256, createdMs: modifiedMs } = version;
    const filename = `${frame.basename}${extension}`;
    const file = { key, filename, contentType: 'image/fits', sizeBytes, sha256, modifiedMs };
    await sendDownload(req, res, store, file, config.X_ACCEL_PREFIX);
  };

  const restore: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'correct');
    requireCsrf(services, req, res);
    const id = parseId(req.params.id);
    await revisions.restoreVersion(id, parseId(req.params.number), viewer);
    await sendVersions(req, res, await getFrame(catalog, id, viewer));
  };

  return { list, download, restore };
}

/** The keys of the OCS dialect (`id`, `key`, `md5`, `extension`, `created`), and more of ours. */
function toVersionShape(
  frame: Frame,
  version: Version & { readonly uploader: string | null },
  viewer: Viewer,
): Record<string, unknown> {
  const { id, number, extension, sizeBytes, sha256, md5, original } = version;
  return {
    id,
    number,
    is_current: number === frame.version.number,
    key: sha256,
    md5,
    sha256,
    extension,
    filename: `${frame.basename}${extension}`,
    size: sizeBytes,
    original:
      original === null
        ? null
        : { size: original.sizeBytes, sha256: original.sha256, md5: original.md5 },
    created: formatInstant(version.createdMs),
    by: isVisitor(viewer) ? null : version.uploader,
    upload_name: isVisitor(viewer) ? null : version.uploadName,
  };
}
