import type { NextFunction, Request, RequestHandler, Response } from 'express';
import onHeaders from 'on-headers';
import { createFairQueue } from '../lib/fair-queue.js';
import { ALWAYS_ANSWERED, clientOf, viewerOf } from './viewer.js';

export interface TurnOptions {
  /** Requests that are worked on at once. */
  readonly atOnce?: number;
  /** Time after which a request counts no more, ms: quick ones do not wait for slow ones. */
  readonly lentMs?: number;
}

/** Twice as many as there are connections to read the catalogue with: none of them waits for its next. */
const AT_ONCE = 8;
const LENT_MS = 150;

/**
 * Lets those who read take turns, from the moment it is known who asks until an answer begins. Many
 * requests are answered as quickly a few at a time as all at once, where each is as late as the last;
 * and whoever asks with thirty connections makes only themselves wait. What sends frames does not wait
 * here, and neither does whoever watches the server.
 */
export function takeTurns(options: TurnOptions = {}): RequestHandler {
  const { atOnce = AT_ONCE, lentMs = LENT_MS } = options;
  const queue = createFairQueue<() => void>();
  let running = 0;

  const callNext = (): void => {
    if (running >= atOnce) return;
    const begin = queue.shift();
    if (begin === undefined) return;
    running += 1;
    begin();
  };

  const run = (res: Response, next: NextFunction): void => {
    let counts = true;
    const leave = (): void => {
      if (!counts) return;
      counts = false;
      clearTimeout(timer);
      running -= 1;
      setImmediate(callNext); // when this answer has been written
    };
    const timer = setTimeout(leave, lentMs);
    onHeaders(res, leave);
    res.once('close', leave);
    next();
  };

  return (req, res, next) => {
    if (!isReading(req)) {
      next();
      return;
    }
    const begin = (): void => {
      res.off('close', giveUp);
      run(res, next);
    };
    const giveUp = (): void => {
      queue.remove(begin);
    };
    res.once('close', giveUp);
    queue.push(begin, clientOf(viewerOf(res)));
    callNext();
  };
}

function isReading({ method, path }: Request): boolean {
  return (method === 'GET' || method === 'HEAD') && !ALWAYS_ANSWERED.test(path);
}
