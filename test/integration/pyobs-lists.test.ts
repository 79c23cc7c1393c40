/** Lists of the pyobs dialect, line by line, where the recordings do not reach. */
import { join } from 'node:path';
import { insertFramesInBulk, openCatalog } from '../../src/catalog/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { NIGHT, startNight, type TestNight } from '../support/night.js';

interface List {
  count: number;
  results: { id: number; basename: string; url: string; [key: string]: unknown }[];
}

/** Of bias and dark frames the API does not show what these are sorted by. */
const HIDDEN = new Set(['OBJECT', 'FILTER']);

let night: TestNight;
let archive: TestArchive;

beforeAll(async () => {
  night = await startNight({
    CORS_ALLOWED_ORIGINS: 'https://a.example.org, https://b.example.org',
  });
  ({ archive } = night);
});
afterAll(() => archive.close());

/** By value; frames without one stand last either way. */
function compare(a: unknown, b: unknown, sign: number): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  const [x, y] = [a, b] as [string, string];
  return x < y ? -sign : sign;
}

const list = (query: string) => archive.json<List>(`/frames/?${query}`);
const order = async (query: string) => (await list(query)).results.map(({ basename }) => basename);
const ask = (method: string, path: string, init: Parameters<TestArchive['fetch']>[1] = {}) =>
  archive.fetch(path, { method, redirect: 'manual', ...init });

describe('parameters', () => {
  const FILTERS = [
    'IMAGETYPE',
    'binning',
    'SITE',
    'TELESCOPE',
    'INSTRUMENT',
    'FILTER',
    'RLEVEL',
    'OBJECT',
    'EXPTIME',
    'night',
    'basename',
    'REQNUM',
    'OBSNUM',
    'start',
    'end',
    'RA',
    'DEC',
    'radius',
  ];
  const everything = Object.keys(NIGHT).length;

  test('an empty value means no filter, each alone and all together; ALL does for a choice', async () => {
    for (const name of FILTERS) {
      for (const value of ['', '%20', '+']) {
        expect([name, value, (await list(`${name}=${value}`)).count]).toEqual([
          name,
          value,
          everything,
        ]);
      }
    }
    const page = FILTERS.map((name) => `${name}=`).join('&');
    expect((await list(`q=a&search=&limit=&offset=&sort=&order=&${page}`)).count).toBe(everything);
    for (const name of FILTERS.slice(0, 7)) {
      expect([name, (await list(`${name}=ALL`)).count]).toEqual([name, everything]);
      const options = await archive.json<{ sites: string[] }>(`/frames/aggregate/?${name}=ALL`);
      expect(options.sites).toEqual(['hill', 'roof']);
    }
  });

  test('only one of RA and DEC is no filter', async () => {
    expect((await list('RA=10.6847&DEC=')).count).toBe(everything);
    expect((await list('DEC=41.269')).count).toBe(everything);
  });

  test('times with T, blank or Z, with and without seconds; both ends count', async () => {
    for (const time of [
      '2026-03-01T22:00:00',
      '2026-03-01+22:00',
      '2026-03-01T22:00:00Z',
      '2026-03-01T22:00:00.000',
      '2026-03-02T00:00:00%2B02:00',
    ]) {
      expect([time, await order(`start=${time}&end=${time}`)]).toEqual([time, ['far-11']]);
    }
    expect(await order('start=2026-03-02')).toEqual(['pole']);
    expect(await order('end=2026-03-02&start=2026-03-01T22:00:00')).toEqual(['far-11']);
  });

  test('limit and offset: clipped, 0 is the count alone, nonsense is 400', async () => {
    expect(await list('limit=0')).toMatchObject({ count: everything, results: [] });
    expect(await list('limit=-1&offset=-1')).toMatchObject({ count: everything, results: [] });
    expect((await list('limit=99999999999999999999')).results).toHaveLength(everything);
    expect((await list('offset=99999999999999999999')).results).toEqual([]);
    for (const query of ['limit=abc', 'limit=2.5', 'offset=x', 'offset=1e3', 'limit=0x10']) {
      const answer = await ask('GET', `/frames/?${query}`);
      expect([query, answer.status, await answer.json()]).toMatchObject([
        query,
        400,
        { detail: 'Invalid values for offset/limit.' },
      ]);
    }
  });

  test('a hundred without limit, a thousand for clients of pyobs, and never more', async () => {
    const crowd = await startArchive();
    try {
      const catalog = openCatalog(`sqlite:${join(crowd.dataDir, 'platevault.sqlite')}`);
      await insertFramesInBulk(
        catalog,
        Array.from({ length: 1100 }, (_, row) => catalogFrame(`row-${row}`)),
      );
      await catalog.close();
      const rows: [string, number][] = [
        ['', 100],
        ['RLEVEL=0', 100],
        ['SITE=', 1000],
        ['order=asc', 1000],
        ['night=2026-03-01', 1000],
        ['limit=5000', 1000],
      ];
      for (const [query, length] of rows) {
        const page = await crowd.json<List>(`/frames/?${query}`);
        expect([query, page.count, page.results.length]).toEqual([query, 1100, length]);
      }
    } finally {
      await crowd.close();
    }
  });
});

