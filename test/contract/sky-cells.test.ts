/** Cones by cells of the sky: what they find is what a look at each frame finds. */
import {
  checkCube,
  deleteFrame,
  insertFramesInBulk,
  inTransaction,
  listFrames,
  type Catalog,
  type NewFrame,
} from '../../src/catalog/index.js';
import { separationDeg, type SkyPoint } from '../../src/sky/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { randomNumbers } from '../fixtures/random-frames.js';
import { conditionsOf, startCatalog, USER, type TestCatalog } from '../support/catalog.js';

const START_MS = Date.UTC(2026, 0, 1, 18);

let kept: TestCatalog;
let catalog: Catalog;

beforeEach(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
});
afterEach(() => kept.close());

/** Where frames crowd: poles, the equator, where right ascension begins anew, and the edge of a band. */
const CROWDS: readonly SkyPoint[] = [
  { raDeg: 0, decDeg: 90 },
  { raDeg: 120, decDeg: -90 },
  { raDeg: 359.999, decDeg: 0 },
  { raDeg: 0, decDeg: 41.25 },
  { raDeg: 180, decDeg: -30.05 },
  { raDeg: 83.82, decDeg: 89.4 },
];

/** Points of which half lie within some arcminutes of a crowd, and the others anywhere. */
function randomPoints(count: number, seed: number): SkyPoint[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () => {
    const crowd = CROWDS[Math.floor(random() * CROWDS.length * 2)];
    if (crowd === undefined) {
      return { raDeg: random() * 360, decDeg: (Math.asin(random() * 2 - 1) * 180) / Math.PI };
    }
    const far = 10 ** (random() * 3 - 3);
    const decDeg = Math.max(-90, Math.min(90, crowd.decDeg + (random() * 2 - 1) * far));
    const raDeg = (crowd.raDeg + (random() * 2 - 1) * far * 4 + 720) % 360;
    return { raDeg, decDeg };
  });
}

function framesAt(points: readonly SkyPoint[]): NewFrame[] {
  return points.map((point, at) =>
    catalogFrame(`sky-${at}`, { ...point, dateObsMs: START_MS + at * 60_000 }),
  );
}

async function found(
  center: SkyPoint,
  radiusDeg: number,
): Promise<{ total: number; at: number[] }> {
  const conditions = conditionsOf(
    `RA=${center.raDeg}&DEC=${center.decDeg}&radius=${radiusDeg.toFixed(9)}`,
  );
  const order = { column: 'frames.date_obs_ms', descending: true };
  const query = { conditions, order, limit: 10_000, offset: 0 };
  const { total, items } = await listFrames(catalog, query, USER);
  return { total, at: items.map(({ basename }) => Number(basename.slice('sky-'.length))) };
}

/** Nearer to the edge than this, rounding decides. */
const EDGE_DEG = 3e-9;

test('cones anywhere, of any size, find what lies in them', async () => {
  const points = randomPoints(7000, 71);
  await insertFramesInBulk(catalog, framesAt(points));
  expect(await checkCube(catalog)).toEqual([]);
  const random = randomNumbers(72);
  const centers = [...CROWDS, ...randomPoints(100, 73), ...points.slice(0, 40)];
  for (const center of centers) {
    const radiusDeg = random() < 0.03 ? 180 : 10 ** (random() * 5 - 3);
    const away = points.map((point) => separationDeg(point, center));
    const { total, at } = await found(center, radiusDeg);
    const wanted = away.flatMap((deg, index) => (deg <= radiusDeg ? index : [])).reverse();
    const near = (index: number): boolean => Math.abs((away[index] ?? 0) - radiusDeg) > EDGE_DEG;
    expect({ center, radiusDeg, at: at.filter(near) }).toEqual({
      center,
      radiusDeg,
      at: wanted.filter(near),
    });
    expect(total).toBe(at.length);
  }
}, 60_000);

test('a frame right on the edge is in, and each frame is in a cone of no size around itself', async () => {
  const points = [
    { raDeg: 10, decDeg: 0 },
    { raDeg: 10, decDeg: 1 },
    { raDeg: 350, decDeg: 89.99 },
    { raDeg: 0, decDeg: 90 },
    { raDeg: 0, decDeg: -90 },
  ];
  await insertFramesInBulk(catalog, framesAt(points));
  expect((await found({ raDeg: 10, decDeg: 0 }, 1)).at).toEqual([1, 0]);
  for (const [at, point] of points.entries()) {
    expect((await found(point, 0)).at).toEqual([at]);
  }
});

test('small cones near a pole reach across the edge of a cell', async () => {
  const decDeg = 89.02;
  const radians = Math.PI / 180;
  const around = Math.floor(7200 * Math.cos(89.025 * radians)); // cells of that band
  const raDeg = (30 * 360) / around - 1e-8; // in the last corner of one
  await insertFramesInBulk(catalog, framesAt([{ raDeg, decDeg }]));
  for (let radiusDeg = 1e-6; radiusDeg < 1e-3; radiusDeg *= 1.2) {
    const center = { raDeg: raDeg + (0.99 * radiusDeg) / Math.cos(decDeg * radians), decDeg };
    const { total } = await found(center, radiusDeg);
    expect({ radiusDeg, total }).toEqual({ radiusDeg, total: 1 });
  }
});

test('cells follow frames that move, and go with those that are deleted', async () => {
  await insertFramesInBulk(catalog, framesAt(randomPoints(300, 5)));
  await catalog.write('frames').where('id', '<=', 100).update({ vec_x: 0.6, vec_y: 0, vec_z: 0.8 });
  await catalog
    .write('frames')
    .whereBetween('id', [101, 150])
    .update({ vec_x: null, vec_y: null, vec_z: null });
  expect(await checkCube(catalog)).toEqual([]);
  expect((await found({ raDeg: 0, decDeg: 53.130102354 }, 0.001)).total).toBe(100);
  for (let id = 1; id <= 300; id += 1) await inTransaction(catalog, (tx) => deleteFrame(tx, id));
  expect(await catalog.read('sky_cells')).toEqual([]);
});

test('cones together with other conditions, in any order', async () => {
  const points = randomPoints(2000, 9);
  const frames = framesAt(points).map((frame, at) => ({
    ...frame,
    facts: { ...frame.facts, filter: at % 3 === 0 ? 'V' : 'B', exposureSec: at % 7 },
  }));
  await insertFramesInBulk(catalog, frames);
  const center = { raDeg: 0, decDeg: 41.25 };
  const wanted = points.flatMap((point, at) =>
    separationDeg(point, center) <= 0.2 && at % 3 === 0 ? at : [],
  );
  expect(wanted.length).toBeGreaterThan(20);
  for (const column of ['frames.date_obs_ms', 'frames.id', 'frames.exposure_sec']) {
    const conditions = conditionsOf('RA=0&DEC=41.25&radius=0.2&FILTER=V&start=2026-01-01');
    const query = { conditions, order: { column, descending: false }, limit: 1000, offset: 0 };
    const { total, items } = await listFrames(catalog, query, USER);
    expect(total).toBe(wanted.length);
    const at = items.map(({ basename }) => Number(basename.slice('sky-'.length)));
    expect([...at].sort((a, b) => a - b)).toEqual(wanted);
    if (column !== 'frames.exposure_sec') expect(at).toEqual(wanted);
  }
});
