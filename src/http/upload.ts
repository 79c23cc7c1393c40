import type { Request, RequestHandler, Response } from 'express';
import multer, { MulterError, type Options } from 'multer';
import type { Writable } from 'node:stream';
import { findFrames, toCatalogError, type Catalog, type Viewer } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { notStored, type IngestResult } from '../ingest/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import { mapConcurrently } from '../lib/pool.js';
import { toStoreError } from '../store/index.js';
import { requireCsrf } from './csrf.js';
import { LIMITS } from './limits.js';
import { watchParts, type PartWatch } from './parts.js';
import type { Services } from './services.js';
import { spoolEngine, type Part } from './spool-engine.js';
import { badSum, findMismatch, readSums, sumBody, type Sums } from './sums.js';
import { requireAction } from './viewer.js';

/** Files of one request that are judged at the same time. */
const AT_ONCE = 4;

/** What came in, besides the parts themselves. */
interface Incoming {
  readonly watch: PartWatch;
  /** Sums of the one file, or of the whole body, as the client has sent them. */
  readonly sums: Sums;
  readonly sumsOfBody: () => Sums;
}

/**
 * Receives every file part of a multipart request, whatever its field is called, straight into the
 * file system of the store. What is said to be too large is refused before it is read.
 */
export function receiveFiles(services: Services): RequestHandler {
  const { config } = services;
  return (req, res, next) => {
    if (req.is('multipart/form-data') === false) {
      refuseOtherBodies(req);
      next();
      return;
    }
    refuseLargeBody(req, config);
    const sums = readSums((name) => req.get(name));
    const incoming = { watch: watchParts(req), sums, sumsOfBody: sumBody(req, sums) };
    (res.locals as { incoming?: Incoming }).incoming = incoming;
    const beganMs = performance.now();
    res.once('finish', () => {
      services.metrics.uploadAcknowledged(performance.now() - beganMs);
    });

    let isDone = false;
    const done = (error: unknown): void => {
      if (isDone) return;
      isDone = true;
      if (error === undefined || error === null) next();
      else next(toUploadError(error));
    };
    const receive = receiver(services, incoming.watch, (parser) => {
      // A body of no declared length has an end all the same; what is left of it is not waited for.
      cutOff(req, config.MAX_REQUEST_BYTES, (error) => {
        req.unpipe(parser);
        parser.destroy(error);
        done(error);
      });
    });
    receive(req, res, done);
  };
}

/** A parser of forms for one request. @param onStart is called before its first byte */
function receiver(
  services: Services,
  watch: PartWatch,
  onStart: (parser: Writable) => void,
): RequestHandler {
  const { config } = services;
  // The types do not know of `streamHandler` yet, nor of all limits.
  const options: Options & { streamHandler: (req: Request, parser: Writable) => void } = {
    storage: spoolEngine(services, watch),
    limits: formLimits(config),
    // Names of files are UTF-8 in every client we know; without this they come as Latin-1.
    defParamCharset: 'utf8',
    streamHandler(req, parser) {
      watch.listen(parser);
      onStart(parser);
      req.pipe(parser); // how the parser of forms takes it: it ends the pipe itself
    },
  };
  return multer(options).any();
}

/** The size of each file is the business of the spool: one that is too large spoils no other. */
function formLimits({ MAX_UPLOAD_FILES }: Config): Options['limits'] {
  const { fields, fieldNameBytes, fieldBytes, fieldNesting, fieldIndex, partHeaders } = LIMITS;
  const limits = {
    files: MAX_UPLOAD_FILES,
    fields,
    fieldNameSize: fieldNameBytes,
    fieldSize: fieldBytes,
    fieldNestingDepth: fieldNesting,
    fieldArrayIndexLimit: fieldIndex,
    parts: MAX_UPLOAD_FILES + fields,
    headerPairs: partHeaders,
  };
  return limits;
}

/** JSON and plain forms hold no files, and are left alone; anything else may be meant as one. */
function refuseOtherBodies(req: Request): void {
  const hasBody = Number(req.get('content-length') ?? 0) > 0 || req.get('transfer-encoding');
  if (!hasBody || req.is(['json', 'urlencoded']) !== false) return;
  throw new AppError('unsupported', 'Files are sent as multipart/form-data. Nothing was stored.');
}

function refuseLargeBody(req: Request, { MAX_REQUEST_BYTES }: Config): void {
  if (Number(req.get('content-length') ?? 0) > MAX_REQUEST_BYTES) {
    throw tooLarge(MAX_REQUEST_BYTES);
  }
}

function cutOff(req: Request, maxBytes: number, onTooMuch: (error: AppError) => void): void {
  let bytes = 0;
  req.on('data', (chunk: Buffer) => {
    const before = bytes;
    bytes += chunk.length;
    if (before <= maxBytes && bytes > maxBytes) onTooMuch(tooLarge(maxBytes));
  });
}

function tooLarge(maxBytes: number): AppError {
  const message = `The request is larger than ${maxBytes} bytes. Nothing was stored.`;
  return new AppError('too_large', message);
}

