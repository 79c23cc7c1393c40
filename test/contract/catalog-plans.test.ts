import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  FRAME_FILTERS,
  insertFramesInBulk,
  listFacets,
  listFrames,
  migrate,
  openCatalog,
  parseConditions,
  SORT_COLUMNS,
  type Catalog,
  type Viewer,
} from '../../src/catalog/index.js';
import { randomFrames } from '../fixtures/random-frames.js';

/**
 * How SQLite goes about each query that a list makes. Nothing may read through `frames` row by row,
 * with the statistics of ANALYZE as without.
 */
const USER: Viewer = { userId: 1, username: 'u', role: 'user', scope: 'admin', seesPublic: false };
const ROWS = 20_000;

let folder: string;
let catalog: Catalog;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-plans-'));
  catalog = openCatalog(`sqlite:${join(folder, 'catalog.sqlite')}`);
  await migrate(catalog);
  await insertFramesInBulk(catalog, randomFrames(ROWS, 29));
});
afterAll(async () => {
  await catalog.close();
  await rm(folder, { recursive: true, force: true });
});

interface Query {
  readonly sql: string;
  readonly bindings: readonly (string | number)[];
}

/** Steps of the plans of all queries that `work` makes. */
async function stepsOf(work: () => Promise<unknown>): Promise<string[]> {
  const queries: Query[] = [];
  const note = ({ sql, bindings }: Query): void => void queries.push({ sql, bindings });
  catalog.read.on('query', note);
  await work();
  catalog.read.removeListener('query', note);
  const steps: string[] = [];
  for (const { sql, bindings } of queries) {
    if (!/^(?:select|with)/i.test(sql)) continue;
    const plan = await catalog.read.raw<{ detail: string }[]>(
      `explain query plan ${sql}`,
      bindings,
    );
    steps.push(...plan.map(({ detail }) => detail));
  }
  expect(steps.length).toBeGreaterThan(0);
  return steps;
}

function list(query: string, column: string, descending: boolean, offset = 0): Promise<unknown> {
  const given = [...new URLSearchParams(query)];
  const conditions = parseConditions(new Map(given.map(([name, value]) => [name, [value]])));
  catalog.known.clear();
  const order = { column, descending };
  return listFrames(catalog, { conditions, order, limit: 100, offset }, USER);
}

/** Steps that read all of `frames`; with an index that has all columns, its rows are not read. */
function scans(steps: readonly string[]): string[] {
  return steps.filter((step) => /^SCAN frames(?! USING COVERING INDEX)/.test(step));
}

const examples = FRAME_FILTERS.flatMap((filter) =>
  filter.examples.map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
);

describe.each(['without', 'with'])('%s statistics', (statistics) => {
  beforeAll(async () => {
    if (statistics === 'with') await catalog.write.raw('analyze');
  });

  test.each(examples)('a list with one filter reads through nothing: %s', async (query) => {
    for (const descending of [false, true]) {
      const steps = await stepsOf(() => list(query, 'frames.date_obs_ms', descending));
      expect(scans(steps)).toEqual([]);
    }
  });

  test.each(Object.entries(SORT_COLUMNS))('nor does one sorted by %s', async (_name, column) => {
    for (const descending of [false, true]) {
      for (const query of ['', 'FILTER=V', 'night=2026-01-05', 'OBJECT=ngc']) {
        const steps = await stepsOf(() => list(query, column, descending));
        // Through an index in the order of the list one reads no further than the page.
        expect([query, steps.filter((step) => step === 'SCAN frames')]).toEqual([query, []]);
      }
    }
  });

  test('nor an aggregate', async () => {
    for (const query of ['', 'FILTER=V', 'night=2026-01-05', 'start=2026-01-03&end=2026-01-08']) {
      const given = new Map(
        [...new URLSearchParams(query)].map(([name, value]) => [name, [value]]),
      );
      const steps = await stepsOf(() => listFacets(catalog, parseConditions(given), USER));
      expect(steps.filter((step) => step.startsWith('SCAN frames'))).toEqual([]);
    }
  });
});
