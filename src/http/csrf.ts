import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { AppError } from '../lib/errors.js';
import { readCookie } from './cookies.js';
import { bodyText } from './params.js';
import type { Services } from './services.js';
import { hasSession, viewerOf } from './viewer.js';

/** Both names: clients of the reference archive look for one or the other, by version. */
export const CSRF_COOKIES = ['csrftoken', 'archive_csrftoken'] as const;

/** Name of the form field; also sent by clients of the reference archive, which we do not ask for it. */
export const CSRF_FIELD = 'csrfmiddlewaretoken';
const CSRF_HEADER = 'x-csrftoken';

const LIFETIME_MS = 365 * 86_400_000;

/**
 * Makes a CSRF token for the page that is about to be sent and sets it as cookie. It is set on every
 * answer that a browser or an uploader of the reference archive may read it from, even when the
 * request had one: those clients look at the last answer only.
 */
export function issueCsrf(services: Services, req: Request, res: Response): string {
  const given = cookieOf(req);
  const token =
    given !== undefined && isOurs(services, res, given) ? given : makeToken(services, res);
  for (const name of CSRF_COOKIES) {
    res.cookie(name, token, {
      sameSite: 'lax',
      secure: req.secure,
      maxAge: LIFETIME_MS,
      path: '/',
    });
  }
  return token;
}

/**
 * Requests that change something and are authenticated by a cookie must prove that they come from
 * one of our pages. A token in a header proves it by itself.
 *
 * @throws 'forbidden'
 */
export function requireCsrf(services: Services, req: Request, res: Response): void {
  if (!hasSession(res)) return;
  verifyCsrf(services, req, res);
}

/** As `requireCsrf`, also without a session: for the login form. @throws 'forbidden' */
export function verifyCsrf(services: Services, req: Request, res: Response): void {
  const cookie = cookieOf(req);
  const given = req.get(CSRF_HEADER) ?? bodyText(req, CSRF_FIELD);
  if (cookie === undefined || given !== cookie || !isOurs(services, res, cookie)) {
    throw new AppError('forbidden', 'CSRF Failed: CSRF token missing or incorrect.');
  }
}

function makeToken(services: Services, res: Response): string {
  const nonce = randomBytes(16).toString('base64url');
  return `${nonce}.${services.signer.sign('csrf', `${nonce} ${ownerOf(res)}`)}`;
}

/** A token made by us for this person: one planted by somebody else's page or host is not. */
function isOurs(services: Services, res: Response, token: string): boolean {
  const [nonce = '', signature = ''] = token.split('.');
  return services.signer.verify('csrf', `${nonce} ${ownerOf(res)}`, signature);
}

function ownerOf(res: Response): string {
  return String(viewerOf(res).userId ?? 'anonymous');
}

function cookieOf(req: Request): string | undefined {
  const [name] = CSRF_COOKIES;
  return readCookie(req, name);
}
