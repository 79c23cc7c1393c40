/** Pages that are read in one question: the same as those of a view that is held, whatever changes meanwhile. */
import {
  createTextReader,
  deleteFrame,
  insertFrame,
  insertFramesInBulk,
  inTransaction,
  listFramesAs,
  type Catalog,
  type FrameOrder,
  type FrameQuery,
  type FrameReader,
  type NewFrame,
  type Transaction,
  type Viewer,
} from '../../src/catalog/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { randomFrames } from '../fixtures/random-frames.js';
import { conditionsOf, PUBLIC, startCatalog, USER, type TestCatalog } from '../support/catalog.js';

const COUNT = 400;
const TEXTS = createTextReader({ id: 'id', filter: 'filter', related: 'relatedIds' });

let kept: TestCatalog;
let catalog: Catalog;

beforeEach(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  await insertFramesInBulk(catalog, randomFrames(COUNT, 43));
});
afterEach(() => kept.close());

const BY_DATE: FrameOrder = { column: 'frames.date_obs_ms', descending: true };

const BY_ID: FrameOrder = { column: 'frames.id', descending: false };

function queryOf(text: string, more: Partial<FrameQuery> = {}): FrameQuery {
  const conditions = conditionsOf(text);
  return { conditions, order: BY_DATE, limit: 20, offset: 0, ...more };
}

interface Listed {
  readonly total: number;
  readonly ids: readonly number[];
}

/** A page, and by how many questions each kind of reading was asked. */
async function list(
  query: FrameQuery,
  { viewer = USER, before }: { viewer?: Viewer; before?: () => Promise<unknown> } = {},
): Promise<Listed & { atOnce: number; byIds: number }> {
  const asked = { atOnce: 0, byIds: 0 };
  const reader: FrameReader<Buffer> = {
    byIds(...given) {
      asked.byIds += 1;
      return TEXTS.byIds(...given);
    },
    async ofPage(...given) {
      asked.atOnce += 1;
      await before?.();
      return TEXTS.ofPage(...given);
    },
  };
  return { ...(await read(reader, query, viewer)), ...asked };
}

async function read(
  reader: FrameReader<Buffer>,
  query: FrameQuery,
  viewer: Viewer,
): Promise<Listed> {
  const { total, items } = await listFramesAs(catalog, reader, query, viewer);
  const frames = JSON.parse(`[${items.join(',')}]`) as { id: number }[];
  return { total, ids: frames.map(({ id }) => id) };
}

/** The same by a view that is held. */
const held = (query: FrameQuery, viewer = USER): Promise<Listed> =>
  read({ byIds: TEXTS.byIds }, query, viewer);

const QUERIES = [
  '',
  'FILTER=V',
  'FILTER=V,B&RLEVEL=0',
  'night=2026-01-05',
  'night=2026-01-05&FILTER=V',
  'start=2026-01-04&end=2026-01-08',
  'FILTER=V&RLEVEL=0&start=2026-01-04',
  'OBJECT=m 3',
  'FILTER=none of them',
  'basename=x-00',
  'basename=x-001',
  'basename=none of them',
  'REQNUM=7',
  'EXPTIME=10&night=2026-01-05',
  'q=m 3&FILTER=V',
  'RA=120&DEC=10&radius=40',
  'RA=120&DEC=10&radius=40&basename=x-003&start=2026-01-04',
  'RA=120&DEC=10&radius=0.001',
];
const ORDERS: readonly FrameOrder[] = [
  BY_DATE,
  { column: 'frames.date_obs_ms', descending: false },
  BY_ID,
  { column: 'frames.basename', descending: true },
  { column: 'frames.exposure_sec', descending: true },
  { column: 'frames.alt_deg', descending: false },
  { column: 'measures.fwhm_px', descending: true },
  { column: 'frames.filter', descending: false },
];

test('pages of plain lists are those of a view that is held, at their beginning and at their end', async () => {
  let atOnce = 0;
  for (const text of QUERIES) {
    for (const order of ORDERS) {
      const { total } = await held(queryOf(text, { order }));
      for (const offset of [0, 7, Math.max(0, total - 5), total, total + 3]) {
        const query = queryOf(text, { order, offset });
        const { total: count, ids, ...asked } = await list(query);
        expect({ text, order, offset, count, ids }).toEqual({
          text,
          order,
          offset,
          count: total,
          ids: (await held(query)).ids,
        });
        atOnce += asked.atOnce - asked.byIds;
      }
    }
  }
  expect(atOnce).toBeGreaterThan(100);
});

test('who does not see everything, and what takes more than one question, is read from a view', async () => {
  const asVisitor = await list(queryOf('FILTER=V'), { viewer: PUBLIC });
  expect(asVisitor).toEqual({ ...(await held(queryOf('FILTER=V'), PUBLIC)), atOnce: 0, byIds: 1 });
  for (const text of ['header.GAIN__exists=false', 'basename=x-00&header.GAIN__exists=false']) {
    const walked = queryOf(text);
    expect(await list(walked)).toEqual({ ...(await held(walked)), atOnce: 0, byIds: 1 });
  }
});

