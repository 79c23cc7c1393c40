import type { Request, RequestHandler, Response } from 'express';
import {
  DIRECTIONS,
  getFrame,
  getFrameAs,
  listHeaders,
  listRelatedAs,
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
import { toMarks } from './corrections.js';
import { createFrameTexts } from './frame-texts.js';
import { parseWithRelated } from './parse.js';
import { headerText, type HeaderAnswer } from './header-text.js';
import { toHdusShape, toHeadersShape } from './shapes.js';

/** Longest reason for deleting a frame, characters. */
const MAX_REASON = 500;

/** Cards that are made into JSON in one go: some milliseconds. */
const MAX_CARDS_AT_ONCE = 2000;

/** Handlers of the addresses of frames; the route table is in `index.ts`. */
export function createFrameHandlers(services: Services) {
  const { catalog, store } = services;
  const textsBelow = createFrameTexts(services);

  const frameOf = (req: Request, res: Response): Promise<Frame> =>
    getFrame(catalog, parseId(req.params.id), viewerOf(res));

  const show: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const withRelated = parseWithRelated(queryParameters(req));
    const texts = textsBelow(rootUrl(services, req), { withRelated, withHdus: true });
    res.type('json').send(await getFrameAs(catalog, texts, parseId(req.params.id), viewer));
  };

  /** The frames that this one names, as the reference archive knows them, or those that name it. */
  const related: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const asked = parameter(queryParameters(req), 'direction') || 'uses';
    const direction = DIRECTIONS.find((each) => each === asked);
    if (direction === undefined) {
      const message = 'Invalid value for direction: expected uses, used_by or both.';
      throw new AppError('bad_request', message, { parameter: 'direction' });
    }
    const texts = textsBelow(rootUrl(services, req));
    const of = { id: parseId(req.params.id), direction };
    const frames = await listRelatedAs(catalog, texts, of, viewer);
    res.type('json').send(Buffer.concat([Buffer.from('['), ...frames, Buffer.from(']')]));
  };

  const headers: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const frame = await frameOf(req, res);
    await requireIntact(store, frame.version);
    const hdus = await listHeaders(catalog, frame.version);
    const corrections = await toMarks(catalog, frame, hdus, viewer);
    const wanted = parameter(queryParameters(req), 'hdu');
    if (wanted === 'all') {
      await sendHeaders(res, { hdus, corrections });
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
      await sendHeaders(res, { hdus: hdu, byKey: hdu[0] ?? null, corrections });
    } else {
      await sendHeaders(res, { byKey: mainImage({ hdus }) ?? hdus[0] ?? null, corrections });
    }
  };

  /** @param status of success: the pyobs dialect says 200, the OCS dialect 204 */
  const remove =
    (status: 200 | 204): RequestHandler =>
    async (req, res) => {
      const viewer = requireAction(res, 'delete');
      requireCsrf(services, req, res);
      const reason = parameter(queryParameters(req), 'reason').slice(0, MAX_REASON);
      const left = await services.trash.put(parseId(req.params.id), viewer, reason);
      if (left.length > 0)
        services.log.warn('files of a deleted frame stay behind', { keys: left });
      res.status(status).end();
    };

  return { show, related, headers, remove };
}

/** Headers of any length: a long one is written piece by piece, so that nobody waits for it. */
async function sendHeaders(res: Response, answer: HeaderAnswer): Promise<void> {
  const { hdus = [], byKey, corrections = [] } = answer;
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
    ...(corrections.length === 0 ? {} : { corrections }),
  });
}
