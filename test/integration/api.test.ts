import type { TestArchive } from '../support/archive.js';
import { NIGHT, startNight, type TestNight } from '../support/night.js';

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

let night: TestNight;
let archive: TestArchive;

beforeAll(async () => {
  night = await startNight({ CORS_ALLOWED_ORIGINS: 'https://sky.example.org' });
  ({ archive } = night);
});
afterAll(() => archive.close());

const list = (query: string) => archive.json<List>(`/frames/?${query}`);
const names = async (query: string) =>
  (await list(query)).results.map((frame) => frame.basename).sort();
const idOf = (name: string): number => night.idOf(name);

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
    size: night.bytesOf('m31').length,
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

test('related frames are left out on request', async () => {
  for (const path of ['/frames/?limit=1', `/frames/?limit=1&pagination_style=cursor`]) {
    const { results } = await archive.json<List>(`${path}&include_related_frames=False`);
    expect(results[0]).toHaveProperty('basename');
    expect(results[0]).not.toHaveProperty('related_frames');
  }
  const path = `/frames/${idOf('m31')}/?include_related_frames=`;
  expect(await archive.json(`${path}false`)).not.toHaveProperty('related_frames');
  expect(await archive.json(`${path}true`)).toHaveProperty('related_frames');
  expect((await archive.fetch(`${path}some`)).status).toBe(400);
});

test('sorting, paging and their ends', async () => {
  const order = async (query: string) => (await list(query)).results.map((frame) => frame.basename);
  expect((await order('sort=EXPTIME&order=desc'))[0]).toBe('dark');
  expect(await order('sort=id&limit=2&offset=1')).toEqual(['dark', 'flat']);
  expect((await order('night=2026-03-01'))[0]).toBe('bias');
  expect((await order('limit=1'))[0]).toBe('pole');
  expect(await order('ordering=-exposure_time,nonsense&limit=1')).toEqual(['dark']);
  const byTwo = (await list('ordering=instrument_id,nonsense,-basename')).results;
  const onFirst = ['near-9', 'm31-red', 'm31', 'flat', 'far-11', 'dark', 'bias'];
  expect(byTwo.map(({ basename }) => basename)).toEqual([...onFirst, 'pole']);
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
  // Addresses of pages alone say the same of theirs.
  for (const path of ['/docs/api/', '/keys/', '/tonight', '/admin/users/1/role/']) {
    expect([path, await statusOf('PUT', path)]).toEqual([path, 405]);
    expect([path, await statusOf('OPTIONS', path)]).toEqual([path, 200]);
  }
  const { headers } = await archive.fetch('/accounts/login/', { method: 'DELETE' });
  expect(headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
  expect(await statusOf('GET', '/frames/zip/tile/1/1/')).toBe(404);
  expect(await statusOf('HEAD', '/')).toBe(await statusOf('GET', '/'));
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
