import type { RequestHandler } from 'express';
import { may } from '../../auth/index.js';
import {
  listVisibleVersions,
  readOtherNames,
  type Frame,
  type Viewer,
} from '../../catalog/index.js';
import { isVisitor, parseId, requireAction, requireCsrf } from '../../http/index.js';
import { goTo, type Web } from '../page.js';
import { formatBytes, formatDateTime } from '../render.js';

/** The versions of a frame that `viewer` may see, the newest first; [] if that is only one. */
export async function toVersions({ services, base }: Web, frame: Frame, viewer: Viewer) {
  const versions = await listVisibleVersions(services.catalog, frame, viewer);
  if (versions.length < 2) return [];
  return versions.reverse().map((version) => {
    const url = `${base}/frames/${frame.id}/versions/${version.number}/`;
    const isCurrent = version.number === frame.version.number;
    return {
      number: version.number,
      isCurrent,
      size: formatBytes(version.sizeBytes),
      sha256: version.sha256.slice(0, 12),
      at: formatDateTime(version.createdMs),
      by: version.uploader ?? 'the archive itself',
      downloadUrl: `${url}download/`,
      currentUrl: !isCurrent && may(viewer, 'correct') ? `${url}current/` : '',
    };
  });
}

/** The names under which the bytes of a frame came once more, for those who may know who sent them. */
export async function toOtherNames({ services }: Web, frame: Frame, viewer: Viewer) {
  if (isVisitor(viewer)) return [];
  const names = await readOtherNames(services.catalog.read, frame.id);
  return names.map(({ name, by, atMs }) => ({ name, by, at: formatDateTime(atMs) }));
}

/** `POST /frames/<id>/versions/<number>/current/`: the form of `restore/` of the API. */
export function makeCurrent(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req, res) => {
    const viewer = requireAction(res, 'correct');
    requireCsrf(services, req, res);
    const id = parseId(req.params.id);
    await services.revisions.restoreVersion(id, parseId(req.params.number), viewer);
    goTo(web, req, res, `${base}/frames/${id}/#versions`);
  };
}
