import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { WriteHdu } from '../../src/fits/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { testWith } from '../support/programs.js';

const run = promisify(execFile);

interface Frame {
  id: number;
  basename: string;
  url: string;
  related_frames: number[];
  [key: string]: unknown;
}
interface List {
  count: number;
  next: string | null;
  previous: string | null;
  results: Frame[];
}

let archive: TestArchive;
const ids = new Map<string, number>();
const bytes = new Map<string, Buffer>();

const CAT: WriteHdu = {
  cards: [],
  table: {
    name: 'CAT',
    columns: [
      { name: 'x', form: 'D', values: [1.5, 2] },
      { name: 'flux', form: 'E', values: [0.5, -3] },
      { name: 'id', form: 'J', values: [7, 8] },
    ],
  },
};

/** Names and what is particular about each frame; all others facts are those of `pyobsCards`. */
const NIGHT: Readonly<Record<string, Record<string, string | number | null>>> = {
  bias: {
    IMAGETYP: 'bias',
    EXPTIME: 0,
    FILTER: null,
    OBJECT: 'bias',
    'TEL-RA': null,
    'DATE-OBS': '2026-03-01T17:00:00',
  },
  dark: {
    IMAGETYP: 'dark',
    EXPTIME: 120,
    FILTER: 'V',
    'TEL-RA': null,
    'DATE-OBS': '2026-03-01T17:10:00',
  },
  flat: {
    IMAGETYP: 'skyflat',
    EXPTIME: 3.5,
    'TEL-RA': 120,
    'TEL-DEC': -45,
    'DATE-OBS': '2026-03-01T17:30:00',
  },
  m31: { REQNUM: '001001', OBSNUM: '20260301-001' },
  'm31-red': {
    RLEVEL: 1,
    L1BIAS: 'bias',
    L1DARK: 'dark.fits',
    L1FLAT: 'flat',
    L1RAW: 'm31',
    L1AVG001: 'm31',
  },
  'near-9': {
    FILTER: 'R',
    OBJECT: '50%_off',
    'TEL-DEC': 41.269 + 0.16,
    'DATE-OBS': '2026-03-01T21:00:00',
  },
  'far-11': {
    FILTER: 'R',
    'TEL-DEC': 41.269 + 0.18,
    XBINNING: 2,
    YBINNING: 2,
    'DATE-OBS': '2026-03-01T22:00:00',
  },
  pole: {
    SITEID: 'roof',
    TELID: '80mm',
    INSTRUME: 'cam2',
    FILTER: null,
    'TEL-RA': 37.95,
    'TEL-DEC': 89.9,
    'DAY-OBS': '2026-03-02',
    'DATE-OBS': '2026-03-02T23:59:59.999999',
  },
};

beforeAll(async () => {
  archive = await startArchive({ CORS_ALLOWED_ORIGINS: 'https://sky.example.org' });
  for (const [name, changes] of Object.entries(NIGHT)) {
    const extensions = name === 'm31-red' ? [CAT] : [];
    const file = pyobsFrame(
      { FNAME: `${name}.fits`, ...changes },
      { extensions, seed: ids.size + 1 },
    );
    const answer = await archive.upload(file, `${name}.fits`);
    ids.set(name, Number(answer.files[0]?.id));
    bytes.set(name, file);
  }
});
afterAll(() => archive.close());

/** Without it, fetch adds `no-cache` to a conditional request, which asks for the whole again. */
const NO_RELOAD = { 'Cache-Control': 'max-age=0' };

const list = (query: string) => archive.json<List>(`/frames/?${query}`);
const names = async (query: string) =>
  (await list(query)).results.map((frame) => frame.basename).sort();
const idOf = (name: string): number => Number(ids.get(name));

