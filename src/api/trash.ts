import type { RequestHandler } from 'express';
import { listTrashed, type Trashed } from '../catalog/index.js';
import { parseId, requireAction, requireCsrf, rootUrl, type Services } from '../http/index.js';
import { formatInstant } from '../lib/time.js';
import { readPage } from './bodies.js';

const DAY_MS = 86_400_000;

/** Handlers of deleted frames. */
export function createTrashHandlers(services: Services) {
  const { catalog, config, trash } = services;

  const list: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'delete');
    const { total, bytes, items } = await listTrashed(catalog, readPage(req), viewer);
    const results = items.map((item) => toTrashShape(item, config.TRASH_DAYS));
    res.json({ count: total, size: bytes, days: config.TRASH_DAYS, results });
  };

  const restore: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'delete');
    requireCsrf(services, req, res);
    const { id, basename } = await trash.restore(parseId(req.params.id), viewer);
    res.json({ id, basename, frame: `${rootUrl(services, req)}frames/${id}/` });
  };

  const purge: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'purge');
    requireCsrf(services, req, res);
    await trash.purge(parseId(req.params.id), viewer);
    res.status(204).end();
  };

  return { list, restore, purge };
}

function toTrashShape(item: Trashed, days: number): Record<string, unknown> {
  return {
    id: item.frameId,
    basename: item.basename,
    night: item.night,
    size: item.sizeBytes,
    versions: item.record.versions.length,
    deleted: formatInstant(item.trashedMs),
    deleted_by: item.by,
    reason: item.reason,
    purged_from: days === 0 ? null : formatInstant(item.trashedMs + days * DAY_MS),
  };
}