describe('order', () => {
  const FIELDS =
    'id basename path SITEID TELID INSTRUME IMAGETYP RLEVEL DATE_OBS night OBJECT TEL_RA TEL_DEC vec_x vec_y vec_z TEL_ALT TEL_AZ TEL_FOCU SUNALT SUNDIST MOONALT MOONFRAC MOONDIST AIRMASS LST HA EXPTIME FILTER XBINNING YBINNING XORGSUBF YORGSUBF width height DATAMEAN REQNUM OBSNUM binning OBSTYPE'.split(
      ' ',
    );

  test.each(FIELDS)('sort=%s: in order both ways, equal ones by id, each once', async (field) => {
    const get = async (query: string) => (await list(`sort=${field}${query}`)).results;
    const ids = (frames: List['results']) => frames.map(({ id }) => id);
    for (const [direction, sign] of [
      ['asc', 1],
      ['desc', -1],
    ] as const) {
      const frames = await get(`&order=${direction}`);
      expect(ids(frames).sort((a, b) => a - b)).toEqual(
        Object.keys(NIGHT).map((name) => night.idOf(name)),
      );
      const parts = [0, 3, 6].map((offset) => get(`&order=${direction}&limit=3&offset=${offset}`));
      expect((await Promise.all(parts)).flatMap(ids)).toEqual(ids(frames));
      if (HIDDEN.has(field) || !(field in (frames[0] ?? {}))) continue;
      const sorted = [...frames].sort((a, b) => compare(a[field], b[field], sign) || a.id - b.id);
      expect(ids(frames)).toEqual(ids(sorted));
    }
    expect(ids(await get(''))).toEqual(ids(await get('&order=asc')));
  });

  test('oldest first with a parameter of pyobs, newest first without; ordering wins over sort', async () => {
    const oldest = (await order('sort=DATE_OBS'))[0];
    const newest = (await order('sort=DATE_OBS&order=desc'))[0];
    expect([oldest, newest]).toEqual(['bias', 'pole']);
    const rules: [string, string | undefined][] = [
      ['', newest],
      ['limit=3', newest],
      ['RLEVEL=', newest],
      ['basename=', newest],
      ['start=2026-01-01', newest],
      ['SITE=', oldest],
      ['order=asc', oldest],
      ['order=desc', newest],
      ['sort=', oldest],
      ['IMAGETYPE=ALL', oldest],
      ['ordering=observation_date', oldest],
      ['ordering=-observation_date&SITE=', newest],
      ['ordering=-observation_date&sort=DATE_OBS&order=asc', newest],
      ['ordering=nonsense', newest],
      ['order=DATE_OBS&asc=true', oldest],
      ['order=DATE_OBS&asc=false', newest],
      ['order=DATE_OBS', oldest],
    ];
    for (const [query, first] of rules)
      expect([query, (await order(query))[0]]).toEqual([query, first]);
  });

  test('what is no column or no direction is 400', async () => {
    const bad: [string, string][] = [
      ['sort=nope', 'sort'],
      ['sort=-id', 'sort'],
      ['sort=related', 'sort'],
      ['sort=frame', 'sort'],
      ['sort=constructor', 'sort'],
      ['order=DESC', 'order'],
      ['order=sideways', 'order'],
    ];
    for (const [query, name] of bad) {
      const answer = await ask('GET', `/frames/?${query}`);
      const detail = `Invalid value for ${name}.`;
      expect([query, answer.status, await answer.json()]).toEqual([
        query,
        400,
        { detail, [name]: [detail] },
      ]);
    }
  });
});

describe('addresses in answers', () => {
  test('url is absolute, says download once, opens its own frame without a token, and no other', async () => {
    const { results } = await list('');
    for (const { id, url } of results) {
      expect(url).toMatch(new RegExp(`^${archive.url}/frames/${id}/download/\\?`));
      expect(url.split('download')).toHaveLength(2);
    }
    const [first, second] = results;
    expect((await fetch(first!.url)).status).toBe(200);
    const other = first!.url.replace(`/${first!.id}/`, `/${second!.id}/`);
    const forged = await fetch(other);
    expect([forged.status, forged.headers.get('www-authenticate')]).toEqual([401, 'Token']);
    // With a token it does not matter what else is in the address, as for headers.
    expect((await archive.fetch(other)).status).toBe(200);
    const headers = first!.url.replaceAll('download', 'headers');
    expect((await archive.fetch(headers)).status).toBe(200);
    expect((await fetch(headers)).status).toBe(401);
  });

  test('behind a proxy with a path, the public address is used', async () => {
    const behind = await startArchive({ HTTP_ROOT: 'https://sky.example.org/archive' });
    try {
      await behind.upload(pyobsFrame(), 'a.fits');
      const [frame] = (await behind.json<List>('/frames/')).results;
      expect(frame?.url).toMatch(/^https:\/\/sky\.example\.org\/archive\/frames\/1\/download\/\?/);
    } finally {
      await behind.close();
    }
  });

  test('pages of the origins in the list may call the API with credentials, others may not', async () => {
    for (const origin of [
      'https://a.example.org',
      'https://b.example.org',
      'https://c.example.org',
      'null',
    ]) {
      const allowed = /\/\/[ab]\./.test(origin) ? origin : null;
      const get = await ask('GET', '/frames/', { headers: { Origin: origin } });
      expect([get.headers.get('access-control-allow-origin'), get.headers.get('vary')]).toEqual([
        allowed,
        expect.stringMatching('Origin'),
      ]);
      const headers = {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization',
      };
      const preflight = await ask('OPTIONS', '/frames/create/', { token: '', headers });
      expect(preflight.headers.get('access-control-allow-origin')).toBe(allowed);
      if (allowed !== null)
        expect(preflight.headers.get('access-control-allow-methods')).toMatch('POST');
    }
  });
});
