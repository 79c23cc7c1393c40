import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import {
  listFacets,
  listFramesAs,
  listFramesByCursor,
  parseConditions,
  readChanges,
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
  urlEpoch,
  wantsCsv,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { createFrameTexts } from './frame-texts.js';
import { eachCsvPiece } from './list-csv.js';
import { parseCount, parseFrameQuery } from './parse.js';
import { toAggregateShape } from './shapes.js';

/** Handlers of lists and of what there is to choose from. */
export function createListHandlers(services: Services): {
  list: RequestHandler;
  aggregate: RequestHandler;
} {
  const { catalog, config } = services;
  const textsBelow = createFrameTexts(services);
  const answer = createAnswers(services);

  const byOffset = async (req: Request, root: string, viewer: Viewer): Promise<string> => {
    const query = parseFrameQuery(queryParameters(req), config);
    const page = await listFramesAs(catalog, textsBelow(root), query, viewer);
    const links = offsetLinks(req, root, query, page.total);
    const envelope = { count: page.total, count_estimated: false, ...links };
    return withResults(envelope, page.items);
  };

  const byCursor = async (req: Request, root: string, viewer: Viewer): Promise<string> => {
    const parameters = queryParameters(req);
    const { conditions, order, limit } = parseFrameQuery(parameters, config);
    const cursor = parameter(parameters, 'cursor');
    const page = await listFramesByCursor(
      catalog,
      textsBelow(root),
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

  /** All frames that match, or as many as `limit` says. */
  const sendCsv = async (req: Request, res: Response, root: string, viewer: Viewer) => {
    const parameters = queryParameters(req);
    const { conditions, order } = parseFrameQuery(parameters, config);
    const most = parseCount(parameters, 'limit', Infinity);
    if (parameter(parameters, 'offset') !== '') {
      const message = 'A table has no offset: it begins with the first frame.';
      throw new AppError('bad_request', message, { parameter: 'offset' });
    }
    res.set('Cache-Control', 'private, no-store').vary('Accept, Authorization, Cookie');
    res.type('text/csv').set('Content-Disposition', contentDisposition('frames.csv'));
    const query = { conditions, order, most };
    if (req.method === 'HEAD') res.end();
    else await sendStream(eachCsvPiece(catalog, textsBelow(root), query, viewer), res);
  };

  const list: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    const root = rootUrl(services, req);
    if (wantsCsv(req)) {
      await sendCsv(req, res, root, viewer);
      return;
    }
    const style = parameter(queryParameters(req), 'pagination_style');
    const make = style === 'cursor' ? byCursor : byOffset;
    await answer(req, res, viewer, () => make(req, root, viewer));
  };

  const aggregate: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    requireKnownFormat(req);
    const conditions = parseConditions(queryParameters(req));
    await answer(req, res, viewer, async () =>
      JSON.stringify(toAggregateShape(await listFacets(catalog, conditions, viewer))),
    );
  };

  return { list, aggregate };
}

/** An envelope with frames that are JSON text already. */
function withResults(envelope: Record<string, unknown>, frames: readonly string[]): string {
  const head = JSON.stringify(envelope).slice(0, -1);
  return `${head},"results":[${frames.join(',')}]}`;
}

/** Bytes of answers that are kept: cameras, pages and pipelines ask for the same lists over and over. */
const KEPT_BYTES = 16 * 1024 * 1024;

type Answers = (
  req: Request,
  res: Response,
  viewer: Viewer,
  make: () => Promise<string>,
) => Promise<void>;

/**
 * Sends JSON that is the same until the catalogue changes: for one viewer, one address, one hour of
 * signed addresses. It has an entity tag by which clients keep it, and is kept here by the same tag.
 * What depends on the clock is always made anew.
 */
function createAnswers(services: Services): Answers {
  const kept = new LRUCache<string, Buffer>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ length }) => Math.max(1, length),
  });
  const making = new Map<string, Promise<Buffer>>();
  // Many ask for the same list at the moment when something has changed: it is made for all of them.
  const makeOnce = (tag: string, make: () => Promise<string>): Promise<Buffer> => {
    const begun = making.get(tag);
    if (begun !== undefined) return begun;
    const made = make().then((text) => {
      const body = Buffer.from(text);
      kept.set(tag, body);
      return body;
    });
    making.set(tag, made);
    return made.finally(() => making.delete(tag));
  };
  return async (req, res, viewer, make) => {
    res.set('Cache-Control', 'private, no-cache').vary('Accept, Authorization, Cookie');
    // What is public depends on the clock, and so does what is shown to whom not everything is.
    if (!viewer.seesAll || asksTheClock(req)) {
      res.type('json').send(Buffer.from(await make()));
      return;
    }
    // Read before the answer is made: a change in between makes the tag old, never the answer.
    const tag = await tagOf(services, req, viewer);
    res.set('ETag', tag);
    // `*` would say that there is an answer before it is known whether the question is a good one.
    if (req.fresh && req.get('if-none-match') !== '*') {
      res.status(304).end();
      return;
    }
    res.removeHeader('ETag'); // an error has none
    const body = kept.get(tag) ?? (await makeOnce(tag, make));
    res.set('ETag', tag).type('json').send(body);
  };
}

/** What is public changes without a change of the catalogue. */
function asksTheClock(req: Request): boolean {
  return [...queryParameters(req).keys()].some((name) => /^public\b/.test(name));
}

async function tagOf(
  { catalog, version }: Services,
  req: Request,
  viewer: Viewer,
): Promise<string> {
  const { host, originalUrl, protocol } = req;
  const about = [version, viewer.username, viewer.role, urlEpoch(), protocol, host, originalUrl];
  const text = JSON.stringify([await readChanges(catalog), ...about]);
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
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
  const url = new URL(req.originalUrl.replace(/^\/+/, ''), root);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
