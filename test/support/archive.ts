import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = join(PROJECT_DIR, 'bin/platevault.cjs');
const STEPPING = join(PROJECT_DIR, 'test/support/stepping-server.mjs');

export const ADMIN_PASSWORD = 'correct horse battery';

/** What `POST /frames/create/` answers. */
export interface CreateAnswer {
  created: number;
  filenames: string[];
  errors?: string[];
  files: {
    name: string;
    basename: string | null;
    id: number | null;
    version: number | null;
    status: string;
    error: string | null;
    warnings: string[];
    sha256: string;
    size: number;
  }[];
}

/** A real server in a process of its own, with its own database and directory. */
export interface TestArchive {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly adminPassword: string;
  /** Token of the admin, scope admin. */
  readonly adminToken: string;
  readonly process: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
  /** Request with the token of the admin, unless `token` says otherwise ('' for none). */
  fetch(path: string, init?: RequestInit & { token?: string }): Promise<Response>;
  /** As `fetch`, parsed as JSON. */
  json<T = unknown>(path: string, init?: RequestInit & { token?: string }): Promise<T>;
  upload(content: Uint8Array, name: string, token?: string): Promise<CreateAnswer>;
  /** Runs a command of the program with the same environment. */
  run(args: readonly string[], input?: string): Promise<CommandResult>;
  /** Lines of `check --read-data`; [] if catalogue and store agree. */
  check(): Promise<string[]>;
  /** Ends the process as SIGTERM does, or at once; the data stay. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /**
   * Starts again on the same data after `stop`.
   * @param stepFile to run `stepping-server.mjs` with it in place of the program
   */
  restart(stepFile?: string): Promise<void>;
  /** Loads the next stepping server beforehand: then `restart` takes a fraction of a second. */
  prepare(stepFile: string): void;
  /** Stops and removes everything. */
  close(): Promise<void>;
}

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `platevault` with these arguments. */
export function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...cleanEnvironment(), ...env },
    });
    const out: string[] = [];
    const err: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString()));
    child.once('error', reject);
    child.once('close', (status) => {
      resolve({ status, stdout: out.join(''), stderr: err.join('') });
    });
    child.stdin.end(input);
  });
}

/** Starts a server on a free port with a fresh data folder, and makes a token for its admin. */
export async function startArchive(
  settings: Readonly<Record<string, string>> = {},
): Promise<TestArchive> {
  const dataDir = await mkdtemp(join(tmpdir(), 'platevault-test-'));
  const env = {
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: dataDir,
    ADMIN_PASSWORD,
    LOG: 'off',
    MEASURE: 'false', // suites about other things need not wait for the processor
    ...settings,
  };
  let server = await whenServing(spawnServer(env));
  let prepared: ServerProcess | undefined;
  const made = await runProgram(['token', 'add', 'admin', '--scope', 'admin'], env);
  if (made.status !== 0) throw new Error(`no token: ${made.stderr}`);
  const adminToken = made.stdout.trim();

  const archive: TestArchive = {
    get url() {
      return server.url;
    },
    get port() {
      return Number(new URL(server.url).port);
    },
    get process() {
      return server.child;
    },
    dataDir,
    adminPassword: ADMIN_PASSWORD,
    adminToken,
    output: () => server.output(),
    fetch(path, { token = adminToken, ...init } = {}) {
      const headers = new Headers(init.headers);
      if (token !== '') headers.set('Authorization', `Token ${token}`);
      return fetch(new URL(path, server.url), { ...init, headers });
    },
    async json<T>(path: string, init?: RequestInit & { token?: string }) {
      const response = await archive.fetch(path, init);
      const text = await response.text();
      try {
        return JSON.parse(text) as T;
      } catch {
        throw new Error(`${path}: ${response.status} ${text.slice(0, 300)}`);
      }
    },
    upload(content, name, token = adminToken) {
      const form = new FormData();
      form.append('file', new Blob([new Uint8Array(content)]), name);
      return archive.json('/frames/create/', { method: 'POST', body: form, token });
    },
    run: (args, input) => runProgram(args, env, input),
    async check() {
      const result = await runProgram(['check', '--read-data'], env);
      if (result.stderr !== '') throw new Error(result.stderr);
      return result.stdout.split('\n').filter((line) => line !== '');
    },
    stop: (signal = 'SIGTERM') => stopServer(server.child, signal),
    async restart(stepFile) {
      const child = prepared ?? spawnServer(env, stepFile);
      prepared = undefined;
      server = await whenServing(child);
    },
    prepare(stepFile) {
      prepared = spawnServer(env, stepFile);
    },
    async close() {
      await stopServer(server.child, 'SIGKILL');
      if (prepared !== undefined) await stopServer(prepared, 'SIGKILL');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return archive;
}

interface RunningServer {
  readonly child: ChildProcess;
  readonly url: string;
  output(): string;
}

type ServerProcess = ChildProcessByStdio<Writable, Readable, Readable>;

function spawnServer(env: Readonly<Record<string, string>>, stepFile?: string): ServerProcess {
  const program = stepFile === undefined ? [PROGRAM, 'serve'] : [STEPPING, stepFile];
  return spawn(process.execPath, program, {
    env: { ...cleanEnvironment(), UV_THREADPOOL_SIZE: '12', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Lets a server go that waits for it, and resolves when it answers. */
function whenServing(child: ServerProcess): Promise<RunningServer> {
  return new Promise((resolve, reject) => {
    const printed: string[] = [];
    const output = (): string => printed.join('');
    child.stderr.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      printed.push(chunk.toString());
      const url = /serving on (http:\S+)/.exec(output())?.[1];
      if (url !== undefined) resolve({ child, url, output });
    });
    child.once('error', reject);
    child.once('exit', (status) => {
      reject(new Error(`the server ended with ${String(status)}: ${output()}`));
    });
    child.stdin.end('go\n');
  });
}

async function stopServer(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

/** The environment without what a developer may have set for a server of their own. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  return { PATH, HOME, LANG, TMPDIR };
}

/** An archive as it was at one moment. */
export interface Remembered {
  /** Ends its server, if there is one, and puts its folder back. */
  restore(): Promise<void>;
  forget(): Promise<void>;
}

/** Keeps a copy of the whole folder of an archive that is stopped. */
export async function remember(archive: TestArchive): Promise<Remembered> {
  const copy = `${archive.dataDir}-whole`;
  await cp(archive.dataDir, copy, { recursive: true });
  return {
    async restore() {
      await archive.stop('SIGKILL');
      await rm(archive.dataDir, { recursive: true });
      await cp(copy, archive.dataDir, { recursive: true });
    },
    forget: () => rm(copy, { recursive: true, force: true }),
  };
}
