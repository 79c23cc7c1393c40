import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { pyobsFrame } from '../fixtures/night.js';
import type { TestArchive } from '../support/archive.js';
import { startNight, type TestNight } from '../support/night.js';
import { testWith } from '../support/programs.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'platevault-made-'));
const zipped = pyobsFrame({ FNAME: 'packed.fits', OBJECT: 'made', FILTER: 'B' }, { seed: 99 });
const rice = pyobsFrame(
  { FNAME: 'rice.fits', OBJECT: 'rice', FILTER: 'B' },
  { seed: 98, width: 400, height: 300 },
);
const HOSTILE = ["it's.fits", '-rf $(touch pwned).fits', '`touch pwned`;&.fits'];

let night: TestNight;
let archive: TestArchive;

beforeAll(async () => {
  night = await startNight({ COMPRESS: 'rice' });
  ({ archive } = night);
  await archive.upload(gzipSync(zipped), 'packed.fits.gz');
  await archive.upload(rice, 'rice.fits');
  for (const [index, name] of HOSTILE.entries()) {
    const content = pyobsFrame({ FNAME: name, OBJECT: 'odd' }, { seed: 200 + index });
    await archive.upload(content, name);
  }
});
afterAll(async () => {
  await archive.close();
  rmSync(folder, { recursive: true, force: true });
});

async function unzip(path: string, init: RequestInit = {}): Promise<Map<string, Buffer>> {
  const response = await archive.fetch(path, init);
  const target = mkdtempSync(join(folder, 'out-'));
  writeFileSync(join(folder, 'a.zip'), Buffer.from(await response.arrayBuffer()));
  await run('unzip', ['-q', join(folder, 'a.zip'), '-d', target]);
  const [top = ''] = readdirSync(target);
  expect(response.headers.get('content-disposition')).toContain(`${top}.zip`);
  return new Map(
    readdirSync(join(target, top)).map((name) => [name, readFileSync(join(target, top, name))]),
  );
}

const unzipped = testWith(['unzip'], 'zips of what is made on the way');

unzipped('uncompress gives back what was uploaded, packed by us or compressed before', async () => {
  const query = 'uncompress=true&IMAGETYPE=object';
  const files = await unzip(`/frames/zip/?${query}&OBJECT=M%2031&FILTER=V&RLEVEL=0`);
  expect([...files.keys()]).toEqual(['m31.fits']);
  expect(files.get('m31.fits')?.equals(night.bytesOf('m31'))).toBe(true);
  const packed = await unzip(`/frames/zip/?${query}&OBJECT=made`);
  expect([...packed.keys()]).toEqual(['packed.fits']);
  expect(packed.get('packed.fits')?.equals(zipped)).toBe(true);
  const ours = await unzip(`/frames/zip/?${query}&OBJECT=rice`);
  expect(ours.get('rice.fits')?.equals(rice)).toBe(true);
  const stored = await unzip('/frames/zip/?FILTER=B');
  expect([...stored.keys()].sort()).toEqual(['packed.fits.gz', 'rice.fits.fz']);
});

unzipped('a packed image that is damaged is listed, and the others come whole', async () => {
  const [stored] = (await unzip('/frames/zip/?OBJECT=rice')).values();
  const broken = Buffer.from(stored ?? []);
  broken.fill(0xff, broken.length - 30_000, broken.length - 25_000);
  const { files } = await archive.upload(broken, 'rice.fits.fz');
  expect(files[0]?.status).toBe('new-version');
  const made = await unzip('/frames/zip/?uncompress=true&FILTER=B');
  expect([...made.keys()].sort()).toEqual(['MISSING.txt', 'packed.fits']);
  expect(made.get('packed.fits')?.equals(zipped)).toBe(true);
  expect(String(made.get('MISSING.txt'))).toContain('into this zip:\n\nrice.fits.fz: ');
});

