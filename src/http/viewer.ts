import type { NextFunction, Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import { CatalogSessions, hashSecret, may, type Action } from '../auth/index.js';
import { findToken, findUserById, touchTokens, type User, type Viewer } from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
import { errorFields } from '../lib/log.js';
import type { Services } from './services.js';
import { createThrottle } from './throttle.js';

export const SESSION_COOKIE = 'platevault_session';

/** The root and the pages to sign in and out. */
const DOORS = /^\/(?:accounts\/.*)?$/;

/** Whoever watches the server is always answered. */
const UNTHROTTLED = /^\/(?:health|ready|metrics)\/?$/;

/** How often the time of last use of tokens is written down. */
const TOUCH_EVERY_MS = 60_000;

/** Who asks, as found by `authenticate`. */
export function viewerOf(res: Response): Viewer {
  return (res.locals as { viewer: Viewer }).viewer;
}

/** True if the request came with a session, not a token: only then a CSRF token is asked for. */
export function hasSession(res: Response): boolean {
  return (res.locals as { bySession?: boolean }).bySession === true;
}

/**
 * True for somebody without an account. Visitors read what is public, and no more: not who works here,
 * and not what a frame was before, which may be from when it was hidden.
 */
export function isVisitor({ role }: Viewer): boolean {
  return role === 'anonymous';
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

  const byToken = async (res: Response, secret: string): Promise<void> => {
    const found = await findToken(catalog, hashSecret(secret));
    if (found === undefined) throw new AppError('unauthenticated', 'Invalid token.');
    used.note(found.token.id);
    setViewer(res, toViewer(services, found.user, found.token.scope, viewerOf(res).address));
  };

  const authenticate = (req: Request, res: Response, done: NextFunction): void => {
    setViewer(res, anonymous(services, req.ip));
    // Also a bad token is a request of its address: what it was refused for is told if it may ask.
    const next = (error?: unknown): void => {
      try {
        if (!UNTHROTTLED.test(req.path)) throttle(viewerOf(res));
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
        next();
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
