import type { Request, RequestHandler, Response } from 'express';
import type { User } from '../catalog/index.js';
import { AppError, hasCode } from '../lib/errors.js';
import {
  adoptUser,
  allowPage,
  bodyText,
  hasSession,
  parameter,
  queryParameters,
  requireCsrf,
  SESSION_COOKIE,
  STATUS,
  verifyCsrf,
  viewerOf,
} from '../http/index.js';
import { formatKept, parseKept, toKeptModel, type KeptForm } from './kept.js';
import { goTo, makePage, sendPage, type Web } from './page.js';
import { countOf, localPath } from './render.js';
import { recallPreferences } from './theme.js';

const HOME = '/nights/';

/** `GET /accounts/login/?next=<path>` */
export function showLogin(web: Web): RequestHandler {
  return async (req, res) => {
    const next = localPath(parameter(queryParameters(req), 'next'), HOME);
    if (hasSession(res)) {
      goTo(web, req, res, web.base + next);
      return;
    }
    await sendLogin(web, req, res, { next, username: '', kept: '', message: '' });
  };
}

/** `POST /accounts/login/`: a session with a new id, then back to where one wanted to go. */
export function logIn(web: Web): RequestHandler {
  return async (req, res) => {
    verifyCsrf(web.services, req, res);
    const next = localPath(bodyText(req, 'next'), HOME);
    const username = bodyText(req, 'username');
    const kept = bodyText(req, 'kept');
    let user: User | undefined;
    try {
      user = await authenticate(web, req, res);
    } catch (error) {
      if (!hasCode(error, 'too_many')) throw error;
      await sendTooMany(web, req, res, { next, username, kept, wait: waitOf(error) });
      return;
    }
    if (user === undefined) {
      // One sentence for all: whether a name exists is nobody's business.
      const message = 'Name and password do not fit together.';
      await sendLogin(web, req, res, { next, username, kept, message });
      return;
    }
    await startSession(req, user.id);
    rememberBrowser(web, req, res, user);
    await recallPreferences(web.services, req, res, user.id);
    await web.services.logins.noteDone(user, viewerOf(res).address, 'page');
    // The token that comes with the answer must be that of the new session.
    adoptUser(web.services, res, user);
    const form = parseKept(kept);
    if (form === undefined) goTo(web, req, res, web.base + next);
    else await sendKept(web, req, res, form);
  };
}

/** Asks whether a form shall be sent that came when its sender was signed out. */
function sendKept(web: Web, req: Request, res: Response, form: KeptForm): Promise<void> {
  const title = 'You are signed in again';
  return sendPage(web, req, res, 'kept', { title }, { title, ...toKeptModel(web.base, form) });
}

/** From now on strangers who guess cannot shut this browser out. */
function rememberBrowser({ services, base }: Web, req: Request, res: Response, user: User): void {
  const { name, value, maxAgeMs } = services.logins.deviceFor(user);
  res.cookie(name, value, {
    httpOnly: true,
    sameSite: 'lax',
    secure: req.secure,
    maxAge: maxAgeMs,
    path: `${base}/accounts/`,
  });
}

/** `GET /accounts/logout/`: asks, because a link alone must not sign anyone out. */
export function showLogout(web: Web): RequestHandler {
  return async (req, res) => {
    if (!hasSession(res)) {
      goTo(web, req, res, `${web.base}/accounts/login/`);
      return;
    }
    await sendPage(web, req, res, 'logout', { title: 'Sign out' });
  };
}

/** `POST /accounts/logout/` */
export function logOut(web: Web): RequestHandler {
  return async (req, res) => {
    requireCsrf(web.services, req, res);
    if (hasSession(res)) {
      const viewer = viewerOf(res);
      await endSession(req, res);
      await web.services.logins.noteEnded(viewer);
    }
    goTo(web, req, res, `${web.base}/accounts/login/`);
  };
}

/** A new session for this user; the id of before is worth nothing any more (session fixation). */
export async function startSession(req: Request, userId: number): Promise<void> {
  if ((req.session as unknown) === undefined) {
    throw new AppError('bad_request', 'Leave out the token to sign in with a password.');
  }
  await settle((done) => {
    req.session.regenerate(done);
  });
  req.session.userId = userId;
  await settle((done) => {
    req.session.save(done);
  });
}

