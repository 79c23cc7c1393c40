/** Speed and memory of a real server, in one run. */
import { spawn, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFits } from '../dist/fits/index.js';
import { say } from './say.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = path.join(ROOT, 'bin/platevault.cjs');
const SIZE = 2048;
const FRAMES = 200;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'platevault-bench-'));
const env = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  DATA_DIR: path.join(folder, 'data'),
  PORT: '0',
  LOG: 'off',
  ADMIN_PASSWORD: 'only for the bench',
};
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

const PARTS = { ingest, list, preview, get };
let server;

/** The names of the parts. */
export const SERVER_PARTS = Object.keys(PARTS);

/** Runs some of the parts against a server of its own. */
export async function benchServer(chosen) {
  server = await start();
  try {
    await fill();
    for (const name of chosen) await PARTS[name]();
  } finally {
    agent.destroy();
    server.child.kill('SIGTERM');
    await new Promise((resolve) => server.child.once('exit', resolve));
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Uploads of 8 MB frames by 1 and by 8 clients, next to writing, hashing and flushing the same bytes. */
async function ingest() {
  const frames = makeFrames('ingest', FRAMES);
  const bytes = frames.reduce((sum, frame) => sum + frame.body.length, 0);
  const plain = time(() => writePlain(frames.slice(0, 20))) / 20;
  say('reference: hash, write, fsync', `${rate(frames[0].body.length, plain)} MB/s`);
  for (const [clients, share] of [
    [1, frames.slice(0, 40)],
    [8, frames.slice(40)],
  ]) {
    const peak = watchMemory();
    const started = performance.now();
    await inParallel(share, clients, uploadFrame);
    const seconds = (performance.now() - started) / 1000;
    const size = (bytes / frames.length) * share.length;
    say(
      `ingest 8 MB frames, ${clients} client(s)`,
      `${(size / 1e6 / seconds).toFixed(0)} MB/s, peak RSS ${peak()} MB`,
    );
  }
}

async function list() {
  for (const query of [
    '?limit=100',
    '?night=2026-03-01&limit=100',
    '?RA=10&DEC=20&limit=100',
    '?basename=zzz',
    'aggregate/',
  ]) {
    const ms = await median(40, () => request('GET', `/frames/${query}`));
    say(`GET /frames/${query}`, `${ms.toFixed(1)} ms`);
  }
}

/** First pictures of frames that nothing has been drawn of at this size, then the same from the cache. */
async function preview() {
  let id = 1;
  const first = await median(10, () => request('GET', `/frames/${id++}/preview/?width=301`));
  const cached = await median(20, () => request('GET', '/frames/1/preview/?width=301'));
  say(`preview of ${SIZE}² uint16`, `first ${first.toFixed(0)} ms, cached ${cached.toFixed(1)} ms`);
}

async function get() {
  for (const clients of [1, 8]) {
    const peak = watchMemory();
    const ids = Array.from({ length: 60 }, (_, index) => 1 + (index % 20));
    const started = performance.now();
    const sizes = await inParallel(ids, clients, async (id) => {
      const answer = await request('GET', `/frames/${id}/download/`, { keep: false });
      return answer.bytes;
    });
    const seconds = (performance.now() - started) / 1000;
    const total = sizes.reduce((sum, size) => sum + size, 0);
    say(
      `download, ${clients} client(s)`,
      `${(total / 1e6 / seconds).toFixed(0)} MB/s, peak RSS ${peak()} MB`,
    );
  }
  const zip = await request('GET', '/frames/zip/', { keep: false });
  say('zip of the whole archive', `${(zip.bytes / 1e6 / (zip.ms / 1000)).toFixed(0)} MB/s`);
}

/** Some frames for the parts that only read. */
async function fill() {
  await inParallel(makeFrames('fill', 20), 4, uploadFrame);
  const memory = execFileSync('ps', ['-o', 'rss=', '-p', String(server.child.pid)]).toString();
  say('memory after start and 20 frames', `${(Number(memory) / 1024).toFixed(0)} MB RSS`);
}

/** Frames that differ in name, date and pixels, as bodies ready to be sent. */
function makeFrames(prefix, count) {
  const pixels = Uint16Array.from({ length: SIZE * SIZE }, () => 1000 + Math.random() * 200);
  return Array.from({ length: count }, (_, index) => {
    const name = `${prefix}-${String(index).padStart(4, '0')}.fits`;
    pixels[0] = index;
    const cards = [
      ['DATE-OBS', new Date(Date.UTC(2026, 2, 1, 18) + index * 60_000).toISOString().slice(0, 23)],
      ['IMAGETYP', 'object'],
      ['INSTRUME', prefix],
      ['FILTER', 'BVRI'[index % 4]],
      ['EXPTIME', 30],
      ['TEL-RA', (index * 7) % 360],
      ['TEL-DEC', (index % 90) - 20],
      ['FNAME', name],
    ];
    const fits = writeFits([{ cards, image: { axes: [SIZE, SIZE], bitpix: 16, pixels } }]);
    const head = `--bench\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`;
    return { body: Buffer.concat([Buffer.from(head), fits, Buffer.from('\r\n--bench--\r\n')]) };
  });
}

async function uploadFrame({ body }) {
  const answer = await request('POST', '/frames/create/', {
    body,
    headers: { 'Content-Type': 'multipart/form-data; boundary=bench' },
  });
  if (JSON.parse(answer.text).created !== 1) throw new Error(answer.text);
}

function writePlain(frames) {
  for (const [index, { body }] of frames.entries()) {
    for (const kind of ['sha256', 'md5']) createHash(kind).update(body).digest();
    const file = fs.openSync(path.join(folder, `plain-${index}`), 'w');
    fs.writeSync(file, body);
    fs.fsyncSync(file);
    fs.closeSync(file);
  }
}

async function start() {
  const child = spawn(process.execPath, [PROGRAM, 'serve'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const began = performance.now();
  const url = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = /serving on (http:\S+)/.exec(text);
      if (found !== null) resolve(new URL(found[1]));
    });
    child.once('exit', () => reject(new Error('the server did not start')));
  });
  say('start to serving', `${((performance.now() - began) / 1000).toFixed(2)} s`);
  const token = execFileSync(process.execPath, [PROGRAM, 'token', 'add', 'admin'], { env })
    .toString()
    .trim();
  return { child, url, token };
}