unzipped('catalog_only gives the tables, and says which frames have none', async () => {
  const frames = [night.idOf('m31'), night.idOf('m31-red')];
  const files = await unzip('/frames/zip/', {
    method: 'POST',
    body: JSON.stringify({ frame_ids: frames, catalog_only: true }),
    headers: { 'Content-Type': 'application/json' },
  });
  expect([...files.keys()].sort()).toEqual(['MISSING.txt', 'm31-red-catalog.csv']);
  expect(String(files.get('m31-red-catalog.csv'))).toMatch(/^x,flux,id\r?\n1\.5,0\.5,7\r?\n/);
  expect(String(files.get('MISSING.txt'))).toContain(
    'into this zip:\n\nm31.fits: it has no catalogue.',
  );
});

describe('the script of downloads', () => {
  const QUERY = '/frames/zip/?format=script';
  const runnable = testWith(['sh', 'sha256sum', 'wget', 'curl'], 'the script of downloads');

  const runScript = async (path: string, cwd: string, search = process.env.PATH ?? '') => {
    const response = await archive.fetch(path);
    const script = join(cwd, 'fetch.sh');
    writeFileSync(script, await response.text());
    const done = await run('/bin/sh', [script], { cwd, env: { PATH: search } }).catch(
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
    const top = readdirSync(cwd).find((name) => name.startsWith('platevault-')) ?? '';
    return { ...done, top: join(cwd, top), response };
  };

  /** A folder with the programs that the script uses, but only one that fetches. */
  const programs = (fetcher: string): string => {
    const only = join(folder, `bin-${fetcher}`);
    mkdirSync(only, { recursive: true });
    for (const name of [fetcher, 'sha256sum', 'cut', 'wc', 'tr', 'mkdir', 'mv', 'rm', 'sleep']) {
      const path = ['/usr/bin', '/bin'].map((at) => join(at, name)).find((at) => existsSync(at));
      if (path !== undefined && !existsSync(join(only, name))) symlinkSync(path, join(only, name));
    }
    return only;
  };

  runnable.each(['wget', 'curl'])('works by %s, goes on, and repairs', async (fetcher) => {
    const cwd = mkdtempSync(join(folder, `${fetcher}-`));
    const search = programs(fetcher);
    const first = await runScript(QUERY, cwd, search);
    expect(first.stderr).toBe('');
    expect(first.response.headers.get('content-disposition')).toMatch(/-13\.sh"$/);
    const names = readdirSync(first.top).sort();
    expect(names).toHaveLength(13);
    expect(names.filter((name) => name.endsWith('.part'))).toEqual([]);
    const before = statSync(join(first.top, 'm31.fits'));
    const content = readFileSync(join(first.top, 'bias.fits'));
    // One was cut short while it came, one is damaged, one has a part with something else in it.
    rmSync(join(first.top, 'bias.fits'));
    writeFileSync(join(first.top, 'bias.fits.part'), content.subarray(0, 3000));
    writeFileSync(join(first.top, 'dark.fits'), 'damaged');
    rmSync(join(first.top, 'pole.fits'));
    writeFileSync(join(first.top, 'pole.fits.part'), Buffer.alloc(1_000_000));
    const second = await runScript(QUERY, cwd, search);
    expect(second.stdout).toContain('All 13 files are in');
    expect(readdirSync(second.top).sort()).toEqual(names);
    expect(statSync(join(first.top, 'm31.fits')).ino).toBe(before.ino);
    const list = await archive.json<{ results: { sha256: string }[] }>('/frames/?limit=100');
    const sums = names.map((name) =>
      createHash('sha256')
        .update(readFileSync(join(first.top, name)))
        .digest('hex'),
    );
    expect(sums.sort()).toEqual(list.results.map(({ sha256 }) => sha256).sort());
    expect(existsSync(join(first.top, 'pwned')) || existsSync(join(cwd, 'pwned'))).toBe(false);
  });

  test('one for Windows has the same files, under names that Windows takes', async () => {
    const answer = await archive.fetch('/frames/zip/?format=script-windows&OBJECT=odd');
    expect(answer.headers.get('content-disposition')).toMatch(/-3\.ps1"$/);
    const script = Buffer.from(await answer.arrayBuffer()).toString('utf8');
    expect(script.startsWith('\ufeff')).toBe(true);
    expect(script.match(/^Get-Frame \d+ '[\da-f]{64}' 'http\S+' '.*'\r$/gm)).toHaveLength(3);
    expect(script).toContain("it''s.fits");
  });

  runnable('what cannot be fetched is told, and the rest comes', async () => {
    const cwd = mkdtempSync(join(folder, 'gone-'));
    const content = pyobsFrame({ FNAME: 'gone.fits', OBJECT: 'gone' }, { seed: 300 });
    const id = String((await archive.upload(content, 'gone.fits')).files[0]?.id);
    const path = '/frames/zip/?format=sh&OBJECT=gone';
    const text = await (await archive.fetch(path)).text();
    await archive.fetch(`/frames/${id}/delete/`, { method: 'DELETE' });
    const script = join(cwd, 'fetch.sh');
    writeFileSync(script, text.replace('sleep "$try"', ':'));
    const failed = await run('sh', [script], { cwd }).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/NOT FETCHED: gone\.fits[\s\S]*1 of 1 files/) as string,
    });
  });
});

