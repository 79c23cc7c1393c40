/** Nights through the API: what there was, what it was like, what needs a hand. */
import { OPERATOR, writeNote } from '../../src/catalog/index.js';
import type { WriteCard } from '../../src/fits/index.js';
import { makeFits } from '../fixtures/make-fits.js';
import { pyobsCards, pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';

type Json = Readonly<Record<string, unknown>>;
interface Gap {
  readonly needs_hand: boolean;
  readonly from: string;
  readonly to: string;
  readonly minutes: number;
  readonly why: string | null;
  readonly text: string;
}
interface Use {
  readonly instrument: string;
  readonly open_hours: number;
  readonly used: number;
  readonly gaps: readonly Gap[];
  readonly unused: readonly Gap[];
}
interface Night extends Json {
  readonly night: string;
  readonly frames: number;
  readonly first: string;
  readonly last: string;
  readonly previous: string | null;
  readonly next: string | null;
  readonly hours: number;
  readonly types: readonly { readonly value: string; readonly frames: number }[];
  readonly targets: readonly (Json & { readonly name: string; readonly hours: number })[];
  readonly sites: readonly Json[];
  readonly use: readonly Use[];
  readonly medians: readonly Json[];
  readonly findings: readonly (Json & { readonly frame: number; readonly code: string })[];
  readonly missing: readonly { readonly kind: string; readonly text: string }[];
  readonly quarantine: readonly Json[] | null;
  readonly notes: readonly Json[] | null;
}

/** A night on the hill (dark from 18:44 to 04:01 UTC), an exposure of half an hour each. */
const SITE = { SITE_ID: 'hill', SITE_LATITUDE: '51.5', SITE_LONGITUDE: '9.9', MEASURE: 'false' };
const NIGHT = '2026-03-01';
const LONG = { EXPTIME: 1800, 'DAY-OBS': NIGHT };
const START = ['18:40', '19:10', '19:40', '20:10', '20:40', '22:30', '23:00', '23:30'];
const LATE = ['00:00', '00:30', '01:00', '01:30', '02:00', '02:30', '03:00', '03:30', '04:00'];

const at = (time: string, day = NIGHT): Json => ({ 'DATE-OBS': `${day}T${time}:00` });
const science: readonly Json[] = [
  ...START.map((time) => ({ ...LONG, ...at(time), OBJECT: time < '21' ? 'M31' : 'NGC 224' })),
  ...LATE.map((time) => ({ ...LONG, ...at(time, '2026-03-02'), OBJECT: 'M 51' })),
];
const calibrations: readonly Json[] = [
  ...[0, 1, 2].map((n) => ({ ...at(`17:0${n}`), IMAGETYP: 'bias', EXPTIME: 0, FILTER: null })),
  ...[0, 1, 2].map((n) => ({ ...at(`16:0${n}`), IMAGETYP: 'dark', EXPTIME: 1800, FILTER: null })),
  ...[0, 1, 2].map((n) => ({ ...at(`17:1${n}`), IMAGETYP: 'skyflat', EXPTIME: 3, FILTER: 'V' })),
];
/** The other camera has all but flats. */
const second: readonly Json[] = [
  { ...LONG, ...at('20:00'), OBJECT: 'Vega', FILTER: 'V', L1PUBDAT: '2026-03-02T00:00:00' },
  ...calibrations.slice(0, 6),
].map((cards) => ({ ...cards, INSTRUME: 'cam2' }));
const other: readonly Json[] = [
  { ...at('20:00', '2026-02-20'), 'DAY-OBS': '2026-02-20', OBJECT: 'M 51' },
];

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive({ ...SITE, ANONYMOUS: 'public' });
  for (const [seed, cards] of [...science, ...calibrations, ...second, ...other].entries()) {
    const name = `n-${seed}.fits`;
    const file = pyobsFrame({ ...(cards as Record<string, string>), FNAME: name }, { seed });
    expect((await archive.upload(file, name)).created).toBe(1);
  }
  await archive.upload(Buffer.from('no picture of stars'), 'cam1_20260301_0007.fits');
  await archive.upload(Buffer.from('nor is this one'), 'cam1_20260220_0001.fits');
  await withCatalog(archive, async ({ write }) => {
    await write.transaction((tx) => writeNote(tx, `night:${NIGHT}`, 'Fog at ten.', OPERATOR));
    const found = { source: 'usual', level: 'warning', text: 'Half of the light is missing.' };
    await write('findings').insert({ frame_id: 5, code: 'clouds', ...found });
  });
});
afterAll(() => archive.close());

