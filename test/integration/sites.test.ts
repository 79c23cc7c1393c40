import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCatalog } from '../../src/catalog/index.js';
import { loadConfig } from '../../src/config/index.js';
import { AS_IT_STANDS, createReader, loadProfiles } from '../../src/ingest/index.js';
import { openRoot } from '../../src/keeping/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { PROJECT_DIR, runProgram, startArchive, type TestArchive } from '../support/archive.js';
import { dumpRows } from '../support/rows.js';

const KAROO = {
  id: 'karoo',
  aliases: ['Sutherland'],
  latitudeDeg: -32.38,
  longitudeDeg: 20.81,
  elevationM: 1760,
  timeZone: 'Africa/Johannesburg',
};

let folder: string;
let archive: TestArchive;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-sites-'));
  const path = join(folder, 'sites.json');
  await writeFile(path, JSON.stringify({ sites: [KAROO] }));
  archive = await startArchive({ SITES_FILE: path });
});
afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
  await rm(folder, { recursive: true });
});

interface Row {
  id: number;
  SITEID: string;
  night: string;
  TEL_ALT: number | null;
  TEL_AZ: number | null;
  AIRMASS: number | null;
  LST: number | null;
  HA: number | null;
  SUNALT: number | null;
  SUNDIST: number | null;
  MOONALT: number | null;
  MOONFRAC: number | null;
  MOONDIST: number | null;
  computed: string[];
}

const SKY = ['TEL-ALT', 'TEL-AZ', 'SUNALT', 'SUNDIST', 'MOONALT', 'MOONFRAC', 'MOONDIST'];
const NOT_SAID = Object.fromEntries([...SKY, 'AIRMASS'].map((keyword) => [keyword, null]));

async function frameOf(name: string): Promise<Row> {
  const { results } = await archive.json<{ results: Row[] }>(`/frames/?basename=${name}`);
  const [row] = results;
  if (row === undefined) throw new Error(`there is no ${name}`);
  return row;
}

test('a frame of a site without a word of the sky is filed with altitude, airmass, Sun and Moon', async () => {
  const cards = {
    ...NOT_SAID,
    SITEID: 'Sutherland',
    FNAME: 'bare.fits',
    'TEL-RA': 120,
    'TEL-DEC': -10,
  };
  await archive.upload(pyobsFrame({ ...cards, 'DATE-OBS': '2026-03-01T22:00:00' }), 'bare.fits');
  const row = await frameOf('bare');
  expect(row.SITEID).toBe('karoo');
  expect([...row.computed].sort()).toEqual([...SKY, 'AIRMASS', 'LST', 'HA'].sort());
  // astropy 5.2, for the middle of 30.5 s, without refraction.
  expect(row.TEL_ALT).toBeCloseTo(54.2696, 1);
  expect(row.TEL_AZ).toBeCloseTo(301.7901, 1);
  expect(row.AIRMASS).toBeCloseTo(1.2318, 3);
  expect(row.LST).toBeCloseTo(10.0353, 3);
  expect(row.HA).toBeCloseTo(2.014, 3);
  expect(row.SUNALT).toBeCloseTo(-48.6425, 1);
  expect(row.MOONALT).toBeCloseTo(40.8098, 1);
  expect(row.MOONDIST).toBeCloseTo(35.7668, 1);
  expect(row.SUNDIST).toBeCloseTo(134.2887, 1);
  expect(row.MOONFRAC).toBeCloseTo(0.971, 3);
});

test('what a header says stays as it is, and a bias has no altitude', async () => {
  const said = { SITEID: 'karoo', 'DATE-OBS': '2026-03-01T23:00:00' };
  await archive.upload(pyobsFrame({ ...said, FNAME: 'said.fits', SUNALT: -1.5 }), 'said.fits');
  const row = await frameOf('said');
  expect([row.SUNALT, row.computed.includes('SUNALT')]).toEqual([-1.5, false]);
  expect(row.computed).toContain('MOONALT');
  const bias = { ...NOT_SAID, ...said, FNAME: 'bias.fits', IMAGETYP: 'bias' };
  await archive.upload(pyobsFrame(bias), 'bias.fits');
  expect(await frameOf('bias')).toMatchObject({ TEL_ALT: null, AIRMASS: null, MOONDIST: null });
  const { SUNALT, computed } = await frameOf('bias');
  expect(SUNALT).toBeLessThan(-18);
  expect(computed).toEqual(['LST', 'SUNALT', 'MOONALT', 'MOONFRAC']);
});

