/** Setups of frames: what is found around an instant, by which index, and what headers say. */
import {
  eachSetup,
  insertFramesInBulk,
  listSetups,
  readKeywords,
  type Catalog,
  type FrameFacts,
  type ImageKind,
  type NewFrame,
  type SetupBound,
} from '../../src/catalog/index.js';
import { pyobsCards } from '../fixtures/night.js';
import { ADMIN, PUBLIC, startCatalog, type TestCatalog } from '../support/catalog.js';

const HOUR_MS = 3_600_000;
const AROUND_MS = Date.parse('2026-03-01T20:00:00Z');

let kept: TestCatalog;
let catalog: Catalog;

beforeAll(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  const kinds: readonly ImageKind[] = ['bias', 'dark', 'flat', 'object'];
  async function* frames(): AsyncGenerator<NewFrame> {
    for (let index = 0; index < 400; index += 1) {
      const kind = kinds[index % 4] ?? 'bias';
      const dateObsMs = AROUND_MS + (index - 200) * HOUR_MS;
      yield await Promise.resolve(newFrame(index, { imageKind: kind, imageType: kind, dateObsMs }));
    }
  }
  await insertFramesInBulk(catalog, frames());
});
afterAll(() => kept.close());

function newFrame(index: number, facts: Partial<FrameFacts>): NewFrame {
  const sum = index.toString(16).padStart(64, '0');
  const nothing = Object.fromEntries(
    ['altDeg', 'azDeg', 'focus', 'sunAltDeg', 'sunDistanceDeg', 'moonAltDeg', 'moonFraction']
      .concat(['moonDistanceDeg', 'dataMean', 'airmass', 'raDeg', 'decDeg', 'footprint'])
      .concat(['object', 'filter', 'requestNumber', 'obsNumber', 'proposal', 'publicDateMs'])
      .map((name) => [name, null]),
  ) as Pick<FrameFacts, 'altDeg' | 'footprint'>;
  return {
    basename: `frame-${index}`,
    facts: {
      ...nothing,
      profile: 'pyobs',
      siteId: 'hill',
      telescope: '0m5',
      instrument: 'cam1',
      night: '2026-03-01',
      exposureSec: index % 3,
      reductionLevel: 0,
      binningX: 1,
      binningY: 1,
      width: 32,
      height: 24,
      originX: 0,
      originY: 0,
      ccdTempC: index % 8 === 0 ? null : -20,
      gain: 1.5,
      relations: [],
      computed: [],
      warnings: [],
      ...facts,
    } as FrameFacts,
    version: {
      key: `hill/frame-${index}.fits`,
      extension: '.fits',
      container: 'plain',
      sizeBytes: 5760,
      sha256: sum,
      md5: sum.slice(32),
      crc32: index,
      original: null,
      uploadName: `frame-${index}.fits`,
      uploadedBy: null,
    },
    hdus: [
      {
        hdu: 0,
        name: '',
        kind: 'image',
        bitpix: 16,
        axes: [32, 24],
        checksum: null,
        cards: Object.entries({ ...pyobsCards(), OFFSET: index }).map(([keyword, value]) => ({
          keyword,
          kind: typeof value === 'number' ? 'integer' : 'string',
          value,
          comment: '',
        })),
      },
    ],
  };
}

const find = (bounds: readonly SetupBound[], viewer = ADMIN) =>
  listSetups(
    catalog,
    {
      instrument: 'cam1',
      kinds: ['bias'],
      isReduced: false,
      aroundMs: AROUND_MS,
      withinMs: 20 * HOUR_MS,
      bounds,
      limit: 7,
    },
    viewer,
  );

test('the nearest are found, nearest first, and no more than asked for', async () => {
  const hours = (await find([])).map(({ dateObsMs }) => ((dateObsMs ?? 0) - AROUND_MS) / HOUR_MS);
  expect(hours).toEqual([0, -4, 4, -8, 8, -12, 12]);
  expect(await find([], PUBLIC)).toEqual([]);
});

test('bounds keep what is within, and what is not known where that may be', async () => {
  const cold = { fact: 'ccdTempC', min: -21, max: -19 } as const;
  expect(await find([{ ...cold, orUnknown: true }])).toHaveLength(7);
  const known = await find([{ ...cold, orUnknown: false }]);
  expect(new Set(known.map(({ ccdTempC }) => ccdTempC))).toEqual(new Set([-20]));
  expect(await find([{ fact: 'filter', is: 'V' }])).toEqual([]);
  expect(await find([{ fact: 'filter', is: null }])).toHaveLength(7);
  expect(await find([{ fact: 'binningX', min: 2, max: 2, orUnknown: true }])).toEqual([]);
});

test('frames are reached by their facet and date: nothing reads through them', async () => {
  const asked: { sql: string; bindings: readonly (string | number)[] }[] = [];
  const listen = (query: (typeof asked)[number]): void => void asked.push(query);
  catalog.read.on('query', listen);
  await find([{ fact: 'gain', min: 1, max: 2, orUnknown: true }]);
  await find([], PUBLIC);
  catalog.read.removeListener('query', listen);
  const queries = asked.filter(({ sql }) => sql.includes('facet_id'));
  expect(queries.length).toBeGreaterThan(0);
  for (const { sql, bindings } of queries) {
    const plan: { detail: string }[] = await catalog.read.raw(
      `explain query plan ${sql}`,
      bindings,
    );
    const steps = plan.map(({ detail }) => detail);
    expect(steps.filter((step) => /^SCAN (?!facets)/.test(step))).toEqual([]);
    expect(steps.join('\n')).toMatch(/SEARCH frames USING .*\(facet_id=\? AND date_obs_ms/);
  }
});

test('setups by id and keywords of headers come for many frames at once', async () => {
  const setups = [];
  for await (const some of eachSetup(catalog, [3, 1, 999_999], ADMIN)) setups.push(...some);
  expect(setups.map(({ basename }) => basename).sort()).toEqual(['frame-0', 'frame-2']);
  const values = await readKeywords(catalog, [1, 3], ['OFFSET', 'READMODE']);
  expect([...(values.get(3) ?? [])]).toEqual([['OFFSET', '2']]);
});
