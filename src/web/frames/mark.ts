import type { Request, RequestHandler } from 'express';
import {
  findFrames,
  FLAGS,
  framesOfRun,
  markMany,
  parseFlag,
  parseTag,
  undoRun,
  type MarkChange,
  type MarkRun,
  type Viewer,
} from '../../catalog/index.js';
import { bodyText, requireAction, requireCsrf } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { goTo, type Web } from '../page.js';
import { countOf, localPath } from '../render.js';

/** Most frames that are marked at once: others want to write too. */
const MOST_MARKED = 2000;

/** `POST /frames/mark/`: flags the selected frames, or gives them a tag. */
export function markFrames(web: Web): RequestHandler {
  return async (req, res) => {
    const viewer = requireAction(res, 'upload');
    requireCsrf(web.services, req, res);
    const ids = readIds(req);
    const change = readChange(req);
    await requireSeen(web, ids, viewer, 'Nothing was marked: reload the list and select again.');
    const run = await markMany(web.services.catalog, ids, change, viewer);
    const done = { done: `${formatChange(change)}:${ids.length}` };
    const undo = run === undefined ? {} : { undo: formatRun(run) };
    goTo(web, req, res, backUrl(web, req, { ...done, ...undo }));
  };
}

/** `POST /frames/undo/`: gives frames back the marks that they had before such a deed. */
export function undoMarks(web: Web): RequestHandler {
  const { catalog } = web.services;
  return async (req, res) => {
    const viewer = requireAction(res, 'upload');
    requireCsrf(web.services, req, res);
    const run = parseRun(bodyText(req, 'run'));
    if (run === undefined) {
      throw new AppError('bad_request', 'There is nothing here that can be undone.');
    }
    const ids = await framesOfRun(catalog, run, viewer);
    await requireSeen(web, ids, viewer, 'Nothing was undone.');
    const frames = await undoRun(catalog, run, viewer);
    goTo(web, req, res, backUrl(web, req, { done: `undone:as before:${frames}` }));
  };
}

/** Where one came from, with what was done in the address. */
function backUrl(web: Web, req: Request, told: Readonly<Record<string, string>>): string {
  const back = localPath(bodyText(req, 'back'), '/frames/');
  return `${web.base}${back}${back.includes('?') ? '&' : '?'}${new URLSearchParams(told).toString()}`;
}

async function requireSeen(
  { services }: Web,
  ids: readonly number[],
  viewer: Viewer,
  consequence: string,
): Promise<void> {
  const gone = ids.length - (await findFrames(services.catalog, ids, viewer)).length;
  if (gone === 0) return;
  const message = `${countOf(gone, 'frame')} of the selection ${gone === 1 ? 'is' : 'are'} not there any more. ${consequence}`;
  throw new AppError('not_found', message);
}

/** Where the selection can be taken, by the word of its button. */
const PLACES: ReadonlyMap<string, string> = new Map([
  ['blink', '/blink/'],
  ['share', '/shares/new/'],
]);

/** `POST /frames/selection/`: takes the selected frames to the page that works with them. */
export function takeSelection(web: Web): RequestHandler {
  return (req, res) => {
    requireAction(res, 'read');
    requireCsrf(web.services, req, res);
    const place = PLACES.get(bodyText(req, 'to'));
    if (place === undefined) {
      throw new AppError('bad_request', 'Say where to take the selection: to blink or to share.');
    }
    goTo(web, req, res, `${web.base}${place}?ids=${readIds(req).join(',')}`);
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
    const message = `${ids.size} frames are selected; at most ${MOST_MARKED} can be taken at once. Take them in parts.`;
    throw new AppError('bad_request', message);
  }
  return [...ids];
}

function readChange(req: Request): MarkChange {
  const flag = bodyText(req, 'flag');
  if (flag !== '') return { kind: 'flag', flag: flag === 'none' ? null : parseFlag(flag) };
  return { kind: 'tag', tag: parseTag(bodyText(req, 'tag')) };
}

/** As `readTold` reads it, without the number. */
function formatChange(change: MarkChange): string {
  return change.kind === 'flag' ? `flag:${change.flag ?? 'none'}` : `tag:${change.tag}`;
}

function formatRun({ atMs, firstId, lastId, marks }: MarkRun): string {
  return [atMs, firstId, lastId, marks].join('-');
}

/** Where the marks of a deed stand, from an address or a form; undefined if it says nothing. */
export function parseRun(text: string): MarkRun | undefined {
  if (!/^\d{1,15}(?:-\d{1,15}){3}$/.test(text)) return undefined;
  const [atMs = 0, firstId = 0, lastId = 0, marks = 0] = text.split('-').map(Number);
  return { atMs, firstId, lastId, marks };
}

/** What was done, from the address that one comes back by, as a sentence; '' if it is none of ours. */
export function readTold(text: string): string {
  const [, kind, word = '', number] = /^(flag|tag|undone):(.{1,50}):(\d{1,5})$/.exec(text) ?? [];
  if (kind === undefined) return '';
  const frames = countOf(Number(number), 'frame');
  if (kind === 'undone') return `${frames} marked as before again.`;
  if (kind === 'tag') return `${frames} tagged ${word}.`;
  if (word === 'none') return `The flags of ${frames} are taken back.`;
  return FLAGS.some((flag) => flag === word) ? `${frames} flagged ${word}.` : '';
}