test('a frame has the keys of both dialects', async () => {
  const frame = await archive.json<Frame>(`/frames/${idOf('m31')}/`);
  expect(frame).toMatchObject({
    basename: 'm31',
    SITEID: 'hill',
    TELID: '0m5',
    INSTRUME: 'cam1',
    RLEVEL: 0,
    DATE_OBS: '2026-03-01T20:00:00.123Z',
    FILTER: 'V',
    OBJECT: 'M 31',
    EXPTIME: 30.5,
    REQNUM: '001001',
    OBSNUM: '20260301-001',
    OBSTYPE: 'object',
    binning: '1x1',
    related_frames: [],
    request_id: 1001,
    target_name: 'M 31',
    primary_optical_element: 'V',
    observation_day: '2026-03-01',
    filename: 'm31.fits',
    size: bytes.get('m31')?.length,
  });
  expect(frame.url.split('download')).toHaveLength(2);
  expect((await archive.json<Frame>(`/frames/${idOf('pole')}/`)).DATE_OBS).toBe(
    '2026-03-02T23:59:59.999Z',
  );
  const bias = await archive.json<Frame>(`/frames/${idOf('bias')}/`);
  expect([bias.FILTER, bias.OBJECT, bias.target_name]).toEqual([null, null, 'bias']);
});

describe('filters', () => {
  const cases: [string, string[]][] = [
    ['IMAGETYPE=bias', ['bias']],
    ['IMAGETYPE=ALL&SITE=roof', ['pole']],
    ['IMAGETYPE=&night=&SITE=&RLEVEL=&EXPTIME=&start=&binning=&OBJECT=&SITE=roof', ['pole']],
    ['IMAGETYPE=BIAS&IMAGETYPE=dark', ['bias', 'dark']],
    ['binning=2x2', ['far-11']],
    ['TELESCOPE=80mm', ['pole']],
    ['INSTRUMENT=cam2', ['pole']],
    ['FILTER=None', ['bias', 'pole']],
    ['FILTER=None&FILTER=R', ['bias', 'far-11', 'near-9', 'pole']],
    ['RLEVEL=1', ['m31-red']],
    ['OBJECT=%20m%2031%20', ['dark', 'far-11', 'flat', 'm31', 'm31-red', 'pole']],
    ['OBJECT=50%25_', ['near-9']],
    ['OBJECT=_', ['near-9']],
    ['EXPTIME=100', ['dark']],
    ['night=2026-03-02', ['pole']],
    ['basename=M31', ['m31', 'm31-red']],
    ['basename=m31-red.fits.fz', ['m31-red']],
    ['REQNUM=1001', ['m31']],
    ['REQNUM=001001', ['m31']],
    ['OBSNUM=20260301-001', ['m31']],
    ['start=2026-03-01T22:00:00&end=2026-03-03', ['far-11', 'pole']],
    ['end=2026-03-01%2017:10', ['bias', 'dark']],
    ['RA=10.6847&DEC=41.269', ['m31', 'm31-red', 'near-9']],
    ['RA=10.6847&DEC=41.269&radius=0.2', ['far-11', 'm31', 'm31-red', 'near-9']],
    ['RA=00:42:44.33&DEC=%2B41:16:08.4&radius=0.01', ['m31', 'm31-red']],
    ['RA=217.95&DEC=89.9&radius=0.21', ['pole']],
    ['RA=10', Object.keys(NIGHT)],
    ['unknown=x&q=a', Object.keys(NIGHT)],
  ];
  test.each(cases)('%s', async (query, expected) => {
    const page = await list(query);
    expect(page.results.map((frame) => frame.basename).sort()).toEqual([...expected].sort());
    expect(page.count).toBe(expected.length);
  });
});

describe('a bad value is a 400 that names its parameter', () => {
  const cases = [
    'RLEVEL=x',
    'RLEVEL=1.5',
    'binning=foo',
    'binning=2',
    'EXPTIME=abc',
    'EXPTIME=nan',
    'night=foo',
    'night=2026-02-30',
    'start=foo',
    'end=2026-99-99',
    'RA=foo&DEC=1',
    'RA=1&DEC=91',
    'RA=1&DEC=1&radius=-1',
    'limit=abc',
    'offset=1.5',
    'sort=nope',
    'sort=related',
    'sort=__proto__',
    'order=sideways',
    'OBJECT=%00',
  ];
  test.each(cases)('%s', async (query) => {
    for (const path of ['/frames/', '/frames/zip/']) {
      const response = await archive.fetch(`${path}?${query}`);
      const body = (await response.json()) as Record<string, unknown>;
      expect([path, response.status]).toEqual([path, 400]);
      const parameter = query
        .split('&')
        .map((each) => each.replace(/=.*/, ''))
        .find((each) => each in body);
      expect(body).toHaveProperty(parameter ?? 'no parameter');
      expect(String(body.detail)).toContain(parameter);
    }
  });
});

