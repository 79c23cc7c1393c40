import type { RequestHandler } from 'express';
import { allow, receiveFiles, storeFiles, type Services } from '../http/index.js';
import { toCreateShape } from './shapes.js';

/**
 * Upload: every file part is one file, judged on its own. The rights are checked before the body is
 * read. The answer is 200 also when every file was refused: clients look at `created`.
 */
export function createUpload(services: Services): RequestHandler[] {
  return [
    allow('upload'),
    receiveFiles(services),
    async (req, res) => {
      res.json(toCreateShape(await storeFiles(services, req, res)));
    },
  ];
}
