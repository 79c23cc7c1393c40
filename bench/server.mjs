/** Servers that are measured: the built program on an archive of its own, and how to talk to it. */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { watch } from './machine.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = path.join(ROOT, 'bin/platevault.cjs');
const HOOK = fileURLToPath(new URL('loop-hook.mjs', import.meta.url));

/**
 * Starts a server; what the environment of the bench sets for servers does not reach it.
 *
 * @param dataDir          where its archive is, or will be
 * @param options.nodeArgs further arguments of Node
 * @param options.env      further settings
 * @param options.loopMs   how often the event loop is looked at
 */
export async function startServer(dataDir, { nodeArgs = [], env = {}, loopMs = 10 } = {}) {
  fs.mkdirSync(dataDir, { recursive: true });
  const loopFile = path.join(dataDir, 'loop.json');
  const { tunables, flag } = memoryWays();
  const settings = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    GLIBC_TUNABLES: tunables,
    DATA_DIR: dataDir,
    PORT: '0',
    LOG: 'off',
    ADMIN_PASSWORD: 'only for the bench',
    BENCH_LOOP_FILE: loopFile,
    BENCH_LOOP_MS: String(loopMs),
    ...env,
  };
  const began = performance.now();
  const child = spawn(process.execPath, ['--import', HOOK, flag, ...nodeArgs, PROGRAM, 'serve'], {
    env: settings,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const spent = watch(child.pid);
  const url = await listening(child);
  const early = talkTo({ url, token: '' });
  await early.get('/health/');
  const start = { ms: performance.now() - began, ...spent() };
  early.close();
  const token = execFileSync(process.execPath, [PROGRAM, 'token', 'add', 'admin'], {
    env: settings,
  })
    .toString()
    .trim();
  const talk = talkTo({ url, token });

  return {
    ...talk,
    pid: child.pid,
    url,
    token,
    dataDir,
    start,
    /** Delays of the event loop since the last time, ms. */
    async loop() {
      fs.rmSync(loopFile, { force: true });
      child.kill('SIGUSR2');
      while (!fs.existsSync(loopFile)) await sleep(10);
      return JSON.parse(fs.readFileSync(loopFile, 'utf8'));
    },
    async stop() {
      talk.close();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** How memory is given out and back: as `npm start`, the container and the service have it. */
function memoryWays() {
  const { scripts } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const [, tunables, flag] = /GLIBC_TUNABLES:-([^}]+)}; exec node (--\S+)/.exec(scripts.start);
  return { tunables, flag };
}

/** Requests to an address, with the token if there is one; connections are kept until `close`. */
export function talkTo({ url, token }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const to = { url, agent, token };
  return {
    /** An answer of any status. */
    ask: (method, target, options) => ask(to, method, target, options),
    /** An answer of 200. @throws if it is another */
    async get(target, options) {
      const answer = await ask(to, 'GET', target, options);
      if (answer.status !== 200) throw new Error(`${target}: ${answer.status} ${answer.text}`);
      return answer;
    },
    /** @param frame has name and pieces @throws if it was not stored */
    async upload(frame) {
      const answer = await ask(to, 'POST', '/frames/create/', multipart(frame));
      if (answer.status !== 200 && answer.status !== 201) throw new Error(answer.text);
      if (JSON.parse(answer.text).created !== 1) throw new Error(answer.text);
      return answer;
    },
    close: () => {
      agent.destroy();
    },
  };
}

function listening(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = /serving on (http:\S+)/.exec(text);
      if (found !== null) resolve(new URL(found[1]));
    });
    child.once('exit', () => reject(new Error('the server did not start')));
  });
}

/** One request: the body is a list of pieces, or absent; `keep` false forgets what is answered but errors. */
function ask({ url, agent, token }, method, target, options = {}) {
  const { pieces = [], headers = {}, keep = true } = options;
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const sent = http.request({
    host: url.hostname,
    port: url.port,
    method,
    path: target,
    agent,
    headers: {
      ...(token === '' ? {} : { Authorization: `Token ${token}` }),
      ...headers,
      ...(length === 0 ? {} : { 'Content-Length': length }),
    },
  });
  return new Promise((resolve, reject) => {
    const began = performance.now();
    sent.on('error', reject);
    sent.on('response', (answer) => {
      const chunks = [];
      let bytes = 0;
      let first;
      answer.on('data', (chunk) => {
        first ??= performance.now() - began;
        bytes += chunk.length;
        if (keep || answer.statusCode >= 400) chunks.push(chunk);
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const ms = performance.now() - began;
        const text = Buffer.concat(chunks).toString('utf8');
        const { statusCode: status, headers: told } = answer;
        resolve({ status, headers: told, ms, firstByteMs: first ?? ms, bytes, text });
      });
    });
    for (const piece of pieces) sent.write(piece);
    sent.end();
  });
}

function multipart({ name, pieces }) {
  const head = `--bench\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`;
  return {
    pieces: [Buffer.from(head), ...pieces, Buffer.from('\r\n--bench--\r\n')],
    headers: { 'Content-Type': 'multipart/form-data; boundary=bench' },
  };
}

/** Does `work` with each item, `clients` at a time. @returns the results in the order of the items */
export async function inParallel(items, clients, work) {
  const results = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: clients }, lane));
  return results;
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A quantile of numbers, between the nearest two where none is it; NaN of none. */
export function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  return low === undefined || high === undefined ? NaN : low + (high - low) * (at % 1);
}
