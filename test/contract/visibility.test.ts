import {
  createTextReader,
  deleteFrame,
  DIRECTIONS,
  eachFile,
  eachFileOf,
  eachSetup,
  findFrames,
  findFramesAs,
  findUsers,
  getFrame,
  getFrameFile,
  insertFrame,
  insertFramesInBulk,
  insertUser,
  inTransaction,
  listFacets,
  listFrames,
  listFramesByCursor,
  listNights,
  listRelatedAs,
  listSetups,
  listVisibleVersions,
  OPERATOR,
  readFrames,
  SORT_COLUMNS,
  type Catalog,
  type Frame,
  type FrameOrder,
  type Viewer,
} from '../../src/catalog/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { randomFrames, randomNumbers } from '../fixtures/random-frames.js';
import {
  conditionsOf,
  ADMIN,
  PUBLIC,
  startCatalog,
  type TestCatalog,
  USER,
} from '../support/catalog.js';
import { readsAll, stepsOf, type Query } from '../support/plans.js';

/** What accounts see that are held to proposals: by the plainest rule there is, and by every query. */
const [ANA, BEN] = [11, 12];
const held = (userId: number, ...proposals: string[]): Viewer => ({
  ...USER,
  userId,
  username: `user-${userId}`,
  role: 'writer',
  seesAll: false,
  proposals,
});
const VIEWERS: readonly Viewer[] = [
  held(ANA, 'alpha'),
  held(ANA),
  held(BEN, 'beta', 'gamma'),
  held(13, 'gamma'),
  PUBLIC,
];

interface Place {
  readonly kept: TestCatalog;
  /** All frames, in order of id, and by id who brought the first version. */
  readonly frames: readonly Frame[];
  readonly broughtBy: ReadonlyMap<number, number | null>;
}

/** An archive in which what somebody sees is little, and one in which it is more than is counted. */
let small: Place;
let large: Place;

beforeAll(async () => {
  [small, large] = await Promise.all([startPlace(600), startPlace(26_000)]);
}, 180_000);
afterAll(async () => {
  await small.kept.close();
  await large.kept.close();
});

async function startPlace(count: number): Promise<Place> {
  const kept = await startCatalog();
  const { catalog } = kept;
  for (const id of [ANA, BEN, 13]) {
    const account = { username: `user-${id}`, passwordHash: 'x', role: 'writer' } as const;
    const made = await insertUser(catalog, account, OPERATOR);
    await catalog.write('users').where({ id: made }).update({ id });
  }
  const random = randomNumbers(77);
  const frames = randomFrames(count, 19).map(({ version, ...frame }) => {
    const chance = random();
    const uploadedBy = chance < 0.1 ? ANA : chance < 0.2 ? BEN : null;
    return { ...frame, version: { ...version, uploadedBy } };
  });
  await insertFramesInBulk(catalog, frames);
  // A later version of a frame does not make it one's own.
  for (const frameId of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const { version, ...later } = catalogFrame(`later-${frameId}`, frames[frameId - 1]?.facts);
    const changed = { ...later, version: { ...version, uploadedBy: ANA } };
    await inTransaction(catalog, (tx) => insertFrame(tx, changed, { frameId, number: 2 }));
  }
  const order = { column: 'frames.id', descending: false };
  const all = { conditions: [], order, limit: count + 10, offset: 0 };
  const { items } = await listFrames(catalog, all, ADMIN);
  const broughtBy = new Map(
    items.map(({ id }) => [id, frames[id - 1]?.version.uploadedBy ?? null] as const),
  );
  return { kept, frames: items, broughtBy };
}

/** The rule, once more, over frames as they are. */
function maySee({ broughtBy }: Place, viewer: Viewer, frame: Frame): boolean {
  if (frame.publicDateMs !== null && frame.publicDateMs <= Date.now()) return true;
  if (viewer.role === 'anonymous') return false;
  const isOwn = broughtBy.get(frame.id) === viewer.userId;
  return isOwn || (frame.proposal !== null && viewer.proposals.includes(frame.proposal));
}

/** Ids in the order that is promised. */
async function expected(
  place: Place,
  query: string,
  order: FrameOrder,
  viewer: Viewer,
): Promise<number[]> {
  const seen = new Set(
    place.frames.filter((frame) => maySee(place, viewer, frame)).map(({ id }) => id),
  );
  const rows = place.kept.catalog
    .read('frames')
    .join('versions', 'versions.id', 'frames.version_id')
    .orderByRaw(
      `${order.column} is null, ${order.column} ${order.descending ? 'desc' : 'asc'}, frames.id`,
    );
  for (const { apply } of conditionsOf(query)) apply(rows, 'frames');
  const found: { id: number }[] = await rows.select('frames.id');
  return found.map(({ id }) => id).filter((id) => seen.has(id));
}

