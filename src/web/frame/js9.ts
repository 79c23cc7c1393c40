import type { RequestHandler } from 'express';
import { getFrame } from '../../catalog/index.js';
import { allowPage, parseId, requireAction } from '../../http/index.js';
import { makePage, type Web } from '../page.js';
import { formatBytes } from '../render.js';

/** `GET /frames/<id>/js9/`: the file in JS9, for regions, profiles and contours. */
export function showJs9(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req, res) => {
    const viewer = requireAction(res, 'read');
    const frame = await getFrame(services.catalog, parseId(req.params.id), viewer);
    const { version, basename, id } = frame;
    const page = makePage(web, req, res, { title: `${basename} in JS9`, place: 'frames' });
    const pageUrl = `${base}/frames/${id}/`;
    res.set('Cache-Control', 'private, no-cache');
    // It writes styles into its elements, and its FITS reader is WebAssembly.
    allowPage(res, { inlineStyles: true, wasm: true });
    res.render('js9', {
      page,
      name: basename,
      pageUrl,
      fileUrl: `${pageUrl}download/`,
      fileName: `${basename}${version.extension}`,
      size: formatBytes(version.sizeBytes),
      isLarge: version.sizeBytes > LARGE_BYTES,
    });
  };
}

/** Browsers hold the whole file, and its values as numbers. */
const LARGE_BYTES = 300e6;
