import type { Request, Response } from 'express';
import { readCookie } from '../../http/index.js';
import type { Web } from '../page.js';

/** Says that a choice of this address is to be that of this browser from now on. */
export const KEEP = 'keep';

const LIFETIME_MS = 5 * 365 * 86_400_000;

/** What this browser was told to remember by that name; '' if nothing. */
export function readChoice(req: Request, name: string): string {
  try {
    return decodeURIComponent(readCookie(req, name) ?? '');
  } catch {
    return ''; // no percent encoding of ours
  }
}

/**
 * Has this browser remember a choice; undefined: forget it. No token is asked for, since nothing is
 * stored here.
 */
export function keepChoice(
  { base }: Web,
  req: Request,
  res: Response,
  name: string,
  value: string | undefined,
): void {
  const options = { sameSite: 'lax' as const, secure: req.secure, path: `${base}/` };
  if (value === undefined) res.clearCookie(name, options);
  else res.cookie(name, value, { ...options, maxAge: LIFETIME_MS, httpOnly: true });
}
