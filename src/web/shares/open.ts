import type { Request, Response } from 'express';
import { hashSecret } from '../../auth/index.js';
import {
  findShare,
  findUserById,
  listSharedFrames,
  type FrameShare,
  type SharedFrame,
  type StoredFile,
  type Viewer,
} from '../../catalog/index.js';
import { readerOf, rootUrl, type Services } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { formatDateTime } from '../render.js';
import { stateOf } from './words.js';

/** A share that is good, with whose eyes its frames are read. */
export interface OpenShare {
  readonly share: FrameShare;
  readonly sharer: Viewer;
  /** Path of its page, without the base. */
  readonly path: string;
}

/**
 * The share of the token in the address. The token is all that is asked for: it has 160 random bits, and
 * what it opens is this share alone.
 *
 * @throws 'not_found' for a token that was never given; 'gone' for a share that has ended: its time is
 *         over, it was revoked, or the account that made it is disabled
 */
export async function openShare(services: Services, req: Request): Promise<OpenShare> {
  const token = String(req.params.token);
  const known = /^[0-9a-f]{40}$/.test(token)
    ? await findShare(services.catalog, hashSecret(token))
    : undefined;
  if (known === undefined) {
    const message = 'There is no share at this address. Copy the whole link, or ask for a new one.';
    throw new AppError('not_found', message);
  }
  const by = known.madeBy.username;
  const state = stateOf(known);
  if (state === 'expired') {
    const when = formatDateTime(known.expiresMs);
    throw new AppError('gone', `This share ended on ${when} UTC. Ask ${by} for a new link.`);
  }
  const user = state === 'open' ? await findUserById(services.catalog, known.madeBy.id) : undefined;
  if (user === undefined || user.disabled) {
    throw new AppError('gone', `This share was ended. Ask ${by} for a new link.`);
  }
  return { share: known, sharer: readerOf(services, user), path: `/s/${token}/` };
}

/** The address of a share for others. */
export function shareUrl(services: Services, req: Request, token: string): string {
  return `${rootUrl(services, req)}s/${token}/`;
}

/** The files of a share that can be had. */
export function filesOf(frames: readonly SharedFrame[]): StoredFile[] {
  return frames.flatMap(({ file }) => (typeof file === 'string' ? [] : [file]));
}

/** One frame of a share. @throws 'not_found', 'gone' */
export async function getShared(
  services: Services,
  { share, sharer }: OpenShare,
  number: number,
): Promise<{ readonly frame: SharedFrame; readonly file: StoredFile }> {
  const range = { first: number, last: number };
  const [frame] = await listSharedFrames(services.catalog, share.id, sharer, range);
  if (frame === undefined) throw new AppError('not_found', 'This share has no such frame.');
  const { file } = frame;
  if (typeof file === 'string') {
    throw new AppError('gone', `${frame.basename} cannot be had from this share any more.`);
  }
  return { frame, file };
}

/** A share tells nobody where the visitor goes from there, and search engines nothing. */
export function keepPrivate(res: Response): void {
  res.set({ 'Referrer-Policy': 'no-referrer', 'X-Robots-Tag': 'noindex, nofollow' });
}