const QUERIES = [
  '',
  'FILTER=V',
  'PROPID=beta',
  'night=2026-01-05',
  'FILTER=V&RLEVEL=0&start=2026-01-04T20:00:00&end=2026-01-11',
  'OBJECT=m 3',
  'basename=x-00',
  'EXPTIME=10&night=2026-01-06',
  'public=false',
];
const COLUMNS = ['DATE_OBS', 'id', 'FILTER', 'EXPTIME', 'OBJECT'];
const orders: FrameOrder[] = COLUMNS.flatMap((name) => {
  const column = SORT_COLUMNS[name] ?? 'frames.id';
  return [
    { column, descending: false },
    { column, descending: true },
  ];
});

describe.each(['small', 'large'])('what is seen is %s', (size) => {
  const place = (): Place => (size === 'small' ? small : large);

  test.each(QUERIES)('list, count, facets and pages are those of the rule: %s', async (query) => {
    const { catalog } = place().kept;
    const conditions = conditionsOf(query);
    const viewers = size === 'small' ? VIEWERS : VIEWERS.slice(0, 3);
    for (const [at, viewer] of viewers.entries()) {
      const some = orders.filter((_, place) => (place + at) % (size === 'small' ? 3 : 9) === 0);
      for (const order of some) {
        const all = await expected(place(), query, order, viewer);
        for (const offset of [0, 23, Math.max(0, all.length - 20)]) {
          const asked = { conditions, order, limit: 30, offset };
          const { total, items } = await listFrames(catalog, asked, viewer);
          const about = [viewer.username, viewer.proposals, order, offset];
          expect([...about, total, items.map(({ id }) => id)]).toEqual([
            ...about,
            all.length,
            all.slice(offset, offset + 30),
          ]);
        }
        const facets = await listFacets(catalog, conditions, viewer);
        expect(facets.reduce((sum, { frames }) => sum + frames, 0)).toBe(all.length);
      }
    }
  });

  test('nights count what is seen of them', async () => {
    const { catalog } = place().kept;
    for (const viewer of VIEWERS) {
      const nights = new Map<string, number>();
      for (const frame of place().frames) {
        const { night } = frame;
        if (night === null || !maySee(place(), viewer, frame)) continue;
        nights.set(night, (nights.get(night) ?? 0) + 1);
      }
      const newest = [...nights].sort(([a], [b]) => (a < b ? 1 : -1)).slice(0, 9);
      expect(await listNights(catalog, 9, viewer)).toEqual(
        newest.map(([night, frames]) => ({ night, frames })),
      );
    }
  });

  test('walking by cursors comes past everything that is seen, and nothing else', async () => {
    const { catalog } = place().kept;
    const order = { column: 'frames.date_obs_ms', descending: true };
    for (const viewer of VIEWERS.slice(0, 2)) {
      const conditions = conditionsOf('night=2026-01-05');
      const walked: number[] = [];
      let cursor: string | undefined;
      do {
        const asked = { conditions, order, limit: 200, cursor };
        const page = await listFramesByCursor(catalog, readFrames, asked, viewer);
        walked.push(...page.items.map(({ id }) => id));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      expect(walked).toEqual(await expected(place(), 'night=2026-01-05', order, viewer));
    }
  });
});

test('every way to a frame by its id leads to those that are seen, and to no other', async () => {
  const { catalog } = small.kept;
  const ids = small.frames.map(({ id }) => id);
  const collect = async <T>(slices: AsyncIterable<readonly T[]>): Promise<T[]> => {
    const all: T[] = [];
    for await (const slice of slices) all.push(...slice);
    return all;
  };
  const texts = createTextReader({ id: 'id' });
  for (const viewer of VIEWERS) {
    const seen = small.frames.filter((frame) => maySee(small, viewer, frame)).map(({ id }) => id);
    expect(seen.length).toBeGreaterThan(100);
    expect(seen.length).toBeLessThan(ids.length - 100);
    const sorted = (found: readonly number[]): number[] => [...found].sort((a, b) => a - b);
    const files = await collect(eachFile(catalog, [], 10_000, viewer));
    const filesOf = await collect(eachFileOf(catalog, ids, viewer));
    const setups = await collect(eachSetup(catalog, ids, viewer));
    const found = await findFrames(catalog, ids, viewer);
    expect(sorted(files.map(({ frameId }) => frameId))).toEqual(seen);
    expect(sorted(filesOf.map(({ frameId }) => frameId))).toEqual(seen);
    expect(sorted(setups.map(({ id }) => id))).toEqual(seen);
    expect(found.map(({ id }) => id)).toEqual(seen);
    // A reader may give several frames as one text.
    const text = (await findFramesAs(catalog, texts, ids, viewer)).join(',');
    expect(text).toBe(seen.map((id) => `{"id":${id}}`).join(','));
    const isSeen = new Set(seen);
    for (const id of ids.slice(0, 80)) {
      const told = [getFrame(catalog, id, viewer), getFrameFile(catalog, id, viewer)];
      for (const answer of await Promise.allSettled(told)) {
        expect([id, answer.status]).toEqual([id, isSeen.has(id) ? 'fulfilled' : 'rejected']);
        if (answer.status === 'rejected')
          expect(answer.reason).toMatchObject({ code: 'not_found' });
      }
    }
    const nearest = await listSetups(
      catalog,
      {
        instrument: 'cam1',
        kinds: ['bias', 'flat'],
        isReduced: false,
        aroundMs: Date.UTC(2026, 0, 8),
        withinMs: 90 * 86_400_000,
        bounds: [],
        limit: 1000,
      },
      viewer,
    );
    expect(nearest.length).toBeGreaterThan(5);
    expect(nearest.every(({ id }) => isSeen.has(id))).toBe(true);
  }
});

test('relations tell of no frame that is not seen', async () => {
  const own = await startCatalog();
  const { catalog } = own;
  const frame = (name: string, uses: string, proposal: string) =>
    catalogFrame(name, { proposal, relations: [{ key: 'L1IDBIAS', name: uses }] });
  await insertFramesInBulk(catalog, [
    frame('a', 'b', 'alpha'),
    frame('b', 'a', 'beta'),
    frame('c', 'a', 'alpha'),
  ]);
  const both = held(ANA, 'alpha', 'beta');
  const one = held(ANA, 'alpha');
  expect((await getFrame(catalog, 1, both)).relatedIds).toEqual([2]);
  expect((await getFrame(catalog, 1, one)).relatedIds).toEqual([]);
  expect([await findUsers(catalog, 'a', both), await findUsers(catalog, 'a', one)]).toEqual([
    [2, 3],
    [3],
  ]);
  const texts = createTextReader({ id: 'id' });
  const related = async (id: number, viewer: Viewer): Promise<string[]> => {
    const found: string[] = [];
    for (const direction of DIRECTIONS) {
      found.push(String(await listRelatedAs(catalog, texts, { id, direction }, viewer)));
    }
    return found;
  };
  expect(await related(1, both)).toEqual(['{"id":2}', '{"id":2},{"id":3}', '{"id":2},{"id":3}']);
  expect(await related(1, one)).toEqual(['', '{"id":3}', '{"id":3}']);
  await expect(related(2, one)).rejects.toThrow('Not found.');
  expect(await related(3, one)).toEqual(['{"id":1}', '', '{"id":1}']);
  await own.close();
});

test('whoever sees a frame only because it is public sees what it is, not what it was', async () => {
  const { catalog } = small.kept;
  const numbers = async (frame: Frame, viewer: Viewer): Promise<number[]> =>
    (await listVisibleVersions(catalog, frame, viewer)).map(({ number }) => number);
  const withTwo = await findFrames(catalog, [1, 2, 3, 4, 5, 6, 7, 8], ADMIN);
  const kinds = new Set<string>();
  for (const frame of withTwo) {
    expect(await numbers(frame, ADMIN)).toEqual([1, 2]);
    for (const viewer of VIEWERS) {
      if (!maySee(small, viewer, frame)) continue;
      const isOwn = small.broughtBy.get(frame.id) === viewer.userId && viewer.userId !== null;
      const isWhole = isOwn || viewer.proposals.includes(frame.proposal ?? '');
      kinds.add(String(isWhole));
      expect(await numbers(frame, viewer)).toEqual(isWhole ? [1, 2] : [2]);
    }
  }
  expect(kinds).toEqual(new Set(['true', 'false']));
});

test('few frames among many are gone to straight; for those who see all nothing is asked', async () => {
  const hidden = { proposal: 'delta', publicDateMs: null, night: '2025-01-01' };
  const list = (catalog: Catalog, viewer: Viewer): Promise<unknown> => {
    const order = { column: 'frames.date_obs_ms', descending: true };
    return listFrames(catalog, { conditions: [], order, limit: 100, offset: 0 }, viewer);
  };
  const closed = await startCatalog();
  const frames = randomFrames(3_000, 5).map((frame) => ({
    ...frame,
    facts: { ...frame.facts, publicDateMs: null },
  }));
  await insertFramesInBulk(closed.catalog, [...frames, catalogFrame('rare', hidden)]);
  const steps = await stepsOf(closed.catalog, () => list(closed.catalog, held(ANA, 'delta')));
  expect(readsAll(steps)).toEqual([]);
  expect(await list(closed.catalog, held(ANA, 'delta'))).toMatchObject({
    total: 1,
    items: [{ basename: 'rare' }],
  });
  const queries: string[] = [];
  const note = ({ sql }: Query): void => void queries.push(sql);
  closed.catalog.read.on('query', note);
  await list(closed.catalog, USER);
  closed.catalog.read.removeListener('query', note);
  expect(queries.length).toBeGreaterThan(2);
  expect(queries.join('\n')).not.toMatch(/public_date_ms <=|own\.uploaded_by|proposal in/);
  await closed.close();
});

test('a frame that was deleted is in nobody’s list', async () => {
  const own = await startCatalog();
  const { catalog } = own;
  await insertFramesInBulk(catalog, [catalogFrame('a', { proposal: 'alpha' })]);
  expect(await listNights(catalog, 5, held(ANA, 'alpha'))).toHaveLength(1);
  await inTransaction(catalog, (tx) => deleteFrame(tx, 1));
  expect(await listNights(catalog, 5, held(ANA, 'alpha'))).toEqual([]);
  await own.close();
});
