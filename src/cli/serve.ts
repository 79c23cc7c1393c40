import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../app.js';
import { hashPassword, makePassword } from '../auth/index.js';
import {
  deleteExpiredSessions,
  insertUser,
  listUsers,
  OPERATOR,
  pruneDeeds,
  pruneEvents,
} from '../catalog/index.js';
import { openServer, readConfig, type ServerContext } from '../context.js';
import { AppError, systemCode } from '../lib/errors.js';
import { errorFields } from '../lib/log.js';
import { COMMON_EXITS, type Command, type Output } from './command.js';

/** Time for requests that are under way when the server is told to stop. */
const GRACE_MS = 10_000;
const IDLE_MS = 300_000;
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
      await createFirstAdmin(context, out);
      await tidy(context);
      const { app, authentication } = createApp(context);
      const server = createServer(app);
      // A frame over a slow line takes its time, but a line without a byte for this long is dead.
      server.requestTimeout = 0;
      server.timeout = IDLE_MS;
      server.keepAliveTimeout = 65_000;
      process.on('unhandledRejection', (error) => {
        // A bug, but of one request: the others must not pay for it.
        context.log.error('unhandled rejection', errorFields(error));
      });
      await listen(server, config.PORT, config.HOST);
      out.line(`Platevault ${context.version} is serving on ${urlOf(server)}`);
      const timer = setInterval(() => void tidy(context), TIDY_EVERY_MS).unref();
      await stopSignal();
      clearInterval(timer);
      await stop(server);
      await authentication.close();
      return 0;
    } finally {
      await context.close();
    }
  },
};

/** On an archive without users: the first one, an admin. The password made for it is shown this once. */
async function createFirstAdmin({ catalog, config }: ServerContext, out: Output): Promise<void> {
  if ((await listUsers(catalog)).length > 0) return;
  const password = config.ADMIN_PASSWORD || makePassword();
  const username = config.ADMIN_USERNAME;
  const passwordHash = await hashPassword(password, username);
  await insertUser(catalog, { username, passwordHash, role: 'admin' }, OPERATOR);
  if (config.ADMIN_PASSWORD !== '') return;
  out.line('');
  out.line('  This is the first start. Log in with');
  out.line(`    user name  ${config.ADMIN_USERNAME}`);
  out.line(`    password   ${password}`);
  out.line('  and change the password on your account page. It is not shown again.');
  out.line('');
}

async function tidy({ catalog, config, log, trash }: ServerContext): Promise<void> {
  try {
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
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, GRACE_MS).unref();
  await closed;
  clearTimeout(timer);
}
