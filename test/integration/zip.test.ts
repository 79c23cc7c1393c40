import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeFits } from '../fixtures/make-fits.js';
import { pyobsCards, pyobsFrame } from '../fixtures/night.js';
import { ADMIN_PASSWORD, startArchive, type TestArchive } from '../support/archive.js';
import { testWith } from '../support/programs.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'platevault-zips-'));
const clock = join(folder, 'clock.mjs');

/** Without it, fetch adds `no-cache` to a conditional request, which asks for the whole again. */
const NO_RELOAD = { 'Cache-Control': 'max-age=0' };

let archive: TestArchive;
const ids: number[] = [];

/** Makes the server believe that it is so much later, from its next start on. */
function setClock(aheadMs: number): void {
  writeFileSync(
    clock,
    `const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...given) { super(...(given.length > 0 ? given : [Real.now() + ${aheadMs}])); }
      static now() { return Real.now() + ${aheadMs}; }
    };`,
  );
}

beforeAll(async () => {
  setClock(0);
  archive = await startArchive({ NODE_OPTIONS: `--import=${clock}` });
  for (let number = 1; number <= 8; number += 1) {
    const name = `wide-${number}.fits`;
    const cards = pyobsCards({ FNAME: name, OBJECT: 'wide' });
    const pixel = (x: number, y: number): number => (x * y * number) % 60_000;
    const file = makeFits({ width: 1600, height: 1000, cards, pixel });
    ids.push(Number((await archive.upload(file, name)).files[0]?.id));
  }
});
afterAll(async () => {
  await archive.close();
  rmSync(folder, { recursive: true, force: true });
});

const PATH = '/frames/zip/?OBJECT=wide';

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
const NOTHING = sha256(Buffer.alloc(0));