test('a single download: suffix, several ranges, HEAD, dates, and conditions', async () => {
  const path = `/frames/${night.idOf('m31')}/download/`;
  const whole = await archive.fetch(path);
  const bytes = Buffer.from(await whole.arrayBuffer());
  const date = String(whole.headers.get('last-modified'));
  const ask = async (headers: Record<string, string>, method = 'GET') => {
    const options = { method, headers: { 'Cache-Control': 'max-age=0', ...headers } };
    const answer = await archive.fetch(path, options);
    return [answer.status, (await answer.arrayBuffer()).byteLength];
  };
  const all = bytes.length;
  const range = { Range: 'bytes=0-9' };
  expect(await ask({ Range: `bytes=-${all + 5}` })).toEqual([206, all]);
  expect(await ask({ Range: 'bytes=-0' })).toEqual([416, 0]);
  expect(await ask({ Range: 'bytes=9-5' })).toEqual([200, all]);
  expect(await ask({ Range: 'Bytes=0-0' })).toEqual([206, 1]);
  expect(await ask({ Range: 'lines=0-9' })).toEqual([200, all]);
  expect(await ask({ Range: 'bytes=0-9,20-29' })).toEqual([200, all]);
  expect(await ask({ ...range, 'If-Range': date })).toEqual([206, 10]);
  expect(await ask({ ...range, 'If-Range': new Date(0).toUTCString() })).toEqual([200, all]);
  expect(await ask({ 'If-Modified-Since': date })).toEqual([304, 0]);
  expect(await ask({ 'If-Unmodified-Since': date })).toEqual([200, all]);
  expect(await ask({ 'If-Unmodified-Since': new Date(0).toUTCString() })).toEqual([412, 0]);
  expect(await ask(range, 'HEAD')).toEqual([200, 0]);
  const head = await archive.fetch(path, { method: 'HEAD', headers: range });
  expect(head.headers.get('content-length')).toBe(String(all));
});

test('a preview is answered by HEAD, and 304 to those who have it', async () => {
  const path = `/frames/${night.idOf('m31')}/preview/`;
  const whole = await archive.fetch(path);
  const etag = String(whole.headers.get('etag'));
  await whole.arrayBuffer();
  const head = await archive.fetch(path, { method: 'HEAD' });
  expect([head.status, head.headers.get('etag')]).toEqual([200, etag]);
  const headers = { 'If-None-Match': etag, 'Cache-Control': 'max-age=0' };
  expect((await archive.fetch(path, { headers })).status).toBe(304);
});
