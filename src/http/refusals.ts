import type { Request, Response } from 'express';
import type { Viewer } from '../catalog/index.js';
import type { Services } from './services.js';

const REFUSED = new Set([401, 403, 429]);
/** Verbs that change nothing. RFC 9110 §9.2.1 */
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Longest path in the audit log. */
const MAX_PATH = 200;

/**
 * Notes in the audit log that somebody asked for what is not theirs. Of the address only the path is
 * kept: signatures are in the query. Log-ins note their own refusals, with the account.
 */
export function noteRefusal(services: Services, req: Request, res: Response, status: number): void {
  if (!REFUSED.has(status) || isLogIn(req, status)) return;
  const { viewer, requestId } = res.locals as { viewer?: Viewer; requestId?: string };
  const actor = viewer ?? { userId: null, username: '', address: req.ip ?? '' };
  services.deeds.note(
    { userId: actor.userId, username: actor.username, address: actor.address },
    {
      action: 'access.refused',
      subject: `${req.method} ${req.path.slice(0, MAX_PATH)}`,
      outcome: 'refused',
      detail: { status, requestId },
    },
    !READING.has(req.method),
  );
}

function isLogIn(req: Request, status: number): boolean {
  return status === 429 && /^\/(?:accounts\/login|api-token-auth)\/?$/.test(req.path);
}
