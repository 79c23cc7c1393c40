/** Objects of frames through the API: names put together, sums, filters, what each viewer may know. */
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

interface Sum {
  readonly frames: number;
  readonly hours: number;
}
interface Target extends Sum {
  readonly name: string;
  readonly names: readonly string[];
  readonly in_catalogue: boolean;
  readonly ra: number | null;
  readonly first_night: string;
  readonly last_night: string;
  readonly instruments: readonly string[];
  readonly filters: readonly (Sum & { readonly filter: string })[];
  readonly years: readonly (Sum & { readonly year: string })[];
  readonly nights?: readonly (Sum & { readonly night: string })[];
}
interface TargetList {
  readonly count: number;
  readonly results: readonly Target[];
}

/** Nights begin at noon; every frame is an hour long. */
const HOUR = { EXPTIME: 3600 };
const FRAMES: readonly Readonly<Record<string, string | number>>[] = [
  { OBJECT: 'M31', FILTER: 'V', ...at('2025-11-01') },
  { OBJECT: 'NGC 224', FILTER: 'R', INSTRUME: 'cam2', ...at('2026-03-01') },
  { OBJECT: 'Andromeda Galaxy', FILTER: 'V', ...at('2026-03-02') },
  // The same light once more, reduced.
  { OBJECT: 'M31', FILTER: 'V', RLEVEL: 1, ...at('2025-11-01') },
  { OBJECT: 'Field_01', FILTER: 'V', 'TEL-RA': 50, 'TEL-DEC': 10, ...at('2026-03-01') },
  { OBJECT: 'field 1', FILTER: 'V', 'TEL-RA': 50.2, 'TEL-DEC': 10, ...at('2026-03-02') },
  { OBJECT: 'C/2023 A3', FILTER: 'V', 'TEL-RA': 10, 'TEL-DEC': 0, ...at('2026-03-01') },
  { OBJECT: 'C/2023 A3', FILTER: 'V', 'TEL-RA': 90, 'TEL-DEC': 0, ...at('2026-03-02') },
  // Not of the sky, whatever its header calls it.
  { OBJECT: 'M31', IMAGETYP: 'dark', ...at('2026-03-05') },
  { OBJECT: 'Vega', FILTER: 'B', L1PUBDAT: '2026-03-02T00:00:00', ...at('2026-03-01') },
];

function at(night: string): Readonly<Record<string, string>> {
  return { 'DAY-OBS': night, 'DATE-OBS': `${night}T22:00:00` };
}

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive({ ANONYMOUS: 'public' });
  for (const [seed, cards] of FRAMES.entries()) {
    const name = `t-${seed}.fits`;
    const file = pyobsFrame({ ...HOUR, ...cards, FNAME: name }, { seed });
    expect((await archive.upload(file, name)).created).toBe(1);
  }
});
afterAll(() => archive.close());

const list = (query = '', token?: string): Promise<TargetList> =>
  archive.json<TargetList>(`/targets/?${query}`, token === undefined ? {} : { token });
const show = (name: string, query = ''): Promise<Target> =>
  archive.json<Target>(`/targets/${encodeURIComponent(name)}/?${query}`);

test('names of one object are one target, spellings of one field too, and a comet stays one', async () => {
  const { count, results } = await list('sort=name');
  expect(count).toBe(4);
  expect(results.map(({ name, names }) => [name, [...names].sort()])).toEqual([
    ['C/2023 A3', ['C/2023 A3']],
    ['Field_01', ['Field_01', 'field 1']],
    ['M 31', ['Andromeda Galaxy', 'M31', 'NGC 224']],
    ['Vega', ['Vega']],
  ]);
});

