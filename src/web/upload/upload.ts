import type { Request, RequestHandler, Response } from 'express';
import { countQuarantined, listQuarantined } from '../../catalog/index.js';
import { requireAction, storeFiles, viewerOf } from '../../http/index.js';
import type { IngestResult } from '../../ingest/index.js';
import { sendPage, type Web } from '../page.js';
import { countOf, formatBytes, formatDateTime } from '../render.js';
import { earlierUploads } from './earlier.js';

/** The newest refused files; their own page has all. */
const QUARANTINE_SHOWN = 6;

/** What became of one file, in words. */
export interface Outcome {
  readonly name: string;
  readonly size: string;
  readonly icon: 'tick' | 'warn' | 'bad';
  readonly text: string;
  readonly warnings: readonly string[];
  readonly url: string;
}

/** `GET /upload/` */
export function showUpload(web: Web): RequestHandler {
  return async (req, res) => {
    requireAction(res, 'upload');
    await sendUpload(web, req, res, []);
  };
}

/**
 * `POST /upload/` without JavaScript: stores the received files and says for
 * each what became of it. With JavaScript the page talks to `/frames/create/` instead.
 */
export function receiveUpload(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req, res) => {
    const results = await storeFiles(services, req, res);
    const outcomes = results.map((result) => toOutcome(base, result));
    await sendUpload(web, req, res, outcomes, outcomes.length === 0 ? 'No file was chosen.' : '');
  };
}

/** The sentence for a result; the page's script says the same in the same words. */
export function toOutcome(base: string, result: IngestResult): Outcome {
  const about = {
    name: result.name,
    size: formatBytes(result.sizeBytes),
    warnings: result.warnings,
  };
  const url = result.id === null ? '' : `${base}/frames/${result.id}/`;
  switch (result.status) {
    case 'stored':
      return { ...about, icon: 'tick', text: `stored as ${result.basename ?? ''}`, url };
    case 'new-version':
      return {
        ...about,
        icon: 'tick',
        text: `stored as version ${result.version ?? ''} of ${result.basename ?? ''}`,
        url,
      };
    case 'already-there':
      return { ...about, icon: 'tick', text: 'already here, same bytes', url };
    case 'failed':
      return {
        ...about,
        icon: 'warn',
        text: `not stored: ${result.error ?? 'send it again'}`,
        url,
      };
    case 'refused':
      return {
        ...about,
        icon: 'bad',
        text: `quarantined: ${result.error ?? 'it cannot be read'}`,
        url,
      };
  }
}

async function sendUpload(
  web: Web,
  req: Request,
  res: Response,
  outcomes: readonly Outcome[],
  message = '',
): Promise<void> {
  const { catalog, config } = web.services;
  const viewer = viewerOf(res);
  const items = await listQuarantined(catalog, { limit: QUARANTINE_SHOWN }, viewer);
  const earlier = await earlierUploads(web, req, viewer);
  const { files: kept } = await countQuarantined(catalog, {}, viewer);
  await sendPage(
    web,
    req,
    res,
    'upload',
    { title: 'Upload', place: 'upload' },
    {
      outcomes,
      message,
      summary: countOf(outcomes.length, 'file'),
      createUrl: `${web.base}/frames/create/`,
      maxBytes: config.MAX_UPLOAD_BYTES,
      maxSize: formatBytes(config.MAX_UPLOAD_BYTES),
      earlier,
      kept,
      keptWords: countOf(kept, 'file'),
      quarantine: items.map((item) => ({
        url: `${web.base}/quarantine/?file=${item.id}#mend`,
        name: item.uploadName,
        reason: item.reason,
        size: formatBytes(item.sizeBytes),
        at: formatDateTime(item.createdMs),
      })),
    },
  );
}
