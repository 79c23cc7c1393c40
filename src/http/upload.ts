import type { Request, RequestHandler } from 'express';
import multer, { MulterError, type StorageEngine } from 'multer';
import type { Spooled } from '../ingest/index.js';
import { AppError } from '../lib/errors.js';
import type { Services } from './services.js';

/** A file part of a request, received and hashed, not yet judged. */
export interface ReceivedFile extends Spooled {
  readonly fieldName: string;
}

/**
 * Receives every file part of a multipart request, whatever its field is called, straight into the
 * file system of the store. Other bodies are left alone: they hold no files.
 */
export function receiveFiles(services: Services): RequestHandler {
  const { config, ingest } = services;
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
    // Whatever happens after this, no spooled file outlives its request.
    res.once('close', () => {
      void ingest.discard(filesOf(req));
    });
    upload(req, res, (error: unknown) => {
      if (error === undefined || error === null) next();
      else next(toUploadError(error, config.MAX_UPLOAD_BYTES));
    });
  };
}

/** The files that `receiveFiles` received. */
export function filesOf(req: Request): ReceivedFile[] {
  return Array.isArray(req.files) ? (req.files as unknown as ReceivedFile[]) : [];
}

function spoolEngine({ ingest }: Services): StorageEngine {
  return {
    _handleFile(_req, file, callback) {
      ingest.spool(file.stream, file.originalname).then(
        (spooled) => {
          callback(null, spooled as unknown as Partial<Express.Multer.File>);
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
      return new AppError('too_large', `The file is larger than ${maxBytes} bytes. Nothing was stored.`, {}, error);
    }
    if (error.code === 'LIMIT_FILE_COUNT' || error.code === 'LIMIT_PART_COUNT') {
      return new AppError('too_large', 'Too many files in one request. Nothing was stored.', {}, error);
    }
    return new AppError('bad_request', `The upload cannot be read: ${error.message}.`, {}, error);
  }
  if (error instanceof AppError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/Multipart|Malformed|Unexpected end|boundary|aborted/i.test(message)) {
    return new AppError('bad_request', 'The upload broke off or is not multipart. Nothing was stored.', {}, error);
  }
  return error;
}

