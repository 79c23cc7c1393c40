import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSite, horizonAt, loadConfig, type Site } from '../../../src/config/index.js';
import { PROJECT_DIR } from '../../support/archive.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'platevault-sites-'));
  mkdirSync(join(folder, 'config'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const HILL = { id: 'hill', latitudeDeg: 51.5, longitudeDeg: 9.9 };

function write(name: string, ...sites: object[]): string {
  const path = join(folder, 'config', name);
  writeFileSync(path, JSON.stringify({ sites }));
  return path;
}

function sitesOf(env: Record<string, string> = {}): readonly Site[] {
  return loadConfig({ DATA_DIR: folder, ...env }, join(folder, 'config')).config.sites;
}

function problemsOf(env: Record<string, string> = {}): string[] {
  try {
    sitesOf(env);
  } catch (error) {
    return (error as { data: { problems: string[] } }).data.problems;
  }
  return [];
}

test('without a file the settings are the one site, unless nobody set its place', () => {
  expect(sitesOf()).toEqual([]);
  const set = { SITE_ID: 'roof', SITE_NAME: 'Roof', SITE_LATITUDE: '-33', SITE_LONGITUDE: '18' };
  expect(sitesOf(set)).toEqual([
    {
      id: 'roof',
      aliases: [],
      name: 'Roof',
      latitudeDeg: -33,
      longitudeDeg: 18,
      elevationM: 0,
      timeZone: null,
      horizon: [{ azDeg: 0, altDeg: 0 }],
      darkSunAltDeg: -18,
    },
  ]);
});

test('the one site has its time zone from the settings, and a name that is none is refused', () => {
  const set = { SITE_LATITUDE: '51.5', SITE_LONGITUDE: '9.9' };
  const [site] = sitesOf({ ...set, SITE_TIME_ZONE: 'europe/berlin' });
  expect(site?.timeZone).toBe('Europe/Berlin');
  expect(problemsOf({ ...set, SITE_TIME_ZONE: 'Berlin' })).toEqual([
    expect.stringMatching(/^SITE_TIME_ZONE .*such as `Europe\/Berlin`/),
  ]);
});

test('a site of a file is taken in place of that of the settings, and found by its aliases', () => {
  write('sites.json', { ...HILL, aliases: ['Goettingen'], timeZone: 'Europe/Berlin' });
  const sites = sitesOf({ SITE_ID: 'HILL', SITE_LATITUDE: '10', SITE_LONGITUDE: '20' });
  expect(sites.map(({ id, latitudeDeg }) => [id, latitudeDeg])).toEqual([['hill', 51.5]]);
  expect(findSite(sites, ' goettingen ')).toMatchObject({ id: 'hill', timeZone: 'Europe/Berlin' });
  expect(findSite(sites, 'coj')).toBeUndefined();
});

test('the file of the setting wins over that of the program, site by site', () => {
  write('sites.json', HILL, { ...HILL, id: 'roof' });
  const own = write('own.example.json', { ...HILL, elevationM: 200 }, { ...HILL, id: 'desert' });
  const found = sitesOf({ SITES_FILE: own }).map(({ id, elevationM }) => [id, elevationM]);
  expect(found).toEqual([
    ['hill', 200],
    ['roof', 0],
    ['desert', 0],
  ]);
});

test('every fault of every site is named at once', () => {
  const path = write(
    'sites.json',
    { ...HILL, latitudeDeg: 91, timeZone: 'Europe/Nowhere', hight: 3 },
    {
      id: 'roof',
      longitudeDeg: '9',
      latitudeDeg: 1,
      aliases: 'x',
      horizon: [[10, 5], [10, 6], [400, 1], 7],
    },
    { latitudeDeg: 0, longitudeDeg: 0, horizon: [], darkSunAltDeg: 18 },
    { ...HILL, id: 'desert', aliases: ['Hill'] },
  );
  const problems = problemsOf();
  expect(problems).toEqual([
    `${path}: site 'hill' has an unknown key 'hight'`,
    `${path}: site 'hill'.latitudeDeg must be a number from -90 to 90`,
    `${path}: site 'hill'.timeZone must be a zone of the IANA such as Europe/Berlin, not 'Europe/Nowhere'`,
    `${path}: site 'roof'.aliases must be a list of texts`,
    `${path}: site 'roof'.longitudeDeg must be a number from -180 to 180`,
    `${path}: site 'roof'.horizon[2] azimuth must be a number from 0 to 359.999999`,
    `${path}: site 'roof'.horizon[3] azimuth is missing`,
    `${path}: site 'roof'.horizon[3] altitude is missing`,
    `${path}: site 'roof'.horizon has two altitudes at one azimuth`,
    `${path}: sites[2].id must be a text`,
    `${path}: sites[2].horizon has no point`,
    `${path}: sites[2].darkSunAltDeg must be a number from -30 to 0`,
    `'hill' is the name of two sites: hill and desert`,
  ]);
});

test('two sites of one id in one file are a fault, in whatever case', () => {
  const path = write(
    'sites.json',
    HILL,
    { ...HILL, id: 'roof', aliases: [] },
    { ...HILL, id: 'HILL', aliases: [] },
  );
  expect(problemsOf()).toContain(`${path}: site 'HILL' is there twice: sites[0] and sites[2]`);
});

test('a file that is no JSON, no list, or not where the setting says is a fault', () => {
  writeFileSync(join(folder, 'config/sites.json'), '{');
  expect(problemsOf().join()).toMatch(/sites\.json: .*JSON/);
  writeFileSync(join(folder, 'config/sites.json'), '[]');
  expect(problemsOf().join()).toMatch(/nothing but a list `sites`/);
  rmSync(join(folder, 'config/sites.json'));
  expect(problemsOf()).toEqual([]);
  expect(problemsOf({ SITES_FILE: join(folder, 'away.json') }).join()).toMatch(
    /away\.json: ENOENT/,
  );
});

test('the example is a good file', () => {
  const path = join(PROJECT_DIR, 'config/sites.example.json');
  const [site] = sitesOf({ SITES_FILE: path });
  expect(site).toMatchObject({ id: 'hill', timeZone: 'Europe/Berlin' });
  expect(site?.horizon).toHaveLength(4);
});

test('the horizon is drawn from point to point, round the north', () => {
  const points: readonly [number, number][] = [
    [90, 10],
    [270, 30],
  ];
  write('sites.json', { ...HILL, horizon: points }, { ...HILL, id: 'flat', horizon: 12 });
  const [hill, flat] = sitesOf();
  if (hill === undefined || flat === undefined) throw new Error('two sites are expected');
  const along = [0, 45, 90, 180, 270, 315, 359.9].map((az) => horizonAt(hill, az));
  expect(along.map((alt) => Math.round(alt))).toEqual([20, 15, 10, 20, 30, 25, 20]);
  expect([0, 180, 359].map((az) => horizonAt(flat, az))).toEqual([12, 12, 12]);
});
