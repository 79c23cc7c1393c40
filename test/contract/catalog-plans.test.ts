import {
  FRAME_FILTERS,
  insertFramesInBulk,
  listFacets,
  listFrames,
  listFramesByCursor,
  readFrames,
  SORT_COLUMNS,
  type Catalog,
  type Facet,
} from '../../src/catalog/index.js';
import { randomFrames } from '../fixtures/random-frames.js';
import { conditionsOf, startCatalog, type TestCatalog, USER } from '../support/catalog.js';
import { readsAll, scans, stepsOf, type Query } from '../support/plans.js';

/**
 * How SQLite goes about each query that a list makes. Nothing may read through `frames` row by row,
 * with the statistics of ANALYZE as without.
 */
/** More than are looked at one by one, so that conditions that leave nearly all are tried as well. */
const ROWS = 21_000;

let kept: TestCatalog;
let catalog: Catalog;

beforeAll(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  await insertFramesInBulk(catalog, randomFrames(ROWS, 29));
});
afterAll(() => kept.close());

function list(query: string, column: string, descending: boolean, offset = 0): Promise<unknown> {
  catalog.known.clear();
  const order = { column, descending };
  const conditions = conditionsOf(query);
  return listFrames(catalog, { conditions, order, limit: 100, offset }, USER);
}

function listByCursor(query: string, column: string, descending: boolean): Promise<unknown> {
  const order = { column, descending };
  return listFramesByCursor(
    catalog,
    readFrames,
    { conditions: conditionsOf(query), order, limit: 100 },
    USER,
  );
}

function aggregate(query: string): Promise<Facet[]> {
  catalog.knownFacets.clear();
  return listFacets(catalog, conditionsOf(query), USER);
}

/**
 * Negations and other conditions that leave nearly all frames may read through an index that covers them,
 * never through the frames; so may OBSNUM, which no frame here has: statistics then say that its index
 * is of no use.
 */
function mayReadAll(query: string): boolean {
  return /!=|__ne=|exclude_|exists=false|^public=|^id__gt=|^OBSNUM=|^BLKUID=|=none$/.test(
    decodeURIComponent(query),
  );
}

const examples = FRAME_FILTERS.flatMap((filter) =>
  filter.examples.map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
);

const MANY = ['basename=x-0', 'basename=x-0&FILTER!=V', 'basename=x-0&start=2026-01-01'];
const SELECTIVE = [
  'REQNUM=99',
  'basename=qqqq',
  'basename=x-00001',
  'header.GAIN=7',
  'EXPTIME=1000000',
  'EXPTIME__lt=0.1',
  'RA=10&DEC=20',
  'q=qqqq',
  'RLEVEL=0&EXPTIME=1000000',
  'basename=x-0&REQNUM=99',
];

test.each([
  ...MANY,
  ...SELECTIVE,
  'EXPTIME=10',
  'EXPTIME__lt=10',
  'RA=10&DEC=20&radius=90',
  'REQNUM=7&EXPTIME=10&OBJECT=m 3',
  'basename=x-0&OBJECT=m 3',
  'basename=x-0&night=2026-01-05&FILTER=V',
  'REQNUM!=7',
  'REQNUM!=7&basename!=x-01&start=2026-01-05',
])('an aggregate counts what the list has: %s', async (query) => {
  const rows = catalog.read('frames').groupBy('facet_id').select('facet_id');
  for (const { apply } of conditionsOf(query)) apply(rows, 'frames');
  const counted: { frames: number }[] = await rows.count('* as frames');
  const facets = await aggregate(query);
  const numbers = facets.map(({ frames }) => frames).sort((a, b) => a - b);
  expect(numbers).toEqual(counted.map(({ frames }) => frames).sort((a, b) => a - b));
});

test('equal questions at the same time, and later, are answered once', async () => {
  catalog.known.clear();
  catalog.knownFacets.clear();
  let grouped = 0;
  const note = ({ sql }: Query): void => void (grouped += /group by/i.test(sql) ? 1 : 0);
  catalog.read.on('query', note);
  const ask = (): Promise<Facet[]> => listFacets(catalog, conditionsOf('EXPTIME=10'), USER);
  const answers = await Promise.all([ask(), ask(), ask(), ask(), ask(), ask()]);
  answers.push(await ask());
  catalog.read.removeListener('query', note);
  expect(grouped).toBe(1);
  for (const answer of answers) expect(answer).toEqual(answers[0]);
});

describe.each(['without', 'with'])('%s statistics', (statistics) => {
  beforeAll(async () => {
    if (statistics === 'with') await catalog.write.raw('analyze');
  });

  test.each(examples)('a list with one filter reads through nothing: %s', async (query) => {
    for (const descending of [false, true]) {
      const steps = await stepsOf(catalog, () => list(query, 'frames.date_obs_ms', descending));
      expect(scans(steps)).toEqual([]);
    }
  });

  test.each(Object.entries(SORT_COLUMNS))('nor does one sorted by %s', async (_name, column) => {
    for (const descending of [false, true]) {
      for (const query of ['', 'FILTER=V', 'night=2026-01-05', 'OBJECT=ngc']) {
        const steps = await stepsOf(catalog, () => list(query, column, descending));
        // Through an index in the order of the list one reads no further than the page.
        expect([query, steps.filter((step) => step === 'SCAN frames')]).toEqual([query, []]);
      }
    }
  });

  test('nor an aggregate', async () => {
    for (const query of ['', 'FILTER=V', 'night=2026-01-05', 'start=2026-01-03&end=2026-01-08']) {
      expect(readsAll(await stepsOf(catalog, () => aggregate(query)))).toEqual([]);
    }
  });

  test.each(examples)('nor an aggregate with one filter: %s', async (query) => {
    const steps = await stepsOf(catalog, () => aggregate(query));
    expect(mayReadAll(query) ? scans(steps) : readsAll(steps)).toEqual([]);
  });

  test.each(MANY)('an aggregate of nearly all reads no frame: %s', async (query) => {
    const steps = await stepsOf(catalog, () => aggregate(query));
    expect(scans(steps)).toEqual([]);
    // Groups are not walked one by one, with a frame read for each entry.
    expect(steps.filter((step) => /^SCAN frames USING INDEX/.test(step))).toEqual([]);
  });

  test.each(SELECTIVE)('a cursor list of a few frames goes straight to them: %s', async (query) => {
    for (const column of ['frames.date_obs_ms', 'frames.id', 'frames.exposure_sec']) {
      for (const descending of [false, true]) {
        const steps = await stepsOf(catalog, () => listByCursor(query, column, descending));
        expect([column, readsAll(steps)]).toEqual([column, []]);
      }
    }
  });
});
