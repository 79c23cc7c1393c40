import type { Request, RequestHandler, Response } from 'express';
import { may } from '../auth/index.js';
import type { News, Viewer } from '../catalog/index.js';
import {
  clientOf,
  parameter,
  queryParameters,
  renewViewer,
  requireAction,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { errorFields } from '../lib/log.js';
import { formatInstant } from '../lib/time.js';

/** A sign of life at least so often; connections on which nothing moves are ended by somebody. */
const BEAT_MS = 10_000;
/** Of the time that the settings leave a silent connection. */
const BEATS_PER_IDLE = 3;
/** Who does not read is let go with so much waiting: they ask again from where they were. */
const MAX_WAITING_BYTES = 1 << 20;
/** After this a browser asks again when the connection broke. */
const RETRY_MS = 2000;
const MAX_WAIT_SEC = 86_400;

/**
 * `GET /events/`: what happens, as server-sent events (HTML Living Standard §9.2), for as long as the
 * client stays and may read.
 */
export function createEventsHandler(services: Services): RequestHandler {
  return async (req, res) => {
    const viewer = requireAction(res, 'read');
    const after = readAfter(req);
    const waitSec = readNumber(req, 'wait', MAX_WAIT_SEC);
    if (req.method === 'HEAD') {
      startStream(res);
      res.end();
      return;
    }
    await tell(services, { req, res, viewer, after, waitSec });
  };
}

interface Stream {
  readonly req: Request;
  readonly res: Response;
  readonly viewer: Viewer;
  readonly after: number | undefined;
  /** Ends it after so long; undefined for never. */
  readonly waitSec: number | undefined;
}

async function tell(services: Services, stream: Stream): Promise<void> {
  const { req, res, after, waitSec } = stream;
  const { config, events, log } = services;
  let { viewer } = stream;
  let position = after;
  const end = (): void => {
    if (!res.writableEnded) res.end();
  };
  const send = (lines: readonly string[]): void => {
    // The head waits for the first words: until then it can still be an error.
    if (!res.headersSent) startStream(res);
    if (res.writableEnded || res.destroyed) return;
    res.write(`${lines.join('\n')}\n\n`);
    if (res.writableLength > MAX_WAITING_BYTES) res.destroy();
  };
  const beat = (): void => {
    const now = JSON.stringify({ now: formatInstant(Date.now()) });
    send([...idLine(position), 'event: beat', `data: ${now}`]);
  };
  const stop = await events.listen({
    viewer: () => viewer,
    seesRefused: () => may(viewer, 'upload'),
    client: clientOf(viewer),
    after,
    tell(news, at) {
      position = at;
      for (const each of news) send(toLines(each));
    },
    reset(at) {
      position = at;
      send([`id: ${at}`, 'event: reset', 'data: {}']);
    },
    end,
  });
  send([`retry: ${RETRY_MS}`]);
  beat();
  const renew = async (): Promise<void> => {
    const now = await renewViewer(services, req, res);
    if (now === undefined || !may(now, 'read')) {
      send(['event: end', 'data: {"reason":"signed out"}']);
      end();
      return;
    }
    viewer = now;
    beat();
  };
  const everyMs = Math.min(BEAT_MS, (config.IDLE_SECONDS * 1000) / BEATS_PER_IDLE);
  const timer = setInterval(() => {
    renew().catch((error: unknown) => {
      log.warn('events ended', errorFields(error));
      end();
    });
  }, everyMs).unref();
  const ending = waitSec === undefined ? undefined : setTimeout(end, waitSec * 1000).unref();
  const gone = (): void => {
    clearInterval(timer);
    clearTimeout(ending);
    stop();
  };
  // Who left while they were being told of what they had missed has been gone for a while.
  if (res.destroyed) gone();
  else res.once('close', gone);
}

function startStream(res: Response): void {
  res.set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no', // nginx would keep events until it has a page of them
  });
  res.flushHeaders();
}

function toLines(news: News): string[] {
  const { id, type, atMs, subjectId, name, night, reason } = news;
  const isFrame = reason === null;
  const data = {
    type,
    at: formatInstant(atMs),
    ...(isFrame ? { id: subjectId, name, night } : { quarantine_id: subjectId, name, reason }),
  };
  return [`id: ${id}`, `event: ${type}`, `data: ${JSON.stringify(data)}`];
}

function idLine(position: number | undefined): string[] {
  return position === undefined ? [] : [`id: ${position}`];
}

/** A browser that comes back says where it was in a header, which counts before the address. */
function readAfter(req: Request): number | undefined {
  const header = req.get('last-event-id')?.trim() ?? '';
  if (/^\d{1,15}$/.test(header)) return Number(header);
  return readNumber(req, 'after', Number.MAX_SAFE_INTEGER);
}

/** @throws 'bad_request' */
function readNumber(req: Request, name: string, most: number): number | undefined {
  const text = parameter(queryParameters(req), name);
  if (text === '') return undefined;
  if (/^\d{1,15}$/.test(text) && Number(text) <= most) return Number(text);
  const message = `Invalid value for ${name}: a whole number from 0 to ${most} is expected.`;
  throw new AppError('bad_request', message, { parameter: name });
}