const show = (night = NIGHT, token?: string): Promise<Night> =>
  archive.json<Night>(`/nights/${night}/`, token === undefined ? {} : { token });

test('the list has the nights of the frames that match, newest first', async () => {
  const list = async (query: string): Promise<{ count: number; results: Night[] }> =>
    archive.json(`/nights/?${query}`);
  const all = await list('');
  expect(all.results.map(({ night, frames }) => [night, frames])).toEqual([
    [NIGHT, science.length + calibrations.length + second.length],
    ['2026-02-20', 1],
  ]);
  expect(all.results[0]).toMatchObject({
    first: '2026-03-01T16:00:00Z',
    last: '2026-03-02T04:00:00Z',
    hours: 9,
    instruments: [
      { value: 'cam1', frames: science.length + calibrations.length },
      { value: 'cam2', frames: second.length },
    ],
  });
  const detailed = await list('details=true');
  const whole = await show();
  expect(detailed.results[0]).toMatchObject({
    night: NIGHT,
    use: whole.use,
    medians: null, // nothing was measured
    quarantined: whole.quarantine?.length,
    notes: whole.notes?.length,
  });
  expect(all.results[0]).not.toHaveProperty('use');
  const tooMany = await archive.fetch('/nights/?details=true&limit=101');
  expect([tooMany.status, await tooMany.text()]).toEqual([400, expect.stringContaining('100')]);
  const page = await list('limit=1&offset=1');
  expect([page.count, page.results.map(({ night }) => night)]).toEqual([2, ['2026-02-20']]);
  const vega = await list('target=alpha Lyr');
  expect(vega.results.map(({ night, frames }) => [night, frames])).toEqual([[NIGHT, 1]]);
  const dated = await list('start=2026-03-02T03:00:00Z&IMAGETYPE=object');
  expect(dated.results.map(({ night, frames, hours }) => [night, frames, hours])).toEqual([
    [NIGHT, 3, 1.5],
  ]);
});

test('a night has its counts, its targets with all their names, and its neighbours', async () => {
  const night = await show();
  expect([night.previous, night.next, night.frames]).toEqual(['2026-02-20', null, 33]);
  expect(night.types).toEqual([
    { value: 'bias', frames: 6 },
    { value: 'dark', frames: 6 },
    { value: 'object', frames: 18 },
    { value: 'skyflat', frames: 3 },
  ]);
  expect(night.targets.map(({ name, names, hours }) => [name, names, hours])).toEqual([
    ['M 51', ['M 51'], 4.5],
    ['M 31', ['M31', 'NGC 224'], 4],
    ['Vega', ['Vega'], 0.5],
  ]);
});