async function fetchBytes(path: string, init?: RequestInit) {
  const response = await archive.fetch(path, init);
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

test('a zip has its length, a tag and a date; any part of it can be had', async () => {
  const { response, bytes } = await fetchBytes(PATH);
  const header = (name: string): string => String(response.headers.get(name));
  const total = bytes.length;
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  expect(header('content-disposition')).toBe(`attachment; filename="platevault-${day}-8.zip"`);
  expect([header('content-length'), header('accept-ranges')]).toEqual([String(total), 'bytes']);
  expect(Date.parse(header('last-modified'))).toBeGreaterThan(Date.now() - 3_600_000);
  const etag = header('etag');
  expect(etag).toMatch(/^"zip\d+-[\da-f]{64}"$/);
  const part = async (headers: Record<string, string>) => {
    const found = await fetchBytes(PATH, { headers: { ...headers, ...NO_RELOAD } });
    const { status, headers: answered } = found.response;
    return [status, answered.get('content-range'), sha256(found.bytes)];
  };
  const [from, to] = [3_000_000, 9_999_999];
  const range = { Range: `bytes=${from}-${to}` };
  const wanted = [206, `bytes ${from}-${to}/${total}`, sha256(bytes.subarray(from, to + 1))];
  const whole = [200, null, sha256(bytes)];
  expect(await part({ ...range, 'If-Range': etag })).toEqual(wanted);
  expect(await part({ ...range, 'If-Match': etag })).toEqual(wanted);
  const end = [206, `bytes ${total - 30}-${total - 1}/${total}`, sha256(bytes.subarray(-30))];
  expect(await part({ Range: 'bytes=-30', 'If-Match': etag })).toEqual(end);
  expect(await part({ ...range, 'If-Range': '"other"' })).toEqual(whole);
  // Another zip may have the same date, so a date proves nothing.
  expect(await part({ ...range, 'If-Range': header('last-modified') })).toEqual(whole);
  expect(await part({ 'If-Modified-Since': header('last-modified') })).toEqual(whole);
  expect(await part({ Range: 'bytes=0-1,4-5', 'If-Match': etag })).toEqual(whole);
  expect(await part({ Range: 'bytes=0-' })).toEqual([
    206,
    `bytes 0-${total - 1}/${total}`,
    sha256(bytes),
  ]);
  expect(await part({ 'If-None-Match': etag })).toEqual([304, null, NOTHING]);
  expect(await part({ 'If-Match': '"other"' })).toEqual([412, null, NOTHING]);
  expect(await part({ Range: `bytes=${total}-`, 'If-Match': etag })).toEqual([
    416,
    `bytes */${total}`,
    NOTHING,
  ]);
  const head = await archive.fetch(PATH, { method: 'HEAD', headers: range });
  expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([
    200,
    String(total),
    etag,
  ]);
});

test('a part without a word of which zip is given as long as there was only one', async () => {
  const path = `/frames/zip/?frame_ids=${String(ids[0])}-${String(ids[2])}`;
  const { bytes } = await fetchBytes(path);
  const part = await fetchBytes(path, { headers: { Range: 'bytes=100-199' } });
  expect(part.response.status).toBe(206);
  expect(part.bytes.equals(bytes.subarray(100, 200))).toBe(true);
});

test('chosen frames make the same zip by POST and by the address that its answer names', async () => {
  const chosen = [ids[3], ids[0], ids[1], ids[2], ids[6]];
  const post = { method: 'POST', body: new URLSearchParams({ frame_ids: chosen.join(',') }) };
  const posted = await fetchBytes('/frames/zip/', post);
  const address = String(posted.response.headers.get('content-location'));
  expect(address).toBe(`/frames/zip/?frame_ids=${ids[0]}-${ids[3]},${ids[6]}`);
  const got = await fetchBytes(address);
  expect(got.response.headers.get('etag')).toBe(posted.response.headers.get('etag'));
  expect(got.bytes.equals(posted.bytes)).toBe(true);
  const again = await fetchBytes('/frames/zip/', {
    ...post,
    headers: { Range: 'bytes=100-', 'If-Match': String(posted.response.headers.get('etag')) },
  });
  expect([again.response.status, again.bytes.equals(posted.bytes.subarray(100))]).toEqual([
    206,
    true,
  ]);
  for (const [query, status] of [
    ['frame_ids=9-5', 400],
    ['frame_ids=1-999999999', 413],
    ['frame_ids=999999', 404],
    ['frame_ids=', 400],
    ['format=rar', 400],
    ['uncompress=perhaps', 400],
    ['calibrations=perhaps', 400],
    ['format=script&uncompress=true', 400],
    ['format=script-windows&catalog_only=true', 400],
    ['OBJECT=nothing', 404],
  ] as const) {
    const answer = await archive.fetch(`/frames/zip/?${query}`);
    expect([query, answer.status, answer.headers.get('set-cookie') ?? '']).toEqual([
      query,
      status,
      expect.not.stringContaining('fileDownload'),
    ]);
  }
});

test('the sign that a zip or script has begun is for our own pages alone', async () => {
  const one = `/frames/zip/?frame_ids=${String(ids[0])}`;
  const download = `/frames/${String(ids[0])}/download/`;
  for (const path of [one, `${one}&format=script`, `${one}&uncompress=true`, download]) {
    const answer = await archive.fetch(path, { method: 'HEAD' });
    expect([path, answer.headers.getSetCookie()]).toEqual([
      path,
      expect.arrayContaining(['fileDownload=true; Path=/; SameSite=Lax']),
    ]);
  }
});

test('the form of a page leads to an address, which a browser can go on with', async () => {
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit = {}) => {
    const jar = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { Accept: 'text/html', Cookie: jar };
    const response = await fetch(new URL(path, archive.url), {
      redirect: 'manual',
      ...init,
      headers,
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split('=');
      cookies.set(name, value);
    }
    return response;
  };
  await ask('/accounts/login/');
  const form = (fields: Record<string, string>) => ({
    method: 'POST',
    body: new URLSearchParams({ csrfmiddlewaretoken: cookies.get('csrftoken') ?? '', ...fields }),
  });
  await ask('/accounts/login/', form({ username: 'admin', password: ADMIN_PASSWORD }));
  await ask('/frames/');
  const answer = await ask('/frames/zip/', form({ 'frame_ids[]': String(ids[0]) }));
  const address = `/frames/zip/?frame_ids=${ids[0]}`;
  expect([answer.status, answer.headers.get('location')]).toEqual([303, address]);
  expect((await ask(address)).headers.get('content-type')).toBe('application/zip');
});

const resumed = testWith(['curl', 'wget', 'unzip'], 'going on with a broken zip');

/** Fetches the zip as the README says: from the start, or on from where it stopped. */
function curl(file: string, how: 'start' | 'go on', ...more: string[]) {
  const tag = `${file}.etag`;
  const auth = ['-H', `Authorization: Token ${archive.adminToken}`];
  const going =
    how === 'start'
      ? ['--etag-save', tag]
      : ['-C', '-', '-H', `If-Match: ${readFileSync(tag, 'utf8').trim()}`];
  return spawn('curl', ['-fsS', '-o', file, ...auth, ...going, ...more, archive.url + PATH]);
}

resumed('a broken zip goes on after a restart and a change of date, byte for byte', async () => {
  const { bytes } = await fetchBytes(PATH);
  const file = join(folder, 'resumed.zip');
  const first = curl(file, 'start', '--limit-rate', '4M');
  await untilSize(file, 2_000_000);
  await archive.stop('SIGKILL');
  const [status] = (await once(first, 'close')) as [number];
  expect(status).not.toBe(0);
  const have = statSync(file).size;
  expect(have).toBeLessThan(bytes.length);
  setClock(36 * 3_600_000);
  await archive.restart();
  const [done] = (await once(curl(file, 'go on'), 'close')) as [number];
  expect(done).toBe(0);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  await run('unzip', ['-tqq', file]);
  setClock(0);
  await archive.stop();
  await archive.restart();
});

resumed(
  'a zip that another frame has changed is not gone on with, nor is what is there spoilt',
  async () => {
    const { bytes } = await fetchBytes(PATH);
    const file = join(folder, 'changed.zip');
    const part = bytes.subarray(0, 3_000_000);
    const kept = async (program: ReturnType<typeof spawn>): Promise<boolean> => {
      const [status] = (await once(program, 'close')) as [number];
      expect(status).not.toBe(0);
      return readFileSync(file).equals(part);
    };
    const first = curl(file, 'start', '--limit-rate', '4M');
    await untilSize(file, 2_000_000);
    first.kill();
    await once(first, 'close');
    writeFileSync(file, part);
    const content = pyobsFrame({ FNAME: 'aa-first.fits', OBJECT: 'wide' });
    const id = String((await archive.upload(content, 'aa-first.fits')).files[0]?.id);
    expect(await kept(curl(file, 'go on'))).toBe(true);
    const header = `Authorization: Token ${archive.adminToken}`;
    const url = archive.url + PATH;
    for (const loud of ['-sS', '-fsS']) {
      const bare = spawn('curl', [loud, '-C', '-', '-o', file, '-H', header, url]);
      expect(await kept(bare)).toBe(true);
    }
    expect(await kept(spawn('wget', ['-q', '-c', '-O', file, '--header', header, url]))).toBe(true);
    await archive.fetch(`/frames/${id}/delete/`, { method: 'DELETE' });
    const [done] = (await once(curl(file, 'go on'), 'close')) as [number];
    expect([done, readFileSync(file).equals(bytes)]).toEqual([0, true]);
  },
);

async function untilSize(file: string, size: number): Promise<void> {
  for (;;) {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= size) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a file that goes while the zip is sent breaks the connection; asked again, it is listed', async () => {
  const { bytes, response } = await fetchBytes(PATH);
  const content = pyobsFrame({ FNAME: 'zz-last.fits', OBJECT: 'wide' });
  const id = String((await archive.upload(content, 'zz-last.fits')).files[0]?.id);
  const answer = await open(PATH);
  answer.pause();
  unlinkSync(join(archive.dataDir, 'archive/hill/2026-03-01/zz-last.fits'));
  const received = await countBytes(answer);
  expect(received).toEqual({ complete: false, bytes: expect.any(Number) as number });
  expect(received.bytes).toBeLessThan(Number(answer.headers['content-length']));
  const again = await fetchBytes(PATH);
  expect(again.response.headers.get('etag')).not.toBe(answer.headers.etag);
  expect(again.bytes.toString('latin1')).toContain('not in this zip:\n\nzz-last.fits\n');
  await archive.fetch(`/frames/${id}/delete/`, { method: 'DELETE' });
  const back = await fetchBytes(PATH);
  expect(back.response.headers.get('etag')).toBe(response.headers.get('etag'));
  expect(back.bytes.equals(bytes)).toBe(true);
});

