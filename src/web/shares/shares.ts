import type { Request, RequestHandler, Response } from 'express';
import { hashSecret, makeToken, may } from '../../auth/index.js';
import {
  eachFile,
  eachFileOf,
  insertShare,
  listShares,
  MAX_SHARED,
  parseConditions,
  revokeShare,
  type FrameShare,
  type StoredFile,
  type Viewer,
} from '../../catalog/index.js';
import { formatIds, readIds } from '../../downloads/index.js';
import {
  bodyText,
  parameter,
  parseId,
  queryParameters,
  requireAction,
  requireCsrf,
  STATUS,
} from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { goTo, sendPage, type Web } from '../page.js';
import { countOf, formatBytes, formatCount, formatDateTime, thumbnailUrl } from '../render.js';
import { shareUrl } from './open.js';
import { MAX_TITLE, SHARE_DAYS, stateOf, USUAL_DAYS } from './words.js';

const DAY_MS = 86_400_000;
/** Pictures of the selection before it is shared. */
const SAMPLES = 12;

type Owner = Viewer & { readonly userId: number };

/** Whoever has an account may share what they see. @throws 'unauthenticated', 'forbidden' */
function requireOwner(res: Response): Owner {
  const viewer = requireAction(res, 'own-account');
  const { userId } = viewer;
  if (userId === null) throw new AppError('forbidden', 'Only accounts share frames.');
  return { ...viewer, userId };
}

/** `GET /shares/`: one's own shares; those of everybody for admins. */
export function showShares(web: Web): RequestHandler {
  return async (req, res) => {
    const done = parameter(queryParameters(req), 'done') === 'revoked' ? REVOKED : '';
    await sendShares(web, req, res, { done });
  };
}

const REVOKED = 'The share is ended. Its link opens nothing any more.';

async function sendShares(
  web: Web,
  req: Request,
  res: Response,
  told: { readonly done: string; readonly made?: { readonly title: string; readonly url: string } },
): Promise<void> {
  const { services, base } = web;
  const owner = requireOwner(res);
  const seesAll = may(owner, 'administer');
  const shares = await listShares(services.catalog, seesAll ? undefined : owner.userId);
  await sendPage(
    web,
    req,
    res,
    'shares',
    { title: 'Shares' },
    {
      ...told,
      made: told.made ?? null,
      seesAll,
      framesUrl: `${base}/frames/`,
      shares: shares.map((share) => toRow(base, share)),
    },
  );
}

function toRow(base: string, share: FrameShare) {
  const state = stateOf(share);
  const words = { open: 'open', expired: 'ended', revoked: 'revoked' } as const;
  return {
    title: share.title,
    by: share.madeBy.username,
    made: formatDateTime(share.madeMs).slice(0, 16),
    until: formatDateTime(share.expiresMs).slice(0, 16),
    frames: formatCount(share.frames),
    size: formatBytes(share.sizeBytes),
    state: words[state],
    isOpen: state === 'open',
    revokeUrl: state === 'open' ? `${base}/shares/${share.id}/revoke/` : '',
  };
}

/** `GET /shares/new/?ids=…` or with the conditions of a list: asks for a title and an end. */
export function askShare(web: Web): RequestHandler {
  return async (req, res) => {
    const owner = requireOwner(res);
    const files = await selectionOf(web, req, owner);
    await sendForm(web, req, res, { files, title: '', days: USUAL_DAYS, problem: '' });
  };
}

/** The frames that an address names. @throws 'bad_request', 'not_found', 'too_large' */
async function selectionOf(web: Web, req: Request, viewer: Viewer): Promise<readonly StoredFile[]> {
  const parameters = queryParameters(req);
  const named = parameters.get('ids') ?? [];
  const ids = readIds([...parameters, ...named.map((text) => ['frame_ids', text] as const)]);
  if (ids !== undefined) return filesOfIds(web, ids, viewer);
  return gather(
    eachFile(web.services.catalog, parseConditions(parameters), MAX_SHARED + 1, viewer),
  );
}