/** Frames come that all of FOUND find, as an upload enters them. */
function comer(): () => Promise<void> {
  const facts = { raDeg: 120, decDeg: 10, dateObsMs: Date.UTC(2026, 0, 5, 20) };
  const more = { ...facts, night: '2026-01-05', requestNumber: '7', exposureSec: 10 };
  let come = 0;
  return async () => {
    const frame = catalogFrame(`x-00-late-${String((come += 1))}.fits`, more);
    const work = (tx: Transaction) => insertFrame(tx, frame, undefined);
    await inTransaction(catalog, work, ({ frameId }) => ({ frames: [frameId], isLater: false }));
  };
}

const FOUND = [
  'basename=x-00',
  'RA=120&DEC=10&radius=60',
  'night=2026-01-05&basename=x-00',
  'night=2026-01-05&REQNUM=7',
  'night=2026-01-05&EXPTIME=10',
  'EXPTIME=10&RA=120&DEC=10&radius=60',
];

test.each(FOUND)(
  'a frame that %s would find, and that comes then, is counted if it is on the page',
  async (text) => {
    const comes = comer();
    await comes();
    let atOnce = 0;
    const orders = [
      ...ORDERS.slice(0, -1),
      { column: 'frames.id', descending: true },
      { column: 'versions.key', descending: true },
    ];
    for (const order of orders) {
      for (const limit of [2, 1000]) {
        const query = queryOf(text, { limit, order });
        const was = await held(query);
        const { total, ids, ...asked } = await list(query, { before: comes });
        const now = await held(query);
        // A view is of after it came, and so is what cells of the sky hold when they are read.
        expect([was, now]).toContainEqual({ total, ids });
        if (asked.byIds > 0) expect({ order, total, ids }).toEqual({ order, ...now });
        atOnce += asked.atOnce - asked.byIds;
      }
    }
    expect(atOnce).toBeGreaterThan(5);
  },
);

test.each(['basename=x-00', 'RA=120&DEC=10&radius=60'])(
  'what is found by %s is read from a view if a frame has gone',
  async (text) => {
    const query = queryOf(text, { limit: 1000, order: BY_ID });
    const was = await held(query);
    const [first = 0, second = 0] = was.ids;
    const isLeft = async (id: number): Promise<void> => {
      await inTransaction(catalog, (tx) => deleteFrame(tx, id));
    };
    const without = await list(query, { before: () => isLeft(first) });
    expect([without.atOnce, without.byIds]).toEqual([1, 1]);
    expect(without.total).toBe(was.total - 1);
    expect(without.ids).not.toContain(first);
    // One goes and another comes: there was no moment with neither.
    const comes = comer();
    const exchanged = await list(query, { before: () => comes().then(() => isLeft(second)) });
    expect([exchanged.atOnce, exchanged.byIds]).toEqual([1, 1]);
    expect(exchanged.total).toBe(was.total - 1);
    expect(exchanged).toMatchObject(await held(query));
  },
);

test('of what an index finds many of it is known the next time', async () => {
  await insertFramesInBulk(catalog, randomFrames(1500, 44).map(asMany));
  const asked: string[] = [];
  catalog.read.on('query', ({ sql }: { sql: string }) => asked.push(sql));
  const query = queryOf('basename=many', { order: BY_ID });
  expect(await list(query)).toEqual({ ...(await held(query)), atOnce: 0, byIds: 1 });
  asked.length = 0;
  await held(query);
  const ofView = asked.length;
  asked.length = 0;
  await list(query);
  expect(asked).toHaveLength(ofView);
});

function asMany(frame: NewFrame, at: number): NewFrame {
  return { ...catalogFrame(`many-${String(at)}`), facts: frame.facts };
}

test('a frame that comes while a page is looked for is in its count and on it, or in neither', async () => {
  const order = { column: 'frames.id', descending: true };
  const query = queryOf('FILTER=V', { order, limit: 1000 });
  let { total } = await held(query);
  let come = 0;
  const comes = (instrument: string) => async (): Promise<void> => {
    come += 1;
    const name = `late-${String(come)}.fits`;
    await insertFramesInBulk(catalog, [catalogFrame(name, { filter: 'V', instrument })]);
  };
  await comes('known')();
  // Frames of another kind than all before are not where the way to read the page leads.
  const cases = [
    { before: comes('known'), asked: [1, 0] },
    { before: comes('known'), asked: [1, 0] },
    { before: onceOnly(comes('new')), asked: [2, 0] },
    { before: each(comes), asked: [2, 1] },
  ];
  for (const { before, asked } of cases) {
    const page = await list(query, { before });
    expect([page.atOnce, page.byIds]).toEqual(asked);
    expect(page.total).toBe(total + come);
    expect(page.ids).toHaveLength(page.total);
    expect(new Set(page.ids).size).toBe(page.total);
  }
  total += come;
  expect(await held(query)).toMatchObject({ total });
});

function onceOnly(work: () => Promise<void>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (!isDone) await work();
    isDone = true;
  };
}

function each(work: (instrument: string) => () => Promise<void>): () => Promise<void> {
  let time = 0;
  return () => work(`other-${String((time += 1))}`)();
}

test('what a page was read by is asked for once, and says nothing of who asks', async () => {
  const asked: string[] = [];
  catalog.read.on('query', ({ sql }: { sql: string }) => asked.push(sql));
  const first = await list(queryOf('FILTER=V'));
  expect(asked).toHaveLength(2);
  expect(await list(queryOf('FILTER=V', { offset: 10 }))).toMatchObject({ total: first.total });
  expect(asked).toHaveLength(3);
  const visitor = await list(queryOf('FILTER=V'), { viewer: PUBLIC });
  expect(visitor.total).toBeLessThan(first.total);
});
