import { once } from 'node:events';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

const SLOW_SECONDS = 2;
const IDLE_SECONDS = 4;
const MOST = 260;

let archive: TestArchive;
const sockets: Socket[] = [];

beforeAll(async () => {
  archive = await startArchive({
    SLOW_SECONDS: String(SLOW_SECONDS),
    IDLE_SECONDS: String(IDLE_SECONDS),
    MAX_CONNECTIONS_PER_ADDRESS: String(MOST),
  });
  const large = pyobsFrame({ FNAME: 'large.fits' }, { width: 3000, height: 3000 });
  await archive.upload(large, 'large.fits');
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
});

async function open(): Promise<Socket> {
  const socket = connect({ port: archive.port, host: '127.0.0.1' });
  socket.on('error', () => undefined); // the server may end it at any time
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Sends a piece of text each so many ms until the server ends the connection; what it said. */
async function dribble(start: string, piece: string, everyMs: number): Promise<string> {
  const socket = await open();
  const said: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => said.push(chunk));
  socket.write(start);
  const timer = setInterval(() => socket.write(piece), everyMs);
  if (!socket.closed) await once(socket, 'close');
  clearInterval(timer);
  return Buffer.concat(said).toString();
}

const upload = (): string =>
  [
    `POST /frames/create/ HTTP/1.1\r\nHost: a\r\nAuthorization: Token ${archive.adminToken}\r\n`,
    'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 500000\r\n\r\n',
    '--b\r\nContent-Disposition: form-data; name="f"; filename="slow.fits"\r\n\r\n',
  ].join('');

/** How long a plain question takes. */
async function ask(): Promise<number> {
  const began = performance.now();
  const response = await archive.fetch('/frames/?limit=10');
  await response.arrayBuffer();
  expect(response.status).toBe(200);
  return performance.now() - began;
}

test('a body that comes too slowly is ended with 408, and leaves nothing behind', async () => {
  expect(await dribble(upload(), 'x', 100)).toMatch(/^HTTP\/1\.1 408 [^]*too slowly/);
  const form = `POST /frames/zip/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n`;
  expect(await dribble(form, ' ', 100)).toMatch(/^HTTP\/1\.1 408 /);
  const spool = join(archive.dataDir, 'archive/.incoming');
  for (let i = 0; i < 50 && readdirSync(spool).length > 0; i += 1) await pause(100);
  expect(readdirSync(spool)).toEqual([]);
}, 30_000);

test('a slow line that keeps moving may take as long as it takes', async () => {
  const file = pyobsFrame({ FNAME: 'steady.fits' });
  const head = '--b\r\nContent-Disposition: form-data; name="f"; filename="s.fits"\r\n\r\n';
  const body = Buffer.concat([Buffer.from(head), file, Buffer.from('\r\n--b--\r\n')]);
  const request = http.request(`${archive.url}/frames/create/`, {
    method: 'POST',
    headers: {
      Authorization: `Token ${archive.adminToken}`,
      'Content-Type': 'multipart/form-data; boundary=b',
      'Content-Length': body.length,
    },
  });
  const answer = once(request, 'response');
  const began = Date.now();
  for (let at = 0; at < body.length; at += 600) {
    request.write(body.subarray(at, at + 600));
    await pause(300); // 2 kB/s
  }
  request.end();
  const [response] = (await answer) as [http.IncomingMessage];
  expect(response.statusCode).toBe(200);
  response.resume();
  expect(Date.now() - began).toBeGreaterThan(SLOW_SECONDS * 1000 * 1.5);
}, 60_000);

test('a download that nobody takes is ended; one that is taken slowly is not', async () => {
  const { results } = await archive.json<{ results: { id: number; basename: string }[] }>(
    '/frames/?basename=large',
  );
  const ask = `GET /frames/${String(results[0]?.id)}/download/ HTTP/1.1\r\nHost: a\r\nAuthorization: Token ${archive.adminToken}\r\n\r\n`;
  const stalled = await open();
  stalled.write(ask);
  stalled.pause();
  const slow = await open();
  let taken = 0;
  slow.write(ask);
  slow.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    slow.pause();
    setTimeout(() => slow.resume(), 50);
  });
  await pause(IDLE_SECONDS * 1000 * 2.5);
  const before = taken;
  await pause(500);
  expect(taken).toBeGreaterThan(before);
  // What lies in the buffers comes yet, and then the end: not the whole file.
  let rest = 0;
  stalled.on('data', (chunk: Buffer) => (rest += chunk.length));
  const ended = once(stalled, 'close');
  stalled.resume();
  await ended;
  expect(rest).toBeLessThan(3000 * 3000 * 2);
}, 60_000);

test('headers that do not end are not waited for', async () => {
  const began = Date.now();
  await dribble('GET /frames/ HTTP/1.1\r\nHost: a\r\n', 'X: y\r\n', 500);
  expect(Date.now() - began).toBeLessThan(15_000);
}, 60_000);

test('200 idle and 20 slow clients leave the service as quick as it was', async () => {
  for (let i = 0; i < 200; i += 1) await open();
  for (let i = 0; i < 20; i += 1) {
    const socket = await open();
    socket.write(i % 2 === 0 ? upload() : 'GET /frames/zip/?limit=1 HTTP/1.1\r\nHost: a\r\nX: ');
    const timer = setInterval(() => socket.write('x'), 100);
    socket.once('close', () => {
      clearInterval(timer);
    });
  }
  for (let i = 0; i < 5; i += 1) expect(await ask()).toBeLessThan(2000);
}, 60_000);

test('one address has only so many connections, and gets them back', async () => {
  const opened = await Promise.all(Array.from({ length: MOST + 20 }, () => open()));
  const said = await Promise.all(
    opened.slice(-5).map(async (socket) => {
      const [chunk] = (await Promise.race([
        once(socket, 'data'),
        pause(2000).then(() => ['']),
      ])) as [Buffer | string];
      return chunk.toString();
    }),
  );
  expect(said.filter((text) => text.startsWith('HTTP/1.1 503 '))).toHaveLength(5);
  for (const socket of opened) socket.destroy();
  await pause(300);
  expect(await ask()).toBeLessThan(2000);
}, 60_000);
