import type { Request, RequestHandler, Response } from 'express';
import {
  listFacets,
  listFramesAs,
  listFramesByCursor,
  parseConditions,
  type Viewer,
} from '../catalog/index.js';
import {
  contentDisposition,
  parameter,
  queryParameters,
  requireAction,
  requireKnownFormat,
  rootUrl,
  sendStream,
  wantsCsv,
  wantsVotable,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { createAnswers, type Body } from './answers.js';
import { createFrameTexts } from './frame-texts.js';
import { eachCsvPiece } from './list-csv.js';
import { eachVotablePiece, VOTABLE_TYPE } from './list-votable.js';
import { parseCount, parseFrameQuery, parseWithRelated } from './parse.js';
import { toAggregateShape } from './shapes.js';

const CSV = { type: 'text/csv', filename: 'frames.csv', eachPiece: eachCsvPiece };
const VOTABLE = { type: VOTABLE_TYPE, filename: 'frames.vot', eachPiece: eachVotablePiece };

/** Handlers of lists and of what there is to choose from. */
export function createListHandlers(services: Services): {
  list: RequestHandler;
  aggregate: RequestHandler;
} {
  const { catalog, config } = services;
  const textsBelow = createFrameTexts(services);
  const answer = createAnswers(services);

  const byOffset = async (req: Request, root: string, viewer: Viewer): Promise<Body> => {
    const parameters = queryParameters(req);
    const query = parseFrameQuery(parameters, config);
    const texts = textsBelow(root, { withRelated: parseWithRelated(parameters) });
    const page = await listFramesAs(catalog, texts, query, viewer);
    const links = offsetLinks(req, root, query, page.total);
    const envelope = { count: page.total, count_estimated: false, ...links };
    return withResults(envelope, page.items);
  };

  const byCursor = async (req: Request, root: string, viewer: Viewer): Promise<Body> => {
    const parameters = queryParameters(req);
    const { conditions, order, limit } = parseFrameQuery(parameters, config);
    const cursor = parameter(parameters, 'cursor');
    const page = await listFramesByCursor(
      catalog,
      textsBelow(root, { withRelated: parseWithRelated(parameters) }),
      {
        conditions,
        order,
        limit: limit === 0 ? config.DEFAULT_LIMIT : limit,
        cursor: cursor === '' ? undefined : cursor,
      },
      viewer,
    ).catch(toCursorError);
    const link = (to: string | null): string | null =>
      to === null ? null : linkWith(req, root, { cursor: to });
    const envelope = { next: link(page.next), previous: link(page.previous) };
    return withResults(envelope, page.items);
  };

  /** All frames that match, or as many as `limit` says, as CSV or VOTable. */
  const sendTable = async (req: Request, res: Response, root: string, viewer: Viewer) => {
    const parameters = queryParameters(req);
    const { conditions, order } = parseFrameQuery(parameters, config);
    const most = parseCount(parameters, 'limit', Infinity);
    if (parameter(parameters, 'offset') !== '') {
      const message = 'A table has no offset: it begins with the first frame.';
      throw new AppError('bad_request', message, { parameter: 'offset' });
    }
    res.set('Cache-Control', 'private, no-store').vary('Accept, Authorization, Cookie');
    const { type, filename, eachPiece } = wantsCsv(req) ? CSV : VOTABLE;
    res.type(type).set('Content-Disposition', contentDisposition(filename));
    const query = { conditions, order, most };
    if (req.method === 'HEAD') res.end();
    else await sendStream(eachPiece(catalog, textsBelow(root), query, viewer), res);
  };

  const list: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const root = rootUrl(services, req);
    if (wantsCsv(req) || wantsVotable(req)) {
      await sendTable(req, res, root, viewer);
      return;
    }
    const parameters = queryParameters(req);
    const style = parameter(parameters, 'pagination_style');
    const make = style === 'cursor' ? byCursor : byOffset;
    await answer(req, res, viewer, {
      conditions: () => parseFrameQuery(parameters, config).conditions,
      make: () => make(req, root, viewer),
    });
  };

  const aggregate: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    requireKnownFormat(req);
    const conditions = parseConditions(queryParameters(req));
    await answer(req, res, viewer, {
      conditions: () => conditions,
      make: async () => [
        Buffer.from(
          JSON.stringify(toAggregateShape(await listFacets(catalog, conditions, viewer))),
        ),
      ],
    });
  };

  return { list, aggregate };
}

const COMMA = Buffer.from(',');

/** An envelope with frames that are JSON text already. */
function withResults(envelope: Record<string, unknown>, frames: readonly Buffer[]): Body {
  const head = `${JSON.stringify(envelope).slice(0, -1)},"results":[`;
  const list = frames.flatMap((frame, at) => (at === 0 ? [frame] : [COMMA, frame]));
  return [Buffer.from(head), ...list, Buffer.from(']}')];
}

/** What the OCS archive says to a cursor that is none. */
function toCursorError(error: unknown): never {
  if (error instanceof AppError && error.data.parameter === 'cursor') {
    throw new AppError('not_found', 'Invalid cursor', error.data, error);
  }
  throw error;
}

/** `next` and `previous` of the OCS dialect: absolute, with the query kept; null at the ends. */
function offsetLinks(
  req: Request,
  root: string,
  { limit, offset }: { limit: number; offset: number },
  total: number,
): { next: string | null; previous: string | null } {
  const link = (to: number): string =>
    linkWith(req, root, { limit: String(limit), offset: String(to) });
  return {
    next: limit > 0 && offset + limit < total ? link(offset + limit) : null,
    previous: limit > 0 && offset > 0 ? link(Math.max(0, offset - limit)) : null,
  };
}

/** The address that was asked for, with some parameters changed. */
function linkWith(
  req: Request,
  root: string,
  parameters: Readonly<Record<string, string>>,
): string {
  // Proxies may ask with the whole address: RFC 9112 §3.2.2. Its host is none of ours.
  const target = req.originalUrl.replace(/^https?:\/\/[^/?#]*/i, '');
  const url = new URL(target.replace(/^\/+/, ''), root);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