test('a target has its hours by filter and year, each light once, and its nights', async () => {
  const target = await show('andromeda');
  expect(target).toMatchObject({
    name: 'M 31',
    in_catalogue: true,
    ra: 10.6847,
    frames: 4,
    hours: 3,
    first_night: '2025-11-01',
    last_night: '2026-03-02',
    instruments: ['cam1', 'cam2'],
  });
  expect(target.filters).toEqual([
    { filter: 'R', frames: 1, hours: 1 },
    { filter: 'V', frames: 3, hours: 2 },
  ]);
  expect(target.years).toEqual([
    { year: '2025', frames: 2, hours: 1 },
    { year: '2026', frames: 2, hours: 2 },
  ]);
  expect(target.nights).toEqual([
    { night: '2026-03-02', frames: 1, hours: 1 },
    { night: '2026-03-01', frames: 1, hours: 1 },
    { night: '2025-11-01', frames: 2, hours: 1 },
  ]);
});

test.each([
  ['night_start=2026-03-02', ['C/2023 A3', 'field 1', 'M 31']],
  ['INSTRUMENT=cam2', ['M 31']],
  ['start=2026-03-02&end=2026-03-03', ['C/2023 A3', 'field 1', 'M 31']],
  ['header.FILTER=B', ['Vega']],
  ['RA=50&DEC=10&radius=1', ['Field_01']],
  ['q=andro', ['M 31']],
  ['q=ngc224', ['M 31']],
  ['q=fie', ['Field_01']],
  ['target=NGC224', ['M 31']],
  ['OBJECT=vega', ['Vega']],
  ['basename=nothing', []],
])('%s leaves the targets of the frames that match', async (query, names) => {
  const { results, count } = await list(`${query}&sort=name`);
  expect(results.map(({ name }) => name)).toEqual(names);
  expect(count).toBe(names.length);
});

test('the list is sorted and paged', async () => {
  const names = async (query: string): Promise<string[]> =>
    (await list(query)).results.map(({ name }) => name);
  expect(await names('sort=hours&limit=1')).toEqual(['M 31']);
  expect((await names('sort=frames&order=asc'))[0]).toBe('Vega');
  expect(await names('sort=name&limit=1&offset=1')).toEqual(['Field_01']);
  expect((await archive.fetch('/targets/?sort=colour')).status).toBe(400);
});

test('the filter target finds frames under every name of an object', async () => {
  const count = async (query: string): Promise<number> =>
    (await archive.json<{ count: number }>(`/frames/?${query}`)).count;
  expect(await count('target=M 31')).toBe(5);
  expect(await count('target=andromeda&RLEVEL=1')).toBe(1);
  expect(await count('target=field 01')).toBe(2);
  expect(await count('target=M 32')).toBe(0);
  expect(await count('OBJECT=M31')).toBe(3);
  // A name that is all signs means itself, and nothing else.
  expect(await archive.json('/frames/?target=---')).toMatchObject({ count: 0 });
});

test('a visitor is told of public frames only', async () => {
  const { count, results } = await list('', '');
  expect([count, results[0]?.name, results[0]?.frames]).toEqual([1, 'Vega', 1]);
  expect((await archive.fetch('/targets/M31/', { token: '' })).status).toBe(404);
});

test('a target that changes or loses its frames is told as it is now', async () => {
  const found = await archive.json<{ results: { id: number }[] }>('/frames/?OBJECT=vega');
  const id = found.results[0]?.id;
  expect((await archive.fetch(`/frames/${id}/delete/`, { method: 'DELETE' })).status).toBe(200);
  expect((await list()).results.map(({ name }) => name)).not.toContain('Vega');
  expect(await archive.check()).toEqual([]);
});

test('a name is resolved by the packaged catalogue', async () => {
  const told = await archive.json<Record<string, unknown>>('/targets/resolve/?name=ngc-0224');
  expect(told).toMatchObject({ name: 'M 31', ra: 10.6847, dec: 41.2687, type: 'spiral galaxy' });
  expect((await archive.fetch('/targets/resolve/?name=nowhere')).status).toBe(404);
  expect((await archive.fetch('/targets/resolve/')).status).toBe(400);
});
