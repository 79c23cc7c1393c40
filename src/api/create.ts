import type { RequestHandler } from 'express';
import {
  allow,
  filesOf,
  hasSession,
  receiveFiles,
  requireAction,
  requireCsrf,
  type Services,
} from '../http/index.js';
import { mapConcurrently } from '../lib/pool.js';
import { toCreateShape } from './shapes.js';

/** Files of one request that are judged at the same time. */
const AT_ONCE = 4;

/**
 * Upload: every file part is one file, judged on its own. The rights are checked before the body is
 * read, the CSRF token after it, since it may be a field of the form. The answer is 200 also when
 * every file was refused: clients look at `created`.
 */
export function createUpload(services: Services): RequestHandler[] {
  return [
    allow('upload'),
    receiveFiles(services),
    async (req, res) => {
      const viewer = requireAction(res, 'upload');
      if (hasSession(res)) requireCsrf(services, req, res);
      const results = await mapConcurrently(filesOf(req), AT_ONCE, (file) =>
        services.ingest.store(file, viewer.userId),
      );
      for (const result of results) {
        services.log.info('file judged', {
          name: result.name,
          status: result.status,
          frameId: result.id,
          sizeBytes: result.sizeBytes,
          by: viewer.username,
        });
      }
      res.json(toCreateShape(results));
    },
  ];
}
