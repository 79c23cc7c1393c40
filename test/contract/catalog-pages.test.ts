import { join } from 'node:path';
import {
  deleteFrame,
  insertFramesInBulk,
  inTransaction,
  listFrames,
  listFramesByCursor,
  readFrames,
  migrate,
  openCatalog,
  SORT_COLUMNS,
  type Catalog,
  type FrameOrder,
  type SortKey,
  type Viewer,
} from '../../src/catalog/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { randomFrames } from '../fixtures/random-frames.js';
import { conditionsOf, PUBLIC, startCatalog, type TestCatalog, USER } from '../support/catalog.js';

const COUNT = 500;

let kept: TestCatalog;
let catalog: Catalog;

beforeAll(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  await insertFramesInBulk(catalog, randomFrames(COUNT, 41));
});
afterAll(() => kept.close());

function inSql({ column, descending }: SortKey): string {
  return `${column} is null, ${column} ${descending ? 'desc' : 'asc'}`;
}

/** Ids in the order that is promised, by the plainest query there is. */
async function expected(query: string, order: FrameOrder, viewer: Viewer): Promise<number[]> {
  const rows = catalog
    .read('frames')
    .join('versions', 'versions.id', 'frames.version_id')
    .leftJoin('measures', 'measures.frame_id', 'frames.id')
    .orderByRaw(`${[order, ...(order.then ?? [])].map(inSql).join(', ')}, frames.id`);
  for (const { apply } of conditionsOf(query)) apply(rows, 'frames');
  if (viewer === PUBLIC) void rows.where('frames.public_date_ms', '<=', Date.now());
  const found: { id: number }[] = await rows.select('frames.id');
  return found.map(({ id }) => id);
}

const QUERIES = [
  '',
  'FILTER=V',
  'night=2026-01-05',
  'FILTER=V&RLEVEL=0&start=2026-01-04',
  'OBJECT=m 3',
  'basename=x-00',
  'EXPTIME=10',
];
// What is said beside the table has a suite of its own: catalog-said.test.ts.
const columns = [...new Set(Object.values(SORT_COLUMNS))].filter(
  (each) => !each.startsWith('said.'),
);
const up = (column: string): SortKey => ({ column: `frames.${column}`, descending: false });
const down = (column: string): SortKey => ({ column: `frames.${column}`, descending: true });
const orders: FrameOrder[] = [
  ...columns.flatMap((column) => [
    { column, descending: false },
    { column, descending: true },
  ]),
  { ...down('filter'), then: [down('exposure_sec')] },
  { ...up('object'), then: [down('date_obs_ms'), up('filter')] },
  { ...down('date_obs_ms'), then: [up('object')] },
  { ...up('exposure_sec'), then: [down('image_type'), up('proposal'), down('object')] },
  { ...down('object'), then: [down('id')] },
];

test.each(QUERIES)('pages of any order, put together, are the list: %s', async (query) => {
  const conditions = conditionsOf(query);
  for (const viewer of [USER, PUBLIC]) {
    for (const [at, order] of orders.entries()) {
      if (viewer === PUBLIC && at % 5 !== 0) continue;
      const all = await expected(query, order, viewer);
      for (const offset of [0, 37, Math.floor(all.length / 2), Math.max(0, all.length - 20)]) {
        const asked = { conditions, order, limit: 30, offset };
        const { total, items } = await listFrames(catalog, asked, viewer);
        const place = [query, order.column, order.descending, offset];
        expect([...place, total, items.map(({ id }) => id)]).toEqual([
          ...place,
          all.length,
          all.slice(offset, offset + 30),
        ]);
      }
    }
  }
});