/**
 * Judges and stores the files that `receiveFiles` received, some at a time. The CSRF token is asked
 * for first: it may be a field of the same form. Whatever happens, no spooled file outlives this.
 *
 * @returns results in the order of the parts, then what was sent and could not be taken
 * @throws 'forbidden', 'bad_request' for sums of other bytes, what `Ingest.store` throws, and if not
 *         one file is safe the reason why one of them was not even judged
 */
export async function storeFiles(
  services: Services,
  req: Request,
  res: Response,
): Promise<IngestResult[]> {
  const { catalog, ingest, log, metrics } = services;
  const files = Array.isArray(req.files) ? (req.files as unknown as Part[]) : [];
  const { incoming } = res.locals as { incoming?: Incoming };
  try {
    const viewer = requireAction(res, 'upload');
    requireCsrf(services, req, res);
    if (incoming !== undefined) verifySums(incoming, files);
    const failures: AppError[] = [];
    const judge = async (file: Part, turn?: Promise<unknown>): Promise<IngestResult> => {
      try {
        if (file.refusal !== undefined) throw file.refusal;
        return await ingest.store(file, viewer, turn);
      } catch (error) {
        const failure = error instanceof AppError ? error : toCatalogError(error);
        if (failure === undefined) throw error;
        failures.push(failure);
        return notStored(file, 'failed', failure);
      }
    };
    const settled: Promise<unknown>[] = [];
    const judged = await mapConcurrently(files, AT_ONCE, (file, index) => {
      const result = judge(file, settled[index - 1]);
      settled[index] = result.catch(() => undefined);
      return result;
    });
    const faults = incoming?.watch.faults() ?? [];
    const results = [...judged, ...faults.map((fault) => notStored(NO_FILE, 'failed', fault))];
    const [failure] = [...failures, ...faults];
    metrics.filesJudged(results);
    // As long as one file is safe, the answer says which; else it is a status that asks for a retry.
    if (failure !== undefined && results.every(({ id }) => id === null)) throw failure;
    for (const { name, status, id, sizeBytes } of results) {
      log.info('file judged', { name, status, frameId: id, sizeBytes, by: viewer.username });
    }
    return await withholdHidden(catalog, results, viewer);
  } finally {
    await ingest.discard(files.filter(({ refusal }) => refusal === undefined));
  }
}

/**
 * Of bytes that were there already: which frame they are of is not told to those who may not see it.
 * That they are there is, since otherwise they would be sent for ever.
 */
async function withholdHidden(
  catalog: Catalog,
  results: readonly IngestResult[],
  viewer: Viewer,
): Promise<IngestResult[]> {
  const known = results.filter(({ status }) => status === 'already-there');
  const ids = [...new Set(known.flatMap(({ id }) => id ?? []))];
  if (viewer.seesAll || ids.length === 0) return [...results];
  const seen = new Set((await findFrames(catalog, ids, viewer)).map(({ id }) => id));
  return results.map((result) => {
    const isHidden =
      result.status === 'already-there' && result.id !== null && !seen.has(result.id);
    return isHidden ? { ...result, id: null, version: null, warnings: [] } : result;
  });
}

/** Stands for a part without a name. */
const NO_FILE = { path: '', uploadName: '', sizeBytes: 0, sha256: '', md5: '', crc32: 0 };

/** A sum of the request is that of its one file, or of the whole body as RFC 1864 has it. */
function verifySums({ sums, sumsOfBody }: Incoming, files: readonly Part[]): void {
  const wanted = Object.keys(sums).length > 0;
  if (!wanted) return;
  const ofBody = sumsOfBody();
  const [file] = files;
  const only = files.length === 1 ? file : undefined;
  const left: Sums = Object.fromEntries(
    Object.entries(sums).filter(([name, sum]) => ofBody[name as keyof Sums] !== sum),
  );
  const wrong = findMismatch(left, only ?? { md5: '', sha256: '' });
  if (wrong !== undefined) throw badSum(wrong);
}

const MULTER_WORDS: Readonly<Partial<Record<MulterError['code'], string>>> = {
  LIMIT_FILE_COUNT: 'Too many files in one request. Nothing was stored.',
  LIMIT_PART_COUNT: 'Too many files in one request. Nothing was stored.',
};

function toUploadError(error: unknown): unknown {
  if (error instanceof MulterError) {
    const words = MULTER_WORDS[error.code];
    if (words !== undefined) return new AppError('too_large', words, {}, error);
    return new AppError('bad_request', `The upload cannot be read: ${error.message}.`, {}, error);
  }
  if (error instanceof AppError) return error;
  // A full disk breaks the stream that is written to it, and comes here as the system calls it.
  if (systemCode(error) !== undefined) return toStoreError(error);
  const message = error instanceof Error ? error.message : String(error);
  if (/Multipart|Malformed|Unexpected end|boundary|aborted|closed/i.test(message)) {
    return new AppError(
      'bad_request',
      'The upload broke off or is not multipart. Nothing was stored.',
      {},
      error,
    );
  }
  return error;
}
