import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pyobsFrame } from '../fixtures/night.js';
import type { TestArchive } from '../support/archive.js';
import { startNight, type TestNight } from '../support/night.js';
import { testWith } from '../support/programs.js';

const run = promisify(execFile);

let night: TestNight;
let archive: TestArchive;

beforeAll(async () => {
  night = await startNight();
  ({ archive } = night);
});
afterAll(() => archive.close());

/** Without it, fetch adds `no-cache` to a conditional request, which asks for the whole again. */
const NO_RELOAD = { 'Cache-Control': 'max-age=0' };

const idOf = (name: string): number => night.idOf(name);

test('a preview is a PNG of the width asked for; a bad option is a 400', async () => {
  const size = async (query: string) => {
    const response = await archive.fetch(`/frames/${idOf('m31')}/preview/${query}`);
    const png = Buffer.from(await response.arrayBuffer());
    return [response.headers.get('content-type'), png.readUInt32BE(16), png.readUInt32BE(20)];
  };
  expect(await size('')).toEqual(['image/png', 200, 150]);
  expect(await size('?width=64&stretch=asinh&limits=zscale&cmap=viridis&invert=1')).toEqual([
    'image/png',
    64,
    48,
  ]);
  const bad = await archive.fetch(`/frames/${idOf('m31')}/preview/?stretch=rubber`);
  expect([bad.status, ((await bad.json()) as { detail: string }).detail]).toEqual([
    400,
    expect.stringContaining('stretch'),
  ]);
  const first = await archive.fetch(`/frames/${idOf('m31')}/preview/`);
  const again = await archive.fetch(`/frames/${idOf('m31')}/preview/`, {
    headers: { 'If-None-Match': String(first.headers.get('etag')), ...NO_RELOAD },
  });
  expect(again.status).toBe(304);
});

test('a download has its name, its length and its tag; any part of it can be had', async () => {
  const file = night.bytesOf('m31');
  const path = `/frames/${idOf('m31')}/download/`;
  const whole = await archive.fetch(path);
  expect(whole.headers.get('content-disposition')).toBe('attachment; filename="m31.fits"');
  expect(whole.headers.get('content-length')).toBe(String(file.length));
  const etag = String(whole.headers.get('etag'));
  const part = async (headers: Record<string, string>) => {
    const response = await archive.fetch(path, { headers });
    return {
      status: response.status,
      range: response.headers.get('content-range'),
      body: Buffer.from(await response.arrayBuffer()),
    };
  };
  const total = file.length;
  expect(await part({ Range: 'bytes=10-19' })).toEqual({
    status: 206,
    range: `bytes 10-19/${total}`,
    body: file.subarray(10, 20),
  });
  expect(await part({ Range: 'bytes=-10' })).toMatchObject({
    status: 206,
    body: file.subarray(total - 10),
  });
  expect(await part({ Range: `bytes=${total - 5}-` })).toMatchObject({
    status: 206,
    body: file.subarray(total - 5),
  });
  expect(await part({ Range: `bytes=${total}-` })).toMatchObject({
    status: 416,
    range: `bytes */${total}`,
  });
  expect(await part({ Range: 'bytes=0-1', 'If-Range': etag })).toMatchObject({ status: 206 });
  expect(await part({ Range: 'bytes=0-1', 'If-Range': '"other"' })).toMatchObject({ status: 200 });
  expect(await part({ 'If-None-Match': etag, ...NO_RELOAD })).toMatchObject({ status: 304 });
  const head = await archive.fetch(path, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
    200,
    String(total),
    '',
  ]);
});

test('the url of a frame works without credentials, for that frame, until it expires', async () => {
  const { url } = await archive.json<{ url: string }>(`/frames/${idOf('m31')}/`);
  expect((await fetch(url)).status).toBe(200);
  const other = url.replace(`/${idOf('m31')}/`, `/${idOf('bias')}/`);
  expect((await fetch(other)).status).toBe(401);
  expect((await fetch(url.replace(/exp=\d+/, 'exp=9999999999'))).status).toBe(401);
  expect((await fetch(url.replace('download', 'headers'))).status).toBe(401);
  const headers = await archive.fetch(url.replace('download', 'headers'));
  expect(headers.status).toBe(200);
});