/** Ends the session of this browser: its row and its cookie. */
export async function endSession(req: Request, res: Response): Promise<void> {
  await settle((done) => {
    req.session.destroy(done);
  });
  res.clearCookie(SESSION_COOKIE, { path: '/' });
}

interface LoginModel {
  readonly next: string;
  readonly username: string;
  readonly message: string;
  /** What was written before one was signed out, as `formatKept` has it; '' for nothing. */
  readonly kept: string;
  /** What can be done about it; empty for the usual advice. */
  readonly advice?: string;
}

/** The form again, with how long to wait: programs read it in `Retry-After`. */
async function sendTooMany(
  web: Web,
  req: Request,
  res: Response,
  { wait, ...form }: Pick<LoginModel, 'next' | 'username' | 'kept'> & { wait: number },
): Promise<void> {
  res.status(STATUS.too_many).set('Retry-After', String(wait));
  const time = wait <= 90 ? countOf(wait, 'second') : countOf(Math.ceil(wait / 60), 'minute');
  const message = 'Too many wrong passwords.';
  const advice = `Wait ${time}, then try again.`;
  await sendLogin(web, req, res, { ...form, message, advice });
}

function waitOf(error: unknown): number {
  const seconds = error instanceof AppError ? error.data.retryAfterSec : undefined;
  return typeof seconds === 'number' ? seconds : 60;
}

async function sendLogin(web: Web, req: Request, res: Response, model: LoginModel): Promise<void> {
  await sendPage(web, req, res, 'login', { title: 'Sign in' }, toLoginModel(web, model));
}

function toLoginModel({ services, brand }: Web, model: LoginModel) {
  const isAsked = model.next !== HOME && model.next !== '/';
  return {
    advice: '',
    ...model,
    isAsked,
    seesPublic: services.config.ANONYMOUS === 'public',
    termsUrl: brand.termsUrl,
    feedbackUrl: brand.feedbackUrl,
    trails: starTrails(),
  };
}

/** The login in place of what a form was to do: what was written comes along. */
export function renderSignedOut(web: Web, req: Request, res: Response, kept: KeptForm): void {
  const page = makePage(web, req, res, { title: 'Sign in' });
  allowPage(res);
  const model = { next: HOME, username: '', message: '', kept: formatKept(kept) };
  res.render('login', { page, ...toLoginModel(web, model) });
}

/** Name and password of the form against the catalogue; undefined if they do not fit. */
function authenticate({ services }: Web, req: Request, res: Response): Promise<User | undefined> {
  return new Promise((resolve, reject) => {
    const done = (error: unknown, user: User | false | null | undefined): void => {
      if (error !== null && error !== undefined) reject(asError(error));
      else resolve(user === false || user === null ? undefined : user);
    };
    const check = services.passport.authenticate(
      'local',
      { session: false },
      done,
    ) as RequestHandler;
    void check(req, res, reject);
  });
}

function settle(work: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    work((error) => {
      if (error === null || error === undefined) resolve();
      else reject(asError(error));
    });
  });
}

/** What was thrown, as an Error: strategies and session stores may hand over anything. */
function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('login failed', { cause: error });
}

/**
 * Arcs about a celestial pole for the background of the login: the only ornament. They are counted
 * out by a small generator with a fixed seed, so that the page is the same each time.
 *
 * @returns path data in a box of 1440 × 900, and the class of its brightness
 */
function starTrails(): { d: string; className: string }[] {
  const [centreX, centreY] = [405, 560];
  let seed = 20261114;
  const random = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  return Array.from({ length: 90 }, (_, index) => {
    const radius = 28 + index * 11.5 + random() * 9;
    const from = random() * 2 * Math.PI;
    const to = from + 0.3 + random() * 0.25;
    const at = (angle: number): string =>
      `${(centreX + radius * Math.cos(angle)).toFixed(1)} ${(centreY + radius * Math.sin(angle)).toFixed(1)}`;
    const r = radius.toFixed(1);
    return {
      d: `M${at(from)}A${r} ${r} 0 0 1 ${at(to)}`,
      className: `trail-${Math.floor(random() ** 2 * 3)}`,
    };
  });
}