test('sorting, paging and their ends', async () => {
  const order = async (query: string) => (await list(query)).results.map((frame) => frame.basename);
  expect((await order('sort=EXPTIME&order=desc'))[0]).toBe('dark');
  expect(await order('sort=id&limit=2&offset=1')).toEqual(['dark', 'flat']);
  expect((await order('night=2026-03-01'))[0]).toBe('bias');
  expect((await order('limit=1'))[0]).toBe('pole');
  expect(await order('ordering=-exposure_time,nonsense&limit=1')).toEqual(['dark']);
  expect((await list('limit=0')).results).toEqual([]);
  expect((await list('limit=0')).count).toBe(8);
  expect((await list('limit=-5&offset=-5')).results).toEqual([]);
  expect((await list('offset=99999999999999999999')).results).toEqual([]);
  const page = await list('limit=3&offset=3&SITE=hill&sort=id');
  expect(page.next).toBe(`${archive.url}/frames/?limit=3&offset=6&SITE=hill&sort=id`);
  expect(page.previous).toBe(`${archive.url}/frames/?limit=3&offset=0&SITE=hill&sort=id`);
  expect((await list('limit=3&offset=6')).next).toBeNull();
});

test('aggregate tells what there is to choose from, under the filters', async () => {
  expect(await archive.json('/frames/aggregate/')).toMatchObject({
    imagetypes: ['bias', 'dark', 'object', 'skyflat'],
    sites: ['hill', 'roof'],
    telescopes: ['0m5', '80mm'],
    instruments: ['cam1', 'cam2'],
    filters: ['None', 'R', 'V'],
    binnings: ['1x1', '2x2'],
  });
  expect(await archive.json('/frames/aggregate/?night=2026-03-02')).toMatchObject({
    filters: ['None'],
    sites: ['roof'],
  });
});

test('headers come as both dialects want them, of one HDU, or all cards in order with comments', async () => {
  const path = `/frames/${idOf('m31-red')}/headers/`;
  const both = await archive.json<{
    results: { key: string; value: unknown }[];
    data: Record<string, unknown>;
  }>(path);
  expect(both.results).toContainEqual({ key: 'OBJECT', value: 'M 31' });
  expect(both.data).toMatchObject({ EXPTIME: 30.5, NAXIS1: 32, EXTNAME: 'SCI' });
  const keys = both.results.map(({ key }) => key);
  expect(keys).toEqual([...keys].sort());
  const all = await archive.json<{
    hdus: { name: string; kind: string; cards: { key: string; comment: string }[] }[];
  }>(`${path}?hdu=all`);
  expect(all.hdus.map(({ name, kind }) => [name, kind])).toEqual([
    ['', 'image'],
    ['SCI', 'image'],
    ['CAT', 'bintable'],
  ]);
  expect(all.hdus[1]?.cards[0]).toMatchObject({ key: 'XTENSION' });
  const one = await archive.json<{ hdus: unknown[]; data: object }>(`${path}?hdu=2`);
  expect([one.hdus.length, one.data]).toEqual([1, expect.objectContaining({ TTYPE1: 'x' })]);
  expect((await archive.fetch(`${path}?hdu=9`)).status).toBe(400);
});

