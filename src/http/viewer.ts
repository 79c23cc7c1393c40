import type { NextFunction, Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import {
  CatalogSessions,
  hashSecret,
  isOneTime,
  may,
  networkOf,
  type Action,
} from '../auth/index.js';
import { findToken, findUserById, touchTokens, type User, type Viewer } from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
import { errorFields } from '../lib/log.js';
import { askTogether } from '../lib/together.js';
import { basePath, makerOf, type SignedFile } from './links.js';
import { parameter, prefersHtml, queryParameters } from './params.js';
import type { Services } from './services.js';
import { createThrottle } from './throttle.js';

export const SESSION_COOKIE = 'platevault_session';

/** The root and the pages to sign in and out. */
const DOORS = /^\/(?:accounts\/.*)?$/;

/** Where somebody may go who has to choose a password first. */
const BEFORE_PASSWORD =
  /^\/(?:account\/(?:(?:password|logout)\/?)?|accounts\/.*|theme\/?|health\/?|ready\/?)$/;

/** Whoever watches the server is always answered. */
export const ALWAYS_ANSWERED = /^\/(?:health|ready|metrics)\/?$/;

/** How often the time of last use of tokens is written down. */
const TOUCH_EVERY_MS = 60_000;

/** Who asks, as found by `authenticate`. */
export function viewerOf(res: Response): Viewer {
  return (res.locals as { viewer: Viewer }).viewer;
}

/** How often the catalogue had changed when it was found out who asks; undefined if nobody looked. */
export function changesOf(res: Response): number | undefined {
  return (res.locals as { changes?: number }).changes;
}

/** True if the request came with a session, not a token: only then a CSRF token is asked for. */
export function hasSession(res: Response): boolean {
  return (res.locals as { bySession?: boolean }).bySession === true;
}

/** True for a session whose password was made by the archive, and is good for choosing another. */
export function owesPassword(res: Response): boolean {
  return (res.locals as { owesPassword?: boolean }).owesPassword === true;
}

/**
 * True for somebody without an account. Visitors read what is public, and no more: not who works here,
 * and not what a frame was before, which may be from when it was hidden.
 */
export function isVisitor({ role }: Viewer): boolean {
  return role === 'anonymous';
}

/** Who is counted as one where many wait: an account, or the network that a visitor comes from. */
export function clientOf({ userId, address }: Viewer): string {
  return userId === null ? `network ${networkOf(address)}` : `user ${userId}`;
}

/** @throws 'unauthenticated' or 'forbidden' */
export function requireAction(res: Response, action: Action): Viewer {
  const viewer = viewerOf(res);
  if (may(viewer, action)) return viewer;
  if (viewer.role === 'anonymous') {
    throw new AppError('unauthenticated', 'Authentication credentials were not provided.');
  }
  throw new AppError('forbidden', 'You do not have permission to perform this action.');
}

/** Route guard: goes on only for those who may do `action`. */
export function allow(action: Action): RequestHandler {
  return (_req, res, next) => {
    requireAction(res, action);
    next();
  };
}

/**
 * Who reads a file that may be asked for by a signed address: who says who they are, else who made the
 * address, with the rights that are theirs now.
 *
 * @throws 'unauthenticated' if it was not signed for this file, has expired, or was made by an account
 *         that is disabled; 'forbidden'
 */
export async function requireReader(
  services: Services,
  req: Request,
  res: Response,
  file: SignedFile,
): Promise<Viewer> {
  const parameters = queryParameters(req);
  const signature = parameter(parameters, 'sig');
  const viewer = viewerOf(res);
  if (signature === '' || viewer.role !== 'anonymous') return requireAction(res, 'read');
  const expires = parameter(parameters, 'exp');
  const maker = makerOf(services, file, { expires, signature });
  // An address that a visitor was given opens what visitors are shown.
  if (maker?.userId === null) return requireAction(res, 'read');
  const user = maker && (await findUserById(services.catalog, maker.userId));
  if (user === undefined || user.disabled) {
    const message = 'This address has expired or was changed. Ask the archive for a new one.';
    throw new AppError('unauthenticated', message);
  }
  return toViewer(services, user, 'read', viewer.address);
}

export interface Authentication {
  /** Finds out who asks, by token or session. A bad token is an error, no token is anonymous. */
  readonly authenticate: RequestHandler;
  /** Takes on the identity of a token given elsewhere than in the header (in the body of a form). */
  adoptToken(res: Response, token: string): Promise<void>;
  /** Writes down what is still to be written. */
  close(): Promise<void>;
}

export function createAuthentication(services: Services): Authentication {
  const { catalog, config, log } = services;
  const lifetimeMs = config.SESSION_DAYS * 86_400_000;
  const sessions = session({
    name: SESSION_COOKIE,
    secret: services.signer.sign('session', 'cookie'),
    store: new CatalogSessions(catalog, lifetimeMs),
    resave: false,
    saveUninitialized: false,
    // The cookie lives on with each answer, so that a login in use does not end.
    rolling: true,
    cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: lifetimeMs },
  });
  const used = createUseNotes(services);
  const throttle = createThrottle(config);
  // A pipeline asks for many things at once with one token.
  const find = askTogether((hash) => findToken(catalog, hash));

  const byToken = async (res: Response, secret: string): Promise<void> => {
    const found = await find(hashSecret(secret));
    if (found === undefined) throw new AppError('unauthenticated', 'Invalid token.');
    used.note(found.token.id);
    setViewer(res, toViewer(services, found.user, found.token.scope, viewerOf(res).address));
    (res.locals as { changes?: number }).changes = found.changes;
  };

  const authenticate = (req: Request, res: Response, done: NextFunction): void => {
    setViewer(res, anonymous(services, req.ip));
    // Also a bad token is a request of its address: what it was refused for is told if it may ask.
    const next = (error?: unknown): void => {
      try {
        if (!ALWAYS_ANSWERED.test(req.path)) throttle(viewerOf(res));
      } catch (tooMany) {
        done(tooMany);
        return;
      }
      if (error === undefined) done();
      else done(error);
    };
    // A token is not a person with a browser: at the doors it does not count, not even a bad one.
    // Uploaders fetch their cookie there, and a refusal would leave them without a word about why.
    const secret = DOORS.test(req.path) ? undefined : readToken(req.headers.authorization);
    if (secret !== undefined) {
      byToken(res, secret).then(() => {
        next();
      }, next);
      return;
    }
    // The session room answers by callback; from here on errors travel through next.
    sessions(req, res, (error?: unknown) => {
      if (error !== undefined) {
        next(error);
        return;
      }
      bySession(services, req, res).then(() => {
        if (!owesPassword(res) || BEFORE_PASSWORD.test(req.path)) next();
        else askForPassword(services, req, res, next);
      }, next);
    });
  };

  return {
    authenticate,
    adoptToken: byToken,
    async close() {
      await used.close().catch((error: unknown) => {
        log.warn('token use not written', errorFields(error));
      });
    },
  };
}