function request(method, target, { body, headers = {}, keep = true } = {}) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const sent = http.request(
      {
        host: server.url.hostname,
        port: server.url.port,
        method,
        path: target,
        agent,
        headers: {
          Authorization: `Token ${server.token}`,
          ...headers,
          ...(body === undefined ? {} : { 'Content-Length': body.length }),
        },
      },
      (answer) => {
        const chunks = [];
        let bytes = 0;
        answer.on('data', (chunk) => {
          bytes += chunk.length;
          if (keep) chunks.push(chunk);
        });
        answer.on('error', reject);
        answer.on('end', () => {
          if (answer.statusCode !== 200) reject(new Error(`${target}: ${answer.statusCode}`));
          resolve({
            ms: performance.now() - began,
            bytes,
            text: Buffer.concat(chunks).toString('latin1'),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

async function inParallel(items, clients, work) {
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

async function median(count, work) {
  const times = [];
  await work();
  for (let index = 0; index < count; index += 1) times.push((await work()).ms);
  return times.sort((a, b) => a - b)[Math.floor(count / 2)];
}

/** Starts to watch the memory of the server. @returns a function that stops, and gives the peak in MB */
function watchMemory() {
  let peak = 0;
  const look = () => {
    const pages = fs.readFileSync(`/proc/${server.child.pid}/statm`, 'utf8').split(' ')[1];
    peak = Math.max(peak, Number(pages) * 4096);
  };
  const timer = setInterval(look, 50);
  return () => {
    clearInterval(timer);
    look();
    return (peak / 1e6).toFixed(0);
  };
}

function time(work) {
  const began = performance.now();
  work();
  return performance.now() - began;
}

function rate(bytes, ms) {
  return (bytes / 1e3 / ms).toFixed(0);
}
