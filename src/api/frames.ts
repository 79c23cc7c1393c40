import type { Request, RequestHandler, Response } from 'express';
import {
  findFrames,
  findUsers,
  getFrame,
  listHdus,
  listHeaders,
  type Frame,
} from '../catalog/index.js';
import { mainImage } from '../fits/index.js';
import {
  parameter,
  parseId,
  queryParameters,
  requireAction,
  requireCsrf,
  requireIntact,
  rootUrl,
  sendStream,
  viewerOf,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { headerText, type HeaderAnswer } from './header-text.js';
import { toFrameShape, toHdusShape, toHeadersShape } from './shapes.js';

/** Of relations: the frames that a frame names, those that name it, or all. */
export const DIRECTIONS: readonly string[] = ['uses', 'used_by', 'both'];

/** Cards that are made into JSON in one go: some milliseconds. */
const MAX_CARDS_AT_ONCE = 2000;

/** Handlers of the addresses of frames; the route table is in `index.ts`. */
export function createFrameHandlers(services: Services) {
  const { catalog, store } = services;

  const frameOf = (req: Request, res: Response): Promise<Frame> =>
    getFrame(catalog, parseId(req.params.id), viewerOf(res));

  const show: RequestHandler = async (req, res) => {
    requireAction(res, 'read');
    const frame = await frameOf(req, res);
    const hdus = await listHdus(catalog, frame.version);
    const shape = toFrameShape(services, rootUrl(services, req), frame);
    res.json({ ...shape, hdus });
  };

  /** The frames that this one names, as the reference archive knows them, or those that name it. */
  const related: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const direction = parameter(queryParameters(req), 'direction') || 'uses';
    if (!DIRECTIONS.includes(direction)) {
      const message = 'Invalid value for direction: expected uses, used_by or both.';
      throw new AppError('bad_request', message, { parameter: 'direction' });
    }
    const frame = await frameOf(req, res);
    const users = direction === 'uses' ? [] : await findUsers(catalog, frame.basename, viewer);
    const used = direction === 'used_by' ? [] : frame.relatedIds;
    const ids = new Set([...used, ...users.filter((id) => id !== frame.id)]);
    const frames = await findFrames(catalog, [...ids], viewer);
    const root = rootUrl(services, req);
    res.json(frames.map((each) => toFrameShape(services, root, each)));
  };

  const headers: RequestHandler = async (req, res) => {
    requireAction(res, 'read');
    const frame = await frameOf(req, res);
    await requireIntact(store, frame.version);
    const hdus = await listHeaders(catalog, frame.version);
    const wanted = parameter(queryParameters(req), 'hdu');
    if (wanted === 'all') {
      await sendHeaders(res, { hdus });
    } else if (wanted !== '') {
      const hdu = hdus.filter((each) => String(each.hdu) === wanted);
      if (hdu.length === 0) {
        throw new AppError(
          'bad_request',
          `Invalid value for hdu: expected all or a number from 0 to ${hdus.length - 1}.`,
          {
            parameter: 'hdu',
          },
        );
      }
      await sendHeaders(res, { hdus: hdu, byKey: hdu[0] ?? null });
    } else {
      await sendHeaders(res, { byKey: mainImage({ hdus }) ?? hdus[0] ?? null });
    }
  };

  /** @param status of success: the pyobs dialect says 200, the OCS dialect 204 */
  const remove =
    (status: 200 | 204): RequestHandler =>
    async (req, res) => {
      const viewer = requireAction(res, 'delete');
      requireCsrf(services, req, res);
      const left = await services.ingest.remove(parseId(req.params.id), viewer);
      if (left.length > 0)
        services.log.warn('files of a removed frame stay behind', { keys: left });
      res.status(status).end();
    };

  return { show, related, headers, remove };
}

/** Headers of any length: a long one is written piece by piece, so that nobody waits for it. */
async function sendHeaders(res: Response, answer: HeaderAnswer): Promise<void> {
  const { hdus = [], byKey } = answer;
  const cards = [...hdus, byKey].reduce((sum, hdu) => sum + (hdu?.cards.length ?? 0), 0);
  if (cards > MAX_CARDS_AT_ONCE) {
    res.type('application/json');
    if (res.req.method === 'HEAD') res.end();
    else await sendStream(headerText(answer), res);
    return;
  }
  res.json({
    ...(answer.hdus === undefined ? {} : toHdusShape(hdus)),
    ...(byKey === undefined ? {} : toHeadersShape(byKey ?? undefined)),
  });
}
