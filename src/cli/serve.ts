import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp, createPatientServer } from '../app.js';
import { hashPassword, makePassword } from '../auth/index.js';
import {
  deleteExpiredSessions,
  insertUser,
  listUsers,
  noteTime,
  OPERATOR,
  pruneDeeds,
  pruneEvents,
} from '../catalog/index.js';
import { openServer, readConfig, type ServerContext } from '../context.js';
import { createAgeGuard, type AgeGuard } from '../lib/clock.js';
import { AppError, systemCode } from '../lib/errors.js';
import { errorFields } from '../lib/log.js';
import { warmUp } from '../warm-up.js';
import { COMMON_EXITS, type Command, type Output } from './command.js';

/** Time for requests that are under way when the server is told to stop. */
const GRACE_MS = 6_000;
/** After this the process ends in any case: whoever told it to stop kills it soon. */
const END_MS = 9_500;
const IDLE_LOOK_MS = 100;
const TIDY_EVERY_MS = 3_600_000;
const KEEP_EVENTS_MS = 30 * 86_400_000;

export const serve: Command = {
  usage: 'serve',
  summary: 'Serve the archive until told to stop.',
  exits: { ...COMMON_EXITS, 0: 'stopped', 1: 'could not start' },
  options: {},
  async run(_args, out) {
    const { config } = readConfig();
    const context = await openServer(config);
    try {
      for (const notice of context.notices) out.problem(notice);
      await createFirstAdmin(context, out);
      const guard = createAgeGuard();
      await tidy(context, guard);
      const { app, authentication, pages } = createApp(context);
      const server = createPatientServer(app, config);
      process.on('unhandledRejection', (error) => {
        // A bug, but of one request: the others must not pay for it.
        context.log.error('unhandled rejection', errorFields(error));
      });
      // Before anybody is told that it serves: a signal that comes at once is to end it in order too.
      const stopped = stopSignal();
      await listen(server, config.PORT, config.HOST);
      out.line(`Platevault ${context.version} is serving on ${urlOf(server)}`);
      const timer = setInterval(() => void tidy(context, guard), TIDY_EVERY_MS).unref();
      const stopping = new AbortController();
      const warmedUp = warmUp(context, pages, stopping.signal);
      await stopped;
      stopping.abort();
      // All that is acknowledged is on disk; what hangs here is a disk that has gone, or a bug.
      setTimeout(() => process.exit(0), END_MS).unref();
      clearInterval(timer);
      // Who listens would hold the server until its grace is over.
      await context.events.close();
      await stop(server);
      await authentication.close();
      await warmedUp;
      return 0;
    } finally {
      await context.close();
    }
  },
};

/**
 * On an archive without users: the first one, an admin. A password that is made for it is shown this
 * once; since logs are kept, it opens nothing but the change to another one.
 */
async function createFirstAdmin({ catalog, config }: ServerContext, out: Output): Promise<void> {
  if ((await listUsers(catalog)).length > 0) return;
  const password = config.ADMIN_PASSWORD || makePassword();
  const username = config.ADMIN_USERNAME;
  const isOneTime = config.ADMIN_PASSWORD === '';
  const passwordHash = await hashPassword(password, username, isOneTime);
  await insertUser(catalog, { username, passwordHash, role: 'admin' }, OPERATOR);
  if (!isOneTime) return;
  out.line('');
  out.line('  This is the first start. Log in with');
  out.line(`    user name  ${config.ADMIN_USERNAME}`);
  out.line(`    password   ${password}`);
  out.line('  It is good once: you then choose your own. It is not shown again.');
  out.line('');
}

async function tidy(
  { catalog, config, log, trash }: ServerContext,
  guard: AgeGuard,
): Promise<void> {
  try {
    if (!guard.isTrusted(await noteTime(catalog))) {
      log.warn(
        'the clock was set: nothing is deleted for its age until it has gone evenly for a day',
      );
      return;
    }
    await deleteExpiredSessions(catalog);
    await pruneEvents(catalog, Date.now() - KEEP_EVENTS_MS);
    await trash.purgeExpired();
    const days = config.AUDIT_LOG_DAYS;
    if (days > 0) await pruneDeeds(catalog, Date.now() - days * 86_400_000);
  } catch (error) {
    log.warn('could not tidy up', errorFields(error));
  }
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const reason =
      systemCode(error) === 'EADDRINUSE' ? 'the port is in use' : String(systemCode(error));
    throw new AppError('config_invalid', `Cannot listen on ${host}:${port}: ${reason}.`, {}, error);
  }
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function stopSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

/** No new requests; those under way may end within the grace. */
async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A client that keeps its connection is idle again after its answer, and would hold us.
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_LOOK_MS);
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, GRACE_MS).unref();
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}