async function filesOfIds(
  { services }: Web,
  ids: readonly number[],
  viewer: Viewer,
): Promise<readonly StoredFile[]> {
  if (ids.length > MAX_SHARED) throw tooMany();
  const files = await gather(eachFileOf(services.catalog, ids, viewer));
  if (files.length === ids.length) return files;
  const message = `Not found: ${ids.length - files.length} of ${ids.length} frames are not there (any more).`;
  throw new AppError('not_found', message);
}

async function gather(
  slices: AsyncIterable<readonly StoredFile[]>,
): Promise<readonly StoredFile[]> {
  const files: StoredFile[] = [];
  for await (const slice of slices) {
    files.push(...slice);
    if (files.length > MAX_SHARED) throw tooMany();
  }
  if (files.length === 0) throw new AppError('not_found', 'No frames match: nothing to share.');
  return files;
}

function tooMany(): AppError {
  const message = `At most ${formatCount(MAX_SHARED)} frames go under one link. Narrow the list.`;
  return new AppError('too_large', message);
}

async function sendForm(
  web: Web,
  req: Request,
  res: Response,
  asked: {
    readonly files: readonly StoredFile[];
    readonly title: string;
    readonly days: number;
    readonly problem: string;
  },
): Promise<void> {
  const { base } = web;
  const { files, title, days, problem } = asked;
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await sendPage(
    web,
    req,
    res,
    'share-new',
    { title: `Share ${countOf(files.length, 'frame')}` },
    {
      summary: formatBytes(bytes),
      action: `${base}/shares/`,
      ids: formatIds(files.map(({ frameId }) => frameId).sort((a, b) => a - b)),
      name: title,
      maxTitle: MAX_TITLE,
      problem,
      days: SHARE_DAYS.map((each) => ({
        value: each,
        label: each === 1 ? '1 day' : each === 365 ? '1 year' : `${each} days`,
        isChosen: each === days,
      })),
      samples: files.slice(0, SAMPLES).map(({ frameId, sha256, basename }) => ({
        name: basename,
        thumbnail: thumbnailUrl(base, { id: frameId, version: { sha256 } }),
      })),
      more: Math.max(0, files.length - SAMPLES),
      button: `Share ${countOf(files.length, 'frame')} · ${formatBytes(bytes)}`,
    },
  );
}

/** `POST /shares/`: freezes the frames, and tells the link, this once. */
export function makeShare(web: Web): RequestHandler {
  const { services } = web;
  return async (req, res) => {
    const owner = requireOwner(res);
    requireCsrf(services, req, res);
    const ids = readIds([['frame_ids', bodyText(req, 'ids')]]) ?? [];
    const title = bodyText(req, 'title').trim();
    const days = Number(bodyText(req, 'days'));
    const problem = problemOf(title, days);
    if (problem !== '') {
      const files = await filesOfIds(web, ids, owner);
      res.status(STATUS.bad_request);
      await sendForm(web, req, res, { files, title, days, problem });
      return;
    }
    const token = makeToken();
    const kept = { title, tokenHash: hashSecret(token), expiresMs: Date.now() + days * DAY_MS };
    await insertShare(services.catalog, { ...kept, frameIds: ids }, owner);
    const made = { title, url: shareUrl(services, req, token) };
    await sendShares(web, req, res, { done: '', made });
  };
}

/** What is wrong with a form; '' for nothing. */
function problemOf(title: string, days: number): string {
  if (title === '' || title.length > MAX_TITLE || /\p{C}/u.test(title)) {
    return `Give the share a title of at most ${MAX_TITLE} letters.`;
  }
  if (!SHARE_DAYS.some((each) => each === days)) return 'Choose how long the link is to be good.';
  return '';
}

/** `POST /shares/<id>/revoke/` */
export function endShare(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req, res) => {
    const owner = requireOwner(res);
    requireCsrf(services, req, res);
    const ownerId = may(owner, 'administer') ? undefined : owner.userId;
    await revokeShare(services.catalog, parseId(req.params.id), ownerId, owner);
    goTo(web, req, res, `${base}/shares/?done=revoked`);
  };
}