async function bySession(services: Services, req: Request, res: Response): Promise<void> {
  const { userId } = req.session;
  if (userId === undefined) return;
  const user = await findUserById(services.catalog, userId);
  if (user === undefined || user.disabled) return;
  adoptUser(services, res, user);
}

/**
 * Who asks in a request that goes on for long, by what holds now: undefined if the session has ended,
 * the token was revoked or the account disabled since it began.
 */
export async function renewViewer(
  services: Services,
  req: Request,
  res: Response,
): Promise<Viewer | undefined> {
  const { catalog } = services;
  const { address, role } = viewerOf(res);
  if (role === 'anonymous') return viewerOf(res);
  if (hasSession(res)) {
    const userId = await userOfSession(req);
    const user = userId === undefined ? undefined : await findUserById(catalog, userId);
    if (user === undefined || user.disabled || isOneTime(user.passwordHash)) return undefined;
    return toViewer(services, user, 'admin', address);
  }
  const secret = readToken(req.headers.authorization);
  const found = secret === undefined ? undefined : await findToken(catalog, hashSecret(secret));
  return found && toViewer(services, found.user, found.token.scope, address);
}

/** As the store has it now: what the request holds is from when it began. */
function userOfSession(req: Request): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    req.sessionStore.get(req.sessionID, (error: unknown, data) => {
      if (error === null || error === undefined) resolve(data?.userId);
      else reject(error instanceof Error ? error : new Error('session not read'));
    });
  });
}

/** Sends people to where they change it; programs are told. */
function askForPassword(
  services: Services,
  req: Request,
  res: Response,
  next: (error: unknown) => void,
): void {
  if (req.method === 'GET' && prefersHtml(req)) {
    res.redirect(302, `${basePath(services)}/account/`);
    return;
  }
  const message = 'Choose a password of your own first, on the page /account/.';
  next(new AppError('forbidden', message));
}

/** The secret of an Authorization header `Token …` or `Bearer …`. @throws 'unauthenticated' */
function readToken(header: string | undefined): string | undefined {
  const match = /^(Token|Bearer)(?:\s+(.*))?$/i.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const secret = match[2]?.trim() ?? '';
  if (secret === '') {
    throw new AppError('unauthenticated', 'Invalid token header. No credentials provided.');
  }
  if (/\s/.test(secret)) {
    throw new AppError(
      'unauthenticated',
      'Invalid token header. Token string should not contain spaces.',
    );
  }
  return secret;
}

/** From here on the request is that of a user who has just signed in. */
export function adoptUser(services: Services, res: Response, user: User): void {
  setViewer(res, toViewer(services, user, 'admin', viewerOf(res).address));
  (res.locals as { bySession?: boolean }).bySession = true;
  (res.locals as { owesPassword?: boolean }).owesPassword = isOneTime(user.passwordHash);
}

/** An account as one that reads, with the rights that are its own now: for what it has left to others. */
export function readerOf(services: Services, user: User): Viewer {
  return toViewer(services, user, 'read', '');
}

function setViewer(res: Response, viewer: Viewer): void {
  (res.locals as { viewer: Viewer }).viewer = viewer;
}

function toViewer(services: Services, user: User, scope: Viewer['scope'], address: string): Viewer {
  return {
    ...anonymous(services, address),
    userId: user.id,
    username: user.username,
    role: user.role,
    scope,
    seesAll: user.role === 'admin' || user.seesAll,
    proposals: user.proposals,
  };
}

function anonymous({ config }: Services, address = ''): Viewer {
  return {
    userId: null,
    username: '',
    address,
    role: 'anonymous',
    scope: 'read',
    seesPublic: config.ANONYMOUS === 'public',
    seesAll: false,
    proposals: [],
  };
}

/** Collects when tokens were used and writes it once a minute: reading must not cost a write. */
function createUseNotes({ catalog, log }: Services): {
  note(id: number): void;
  close(): Promise<void>;
} {
  const used = new Map<number, number>();
  let timer: NodeJS.Timeout | undefined;
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const batch = new Map(used);
    used.clear();
    if (batch.size > 0) await touchTokens(catalog, batch);
  };
  return {
    note(id) {
      used.set(id, Date.now());
      timer ??= setTimeout(() => {
        flush().catch((error: unknown) => {
          log.warn('token use not written', errorFields(error));
        });
      }, TOUCH_EVERY_MS).unref();
    },
    close: flush,
  };
}