describe('zips', () => {
  const unzipped = testWith(['unzip'], 'what is in a zip');
  const openZip = async (response: Response) => {
    const folder = await mkdtemp(join(tmpdir(), 'platevault-zip-'));
    try {
      await writeFile(join(folder, 'a.zip'), Buffer.from(await response.arrayBuffer()));
      await run('unzip', ['-q', 'a.zip'], { cwd: folder });
      const { stdout } = await run('find', ['.', '-type', 'f', '-not', '-name', 'a.zip'], {
        cwd: folder,
      });
      const found = new Map<string, Buffer>();
      for (const path of stdout.trim().split('\n'))
        found.set(path.slice(2), await readFile(join(folder, path)));
      return found;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  const day = () => new Date().toISOString().slice(0, 10).replaceAll('-', '');

  unzipped('of all that match, in a folder, byte for byte', async () => {
    const files = await openZip(
      await archive.fetch('/frames/zip?q=a&OBJECT=M%2031&RLEVEL=0&FILTER=V&IMAGETYPE=object'),
    );
    expect([...files.keys()]).toEqual([`platevault-${day()}-1/m31.fits`]);
    expect(files.values().next().value?.equals(night.bytesOf('m31'))).toBe(true);
  });

  unzipped(
    'of chosen frames, in every spelling, with a token in the header or in the body',
    async () => {
      const [a, b] = [String(idOf('m31')), String(idOf('bias'))];
      const form = (pairs: [string, string][]) => ({ body: new URLSearchParams(pairs) });
      const parts = new FormData();
      for (const id of [a, b]) parts.append('frame_ids[]', id);
      const json = {
        body: JSON.stringify({ frame_ids: [Number(a), b] }),
        headers: { 'Content-Type': 'application/json' },
      };
      const spellings: (RequestInit & { token?: string })[] = [
        form([
          ['frame_ids[]', a],
          ['frame_ids[]', b],
        ]),
        form([
          ['frame_ids', a],
          ['frame_ids', b],
        ]),
        form([
          ['frame_ids[0]', a],
          ['frame_ids[1]', b],
        ]),
        json,
        { body: parts },
        {
          ...form([
            ['auth_token', archive.adminToken],
            ['frame_ids[]', a],
            ['frame_ids[]', b],
          ]),
          token: '',
        },
      ];
      for (const init of spellings) {
        const response = await archive.fetch('/frames/zip/', { method: 'POST', ...init });
        expect([...(await openZip(response)).keys()].sort()).toEqual([
          `platevault-${day()}-2/bias.fits`,
          `platevault-${day()}-2/m31.fits`,
        ]);
      }
    },
  );

  test('no ids, bad ids, unknown ids', async () => {
    const statusOf = async (pairs: [string, string][], token = archive.adminToken) =>
      (
        await archive.fetch('/frames/zip/', {
          method: 'POST',
          body: new URLSearchParams(pairs),
          token,
        })
      ).status;
    expect(await statusOf([])).toBe(400);
    expect(await statusOf([['frame_ids[]', 'abc']])).toBe(400);
    const withFile = new FormData();
    withFile.append('frame_ids', new File(['1'], 'ids.txt'));
    const refused = await archive.fetch('/frames/zip/', { method: 'POST', body: withFile });
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining('it has files') as string,
    ]);
    expect(await statusOf([['frame_ids[]', '99999']])).toBe(404);
    expect(await statusOf([['frame_ids[]', '1']], '')).toBe(401);
    expect(
      await statusOf(
        [
          ['frame_ids[]', '1'],
          ['auth_token', 'bad'],
        ],
        '',
      ),
    ).toBe(401);
  });

  unzipped(
    'a file that is gone is listed in the zip; its download, headers and preview say 404',
    async () => {
      const answer = await archive.upload(
        pyobsFrame({ FNAME: 'lost.fits', OBJECT: 'lost' }),
        'lost.fits',
      );
      await unlink(join(archive.dataDir, 'archive/hill/2026-03-01/lost.fits'));
      const id = String(answer.files[0]?.id);
      for (const what of ['download', 'headers', 'preview', 'catalog', 'verify']) {
        const response = await archive.fetch(`/frames/${id}/${what}/`);
        expect([what, response.status]).toEqual([what, 404]);
      }
      const files = await openZip(await archive.fetch('/frames/zip/?OBJECT=lost'));
      expect(String(files.get(`platevault-${day()}-1/MISSING.txt`))).toContain('lost.fits');
      expect((await archive.fetch(`/frames/${id}/delete`, { method: 'DELETE' })).status).toBe(200);
    },
  );
});
