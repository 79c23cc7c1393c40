import type { RequestHandler } from 'express';
import { getQuarantined } from '../../catalog/index.js';
import { clientOf, parseId, requireAction } from '../../http/index.js';
import { THUMBNAIL } from '../../preview/index.js';
import type { Web } from '../page.js';

/** `GET /quarantine/:id/picture/`: what a refused file shows, or why it shows nothing. */
export function showRefusedPicture({ services }: Web): RequestHandler {
  const { catalog, mending, previews } = services;
  return async (req, res) => {
    const viewer = requireAction(res, 'upload');
    const item = await getQuarantined(catalog, parseId(req.params.id), viewer);
    const source = { path: await mending.fileOf(item), sha256: item.sha256 };
    const gone = new AbortController();
    res.once('close', () => {
      gone.abort();
    });
    const waiter = { signal: gone.signal, client: clientOf(viewer) };
    const picture = await previews.get(source, THUMBNAIL, waiter);
    res.set({ 'Content-Type': picture.contentType, 'Cache-Control': 'no-store' });
    res.send(Buffer.from(picture.bytes));
  };
}
