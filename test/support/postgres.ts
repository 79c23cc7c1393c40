import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A PostgreSQL of its own, on a free port of this machine. */
export interface TestPostgres {
  /** `postgres://…` of an empty database. */
  readonly url: string;
  close(): Promise<void>;
}

const VERSIONS = '/usr/lib/postgresql';

/** Folder of the programs of Debian's newest PostgreSQL; undefined if there is none. */
export function postgresBin(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const newest = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))[0];
  const bin = join(VERSIONS, String(newest), 'bin');
  return existsSync(join(bin, 'initdb')) ? bin : undefined;
}

/** It refuses to run as root: then it runs as the user of Debian's package. */
export async function startPostgres(bin: string): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'platevault-postgres-'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    const [, , uid, gid] = userEntry('postgres');
    chmodSync(folder, 0o700);
    chownSync(folder, Number(uid), Number(gid));
  }
  const command = (name: string): [string, string[]] => {
    const program = join(bin, name);
    return isRoot ? ['runuser', ['-u', 'postgres', '--', program]] : [program, []];
  };
  const data = join(folder, 'data');
  const [init, first] = command('initdb');
  const making = ['-D', data, '-U', 'tester', '-A', 'trust', '--no-sync'];
  const made = spawnSync(init, [...first, ...making], { encoding: 'utf8', cwd: folder });
  if (made.status !== 0) throw new Error(made.stderr);
  const port = await freePort();
  const [serve, before] = command('postgres');
  const options = [
    '-D',
    data,
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-k',
    folder,
  ];
  const child: ChildProcess = spawn(serve, [...before, ...options], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await whenReady(child);
  return {
    url: `postgres://tester@127.0.0.1:${port}/postgres`,
    async close() {
      const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      process.kill(pid, 'SIGINT'); // ends its sessions and stops
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function userEntry(name: string): string[] {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return (lines.find((line) => line.startsWith(`${name}:`)) ?? '').split(':');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function whenReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('ready to accept connections')) resolve();
    });
    child.once('exit', () => {
      reject(new Error(`PostgreSQL ended: ${printed}`));
    });
  });
}
