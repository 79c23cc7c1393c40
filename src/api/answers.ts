import { createHash, randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import { holdsUntil, readChanges, type Condition, type Viewer } from '../catalog/index.js';
import { changesOf, queryParameters, urlEpoch, type Services } from '../http/index.js';

/** JSON in pieces: lists are long, and each copy of one is more work for the garbage collector. */
export type Body = readonly Buffer[];

/** A question about the frames under some conditions. */
interface Question {
  readonly conditions: () => readonly Condition[];
  readonly make: () => Promise<Body>;
}

/** Sends the answer to a question, or that it is what the client has. */
export type Answers = (
  req: Request,
  res: Response,
  viewer: Viewer,
  question: Question,
) => Promise<void>;

interface Answer {
  /** The change of the catalogue up to which it holds. */
  changes: number;
  readonly tag: string;
  /** Absent if it was asked for once, and not kept. */
  readonly body?: Body;
}

/** Bytes of answers that are kept: cameras, pages and pipelines ask for the same lists over and over. */
const KEPT_BYTES = 16 * 1024 * 1024;
/**
 * Answers that are kept are those that are asked for twice within so many. What is asked for once, as a
 * script does that goes from page to page, would push them out, and would be old by then: the garbage
 * collector has little to do with what is soon forgotten, and much with what is forgotten late.
 */
const ASKED = 256;

/**
 * Sends JSON that is the same until frames that it tells of change, or others come to be among them:
 * for one viewer, one address, one hour of signed addresses. It has an entity tag by which clients keep
 * it, and is kept here as well. What depends on the clock is always made anew.
 */
export function createAnswers({ catalog }: Pick<Services, 'catalog'>): Answers {
  const kept = new LRUCache<string, Answer>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ body = [] }) => Math.max(1, lengthOf(body)),
  });
  const asked = new LRUCache<string, Answer>({ max: ASKED });
  const making = new Map<string, Promise<Body>>();

  const makeAndKeep = async (
    about: string,
    answer: Answer,
    make: Question['make'],
  ): Promise<Body> => {
    const isAskedAgain = kept.has(about) || asked.has(about);
    const body = await make();
    if (isAskedAgain) kept.set(about, { ...answer, body });
    else asked.set(about, answer);
    return body;
  };
  // Many ask for the same list at the moment when something has changed: it is made for all of them.
  const makeOnce = (about: string, answer: Answer, make: Question['make']): Promise<Body> => {
    const begun = making.get(answer.tag);
    if (begun !== undefined) return begun;
    const made = makeAndKeep(about, answer, make);
    making.set(answer.tag, made);
    return made.finally(() => making.delete(answer.tag));
  };
  /** The last answer, if nothing that has changed since plays a part in it. */
  const findLast = async (
    about: string,
    now: number,
    { conditions }: Question,
  ): Promise<Answer | undefined> => {
    const answer = kept.get(about) ?? asked.get(about);
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
    const last = await findLast(about, changes, question);
    const answer: Answer = last ?? { changes, tag: tagOf(about, changes) };
    const { tag, body } = answer;
    res.set('ETag', tag);
    // `*` would say that there is an answer before it is known whether the question is a good one.
    if (req.fresh && req.get('if-none-match') !== '*') {
      res.status(304).end();
      return;
    }
    res.removeHeader('ETag'); // an error has none
    const sent = body ?? (await makeOnce(about, answer, question.make));
    sendBody(req, res.set('ETag', tag), sent);
  };
}

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
