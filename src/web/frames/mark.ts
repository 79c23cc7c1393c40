import type { Request, RequestHandler } from 'express';
import {
  findFrames,
  FLAGS,
  inTransaction,
  parseFlag,
  parseTag,
  setFlag,
  setTag,
  type Actor,
} from '../../catalog/index.js';
import { bodyText, requireAction, requireCsrf } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { goTo, type Web } from '../page.js';
import { countOf, localPath } from '../render.js';

/** Most frames that are marked at once: others want to write too. */
const MOST_MARKED = 2000;
/** Frames of one transaction. */
const SLICE = 100;

type Transaction = Parameters<typeof setFlag>[0];

/** What is to be said of many frames. */
interface Deed {
  readonly run: (tx: Transaction, id: number, by: Actor) => Promise<void>;
  /** As `readTold` reads it, without the number. */
  readonly word: string;
}

/** `POST /frames/mark/`: flags the selected frames, or gives them a tag. */
export function markFrames(web: Web): RequestHandler {
  const { catalog } = web.services;
  return async (req, res) => {
    const viewer = requireAction(res, 'upload');
    requireCsrf(web.services, req, res);
    const ids = readIds(req);
    const deed = readDeed(req);
    const frames = await findFrames(catalog, ids, viewer);
    if (frames.length < ids.length) {
      const gone = ids.length - frames.length;
      const message = `${countOf(gone, 'frame')} of the selection ${gone === 1 ? 'is' : 'are'} not there any more. Nothing was marked: reload the list and select again.`;
      throw new AppError('not_found', message);
    }
    // Marking the same again changes nothing, so that a deed that was cut short can be done anew.
    for (let at = 0; at < ids.length; at += SLICE) {
      await inTransaction(catalog, async (tx) => {
        for (const id of ids.slice(at, at + SLICE)) await deed.run(tx, id, viewer);
      });
    }
    const back = localPath(bodyText(req, 'back'), '/frames/');
    const done = new URLSearchParams({ done: `${deed.word}:${ids.length}` });
    goTo(web, req, res, `${web.base}${back}${back.includes('?') ? '&' : '?'}${done.toString()}`);
  };
}

function readIds(req: Request): number[] {
  const body = (req.body as Readonly<Record<string, unknown>> | undefined) ?? {};
  const given = [body['frame_ids[]'] ?? body.frame_ids ?? []].flat();
  const ids = new Set<number>();
  for (const each of given) {
    const id = typeof each === 'string' && /^\d{1,15}$/.test(each) ? Number(each) : NaN;
    if (!Number.isSafeInteger(id)) {
      throw new AppError('bad_request', 'The selection holds something that is no frame.');
    }
    ids.add(id);
  }
  if (ids.size === 0) {
    throw new AppError('bad_request', 'No frame is selected: tick some in the list first.');
  }
  if (ids.size > MOST_MARKED) {
    const message = `${ids.size} frames are selected; ${MOST_MARKED} can be marked at once. Mark them in parts.`;
    throw new AppError('bad_request', message);
  }
  return [...ids];
}

function readDeed(req: Request): Deed {
  const flag = bodyText(req, 'flag');
  if (flag !== '') {
    const value = flag === 'none' ? null : parseFlag(flag);
    return { word: `flag:${flag}`, run: (tx, id, by) => setFlag(tx, id, value, by) };
  }
  const tag = parseTag(bodyText(req, 'tag'));
  return { word: `tag:${tag}`, run: (tx, id, by) => setTag(tx, id, tag, { isSet: true, by }) };
}

/** What was done, from the address that one comes back by, as a sentence; '' if it is none of ours. */
export function readTold(text: string): string {
  const [, kind, word = '', number] = /^(flag|tag):(.{1,50}):(\d{1,5})$/.exec(text) ?? [];
  if (kind === undefined) return '';
  const frames = countOf(Number(number), 'frame');
  if (kind === 'tag') return `${frames} tagged ${word}.`;
  if (word === 'none') return `The flags of ${frames} are taken back.`;
  return FLAGS.some((flag) => flag === word) ? `${frames} flagged ${word}.` : '';
}
