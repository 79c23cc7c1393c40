import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import express, { type Express, type Request, type RequestHandler } from 'express';
import { createApi } from './api/index.js';
import { PROGRAM_DIR } from './context.js';
import {
  createAuthentication,
  handleProblems,
  protect,
  refuseOddQuery,
  requestIdOf,
  requireHost,
  takeTurns,
  trustedProxies,
  type Authentication,
  type Services,
} from './http/index.js';
import type { Pages } from './warm-up.js';
import { createViews, createWeb, renderProblem, staticFolders } from './web/index.js';

export { createPatientServer } from './http/index.js';

const YEAR_SEC = 31_536_000;

/** The Express application, who may use it, and what draws its pages. */
export interface App {
  readonly app: Express;
  readonly authentication: Authentication;
  readonly pages: Pages;
}

/** The Express application: the only place where routers are mounted and their order is decided. */
export function createApp(services: Services): App {
  const { config } = services;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // an entity tag of every list would hash it each time; what has one sets it
  app.set('trust proxy', trustedProxies(config.TRUST_PROXY));
  const views = createViews();
  const useViews = (each: Express): void => {
    each.set('views', join(PROGRAM_DIR, 'views'));
    each.engine('ejs', views);
    each.set('view engine', 'ejs');
    each.set('view cache', true);
  };
  useViews(app);

  const authentication = createAuthentication(services);
  app.use(identify(services));
  app.use(protect);
  app.use(requireHost(config));
  app.use((req, _res, next) => {
    refuseOddQuery(req);
    next();
  });
  for (const [below, folder] of staticFolders()) {
    app.use(join('/static', below), serveStatic(folder));
  }
  app.use(allowOrigins(config.CORS_ALLOWED_ORIGINS));
  app.use(authentication.authenticate);
  app.use(takeTurns());
  const api = createApi(services, authentication);
  const routes = createWeb(services, api.describe);
  app.use(routes);
  app.use(api.router);
  app.use(handleProblems(services, renderProblem(services)));
  return { app, authentication, pages: { useViews, routes } };
}

/** Gives each request an id and writes one line of log when it has been answered. */
function identify({ log, metrics }: Services): RequestHandler {
  return (req, res, next) => {
    const started = performance.now();
    (res.locals as { requestId: string }).requestId = randomUUID();
    res.set('X-Request-Id', requestIdOf(res));
    res.once('close', () => {
      metrics.requestEnded(patternOf(req), res.statusCode, performance.now() - started);
      log.info('request', {
        requestId: requestIdOf(res),
        method: req.method,
        path: req.path,
        status: res.statusCode,
        finished: res.writableFinished,
        ms: Math.round(performance.now() - started),
      });
    });
    next();
  };
}

/** The pattern of the address that answered: there are few of them, and they name no frame. */
function patternOf(req: Request): string {
  const { path } = (req.route ?? {}) as { path?: unknown };
  if (typeof path === 'string') return path;
  return req.originalUrl.startsWith('/static/') ? '/static/' : 'other';
}

/** Files of pages; an address that carries the hash of its content may be kept for ever. */
function serveStatic(folder: string): RequestHandler {
  const files = express.static(folder, { index: false, redirect: false });
  return (req, res, next) => {
    const forever = req.query.v !== undefined;
    res.set(
      'Cache-Control',
      forever ? `public, max-age=${YEAR_SEC}, immutable` : 'public, max-age=300',
    );
    files(req, res, () => {
      res.removeHeader('Cache-Control');
      next();
    });
  };
}

/** Cross-origin requests of the pages that the settings name; answers their preflight. */
function allowOrigins(origins: readonly string[]): RequestHandler {
  return (req, res, next) => {
    const { origin } = req.headers;
    res.vary('Origin');
    if (origin === undefined || !origins.includes(origin)) {
      next();
      return;
    }
    res.set({
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Expose-Headers':
        'Content-Disposition, Content-Length, Content-Range, ETag, Accept-Ranges, X-Request-Id',
    });
    if (req.method !== 'OPTIONS' || req.get('access-control-request-method') === undefined) {
      next();
      return;
    }
    res.set({
      'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
      'Access-Control-Allow-Headers':
        'Authorization, Content-Type, Range, If-Range, If-Match, If-None-Match, X-CSRFToken',
      'Access-Control-Max-Age': '600',
    });
    res.status(204).end();
  };
}
