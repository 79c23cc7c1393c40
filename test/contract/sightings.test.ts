/** Sums over objects and nights, against the frames that the same viewer is shown. */
import {
  checkCube,
  insertFramesInBulk,
  listFrames,
  listNightParts,
  listNightSpans,
  listNightTotals,
  listObjectParts,
  listObjects,
  SCIENCE_KINDS,
  type Catalog,
  type Frame,
  type Viewer,
} from '../../src/catalog/index.js';
import { randomFrames } from '../fixtures/random-frames.js';
import {
  conditionsOf,
  NOBODY,
  PUBLIC,
  startCatalog,
  USER,
  type TestCatalog,
} from '../support/catalog.js';

/** The proposals are those of the frames. */
const HELD: Viewer = { ...USER, seesAll: false, seesPublic: true };
const VIEWERS: readonly (readonly [string, Viewer])[] = [
  ['who sees everything', USER],
  ['a visitor who sees what is public', PUBLIC],
  ['a visitor who sees nothing', NOBODY],
  ['an account held to proposals', HELD],
];
const QUERIES = [
  '',
  'night_start=2026-01-05',
  'FILTER=V',
  'OBJECT=m',
  'FILTER=V&OBJECT=m&night_end=2026-01-20',
  'EXPTIME__lt=100',
  'start=2026-01-03T00:00:00Z&end=2026-01-15T00:00:00Z',
  'basename=1',
  'night_start=2100-01-01',
  'FILTER=none of ours',
  'basename=zzz',
  'OBJECT=zzz&night_end=2026-01-20',
];

let kept: TestCatalog;
let catalog: Catalog;
let held: Viewer;

beforeAll(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  const frames = randomFrames(400, 77);
  await insertFramesInBulk(catalog, frames);
  const proposals = [...new Set(frames.flatMap(({ facts }) => facts.proposal ?? []))];
  held = { ...HELD, proposals: proposals.slice(0, 1) };
  expect(proposals.length).toBeGreaterThan(1);
});
afterAll(() => kept.close());

async function framesOf(query: string, viewer: Viewer): Promise<readonly Frame[]> {
  const order = { column: 'frames.id', descending: false };
  const asked = { conditions: conditionsOf(query), order, limit: 1000, offset: 0 };
  return (await listFrames(catalog, asked, viewer)).items;
}

/** Frames and milliseconds by a key. */
function sum(
  items: readonly { readonly key: string; readonly frames: number; readonly ms: number }[],
): Record<string, string> {
  const sums = new Map<string, { frames: number; ms: number }>();
  for (const { key, frames, ms } of items) {
    const known = sums.get(key) ?? { frames: 0, ms: 0 };
    sums.set(key, { frames: known.frames + frames, ms: known.ms + ms });
  }
  const entries = [...sums].map(([key, { frames, ms }]) => [key, `${frames} ${Math.round(ms)}`]);
  return Object.fromEntries(entries.sort()) as Record<string, string>;
}

const toMs = (seconds: number | null): number => Math.round(Math.max(seconds ?? 0, 0) * 1000);

describe.each(VIEWERS)('%s', (_, someone) => {
  const viewerOf = (): Viewer => (someone === HELD ? held : someone);

  test.each(QUERIES)('is told of the objects of their frames, of %p', async (query) => {
    const frames = (await framesOf(query, viewerOf())).filter(({ imageKind, object }) => {
      return object !== null && SCIENCE_KINDS.some((kind) => kind === imageKind);
    });
    const expected = sum(
      frames.map((frame) => ({
        key: `${frame.object} ${frame.reductionLevel}`,
        frames: 1,
        ms: toMs(frame.exposureSec),
      })),
    );
    const objects = await listObjects(catalog, conditionsOf(query), viewerOf());
    const found = objects.map((each) => ({
      key: `${each.object} ${each.reductionLevel}`,
      frames: each.frames,
      ms: each.exposureSec * 1000,
    }));
    expect(sum(found)).toEqual(expected);
    const ids = objects.map(({ objectId }) => objectId);
    const parts = await listObjectParts(catalog, ids, conditionsOf(query), viewerOf());
    const inParts = parts.map((each) => ({
      key: `${each.object} ${each.reductionLevel}`,
      frames: each.frames,
      ms: each.exposureSec * 1000,
    }));
    expect(sum(inParts)).toEqual(expected);
  });

  test.each(QUERIES)('is told of the nights of their frames, of %p', async (query) => {
    const frames = (await framesOf(query, viewerOf())).filter(({ night }) => night !== null);
    const expected = sum(frames.map(({ night }) => ({ key: night ?? '', frames: 1, ms: 0 })));
    const conditions = conditionsOf(query);
    const totals = await listNightTotals(catalog, conditions, viewerOf());
    expect(sum(totals.map((each) => ({ key: each.night, frames: each.frames, ms: 0 })))).toEqual(
      expected,
    );
    const nights = totals.map(({ night }) => night);
    expect(nights).toEqual([...nights].sort().reverse());
    const parts = await listNightParts(catalog, nights, conditions, viewerOf());
    expect(sum(parts.map((each) => ({ key: each.night, frames: each.frames, ms: 0 })))).toEqual(
      expected,
    );
    for (const span of await listNightSpans(catalog, nights, conditions, viewerOf())) {
      const dates = frames
        .filter(({ night }) => night === span.night)
        .flatMap(({ dateObsMs }) => dateObsMs ?? []);
      expect([span.firstMs, span.lastMs]).toEqual([Math.min(...dates), Math.max(...dates)]);
    }
  });
});

test('sightings that were tampered with are found by the check', async () => {
  expect(await checkCube(catalog)).toEqual([]);
  const rows: { readonly object_id: number; readonly night_id: number }[] = await catalog
    .read('sightings')
    .limit(1)
    .select('object_id', 'night_id', 'facet_id', 'public_day');
  await catalog
    .write('sightings')
    .where(rows[0] ?? {})
    .update({ exposure_ms: 5 });
  expect(await checkCube(catalog)).toEqual([
    '1 sightings that count wrongly',
    '1 sightings that are missing',
  ]);
});
