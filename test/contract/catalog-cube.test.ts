import {
  checkCube,
  deleteFrame,
  getFrame,
  insertFrame,
  insertFramesInBulk,
  inTransaction,
  listFacets,
  listFrames,
  listNights,
  migrate,
  parseConditions,
  readChanges,
  touchTokens,
  type Catalog,
  type Viewer,
} from '../../src/catalog/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { randomFacts, randomFrames, randomNumbers } from '../fixtures/random-frames.js';
import { NOBODY, PUBLIC, startCatalog, type TestCatalog, USER } from '../support/catalog.js';
import { insertOldFrames, migrateBetween } from '../support/old-catalog.js';

let kept: TestCatalog;
let catalog: Catalog;

beforeEach(async () => {
  kept = await startCatalog(false);
  ({ catalog } = kept);
});
afterEach(() => kept.close());

const count = async (query: string, viewer: Viewer): Promise<number> => {
  const parameters = new Map(
    [...new URLSearchParams(query)].map(([name, value]) => [name, [value]]),
  );
  const conditions = parseConditions(parameters);
  const order = { column: 'frames.id', descending: false };
  const page = await listFrames(catalog, { conditions, order, limit: 0, offset: 0 }, viewer);
  return page.total;
};

test('the cube says what the frames say after any mixture of frames, versions and removals', async () => {
  await migrate(catalog);
  const random = randomNumbers(11);
  const ids: number[] = [];
  for (let step = 0; step < 300; step += 1) {
    const id = ids[Math.floor(random() * ids.length)];
    await inTransaction(catalog, async (tx) => {
      if (id === undefined || random() < 0.6) {
        const frame = catalogFrame(`f-${step}`, randomFacts(random));
        ids.push((await insertFrame(tx, frame, undefined)).frameId);
      } else if (random() < 0.5) {
        const number = step + 2;
        await insertFrame(tx, catalogFrame(`v-${step}`, randomFacts(random)), {
          frameId: id,
          number,
        });
      } else {
        await deleteFrame(tx, id);
        ids.splice(ids.indexOf(id), 1);
      }
    });
  }
  expect(await checkCube(catalog)).toEqual([]);
  expect(await count('', USER)).toBe(ids.length);
  for (const id of ids) await inTransaction(catalog, (tx) => deleteFrame(tx, id));
  expect(await checkCube(catalog)).toEqual([]);
  for (const table of ['facets', 'nights', 'objects', 'cube', 'sightings', 'sky_boxes']) {
    expect(await catalog.read(table)).toEqual([]);
  }
});

test('a check finds a cube that was tampered with', async () => {
  await migrate(catalog);
  await insertFramesInBulk(catalog, randomFrames(50, 3));
  await catalog.write('cube').limit(1).update({ frames: 99 });
  await catalog.write('sky_boxes').delete();
  expect((await checkCube(catalog)).length).toBeGreaterThanOrEqual(2);
});

test('many frames at once are the same as one by one', async () => {
  await migrate(catalog);
  const frames = randomFrames(1200, 5);
  expect(await insertFramesInBulk(catalog, frames)).toBe(1200);
  expect(await checkCube(catalog)).toEqual([]);
  const odd = catalogFrame('it\'s 50\\% of "what"?', { object: 'a?b\\?c' });
  await insertFramesInBulk(catalog, [odd]);
  const order = { column: 'frames.id', descending: true };
  const page = await listFrames(catalog, { conditions: [], order, limit: 1, offset: 0 }, USER);
  const { relations, ...facts } = odd.facts;
  expect(relations).toEqual([]);
  expect(page.items[0]).toMatchObject({ ...facts, basename: odd.basename });
  const late = frames.at(-1);
  const before = await listFrames(catalog, { conditions: [], order, limit: 1, offset: 1 }, USER);
  expect(before.items[0]?.exposureSec).toBe(late?.facts.exposureSec);
});

