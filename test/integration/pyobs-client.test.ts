/** What pyobs-core does with an archive, flow by flow (contract B.1, B.2 and the checks of B.4). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  insertFramesInBulk,
  listQuarantined,
  openCatalog,
  OPERATOR,
  type Catalog,
  type NewFrame,
} from '../../src/catalog/index.js';
import { formatCards, openFits, readPlane, type WriteHdu } from '../../src/fits/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { rawFits } from '../fixtures/make-fits.js';
import { pyobsCards, pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { createPyobsClient, type PyobsClient, type Query } from '../support/pyobs-client.js';

let archive: TestArchive;
let pyobs: PyobsClient;

beforeAll(async () => {
  archive = await startArchive();
  pyobs = clientOf(archive);
});
afterAll(() => archive.close());

const clientOf = (target: TestArchive): PyobsClient =>
  createPyobsClient(`${target.url}/`, target.adminToken);

const image = (name: string, cards: Parameters<typeof pyobsFrame>[0] = {}, seed = 1) => ({
  name: `${name}.fits`,
  bytes: pyobsFrame({ FNAME: `${name}.fits`, ...cards }, { seed }),
});

const namesOf = async (query: Query) =>
  (await pyobs.listFrames(query)).map(({ basename }) => basename).sort();

async function fill(target: TestArchive, frames: Iterable<NewFrame>): Promise<void> {
  const catalog: Catalog = openCatalog(`sqlite:${join(target.dataDir, 'platevault.sqlite')}`);
  try {
    await insertFramesInBulk(catalog, frames);
  } finally {
    await catalog.close();
  }
}

describe('1: the virtual file system', () => {
  const places: [string, () => string][] = [
    ['with a slash at the end of its url', () => `${archive.url}/`],
    ['without one', () => archive.url],
    [
      'by the name of a host, with the cookies that are then kept',
      () => `http://localhost:${archive.port}`,
    ],
  ];
  test.each(places)('%s', async (where, url) => {
    const client = createPyobsClient(url(), archive.adminToken, {
      keepsCookies: where.includes('cookies'),
    });
    await client.writeFile(image(`vfs-${places.findIndex(([each]) => each === where)}`));
    // The root redirects to the log-in page, and its cookie is that of the last answer.
    expect(client.requests).toEqual(['GET /', 'GET /accounts/login/', 'POST /frames/create/']);
  });

  test('a bad token: the cookie is there all the same, and the refusal is told', async () => {
    const stranger = createPyobsClient(`${archive.url}/`, '0'.repeat(40));
    await expect(stranger.writeFile(image('stranger'))).rejects.toThrow(
      /status 401.*Invalid token/,
    );
    await expect(stranger.listFrames({})).rejects.toThrow(/status 401.*Invalid token/);
  });

  test('every answer on the way has both cookies, also if the request had them', async () => {
    for (const accept of ['*/*', 'application/json', 'text/html']) {
      for (const path of ['/', '/accounts/login/?next=/', '/accounts/login']) {
        const headers = { Accept: accept, Cookie: 'csrftoken=old; archive_csrftoken=old' };
        const answer = await fetch(archive.url + path, { redirect: 'manual', headers });
        const cookies = answer.headers.getSetCookie().map((cookie) => cookie.replace(/=.*/, ''));
        expect([accept, path, cookies]).toEqual([accept, path, ['csrftoken', 'archive_csrftoken']]);
      }
    }
  });
});

test('2: the same file twice is one row, and created both times; other bytes are what is served', async () => {
  const first = image('twice');
  const second = image('twice', {}, 2);
  expect(await pyobs.uploadFrames([first])).toBe(1);
  expect(await pyobs.uploadFrames([first])).toBe(1);
  expect(await pyobs.uploadFrames([second])).toBe(1);
  const frames = await pyobs.listFrames({ basename: 'twice' });
  expect(frames.map(({ basename }) => basename)).toEqual(['twice']);
  expect((await pyobs.downloadFrame(frames[0]!)).equals(second.bytes)).toBe(true);
});

test('3: a file without DATE-OBS is 200 with nothing created, and the client is told why', async () => {
  const bad = image('undated', { 'DATE-OBS': null });
  await expect(pyobs.uploadFrames([bad])).rejects.toThrow(
    'ValueError: ["Could not find DATE-OBS in FITS header."]',
  );
});