test('related frames, the catalogue as CSV, and nothing where there is none', async () => {
  const related = await archive.json<Frame[]>(`/frames/${idOf('m31-red')}/related/`);
  expect(related.map((frame) => frame.basename)).toEqual(['bias', 'dark', 'flat', 'm31']);
  const csv = await archive.fetch(`/frames/${idOf('m31-red')}/catalog/`);
  expect(csv.headers.get('content-type')).toMatch('text/comma-separated-values');
  expect(await csv.text()).toBe('x,flux,id\n1.5,0.5,7\n2,-3,8\n');
  expect(await (await archive.fetch(`/frames/${idOf('m31')}/catalog/`)).text()).toBe('');
});

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
  const file = bytes.get('m31') ?? Buffer.alloc(0);
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
  const { url } = await archive.json<Frame>(`/frames/${idOf('m31')}/`);
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
    expect(
      files
        .values()
        .next()
        .value?.equals(bytes.get('m31') ?? Buffer.alloc(0)),
    ).toBe(true);
  });

  unzipped(
    'of chosen frames, in every spelling, with a token in the header or in the body',
    async () => {
      const [a, b] = [String(idOf('m31')), String(idOf('bias'))];
      const form = (pairs: [string, string][]) => ({ body: new URLSearchParams(pairs) });
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
      for (const what of ['download', 'headers', 'preview', 'catalog']) {
        const response = await archive.fetch(`/frames/${id}/${what}/`);
        expect([what, response.status]).toEqual([what, 404]);
      }
      const files = await openZip(await archive.fetch('/frames/zip/?OBJECT=lost'));
      expect(String(files.get(`platevault-${day()}-1/MISSING.txt`))).toContain('lost.fits');
      expect((await archive.fetch(`/frames/${id}/delete`, { method: 'DELETE' })).status).toBe(200);
    },
  );
});

test('verbs and slashes: both forms work, others are 405, HEAD and OPTIONS are answered', async () => {
  const statusOf = async (method: string, path: string) =>
    (await archive.fetch(path, { method, redirect: 'manual' })).status;
  for (const path of [
    '/frames',
    '/frames/',
    '/frames/aggregate',
    `/frames/${idOf('m31')}`,
    `/frames/${idOf('m31')}/related`,
  ]) {
    expect([path, await statusOf('GET', path)]).toEqual([path, 200]);
    expect([path, await statusOf('HEAD', path)]).toEqual([path, 200]);
    expect([path, await statusOf('PUT', path)]).toEqual([path, 405]);
    expect([path, await statusOf('OPTIONS', path)]).toEqual([path, 200]);
  }
  expect(await statusOf('POST', '/frames/create')).toBe(200);
  expect(await statusOf('POST', '/create')).toBe(200);
  expect(await statusOf('GET', '/frames/create/')).toBe(405);
  expect(await statusOf('GET', `/frames/${idOf('m31')}/delete/`)).toBe(405);
  expect(await statusOf('POST', '/frames/')).toBe(405);
  for (const path of [
    '/frames/0/',
    '/frames/abc/',
    '/frames/1.5/',
    '/frames/99999999999999999999/',
    '/frames/-1/',
    '/nope/',
    '/.git/config',
  ]) {
    const response = await archive.fetch(path);
    expect([path, response.status, await response.json()]).toEqual([
      path,
      404,
      { detail: 'Not found.' },
    ]);
  }
});

test('an upload by JSON or without files is answered as the reference does', async () => {
  const json = await archive.json('/frames/create/', {
    method: 'POST',
    body: '{}',
    headers: { 'Content-Type': 'application/json' },
  });
  expect(json).toMatchObject({ created: 0, filenames: [] });
  const broken = await archive.fetch('/frames/create/', {
    method: 'POST',
    body: 'nonsense',
    headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
  });
  expect(broken.status).toBe(400);
});

test('health answers without credentials; pages of named origins may call the API', async () => {
  expect(await archive.json('/health/', { token: '' })).toMatchObject({ status: 'ok' });
  const preflight = await archive.fetch('/frames/', {
    method: 'OPTIONS',
    token: '',
    headers: { Origin: 'https://sky.example.org', 'Access-Control-Request-Method': 'GET' },
  });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
    204,
    'https://sky.example.org',
  ]);
  const stranger = await archive.fetch('/frames/', {
    headers: { Origin: 'https://evil.example.org' },
  });
  expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
});

test('names of the night are listed whatever their order', async () => {
  expect(await names('night=2026-03-01')).toEqual(
    Object.keys(NIGHT)
      .filter((name) => name !== 'pole')
      .sort(),
  );
});
