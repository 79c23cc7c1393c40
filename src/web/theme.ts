import type { Request, RequestHandler, Response } from 'express';
import { readPreferences, writePreferences, type Preferences } from '../catalog/index.js';
import {
  bodyText,
  hasSession,
  readCookie,
  verifyCsrf,
  viewerOf,
  type Services,
} from '../http/index.js';
import { hasCode } from '../lib/errors.js';
import { localPath } from './render.js';

export const THEMES = ['auto', 'light', 'dark', 'red'] as const;
export type Theme = (typeof THEMES)[number];

const COOKIES = { theme: 'theme', letters: 'letters', offer: 'night-offer' } as const;
const LIFETIME_MS = 5 * 365 * 86_400_000;

/** The theme that this browser was set to; `auto` follows the system. */
export function themeOf(req: Request): Theme {
  return THEMES.find((theme) => theme === readCookie(req, COOKIES.theme)) ?? 'auto';
}

/** False if letters alone shall be no keys in this browser (WCAG 2.2, 2.1.4). */
export function lettersOf(req: Request): boolean {
  return readCookie(req, COOKIES.letters) !== 'off';
}

/** True until somebody has answered whether the night shall be red, or has switched to it. */
export function isRedOpen(req: Request): boolean {
  return themeOf(req) !== 'red' && (readCookie(req, COOKIES.offer) ?? '') === '';
}

/**
 * Sets the theme, or whether letters are keys, and goes back. In the browser that takes no CSRF token:
 * a switch to the red theme must work on a page that has stood open all night. With the account it is
 * kept only if the token is right.
 */
export function switchTheme(services: Services, base: string): RequestHandler {
  return async (req, res) => {
    const theme = THEMES.find((each) => each === bodyText(req, 'theme'));
    const letters = ['on', 'off'].find((each) => each === bodyText(req, 'letters'));
    const change: Preferences = {
      ...(theme === undefined ? {} : { theme }),
      ...(letters === undefined ? {} : { letters: letters === 'on' }),
    };
    setCookies(req, res, change);
    if (theme === 'red' || bodyText(req, 'offer') === 'no') keep(req, res, COOKIES.offer, 'no');
    const { userId } = viewerOf(res);
    if (userId !== null && hasSession(res) && isProven(services, req, res)) {
      await writePreferences(services.catalog, userId, change);
    }
    res.redirect(303, base + localPath(bodyText(req, 'back'), '/nights/'));
  };
}

/** What the account remembers comes into the browser that it signs in with. */
export async function recallPreferences(
  { catalog }: Services,
  req: Request,
  res: Response,
  userId: number,
): Promise<void> {
  setCookies(req, res, await readPreferences(catalog, userId));
}

function setCookies(req: Request, res: Response, { theme, letters }: Preferences): void {
  const known = THEMES.find((each) => each === theme);
  if (known !== undefined) keep(req, res, COOKIES.theme, known);
  if (letters !== undefined) keep(req, res, COOKIES.letters, letters ? 'on' : 'off');
}

function keep(req: Request, res: Response, name: string, value: string): void {
  // The script of the page sets them too, so they are not httpOnly; they are no secret.
  res.cookie(name, value, {
    sameSite: 'lax',
    secure: req.secure,
    maxAge: LIFETIME_MS,
    path: '/',
  });
}

function isProven(services: Services, req: Request, res: Response): boolean {
  try {
    verifyCsrf(services, req, res);
    return true;
  } catch (error) {
    if (!hasCode(error, 'forbidden')) throw error;
    return false;
  }
}