describe('4: lists of many pages', () => {
  const ROWS = 2500;
  const rows = function* (changes: (row: number) => Parameters<typeof catalogFrame>[1]) {
    for (let row = 0; row < ROWS; row += 1) yield catalogFrame(`row-${row}`, changes(row));
  };

  test('2500 rows come in three pages, each row once, in order', async () => {
    await fill(
      archive,
      rows((row) => ({ siteId: 'many', dateObsMs: Date.UTC(2026, 3, 1) + (row % 7) })),
    );
    const client = clientOf(archive);
    const frames = await client.listFrames({ SITE: 'many' });
    expect(client.requests).toHaveLength(3);
    expect(new Set(frames.map(({ basename }) => basename)).size).toBe(ROWS);
    const times = frames.map(({ dateObs }) => Date.parse(dateObs));
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test('with rows that the viewer may not see: count is what is delivered', async () => {
    const open = await startArchive({ ANONYMOUS: 'public' });
    try {
      const day = 86_400_000;
      await fill(
        open,
        rows((row) => ({ publicDateMs: Date.now() + (row % 5 === 0 ? day : -day) })),
      );
      let delivered = 0;
      for (let pages = 0; pages < 4; pages += 1) {
        const page = await open.json<{ count: number; results: unknown[] }>(
          `/frames/?night=2026-03-01&limit=1000&offset=${delivered}`,
          { token: '' },
        );
        expect(page.count).toBe(2000);
        delivered += page.results.length;
      }
      expect(delivered).toBe(2000);
      expect(await clientOf(open).listFrames({ night: '2026-03-01' })).toHaveLength(ROWS);
    } finally {
      await open.close();
    }
  });
});

describe('a night with a pipeline', () => {
  const NIGHT = '2026-05-01';
  const at = (time: string) => ({
    'DATE-OBS': `${NIGHT}T${time}`,
    'DAY-OBS': NIGHT,
    SITEID: 'pipe',
  });

  beforeAll(async () => {
    await pyobs.uploadFrames([
      image('p-bias', { ...at('18:00:00'), IMAGETYP: 'bias', FILTER: null, EXPTIME: 0 }),
      image('p-flat', { ...at('18:10:00'), IMAGETYP: 'skyflat', FILTER: "Sloan r'" }),
      image('p-sci1', {
        ...at('20:00:00.123'),
        FILTER: "Sloan r'",
        OBSNUM: '20260501-001',
        REQNUM: '42',
      }),
      image('p-sci2', {
        ...at('21:00:00'),
        FILTER: 'V',
        OBSNUM: '20260501-002',
        XBINNING: 2,
        YBINNING: 2,
      }),
      image('p-far', { ...at('22:00:00'), INSTRUME: 'cam2', TELID: '1m2', FILTER: 'V' }),
    ]);
    await pyobs.uploadFrames([
      image('p-red', {
        ...at('20:00:00.123'),
        RLEVEL: 1,
        FILTER: "Sloan r'",
        L1BIAS: 'p-bias',
        L1RAW: 'p-sci1',
        L1AVG001: 'p-sci1',
      }),
    ]);
  });

  test('5: the options of a night have their keys, and None for frames without a filter', async () => {
    expect(await pyobs.listOptions({ night: NIGHT })).toMatchObject({
      instruments: ['cam1', 'cam2'],
      binnings: ['1x1', '2x2'],
      filters: ['None', "Sloan r'", 'V'],
      imagetypes: ['bias', 'object', 'skyflat'],
      sites: ['pipe'],
      telescopes: ['0m5', '1m2'],
    });
    expect(await pyobs.listOptions({ night: '1999-01-01' })).toMatchObject({
      instruments: [],
      filters: [],
    });
  });

  test('7 and 8: headers by the address of the download; times that astropy reads', async () => {
    const [frame] = await pyobs.listFrames({ basename: 'p-sci1' });
    expect(await pyobs.downloadHeader(frame!)).toMatchObject({
      FNAME: 'p-sci1.fits',
      EXPTIME: 30.5,
      FILTER: "Sloan r'",
    });
    expect(frame!.dateObs).toBe('2026-05-01T20:00:00.123Z');
    for (const { dateObs } of await pyobs.listFrames({ night: NIGHT })) {
      expect(dateObs).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/);
    }
  });

  const all = ['p-bias', 'p-far', 'p-flat', 'p-red', 'p-sci1', 'p-sci2'];
  const cases: [Query, string[]][] = [
    [{ night: NIGHT }, all],
    [{ SITE: 'pipe' }, all],
    [{ SITE: 'pipe', TELESCOPE: '1m2' }, ['p-far']],
    [{ night: NIGHT, INSTRUMENT: 'cam2' }, ['p-far']],
    [{ night: NIGHT, IMAGETYPE: 'bias' }, ['p-bias']],
    [{ night: NIGHT, IMAGETYPE: 'skyflat' }, ['p-flat']],
    [{ night: NIGHT, IMAGETYPE: 'guiding' }, []],
    [{ night: NIGHT, binning: '2x2' }, ['p-sci2']],
    [{ night: NIGHT, FILTER: "Sloan r'" }, ['p-flat', 'p-red', 'p-sci1']],
    [{ night: NIGHT, FILTER: 'None' }, ['p-bias']],
    [{ night: NIGHT, RLEVEL: 1 }, ['p-red']],
    [
      { night: NIGHT, RLEVEL: 0, INSTRUMENT: 'cam1', binning: '1x1', FILTER: "Sloan r'" },
      ['p-flat', 'p-sci1'],
    ],
    [
      { start: `${NIGHT}T20:00:00.123`, end: `${NIGHT}T21:00:00.000` },
      ['p-red', 'p-sci1', 'p-sci2'],
    ],
    [{ start: '2026-04-20T00:00:00.000', RLEVEL: 1, IMAGETYPE: 'object' }, ['p-red']],
    // 11: the frames of an observation: its number counts anew each night.
    [
      { OBSNUM: '20260501-001', start: `${NIGHT}T12:00:00.000`, end: '2026-05-02T12:00:00.000' },
      ['p-sci1'],
    ],
    [{ OBSNUM: '20260501-001', start: '2026-05-02T12:00:00.000' }, []],
    [{ REQNUM: '42' }, ['p-sci1']],
  ];
  test.each(cases)('9 and 11: %j', async (query, expected) => {
    expect(await namesOf(query)).toEqual(expected);
  });

  test('what the client sends for a filter with a blank and a quote is understood', async () => {
    const page = await archive.json<{ count: number }>(`/frames/?night=${NIGHT}&FILTER=Sloan+r'`);
    expect(page.count).toBe(3);
  });

  test('products name what they were made of', async () => {
    const [product] = await pyobs.listFrames({ basename: 'p-red' });
    const related = await archive.json<{ basename: string }[]>(`/frames/${product!.id}/related/`);
    expect(related.map(({ basename }) => basename)).toEqual(['p-bias', 'p-sci1']);
  });
});

test('6: a packed file with SCI, CAT, MASK and UNCERT is read back whole', async () => {
  const packing = await startArchive({ COMPRESS: 'rice' });
  const folder = mkdtempSync(join(tmpdir(), 'platevault-pyobs-'));
  try {
    const plane = (name: string): WriteHdu => ({
      cards: [['EXTNAME', name]],
      image: { axes: [256, 128], bitpix: 16, pixels: new Uint16Array(32_768).fill(name.length) },
    });
    const table = { name: 'CAT', columns: [{ name: 'x', form: 'D', values: [1.5] }] } as const;
    const extensions: WriteHdu[] = [{ cards: [], table }, plane('MASK'), plane('UNCERT')];
    const bytes = pyobsFrame(
      { FNAME: 'product.fits', RLEVEL: 1 },
      { width: 256, height: 128, extensions },
    );
    const client = clientOf(packing);
    await client.uploadFrames([{ name: 'product.fits', bytes }]);
    const [frame] = await client.listFrames({ RLEVEL: 1 });
    const path = join(folder, 'product.fits.fz');
    writeFileSync(path, await client.downloadFrame(frame!));
    const received = await openFits(path);
    expect(received.hdus.map(({ name, kind }) => [name, kind])).toEqual([
      ['', 'image'],
      ['SCI', 'compressed-image'],
      ['CAT', 'bintable'],
      ['MASK', 'compressed-image'],
      ['UNCERT', 'compressed-image'],
    ]);
    expect([...(await readPlane(received, received.hdus[4]!)).pixels.slice(0, 3)]).toEqual([
      6, 6, 6,
    ]);
    await received.close();
  } finally {
    await packing.close();
    rmSync(folder, { recursive: true });
  }
});

test('10: 60 MB are taken within the 30 s of the client while pictures are drawn', async () => {
  const cards = Object.entries(pyobsCards({ FNAME: 'large.fits' })).flatMap(formatCards);
  const structure = [
    ['SIMPLE', 'T'],
    ['BITPIX', '16'],
    ['NAXIS', '2'],
    ['NAXIS1', '6000'],
    ['NAXIS2', '5000'],
  ].map(([key = '', value = '']) => `${key.padEnd(8)}= ${value.padStart(20)}`);
  const bytes = rawFits({ cards: [...structure, ...cards], data: Buffer.alloc(60_000_000, 'sky') });
  expect(bytes.length).toBeGreaterThan(60_000_000);
  await pyobs.uploadFrames([image('small')]);
  const [small] = await pyobs.listFrames({ basename: 'small' });
  const pictures = Array.from({ length: 20 }, (_, index) =>
    archive.fetch(`/frames/${small!.id}/preview/?width=${200 + index}`).then(async (answer) => {
      await answer.arrayBuffer();
      return answer.status;
    }),
  );
  const began = Date.now();
  expect(await pyobs.uploadFrames([{ name: 'large.fits', bytes }])).toBe(1);
  expect(Date.now() - began).toBeLessThan(30_000);
  expect(new Set(await Promise.all(pictures))).toEqual(new Set([200]));
});

test('12: of three files two are created, and the bad one waits in quarantine with its reason', async () => {
  const bad = image('three-bad', { 'DATE-OBS': 'never' });
  expect(await pyobs.uploadFrames([image('three-1'), bad, image('three-2', {}, 2)])).toBe(2);
  const catalog = openCatalog(`sqlite:${join(archive.dataDir, 'platevault.sqlite')}`);
  try {
    const waiting = await listQuarantined(catalog, {}, OPERATOR);
    expect(waiting.find(({ uploadName }) => uploadName === 'three-bad.fits')).toMatchObject({
      reason: expect.stringMatching(/DATE-OBS/) as unknown,
    });
  } finally {
    await catalog.close();
  }
  expect(await namesOf({ basename: 'three' })).toEqual(['three-1', 'three-2']);
});
