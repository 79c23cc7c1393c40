import type { Request, RequestHandler } from 'express';
import { bodyText } from '../http/index.js';
import { localPath } from './render.js';

export const THEMES = ['auto', 'light', 'dark', 'red'] as const;
export type Theme = (typeof THEMES)[number];

const COOKIE = 'theme';
const LIFETIME_MS = 5 * 365 * 86_400_000;

/** The theme that this browser was set to; `auto` follows the system. */
export function themeOf(req: Request): Theme {
  const match = /(?:^|;\s*)theme=([a-z]+)/.exec(req.headers.cookie ?? '');
  return THEMES.find((theme) => theme === match?.[1]) ?? 'auto';
}

/**
 * Sets the theme and goes back. No CSRF token is asked for: nothing is stored here, and a switch to
 * the red theme must work on a page that has stood open all night.
 */
export function switchTheme(base: string): RequestHandler {
  return (req, res) => {
    const theme = THEMES.find((each) => each === bodyText(req, 'theme')) ?? 'auto';
    // The script of the page sets it too, so it is not httpOnly; it is no secret.
    res.cookie(COOKIE, theme, {
      sameSite: 'lax',
      secure: req.secure,
      maxAge: LIFETIME_MS,
      path: '/',
    });
    res.redirect(303, base + localPath(bodyText(req, 'back'), '/frames/'));
  };
}