async function framesOf(path: string): Promise<readonly string[] | undefined> {
  const catalog = openCatalog(`sqlite:${path}`);
  try {
    return (await dumpRows(catalog)).frames;
  } finally {
    await catalog.close();
  }
}

test('a stored file is compared with the sky, with what people have put right', async () => {
  const clock = {
    SITEID: 'karoo',
    'DATE-OBS': '2026-03-02T00:00:00',
    'TEL-RA': 120,
    'TEL-DEC': -10,
  };
  // The altitude and the azimuth of 22:00: the computer had local time.
  const file = pyobsFrame({ ...clock, FNAME: 'late.fits', 'TEL-ALT': 54.27, 'TEL-AZ': 301.79 });
  await archive.upload(file, 'late.fits');
  const { config } = loadConfig(
    { DATA_DIR: archive.dataDir, SITES_FILE: join(folder, 'sites.json') },
    join(PROJECT_DIR, 'config'),
  );
  const profiles = await loadProfiles([join(PROJECT_DIR, 'config', 'mapping')]);
  const catalog = openCatalog(config.DATABASE_URL);
  try {
    const store = await openRoot(catalog, config.ARCHIVE_ROOT);
    const pool = { run: () => Promise.reject(new Error('plain files only')) };
    const reader = createReader({ config, store, profiles, pool });
    const key = 'karoo/2026-03-01/late.fits';
    const found = await reader.skyFindings(key, AS_IT_STANDS);
    expect(found).toMatchObject([{ code: 'wrong-clock', level: 'warning' }]);
    expect(found[0]?.text).toMatch(/altitude 54\.3°, not 30\.4°; .* would be right 2 h earlier/);
    const overrides = new Map([['DATE-OBS', '2026-03-01T22:00:00']]);
    expect(await reader.skyFindings(key, { overrides, profile: null })).toEqual([]);
  } finally {
    await catalog.close();
  }
});

test('values that were worked out can be asked for, and are the same after a reindex', async () => {
  const namesOf = async (query: string): Promise<string[]> => {
    type Named = { results: { basename: string }[] };
    const { results } = await archive.json<Named>(`/frames/?sort=id&order=asc&${query}`);
    return results.map(({ basename }) => basename);
  };
  expect(await namesOf('TEL_ALT__gte=50&SITE=karoo')).toEqual(['bare', 'late']);
  expect(await namesOf('airmass__gt=1.3&SITE=karoo')).toEqual(['late']);
  expect(await namesOf('LST__gte=11&SITE=karoo')).toEqual(['said', 'bias', 'late']);
  expect(await namesOf('HA__gte=1&HA__lt=2.5&SITE=karoo')).toEqual(['bare']);
  expect(await namesOf('MOONALT__gt=90')).toEqual([]);
  const wrong = await archive.fetch('/frames/?AIRMASS__lt=low');
  expect(wrong.status).toBe(400);
  await archive.stop();
  const path = join(archive.dataDir, 'platevault.sqlite');
  const before = await framesOf(path);
  for (const end of ['', '-wal', '-shm']) {
    await rm(path + end, { force: true });
  }
  const made = await archive.run(['reindex']);
  expect(made.stderr).toBe('');
  expect(made.stdout).toMatch(/4 frames that the journal knows and 0 files/);
  expect(before).toHaveLength(4);
  expect(await framesOf(path)).toEqual(before);
  await archive.restart();
});

test('a bad site stops the start, and says which and why', async () => {
  const path = join(folder, 'bad.json');
  await writeFile(path, JSON.stringify({ sites: [{ ...KAROO, latitudeDeg: 'south' }] }));
  const { status, stderr } = await runProgram(['config'], { SITES_FILE: path, DATA_DIR: folder });
  expect(status).not.toBe(0);
  expect(stderr).toContain(`${path}: site 'karoo'.latitudeDeg must be a number from -90 to 90`);
});