/** Asks without the machinery of fetch, so that the answer is read when the test wants it. */
function open(path: string): Promise<IncomingMessage> {
  const headers = { Authorization: `Token ${archive.adminToken}` };
  return new Promise((resolve, reject) => {
    get(archive.url + path, { headers, agent: false }, resolve).once('error', reject);
  });
}

async function countBytes(answer: IncomingMessage): Promise<{ complete: boolean; bytes: number }> {
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
  answer.once('error', () => undefined);
  answer.resume();
  if (!answer.closed) await new Promise((resolve) => answer.once('close', resolve));
  return { complete: answer.complete, bytes };
}

test('downloads are as quick while four clients read zips at 10 kB/s, and each holds one file', async () => {
  const path = `/frames/${String(ids[0])}/download/`;
  const time = async (): Promise<number> => {
    const started = performance.now();
    await fetchBytes(path);
    return performance.now() - started;
  };
  // The quicker ones of many: what else the machine does makes some of them slow.
  const quartile = async (): Promise<number> => {
    const times = [];
    for (let count = 0; count < 20; count += 1) times.push(await time());
    return times.sort((a, b) => a - b)[5] ?? 0;
  };
  await quartile();
  const before = await quartile();
  let beside = 0;
  const slow = await Promise.all([1, 2, 3, 4].map(() => open(PATH)));
  const timer = setInterval(() => {
    for (const answer of slow) answer.read(1000);
  }, 100);
  try {
    for (const answer of slow) await once(answer.pause(), 'readable');
    beside = await quartile();
    expect(slow.some((answer) => answer.complete)).toBe(false);
    expect(await openFrames()).toBeLessThanOrEqual(4);
  } finally {
    clearInterval(timer);
    for (const answer of slow) answer.destroy();
  }
  await until(async () => (await openFrames()) === 0);
  const alone = Math.max(before, await quartile());
  process.stdout.write(
    `a download takes ${alone.toFixed(1)} ms, beside four slow zips ${beside.toFixed(1)} ms\n`,
  );
  expect(beside).toBeLessThan(alone * 1.5 + 20);
});

/** Number of frames that the server has open; on systems without /proc, none. */
async function openFrames(): Promise<number> {
  const fds = `/proc/${String(archive.process.pid)}/fd`;
  const { stdout } = await run('sh', ['-c', `ls -l ${fds} 2>/dev/null || true`]);
  return stdout.split('\n').filter((line) => line.includes(`${archive.dataDir}/archive/hill`))
    .length;
}

async function until(test: () => Promise<boolean>): Promise<void> {
  while (!(await test())) await new Promise((resolve) => setTimeout(resolve, 20));
}
