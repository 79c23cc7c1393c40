import { createServer, request, type Server } from 'node:http';
import { duplexPair } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import express, { type Express, type RequestHandler } from 'express';
import {
  listFrames,
  listUsers,
  readChanges,
  sortColumn,
  type Frame,
  type User,
  type Viewer,
} from './catalog/index.js';
import { adoptUser, readerOf, type Services } from './http/index.js';
import { errorFields } from './lib/log.js';

/** Between two pages, so that whoever asks in the meantime waits for one at most. */
const PAUSE_MS = 50;
/** How often an archive without frames is looked at again. */
const LOOK_MS = 60_000;
/** The second time templates know all names that pages give them, and the engine what is called often. */
const ROUNDS = 2;
/** How often it is looked whether anything has changed. */
const CHANGES_MS = 500;
/** While changes go on, the nights are drawn so often. */
const REDRAW_MS = 10_000;

const NIGHTS = '/nights/';

/** What draws pages: the views, for an application to be set up with, and the routes. */
export interface Pages {
  readonly useViews: (app: Express) => void;
  readonly routes: RequestHandler;
}

/**
 * Draws the pages that people open first, as an admin sees them, before anybody asks: the first of a
 * kind compiles its templates and all that it calls, some hundred milliseconds that a person would wait.
 * An archive without frames has nothing to draw until the first have come.
 *
 * @param signal stops it between two pages
 */
export async function warmUp(services: Services, pages: Pages, signal: AbortSignal): Promise<void> {
  const { log } = services;
  try {
    let sight = await findSight(services);
    while (sight === undefined) {
      await sleep(LOOK_MS, undefined, { signal, ref: false });
      sight = await findSight(services);
    }
    const { admin, newest } = sight;
    const started = performance.now();
    const server = createServer(pagesFor(services, pages, admin));
    const statuses: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const url of mainPages(newest)) {
        await sleep(PAUSE_MS, undefined, { signal });
        statuses.push(await ask(server, url));
      }
    }
    const ms = Math.round(performance.now() - started);
    log.info('main pages drawn', { statuses: statuses.join(' '), ms });
    await keepDrawn(services, server, signal);
  } catch (error) {
    // Pages are drawn when they are asked for as well.
    if (!signal.aborted) log.warn('could not draw the main pages', errorFields(error));
  }
}

/**
 * Draws the nights again after something has changed, as soon as nothing does: what the page is made of
 * is kept, and whoever opens it in the morning finds last night put together already.
 */
async function keepDrawn(
  { catalog }: Services,
  server: Server,
  signal: AbortSignal,
): Promise<void> {
  let drawn = await readChanges(catalog);
  let drawnAt = performance.now();
  for (let before = drawn; ;) {
    await sleep(CHANGES_MS, undefined, { signal, ref: false });
    const now = await readChanges(catalog);
    const isDue = now === before || performance.now() - drawnAt > REDRAW_MS;
    before = now;
    if (now === drawn || !isDue) continue;
    await ask(server, NIGHTS);
    [drawn, drawnAt] = [now, performance.now()];
  }
}

/** Who is to see the pages, and the frame that stands for all; undefined while there is none. */
async function findSight(
  services: Services,
): Promise<{ readonly admin: User; readonly newest: Frame } | undefined> {
  const { catalog } = services;
  const users = await listUsers(catalog);
  const admin = users.find(({ role, disabled }) => role === 'admin' && !disabled);
  if (admin === undefined) return undefined;
  const order = { column: sortColumn('DATE_OBS') ?? 'frames.id', descending: true };
  const query = { conditions: [], order, limit: 1, offset: 0 };
  const [newest] = (await listFrames(catalog, query, readerOf(services, admin))).items;
  return newest === undefined ? undefined : { admin, newest };
}

function mainPages({ id, night }: Frame): string[] {
  const nights = night === null ? [] : [`/nights/${night}/`];
  return [NIGHTS, ...nights, '/frames/', `/frames/${id}/`, '/targets/', '/tonight/'];
}

/** An application with the same pages for one person. */
function pagesFor(services: Services, { useViews, routes }: Pages, admin: User): Express {
  const app = express();
  useViews(app);
  app.use((_req, res, next) => {
    (res.locals as { viewer: Viewer }).viewer = readerOf(services, admin);
    adoptUser(services, res, admin);
    next();
  });
  app.use(routes);
  return app;
}

/** Asks a server that listens nowhere, by a line within this process: nobody else can reach it. */
async function ask(server: Server, path: string): Promise<number> {
  const [line, end] = duplexPair();
  server.emit('connection', end);
  return new Promise((resolve, reject) => {
    const headers = { Host: 'localhost', Accept: 'text/html', Connection: 'close' };
    const asked = request({ path, headers, createConnection: () => line }, (answer) => {
      answer.once('end', () => {
        resolve(answer.statusCode ?? 0);
      });
      answer.resume();
    });
    asked.once('error', reject);
    asked.end();
  });
}