test('the use of the dark is told per camera, and a gap is named with the clouds before it', async () => {
  const { sites, use } = await show();
  expect(sites).toHaveLength(1);
  expect(sites[0]).toMatchObject({ site: 'hill', word: null });
  const [cam1, cam2] = use;
  expect(cam1?.gaps).toEqual([
    expect.objectContaining({
      from: '2026-03-01T21:10:00Z',
      to: '2026-03-01T22:30:00Z',
      minutes: 80,
      why: 'clouds',
      needs_hand: false,
      text: 'cam1: no frame for 80 min, 21:10 to 22:30 UTC, with clouds around it',
    }),
  ]);
  // All of the dark but the gap.
  const dark = Number(sites[0]?.dark_hours);
  expect(cam1?.open_hours).toBeCloseTo(dark - 80 / 60, 2);
  expect(cam1?.used).toBeCloseTo((dark - 80 / 60) / dark, 3);
  expect(cam2?.open_hours).toBe(0.5);
  // Its night was one exposure: what is before and after it is no gap.
  expect(cam2?.gaps).toEqual([]);
  expect(cam2?.unused.map(({ needs_hand, text }) => [needs_hand, text])).toEqual([
    [false, expect.stringMatching(/^cam2: no frame for \d+ min before its first/)],
    [false, expect.stringMatching(/^cam2: no frame for \d+ min after its last/)],
  ]);
});

test('what needs a hand is named: findings, missing calibrations, refused files, notes', async () => {
  const night = await show();
  expect(night.findings).toEqual([
    expect.objectContaining({ frame: 5, basename: 'n-4', code: 'clouds', level: 'warning' }),
  ]);
  expect(night.missing.map(({ text }) => text)).toEqual(['science without flats: V on cam2']);
  expect(night.quarantine?.map(({ name }) => name)).toEqual(['cam1_20260301_0007.fits']);
  expect(night.notes?.map(({ text }) => text)).toEqual(['Fog at ten.']);
});

test('a visitor is told of public frames only, and of nothing that was said or refused', async () => {
  const { results } = await archive.json<{ results: Night[] }>('/nights/', { token: '' });
  expect(results.map(({ night, frames, hours }) => [night, frames, hours])).toEqual([
    [NIGHT, 1, 0.5],
  ]);
  const night = await show(NIGHT, '');
  expect(night).toMatchObject({ frames: 1, findings: [], quarantine: null, notes: null });
  expect(night.targets.map(({ name }) => name)).toEqual(['Vega']);
  expect(night.use.map(({ instrument }) => instrument)).toEqual(['cam2']);
  expect((await archive.fetch('/nights/2026-02-20/', { token: '' })).status).toBe(404);
});

test.each(['2026-03-03', 'yesterday', '2026-02-31'])('there is no night %s', async (night) => {
  expect((await archive.fetch(`/nights/${night}/`)).status).toBe(404);
});

