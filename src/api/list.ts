import { createHash, randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import {
  holdsUntil,
  listFacets,
  listFramesAs,
  listFramesByCursor,
  parseConditions,
  readChanges,
  type Condition,
  type Viewer,
} from '../catalog/index.js';
import {
  changesOf,
  contentDisposition,
  parameter,
  queryParameters,
  requireAction,
  requireKnownFormat,
  rootUrl,
  sendStream,
  urlEpoch,
  wantsCsv,
  wantsVotable,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
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
    const texts = textsBelow(root, parseWithRelated(parameters));
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
      textsBelow(root, parseWithRelated(parameters)),
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

/** Bytes of answers that are kept: cameras, pages and pipelines ask for the same lists over and over. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** JSON in pieces: lists are long, and each copy of one is more work for the garbage collector. */
type Body = readonly Buffer[];

function lengthOf(body: Body): number {
  return body.reduce((sum, { length }) => sum + length, 0);
}

function sendBody(req: Request, res: Response, body: Body): void {
  res.type('json').set('Content-Length', String(lengthOf(body)));
  res.cork();
  if (req.method !== 'HEAD') for (const piece of body) res.write(piece);
  res.end();
  res.uncork();
}

/** A question about the frames under some conditions. */
interface Question {
  readonly conditions: () => readonly Condition[];
  readonly make: () => Promise<Body>;
}

type Answers = (req: Request, res: Response, viewer: Viewer, question: Question) => Promise<void>;

interface Answer {
  /** The change of the catalogue up to which it holds. */
  changes: number;
  readonly tag: string;
  readonly body: Body;
}

/**
 * Sends JSON that is the same until frames that it tells of change, or others come to be among them:
 * for one viewer, one address, one hour of signed addresses. It has an entity tag by which clients keep
 * it, and is kept here as well. What depends on the clock is always made anew.
 */
function createAnswers(services: Services): Answers {
  const { catalog } = services;
  const kept = new LRUCache<string, Answer>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ body }) => Math.max(1, lengthOf(body)),
  });
  const making = new Map<string, Promise<Answer>>();
  // Many ask for the same list at the moment when something has changed: it is made for all of them.
  const makeOnce = (
    about: string,
    { changes, tag }: Omit<Answer, 'body'>,
    make: Question['make'],
  ): Promise<Answer> => {
    const begun = making.get(tag);
    if (begun !== undefined) return begun;
    const made = make().then((body) => {
      const answer = { changes, tag, body };
      kept.set(about, answer);
      return answer;
    });
    making.set(tag, made);
    return made.finally(() => making.delete(tag));
  };
  /** The answer that is kept, if nothing that has changed since plays a part in it. */
  const findKept = async (
    about: string,
    now: number,
    { conditions }: Question,
  ): Promise<Answer | undefined> => {
    const answer = kept.get(about);
    if (answer === undefined || answer.changes === now) return answer;
    const since = answer.changes;
    const until = await holdsUntil(catalog, { since, known: now }, conditions());
    if (until === undefined) return undefined;
    answer.changes = Math.max(answer.changes, until);
    return answer;
  };
  return async (req, res, viewer, question) => {
    res.set('Cache-Control', 'private, no-cache').vary('Accept, Authorization, Cookie');
    // What is public depends on the clock, and so does what is shown to whom not everything is.
    if (!viewer.seesAll || asksTheClock(req)) {
      sendBody(req, res, await question.make());
      return;
    }
    const about = aboutOf(req, viewer);
    // Read before the answer is made: a change in between makes the tag old, never the answer.
    const changes = changesOf(res) ?? (await readChanges(catalog));
    const found = await findKept(about, changes, question);
    const tag = found?.tag ?? tagOf(about, changes);
    res.set('ETag', tag);
    // `*` would say that there is an answer before it is known whether the question is a good one.
    if (req.fresh && req.get('if-none-match') !== '*') {
      res.status(304).end();
      return;
    }
    res.removeHeader('ETag'); // an error has none
    const { body } = found ?? (await makeOnce(about, { changes, tag }, question.make));
    sendBody(req, res.set('ETag', tag), body);
  };
}

/** What is public changes without a change of the catalogue. */
function asksTheClock(req: Request): boolean {
  return [...queryParameters(req).keys()].some((name) => /^public\b/.test(name));
}

/** Of this process: after a new start settings may be others, and even the catalogue. */
const START = randomUUID();

/** All that an answer depends on besides the catalogue, as a hash. */
function aboutOf(req: Request, viewer: Viewer): string {
  const { host, originalUrl, protocol } = req;
  return digest([START, viewer.username, viewer.role, urlEpoch(), protocol, host, originalUrl]);
}

/** @param changes of the catalogue when the answer was made */
function tagOf(about: string, changes: number): string {
  return `W/"${digest([changes, about]).slice(0, 27)}"`;
}

function digest(about: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(about)).digest('base64url');
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