const QUERIES = [
  '',
  'FILTER=V',
  'FILTER=None&RLEVEL=0',
  'IMAGETYPE=object',
  'night=2026-01-05',
  'night=2026-01-05&SITE=hill',
  'start=2026-01-03T20:00:00&end=2026-01-12T03:00:00',
  'start=2026-01-03&night=2026-01-05&FILTER=V',
  'end=2026-01-12T03:00:00&INSTRUMENT=cam1',
  'OBJECT=ngc',
  'OBJECT=m 3&FILTER=B',
  'OBJECT=m&start=2026-01-06',
  'basename=x-0001',
  'basename=x-',
  'EXPTIME=10',
  'EXPTIME=10&FILTER=V&night=2026-01-05',
  'REQNUM=7',
  'RA=150&DEC=20&radius=40',
  'FILTER=nothing',
];

test('counts, facets and nights are those of the frames, for everyone who may ask', async () => {
  await migrate(catalog);
  await insertFramesInBulk(catalog, randomFrames(1500, 17));
  for (const viewer of [USER, PUBLIC, NOBODY]) {
    for (const query of QUERIES) {
      const parameters = new Map(
        [...new URLSearchParams(query)].map(([name, value]) => [name, [value]]),
      );
      const conditions = parseConditions(parameters);
      const order = { column: 'frames.id', descending: false };
      const { total, items } = await listFrames(
        catalog,
        { conditions, order, limit: 2000, offset: 0 },
        viewer,
      );
      const facets = await listFacets(catalog, conditions, viewer);
      const sum = facets.reduce((all, { frames }) => all + frames, 0);
      expect([query, viewer.role, total, sum]).toEqual([
        query,
        viewer.role,
        items.length,
        items.length,
      ]);
      if (query !== '') continue;
      const nights = new Map<string, number>();
      for (const { night } of items)
        if (night !== null) nights.set(night, (nights.get(night) ?? 0) + 1);
      const newest = [...nights].sort(([a], [b]) => (a < b ? 1 : -1));
      expect(await listNights(catalog, 7, viewer)).toEqual(
        newest.slice(0, 7).map(([night, frames]) => ({ night, frames })),
      );
    }
  }
});

test('a count is right again after a frame has come, also when it was known before', async () => {
  await migrate(catalog);
  await insertFramesInBulk(catalog, randomFrames(200, 2));
  const before = await count('EXPTIME=10', USER);
  expect(await count('EXPTIME=10', USER)).toBe(before);
  await inTransaction(catalog, (tx) =>
    insertFrame(tx, catalogFrame('new', { exposureSec: 20 }), undefined),
  );
  expect(await count('EXPTIME=10', USER)).toBe(before + 1);
});

test('the change counter moves with frames, not with the use of tokens', async () => {
  await migrate(catalog);
  const before = await readChanges(catalog);
  await touchTokens(catalog, new Map([[1, Date.now()]]));
  expect(await readChanges(catalog)).toBe(before);
  await inTransaction(catalog, (tx) => insertFrame(tx, catalogFrame('a'), undefined));
  expect(await readChanges(catalog)).toBeGreaterThan(before);
});

test('an archive of before the cube is brought into it', async () => {
  const { write } = catalog;
  await migrateBetween(write, 1, 2);
  const at = { raDeg: 12, decDeg: 1 };
  const footprint = {
    corners: [at, null, at, at],
    polygon: [at, at, at],
    center: at,
    cap: { ...at, radiusDeg: 2 },
    pixelScaleArcsec: 0.5,
    rotationDeg: 90,
    mirrored: false,
    provisional: true,
  };
  await insertOldFrames(write, randomFrames(300, 23), (id) => (id % 10 === 1 ? footprint : null));
  await migrate(catalog);
  expect(await checkCube(catalog)).toEqual([]);
  const [first] = await catalog.read<{ id: number }>('frames').whereNotNull('footprint');
  const seen = await getFrame(catalog, first?.id ?? 0, USER);
  expect(seen.footprint).toEqual(footprint);
  expect(await count('', USER)).toBe(300);
  expect(await count('basename=x-0001', USER)).toBe(10);
  expect(await count('RA=150&DEC=20&radius=180', USER)).toBeGreaterThan(50);
  await inTransaction(catalog, (tx) => insertFrame(tx, catalogFrame('next'), undefined));
  expect(await checkCube(catalog)).toEqual([]);
});