describe('sites that only headers tell', () => {
  const GEOCENTRIC = { 'OBSGEO-X': 3919443, 'OBSGEO-Y': 684013, 'OBSGEO-Z': 4968677 };
  const PLACES: Readonly<Record<string, Json>> = {
    obs: { 'LAT-OBS': 51.5, 'LONG-OBS': 9.9 },
    geo: { 'OBSGEO-B': 51.5, 'OBSGEO-L': 9.9, 'OBSGEO-H': 200 },
    xyz: GEOCENTRIC,
    late: { LATITUDE: 51.5, LONGITUD: 9.9 },
  };
  const send = async (to: TestArchive, cards: Json, seed: number): Promise<void> => {
    const name = `p-${seed}.fits`;
    const file = pyobsFrame({ ...(cards as Record<string, string>), FNAME: name }, { seed });
    expect((await to.upload(file, name)).created).toBe(1);
  };
  let roaming: TestArchive;

  beforeAll(async () => {
    roaming = await startArchive({ MEASURE: 'false' });
    for (const [index, [site, place]] of Object.entries(PLACES).entries()) {
      await send(roaming, { ...LONG, ...at('20:00'), ...place, SITEID: site }, index);
    }
    const wrong = { ...at('13:00'), IMAGETYP: 'bias', EXPTIME: 0, SUNALT: 45 };
    await send(roaming, { ...PLACES.late, ...wrong, SITEID: 'late' }, 20);
    const elsewhere = { ...at('14:00'), LATITUDE: -30, LONGITUD: -70, SITEID: 'late' };
    await send(roaming, elsewhere, 21);
    await send(roaming, { ...LONG, ...at('21:00'), ...PLACES.late, SITEID: 'late' }, 22);
    const west: WriteCard[] = [
      ...Object.entries(pyobsCards({ ...LONG, FNAME: 'w.fits', SITEID: 'west' })),
      ['LATITUDE', 51.5],
      ['LONGITUD', 70, '[deg] west longitude'],
    ];
    await roaming.upload(makeFits({ cards: west, sci: true, seed: 30 }), 'w.fits');
  }, 60_000);
  afterAll(() => roaming.close());

  const expected = [...Object.keys(PLACES).map((site) => [site, '01T17:0']), ['west', '01T22:2']];
  test.each(expected)('the dark of %s is known', async (site, sunset) => {
    const { sites, use } = await roaming.json<Night>(`/nights/${NIGHT}/`);
    const sky = sites.find((each) => each.site === site);
    expect(String(sky?.sunset).slice(8, 15)).toBe(sunset);
    expect(use.map(({ used }) => typeof used)).toEqual(use.map(() => 'number'));
  });

  test('a telescope that has travelled has the dark of where it is', async () => {
    const sunsetOf = async (night: string): Promise<string> => {
      const { sites } = await roaming.json<Night>(`/nights/${night}/`);
      return String(sites.find(({ site }) => site === 'geo')?.sunset).slice(8, 13);
    };
    const away = { ...at('02:00', '2026-03-11'), LATITUDE: -30, LONGITUD: -70, SITEID: 'geo' };
    await send(roaming, { ...away, EXPTIME: 60, 'DAY-OBS': '2026-03-10' }, 40);
    expect(await sunsetOf('2026-03-10')).toBe('10T23');
    expect(await sunsetOf(NIGHT)).toBe('01T17');
    expect(await sunsetOf('2026-03-10')).toBe('10T23');
  });

  test('a place that a person corrected is the place', async () => {
    const night = '2026-03-20';
    const sunset = async (): Promise<string> => {
      const { sites } = await roaming.json<Night>(`/nights/${night}/`);
      return String(sites.find(({ site }) => site === 'mended')?.sunset).slice(8, 13);
    };
    const taken = { ...at('02:00', '2026-03-21'), LATITUDE: 51.5, LONGITUD: 70, SITEID: 'mended' };
    await send(roaming, { ...taken, EXPTIME: 60, 'DAY-OBS': night }, 50);
    expect(await sunset()).toBe('20T13');
    const { results } = await roaming.json<{ results: { id: number }[] }>('/frames/?SITEID=mended');
    await roaming.json(`/frames/${results[0]?.id ?? 0}/corrections/`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ LONGITUD: -70 }),
    });
    expect(await sunset()).toBe('20T22');
  });

  test('a night of refused files alone is there for those who may see them', async () => {
    await roaming.upload(Buffer.from('no stars'), 'cam1_20260401_0001.fits');
    const night = await roaming.json<Night>('/nights/2026-04-01/');
    expect(night).toMatchObject({ frames: 0, first: null, use: [], notes: [] });
    expect(night.quarantine?.map(({ name }) => name)).toEqual(['cam1_20260401_0001.fits']);
    const text = await (await roaming.fetch('/nights/2026-04-01/report/')).text();
    expect(text).toContain('! No frame came.\n! Refused uploads: 1: cam1_20260401_0001.fits');
  });
});

test('a night of notes alone is there, under the sky of the settings, but not for visitors', async () => {
  await withCatalog(archive, async ({ write }) => {
    await write.transaction((tx) => writeNote(tx, 'night:2026-05-01', 'Rain.', OPERATOR));
  });
  const night = await show('2026-05-01');
  expect(night.notes?.map(({ text }) => text)).toEqual(['Rain.']);
  expect([night.frames, night.sites.map(({ site }) => site)]).toEqual([0, ['hill']]);
  expect((await archive.fetch('/nights/2026-05-01/', { token: '' })).status).toBe(404);
});