test.each(QUERIES)('walking by cursors, there and back, is the list: %s', async (query) => {
  const conditions = conditionsOf(query);
  const some = orders.filter(({ column }) =>
    /date_obs_ms|frames.id|exposure|filter|data_mean|object|moon_fraction|key/.test(column),
  );
  for (const order of some) {
    const all = await expected(query, order, USER);
    const limit = 70;
    const forth: number[] = [];
    let cursor: string | undefined;
    let back: string | null = null;
    do {
      const page = await listFramesByCursor(
        catalog,
        readFrames,
        { conditions, order, limit, cursor },
        USER,
      );
      forth.push(...page.items.map(({ id }) => id));
      expect(page.previous === null).toBe(cursor === undefined);
      back = page.previous;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect([order, forth]).toEqual([order, all]);
    const lastPage = all.length % limit === 0 ? limit : all.length % limit;
    const before: number[] = [];
    while (back !== null) {
      const page = await listFramesByCursor(
        catalog,
        readFrames,
        { conditions, order, limit, cursor: back },
        USER,
      );
      before.unshift(...page.items.map(({ id }) => id));
      back = page.previous;
    }
    expect([order, before]).toEqual([order, all.slice(0, all.length - lastPage)]);
  }
});

test('frames with an empty text are those that None asks for', async () => {
  const own = openCatalog(`sqlite:${join(kept.folder, 'empty.sqlite')}`);
  try {
    await migrate(own);
    const telescopes = ['', '0m5', '1m0'];
    const frames = telescopes.map((telescope) => catalogFrame(`on ${telescope}`, { telescope }));
    await insertFramesInBulk(own, frames);
    const namesOf = async (query: string): Promise<string[]> => {
      const order = { column: 'frames.id', descending: false };
      const asked = { conditions: conditionsOf(query), order, limit: 10, offset: 0 };
      return (await listFrames(own, asked, USER)).items.map(({ basename }) => basename);
    };
    expect(await namesOf('TELESCOPE=None')).toEqual(['on ']);
    expect(await namesOf('TELESCOPE=None,0m5')).toEqual(['on ', 'on 0m5']);
    expect(await namesOf('TELESCOPE!=None')).toEqual(['on 0m5', 'on 1m0']);
    expect(await namesOf('TELESCOPE!=None,0m5')).toEqual(['on 1m0']);
    expect(await namesOf('TELESCOPE!=0m5')).toEqual(['on ', 'on 1m0']);
  } finally {
    await own.close();
  }
});

test('a cursor may stand at a long name', async () => {
  const own = openCatalog(`sqlite:${join(kept.folder, 'long.sqlite')}`);
  try {
    await migrate(own);
    const objects = ['a', 'b', 'c'].map((letter) => letter.repeat(3_000));
    await insertFramesInBulk(
      own,
      objects.map((object, at) => catalogFrame(`long-${at}`, { object })),
    );
    const asked = { conditions: [], order: up('object'), limit: 1 };
    const first = await listFramesByCursor(own, readFrames, asked, USER);
    const cursor = first.next ?? '';
    const second = await listFramesByCursor(own, readFrames, { ...asked, cursor }, USER);
    expect(second.items.map(({ object }) => object)).toEqual([objects[1]]);
  } finally {
    await own.close();
  }
});

test('a cursor keeps its place when its own frame and value are gone', async () => {
  const order = { column: 'frames.filter', descending: false };
  const alone = catalogFrame('alone', { filter: 'C' });
  await insertFramesInBulk(catalog, [alone]);
  const all = await listFrames(catalog, { conditions: [], order, limit: 1000, offset: 0 }, USER);
  const at = all.items.findIndex(({ filter }) => filter === 'C');
  const page = await listFramesByCursor(
    catalog,
    readFrames,
    { conditions: [], order, limit: at + 1 },
    USER,
  );
  expect(page.items.at(-1)?.filter).toBe('C');
  await inTransaction(catalog, (tx) => deleteFrame(tx, Number(page.items.at(-1)?.id)));
  const rest = await listFramesByCursor(
    catalog,
    readFrames,
    { conditions: [], order, limit: 10, cursor: page.next ?? '' },
    USER,
  );
  expect(rest.items.map(({ id }) => id)).toEqual(
    all.items.slice(at + 1, at + 11).map(({ id }) => id),
  );
});

test('a cursor that is damaged, or of another order, is refused by name', async () => {
  const order = { column: 'frames.date_obs_ms', descending: false };
  const { next } = await listFramesByCursor(
    catalog,
    readFrames,
    { conditions: [], order, limit: 3 },
    USER,
  );
  const other = { column: 'frames.id', descending: false };
  const wrong = ['', 'x', '!!', 'W10', Buffer.from('[1,2]').toString('base64url')];
  for (const [text, asked] of [
    ...wrong.map((each) => [each, order] as const),
    [next ?? '', other] as const,
  ]) {
    await expect(
      listFramesByCursor(
        catalog,
        readFrames,
        { conditions: [], order: asked, limit: 3, cursor: text },
        USER,
      ),
    ).rejects.toMatchObject({ code: 'bad_request', data: { parameter: 'cursor' } });
  }
});

test('far into a list of all frames the page is the same as by plain counting', async () => {
  const own = openCatalog(`sqlite:${join(kept.folder, 'far.sqlite')}`);
  await migrate(own);
  await insertFramesInBulk(own, randomFrames(16_000, 7));
  for (const descending of [false, true]) {
    const direction = descending ? 'desc' : 'asc';
    const rows: { id: number }[] = await own
      .read('frames')
      .orderByRaw(`date_obs_ms is null, date_obs_ms ${direction}, id`)
      .select('id');
    for (const offset of [5_000, 6_000, 7_999, 9_000, 14_000]) {
      const order = { column: 'frames.date_obs_ms', descending };
      const asked = { conditions: [], order, limit: 50, offset };
      const { items } = await listFrames(own, asked, USER);
      expect(items.map(({ id }) => id)).toEqual(
        rows.slice(offset, offset + 50).map(({ id }) => id),
      );
    }
  }
  await own.close();
});
