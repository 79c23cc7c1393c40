import {
  FRAME_FILTERS,
  insertFramesInBulk,
  listFrames,
  type Catalog,
} from '../../src/catalog/index.js';
import { randomFrames } from '../fixtures/random-frames.js';
import { conditionsOf, startCatalog, type TestCatalog, USER } from '../support/catalog.js';
import { scans, stepsOf } from '../support/plans.js';

/** The planner weighs up by how many frames there are: what holds for a few need not for a million. */
const SEED = 20_000;
const COPIES = 50;

let kept: TestCatalog;
let catalog: Catalog;

beforeAll(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  await insertFramesInBulk(catalog, randomFrames(SEED, 31));
  await copyFrames(catalog);
}, 600_000);
afterAll(() => kept.close());

/** Every frame so many times, each with a name and an id of its own, in all tables that searches use. */
async function copyFrames({ write }: Catalog): Promise<void> {
  const copies = `(with recursive n(k) as (values (1) union all select k + 1 from n where k < ${COPIES - 1}) select k from n) as n`;
  const copy = async (table: string, changed: Record<string, string>): Promise<void> => {
    const columns: { name: string }[] = await write.raw(`pragma table_info(${table})`);
    const names = columns.map(({ name }) => name);
    const values = names.map((name) => changed[name] ?? `t.${name}`);
    await write.raw(
      `insert into ${table} (${names.join(', ')}) select ${values.join(', ')} from ${copies} cross join ${table} as t`,
    );
  };
  await write.raw('pragma synchronous = off');
  const id = `t.id + n.k * ${SEED}`;
  await copy('frames', {
    id,
    version_id: `t.version_id + n.k * ${SEED}`,
    basename: "t.basename || '-' || n.k",
  });
  await copy('versions', {
    id,
    frame_id: `t.frame_id + n.k * ${SEED}`,
    key: "t.key || '-' || n.k",
    sha256: "t.sha256 || '-' || n.k",
  });
  await copy('sky_boxes', { id });
  await copy('header_numbers', { frame_id: `t.frame_id + n.k * ${SEED}` });
  await copy('header_texts', { frame_id: `t.frame_id + n.k * ${SEED}` });
  for (const table of ['facets', 'nights', 'objects', 'cube']) {
    await write(table).update({ frames: write.raw(`frames * ${COPIES}`) });
  }
}

const examples = FRAME_FILTERS.flatMap((filter) =>
  filter.examples.map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
);

test('there are a million frames', async () => {
  const query = { conditions: [], order: { column: 'frames.id', descending: true }, offset: 0 };
  const { total, items } = await listFrames(catalog, { ...query, limit: 1 }, USER);
  expect([total, items[0]?.id]).toEqual([SEED * COPIES, SEED * COPIES]);
});

test.each(examples)('a list with one filter reads through no frames: %s', async (query) => {
  const conditions = conditionsOf(query);
  const order = { column: 'frames.date_obs_ms', descending: true };
  const steps = await stepsOf(catalog, () =>
    listFrames(catalog, { conditions, order, limit: 100, offset: 0 }, USER),
  );
  expect(scans(steps)).toEqual([]);
});
