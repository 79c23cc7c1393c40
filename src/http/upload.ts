import type { Request, RequestHandler, Response } from 'express';
import multer, { MulterError, type StorageEngine } from 'multer';
import { toCatalogError } from '../catalog/index.js';
import { notStored, type IngestResult, type Spooled } from '../ingest/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import { mapConcurrently } from '../lib/pool.js';
import { toStoreError } from '../store/index.js';
import { requireCsrf } from './csrf.js';
import type { Services } from './services.js';
import { requireAction } from './viewer.js';

/** Files of one request that are judged at the same time. */
const AT_ONCE = 4;

/**
 * Receives every file part of a multipart request, whatever its field is called, straight into the
 * file system of the store. Other bodies are left alone: they hold no files.
 */
export function receiveFiles(services: Services): RequestHandler {
  const { config } = services;
  const upload = multer({
    storage: spoolEngine(services),
    limits: {
      fileSize: config.MAX_UPLOAD_BYTES,
      files: config.MAX_UPLOAD_FILES,
      fields: 100,
      fieldNameSize: 300,
      fieldSize: 64 * 1024,
      parts: config.MAX_UPLOAD_FILES + 100,
      headerPairs: 100,
    },
    // Names of files are UTF-8 in every client we know; without this they come as Latin-1.
    defParamCharset: 'utf8',
  }).any();

  return (req, res, next) => {
    if (req.is('multipart/form-data') === false) {
      next();
      return;
    }
    upload(req, res, (error: unknown) => {
      if (error === undefined || error === null) next();
      else next(toUploadError(error, config.MAX_UPLOAD_BYTES));
    });
  };
}

/**
 * Judges and stores the files that `receiveFiles` received, some at a time. The CSRF token is asked
 * for first: it may be a field of the same form. Whatever happens, no spooled file outlives this.
 *
 * @returns results in the order of the parts
 * @throws 'forbidden', and what `Ingest.store` throws
 */
export async function storeFiles(
  services: Services,
  req: Request,
  res: Response,
): Promise<IngestResult[]> {
  const { ingest, log } = services;
  const files = Array.isArray(req.files) ? (req.files as unknown as Spooled[]) : [];
  try {
    const viewer = requireAction(res, 'upload');
    requireCsrf(services, req, res);
    const failures: AppError[] = [];
    const judge = async (file: Spooled, turn?: Promise<unknown>): Promise<IngestResult> => {
      try {
        return await ingest.store(file, viewer, turn);
      } catch (error) {
        const failure = error instanceof AppError ? error : toCatalogError(error);
        if (failure === undefined) throw error;
        failures.push(failure);
        return notStored(file, 'failed', failure);
      }
    };
    const settled: Promise<unknown>[] = [];
    const results = await mapConcurrently(files, AT_ONCE, (file, index) => {
      const result = judge(file, settled[index - 1]);
      settled[index] = result.catch(() => undefined);
      return result;
    });
    const [failure] = failures;
    // As long as one file is safe, the answer says which; else it is a status that asks for a retry.
    if (failure !== undefined && results.every(({ id }) => id === null)) throw failure;
    for (const { name, status, id, sizeBytes } of results) {
      log.info('file judged', { name, status, frameId: id, sizeBytes, by: viewer.username });
    }
    return results;
  } finally {
    await ingest.discard(files);
  }
}

function spoolEngine({ ingest }: Services): StorageEngine {
  return {
    _handleFile(_req, file, callback) {
      ingest.spool(file.stream, file.originalname).then(
        (spooled) => {
          callback(null, spooled);
        },
        (error: unknown) => {
          // Read on to the end of the part: a client that is cut off does not see our answer.
          file.stream.resume();
          callback(error);
        },
      );
    },
    _removeFile(_req, file, callback) {
      ingest.discard([file as unknown as Spooled]).then(() => {
        callback(null);
      }, callback);
    },
  };
}

function toUploadError(error: unknown, maxBytes: number): unknown {
  if (error instanceof MulterError) {
    if (error.code === 'LIMIT_FILE_SIZE') {
      return new AppError(
        'too_large',
        `The file is larger than ${maxBytes} bytes. Nothing was stored.`,
        {},
        error,
      );
    }
    if (error.code === 'LIMIT_FILE_COUNT' || error.code === 'LIMIT_PART_COUNT') {
      return new AppError(
        'too_large',
        'Too many files in one request. Nothing was stored.',
        {},
        error,
      );
    }
    return new AppError('bad_request', `The upload cannot be read: ${error.message}.`, {}, error);
  }
  if (error instanceof AppError) return error;
  // A full disk breaks the stream that is written to it, and comes here as the system calls it.
  if (systemCode(error) !== undefined) return toStoreError(error);
  const message = error instanceof Error ? error.message : String(error);
  if (/Multipart|Malformed|Unexpected end|boundary|aborted/i.test(message)) {
    return new AppError(
      'bad_request',
      'The upload broke off or is not multipart. Nothing was stored.',
      {},
      error,
    );
  }
  return error;
}
