import type { Request, RequestHandler, Response } from 'express';
import {
  eachFile,
  eachFileOf,
  parseConditions,
  type StoredFile,
  type Viewer,
} from '../catalog/index.js';
import {
  basePath,
  bodyText,
  hasSession,
  prefersHtml,
  queryParameters,
  requireAction,
  requireCsrf,
  viewerOf,
  type Authentication,
  type Services,
} from '../http/index.js';
import {
  createZipsBegun,
  formatIds,
  MAX_FRAMES,
  readIds,
  sendPlainZip,
  sendScript,
  tooMany,
} from '../downloads/index.js';
import { AppError } from '../lib/errors.js';
import { parseFrameQuery } from './parse.js';
import { sendUnpackedZip } from './zip-made.js';
import { badValue, formatOptions, readOptions, type ZipOptions } from './zip-request.js';

type Slices = AsyncIterable<readonly StoredFile[]>;

/** Finds the frames that these need to be reduced: ids, of which any may be among those given. */
export type FindCalibrations = (
  frameIds: readonly number[],
  viewer: Viewer,
) => Promise<readonly number[]>;

/** Length of an address that every proxy takes. */
const MAX_ADDRESS = 6000;

/**
 * Handlers for many frames at once: of all that match a query, or of chosen ones (GET and POST). A
 * selection comes as a plain zip, as one of unpacked files or tables, or as a script of downloads.
 */
export function createZipHandlers(
  services: Services,
  authentication: Authentication,
  findCalibrations?: FindCalibrations,
) {
  const { catalog, config } = services;
  const begun = createZipsBegun();

  const send = async (
    req: Request,
    res: Response,
    chosen: Slices,
    options: ZipOptions,
  ): Promise<void> => {
    const files = options.calibrations ? withCalibrations(chosen, viewerOf(res)) : chosen;
    const slices = guard(files);
    if (options.format !== 'zip') await sendScript(services, req, res, slices, options.format);
    else if (options.uncompress || options.catalogOnly) {
      await sendUnpackedZip(services, res, slices, options);
    } else await sendPlainZip(services, req, res, slices, begun);
  };

  /** The selection, and after it what it needs. */
  async function* withCalibrations(chosen: Slices, viewer: Viewer): Slices {
    if (findCalibrations === undefined) {
      throw badValue('calibrations', 'false: this archive does not add calibrations');
    }
    const ids = new Set<number>();
    for await (const slice of chosen) {
      for (const { frameId } of slice) ids.add(frameId);
      yield slice;
    }
    const found = await findCalibrations([...ids], viewer);
    const added = [...new Set(found)].filter((id) => !ids.has(id)).sort((a, b) => a - b);
    yield* eachFileOf(catalog, added, viewer);
  }

  /**
   * All frames that match, or those of `frame_ids`; `limit` and `offset` are read, so that bad ones
   * are told, but not obeyed.
   */
  const ofQuery: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const options = readOptions(req);
    const parameters = queryParameters(req);
    const ids = readIds(parameters);
    if (ids !== undefined) {
      await send(req, res, ofAll(ids, viewer), options);
      return;
    }
    parseFrameQuery(parameters, config);
    const conditions = parseConditions(parameters);
    await send(req, res, eachFile(catalog, conditions, MAX_FRAMES + 1, viewer), options);
  };

  const ofIds: RequestHandler = async (req, res) => {
    const token = bodyText(req, 'auth_token');
    if (token !== '' && viewerOf(res).role === 'anonymous')
      await authentication.adoptToken(res, token);
    const viewer = requireAction(res, 'read');
    requireCsrf(services, req, res);
    const options = readOptions(req);
    const ids = readIds(Object.entries((req.body as object | undefined) ?? {})) ?? [];
    if (ids.length === 0) throw badValue('frame_ids', 'at least one id of a frame');
    const query = [`frame_ids=${formatIds(ids)}`, formatOptions(options)].filter(Boolean).join('&');
    if (query.length <= MAX_ADDRESS) {
      const address = `${basePath(services)}/frames/zip/?${query}`;
      if (hasSession(res) && prefersHtml(req)) {
        // Browsers go on with a broken download only of an address, not of a form.
        res.redirect(303, address);
        return;
      }
      res.set('Content-Location', address);
    }
    await send(req, res, ofAll(ids, viewer), options);
  };

  /** Chosen frames. @throws 'not_found' naming those that are not there */
  async function* ofAll(ids: readonly number[], viewer: Viewer): Slices {
    const left = new Set(ids);
    for await (const slice of eachFileOf(catalog, ids, viewer)) {
      for (const { frameId } of slice) left.delete(frameId);
      yield slice;
    }
    if (left.size === 0) return;
    const list = [...left].slice(0, 20).join(', ');
    const message = `Not found: ${left.size} of ${ids.length} frames are not there (any more): ${list}.`;
    throw new AppError('not_found', message);
  }

  return { ofQuery, ofIds };
}

/** @throws 'not_found' for an empty selection, 'too_large' for one beyond the limit */
async function* guard(slices: Slices): Slices {
  let count = 0;
  for await (const slice of slices) {
    count += slice.length;
    if (count > MAX_FRAMES) throw tooMany(MAX_FRAMES);
    yield slice;
  }
  if (count === 0) throw new AppError('not_found', 'No frames match.');
}
