import type { Request, RequestHandler, Response } from 'express';
import {
  findPasswordFault,
  hashPassword,
  hashSecret,
  makeToken,
  may,
  MIN_PASSWORD,
} from '../auth/index.js';
import {
  deleteToken,
  endSessions,
  insertToken,
  listTokens,
  SCOPES,
  updateUser,
  type Scope,
  type Viewer,
} from '../catalog/index.js';
import {
  bodyText,
  hasSession,
  owesPassword,
  parameter,
  parseId,
  queryParameters,
  requireAction,
  requireCsrf,
  rootUrl,
  STATUS,
  viewerOf,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { endSession, startSession } from './login.js';
import { goTo, sendPage, type Web } from './page.js';
import { formatDateTime } from './render.js';

const DAY_MS = 86_400_000;
const MAX_DAYS = 3660;
const MAX_NAME = 100;

/** What each scope is good for, as the form says it. */
const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  read: 'read: list and download',
  upload: 'upload: also send frames',
  admin: 'everything that you may do',
};

/** Sentences after a form, by the word in the address. */
const DONE: Readonly<Record<string, string>> = {
  password: 'Your password is changed. Everywhere else you are signed out.',
  revoked: 'The token is revoked. Whatever used it is shut out from now on.',
};

/** `GET /account/` */
export function showAccount(web: Web): RequestHandler {
  return async (req, res) => {
    requireOwn(res);
    await sendAccount(web, req, res, {});
  };
}

/** `POST /account/tokens/`: makes a token and shows it, this once. */
export function createToken(web: Web): RequestHandler {
  const { services } = web;
  return async (req, res) => {
    const { viewer, userId } = requireOwn(res);
    requireCsrf(services, req, res);
    const name = bodyText(req, 'name').trim();
    const scope = scopesFor(viewer).find((each) => each === bodyText(req, 'scope'));
    const expiresMs = parseDays(bodyText(req, 'days').trim());
    if (name === '' || name.length > MAX_NAME) {
      await sendAccount(web, req, res, {
        tokenProblem: `Give the token a name of at most ${MAX_NAME} letters.`,
      });
      return;
    }
    if (scope === undefined || expiresMs === undefined) {
      const what =
        scope === undefined
          ? 'Choose what the token is for.'
          : `Days must be a number from 1 to ${MAX_DAYS}.`;
      await sendAccount(web, req, res, { tokenProblem: what });
      return;
    }
    const token = makeToken();
    const kept = { userId, name, tokenHash: hashSecret(token), hint: token.slice(0, 6) };
    try {
      await insertToken(services.catalog, { ...kept, scope, expiresMs }, viewer);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'bad_request') throw error;
      res.status(STATUS.bad_request);
      await sendAccount(web, req, res, { tokenProblem: error.message });
      return;
    }
    await sendAccount(web, req, res, { newToken: token, newName: name });
  };
}

/** `POST /account/tokens/<id>/revoke/` */
export function revokeToken(web: Web): RequestHandler {
  return async (req, res) => {
    const { viewer, userId } = requireOwn(res);
    requireCsrf(web.services, req, res);
    await deleteToken(web.services.catalog, parseId(req.params.id), viewer, userId);
    goTo(web, req, res, `${web.base}/account/?done=revoked`);
  };
}

/** `POST /account/password/`: all sessions end but this one, which gets a new id. */
export function changePassword(web: Web): RequestHandler {
  const { services } = web;
  return async (req, res) => {
    const { viewer, userId } = requireOwn(res);
    requireCsrf(services, req, res);
    const wanted = bodyText(req, 'new');
    const problem = await findPasswordProblem(web, req, res);
    if (problem !== '') {
      await sendAccount(web, req, res, { passwordProblem: problem });
      return;
    }
    const passwordHash = await hashPassword(wanted, viewer.username);
    await updateUser(services.catalog, userId, { passwordHash }, viewer);
    await startSession(req, userId);
    goTo(web, req, res, `${web.base}/account/?done=password`);
  };
}

/** `POST /account/logout/`: ends all sessions of this account, this one too. Tokens stay. */
export function logOutEverywhere(web: Web): RequestHandler {
  const { services } = web;
  return async (req, res) => {
    const { viewer, userId } = requireOwn(res);
    requireCsrf(services, req, res);
    await endSessions(services.catalog, userId, viewer);
    await endSession(req, res);
    goTo(web, req, res, `${web.base}/accounts/login/`);
  };
}

/** What stands against the change; '' if nothing. @throws 'too_many': the old one may be guessed here */
async function findPasswordProblem(
  { services }: Web,
  req: Request,
  res: Response,
): Promise<string> {
  const { username, address } = viewerOf(res);
  const wanted = bodyText(req, 'new');
  const fault = findPasswordFault(wanted, username);
  if (fault !== '') return fault;
  if (wanted !== bodyText(req, 'again')) return 'The two new passwords differ.';
  const user = await services.logins.check(username, bodyText(req, 'old'), {
    address,
    isSignedIn: true,
  });
  if (user === undefined) return 'The old password is not right.';
  const isKept = owesPassword(res) && wanted === bodyText(req, 'old');
  return isKept ? 'This is the old password. Choose one of your own.' : '';
}

/** @throws 'unauthenticated', 'forbidden' (also for a token: it must not make others like it) */
function requireOwn(res: Response): { viewer: Viewer; userId: number } {
  const viewer = requireAction(res, 'own-account');
  if (viewer.userId === null || !hasSession(res)) {
    throw new AppError('forbidden', 'Sign in with name and password for this page.');
  }
  return { viewer, userId: viewer.userId };
}

/** Scopes that are of use to a person of this role. */
function scopesFor(viewer: Viewer): readonly Scope[] {
  return may(viewer, 'upload') ? SCOPES : ['read'];
}

/** Days → the instant of expiry, null for never, undefined if they are no days. */
function parseDays(text: string): number | null | undefined {
  if (text === '') return null;
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return days >= 1 && days <= MAX_DAYS ? Date.now() + days * DAY_MS : undefined;
}

interface AccountNotes {
  readonly newToken?: string;
  readonly newName?: string;
  readonly tokenProblem?: string;
  readonly passwordProblem?: string;
}

async function sendAccount(
  web: Web,
  req: Request,
  res: Response,
  notes: AccountNotes,
): Promise<void> {
  const { viewer, userId } = requireOwn(res);
  const tokens = await listTokens(web.services.catalog, userId);
  const done = parameter(queryParameters(req), 'done');
  await sendPage(
    web,
    req,
    res,
    'account',
    { title: 'Account', place: 'account' },
    {
      viewer,
      owesPassword: owesPassword(res),
      done: Object.hasOwn(DONE, done) ? DONE[done] : '',
      newToken: notes.newToken ?? '',
      newName: notes.newName ?? '',
      tokenProblem: notes.tokenProblem ?? '',
      passwordProblem: notes.passwordProblem ?? '',
      minPassword: MIN_PASSWORD,
      root: rootUrl(web.services, req),
      scopes: scopesFor(viewer).map((scope) => ({ scope, label: SCOPE_WORDS[scope] })),
      tokens: tokens.map((token) => ({
        id: token.id,
        name: token.name,
        hint: token.hint,
        scope: token.scope,
        created: formatDateTime(token.createdMs),
        used: token.usedMs === null ? 'never' : formatDateTime(token.usedMs),
        expires: token.expiresMs === null ? 'never' : formatDateTime(token.expiresMs),
        isExpired: token.expiresMs !== null && token.expiresMs <= Date.now(),
      })),
    },
  );
}
