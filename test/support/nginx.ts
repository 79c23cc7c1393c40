import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PROJECT_DIR } from './archive.js';
import type { TestArchive } from './archive.js';

/**
 * The shipped nginx.conf, with ports and folders put in by text replacement, run by the real nginx
 * in front of the real program.
 */
const NGINX = '/usr/sbin/nginx';

/** `describe`, or a visible skip where there is no nginx. */
export const withNginx = existsSync(NGINX) ? describe : describe.skip;
if (!existsSync(NGINX)) process.stderr.write(`skipped: ${NGINX} is not installed\n`);

/** Replaces text that must be there: a silent miss would test something else than what ships. */
function replaceText(text: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`nginx.conf does not contain '${from}'`);
    return before.replaceAll(from, to);
  }, text);
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** A running nginx. */
export interface Proxy {
  readonly url: string;
  readonly folder: string;
  log(): string;
  stop(): Promise<void>;
}

/** Starts nginx on a free port. The archive wants TRUST_PROXY and X_ACCEL_PREFIX=/protected/. */
export async function startNginx(archive: TestArchive): Promise<Proxy> {
  chmodSync(archive.dataDir, 0o755);
  const folder = mkdtempSync(join(tmpdir(), 'platevault-nginx-'));
  // The workers of an nginx that root starts are another user, as in the containers.
  chmodSync(folder, 0o755);
  const port = await findFreePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join(' ');
  const shipped = readFileSync(join(PROJECT_DIR, 'nginx.conf'), 'utf8');
  const conf = join(folder, 'nginx.conf');
  writeFileSync(
    conf,
    replaceText(shipped, [
      ['http {', `http { ${temporary}`],
      ['server archive:8000;', `server 127.0.0.1:${archive.port};`],
      ['listen 80;', `listen 127.0.0.1:${port};`],
      ['/data/archive/', `${archive.dataDir}/archive/`],
      ['/srv/platevault/public/', join(PROJECT_DIR, 'public/')],
      ['/dev/stdout', join(folder, 'access.log')],
      ['error_log stderr', `error_log ${join(folder, 'error.log')}`],
    ]),
  );
  const globals = `daemon off; pid ${join(folder, 'nginx.pid')};`;
  const child = spawn(
    NGINX,
    ['-e', join(folder, 'error.log'), '-p', folder, '-c', conf, '-g', globals],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const log = (): string => readFileSync(join(folder, 'error.log'), 'utf8');
  const url = `http://127.0.0.1:${port}/`;
  await untilServing(url, child, log);
  return {
    url,
    folder,
    log,
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null) child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** nginx does not say when it listens, so it is asked until it answers. */
async function untilServing(url: string, child: ChildProcess, log: () => string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}: ${log()}`);
    const response = await fetch(`${url}health/`).catch(() => undefined);
    if (response?.ok === true) return;
    await delay(25);
  }
  throw new Error(`nginx does not serve: ${log()}`);
}
