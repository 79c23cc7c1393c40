import type { ErrorRequestHandler, Request, Response } from 'express';
import { toCatalogError } from '../catalog/index.js';
import { AppError, type ErrorCode } from '../lib/errors.js';
import { errorFields } from '../lib/log.js';
import { drain } from './drain.js';
import { prefersHtml } from './params.js';
import { noteRefusal } from './refusals.js';
import type { Services } from './services.js';

/**
 * Code → status. What the client sent wrong is 4xx and not worth repeating; trouble of ours is 5xx
 * and worth a retry: uploaders decide by this.
 */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  gone: 410,
  method_not_allowed: 405,
  too_large: 413,
  unsupported: 415,
  fits_invalid: 400,
  fits_truncated: 400,
  fits_unsupported: 400,
  header_missing: 400,
  header_invalid: 400,
  path_escapes: 400,
  damaged: 500,
  key_exists: 409,
  store_full: 507,
  store_unavailable: 503,
  busy: 503,
  too_many: 429,
  config_invalid: 500,
  database_version: 503,
};

const RETRY_AFTER_SEC = 30;

/** What a page about a problem needs. */
export interface Problem {
  readonly status: number;
  readonly message: string;
  readonly requestId: string;
}

/**
 * The one error handler. Expected failures become their status and sentence; anything else is a
 * bug: logged with its stack, answered 500 with the id of the request and nothing of the cause.
 *
 * @param renderPage answers a browser; JSON is answered here
 */
export function handleProblems(
  services: Services,
  renderPage: (req: Request, res: Response, problem: Problem) => void,
): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const expected = toAppError(error);
    const requestId = requestIdOf(res);
    const status = expected === undefined ? 500 : STATUS[expected.code];
    if (status >= 500) {
      services.log.error('request failed', {
        requestId,
        method: req.method,
        path: req.path,
        status,
        ...errorFields(error),
      });
    }
    noteRefusal(services, req, res, status);
    if (res.headersSent) {
      // Half an answer cannot be taken back; a broken connection tells the client not to trust it.
      res.destroy();
      return;
    }
    const message = expected?.message ?? `Something went wrong here. Request ${requestId}.`;
    res.status(status);
    if (status === 401) res.set('WWW-Authenticate', 'Token');
    if (status === 503) res.set('Retry-After', String(RETRY_AFTER_SEC));
    if (status === 429) res.set('Retry-After', waitOf(expected));
    if (status === 405 && Array.isArray(expected?.data.allow))
      res.set('Allow', expected.data.allow.join(', '));
    res.set('Cache-Control', 'no-store');
    drain(req, res, services.config.MAX_UPLOAD_BYTES);
    if (prefersHtml(req)) renderPage(req, res, { status, message, requestId });
    else res.json(problemBody(message, expected));
  };
}

/**
 * `{"detail": …}` as in both dialects; for a bad parameter also `{"<parameter>": […]}`, as OCS does.
 * About a region it answers with nothing but a list, so those errors are marked `bare`.
 */
function problemBody(
  message: string,
  error: AppError | undefined,
): Record<string, unknown> | readonly string[] {
  if (error?.data.bare === true) return [message];
  const parameter = error?.data.parameter;
  if (typeof parameter !== 'string') return { detail: message };
  return { detail: message, [parameter]: [message] };
}

/** Seconds after which what was asked for too often works again. */
function waitOf(error: AppError | undefined): string {
  const seconds = error?.data.retryAfterSec;
  return String(typeof seconds === 'number' ? seconds : RETRY_AFTER_SEC);
}

export function requestIdOf(res: Response): string {
  return String((res.locals as { requestId?: string }).requestId);
}

/** Errors of the libraries in front of our routes carry a status; the rest of them are bugs. */
function toAppError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error;
  if (typeof error !== 'object' || error === null) return undefined;
  const { status, type } = error as { status?: unknown; type?: unknown };
  const ofCatalog = toCatalogError(error);
  if (ofCatalog !== undefined) return ofCatalog;
  if (error instanceof URIError || status === 400) {
    return new AppError('bad_request', 'The request cannot be read.', {}, error);
  }
  if (status === 413 || type === 'entity.too.large') {
    return new AppError('too_large', 'The request is too large.', {}, error);
  }
  if (status === 415)
    return new AppError('unsupported', 'This kind of content is not read.', {}, error);
  return undefined;
}
