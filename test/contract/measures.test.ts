import {
  countSelected,
  countWindowChanges,
  deleteFrame,
  endJudging,
  findBiasLevel,
  findMeasures,
  insertFrame,
  insertFramesInBulk,
  inTransaction,
  listFrames,
  listFramesByCursor,
  listUnjudged,
  listUnmeasured,
  noteJudged,
  parseConditions,
  readFrames,
  readGroupChanges,
  readMeasureQueue,
  saveMeasures,
  SORT_COLUMNS,
  sweepUnmeasured,
  type Catalog,
  type StoredMeasures,
} from '../../src/catalog/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { randomFrames, randomNumbers } from '../fixtures/random-frames.js';
import { conditionsOf, startCatalog, USER, type TestCatalog } from '../support/catalog.js';

const NOTHING: StoredMeasures = {
  method: 1,
  kind: 'sky',
  stars: null,
  fwhmPx: null,
  fwhmArcsec: null,
  hfrPx: null,
  elongation: null,
  elongationAngleDeg: null,
  background: null,
  backgroundGradient: null,
  noise: null,
  saturatedFraction: null,
  hotPixels: null,
  instrumentalMag: null,
  contentSum: null,
  dataSum: null,
};

const SORTS = ['fwhm', 'stars', 'noise'] as const;
const ROWS = 1500;

/** What the frames of a catalogue have under a sort key, by id. */
type Values = ReadonlyMap<number, number | null>;

let kept: TestCatalog;
let catalog: Catalog;
const valuesOf = new Map<string, Values>();

beforeAll(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  await insertFramesInBulk(catalog, randomFrames(ROWS, 11));
  const random = randomNumbers(5);
  const rows: { id: number; version_id: number }[] = await catalog
    .read('frames')
    .select('id', 'version_id');
  const made = rows.flatMap(({ id, version_id }) => {
    if (random() < 0.3) return [];
    // Many ties, and measures that make no sense for a frame.
    const some = (): number | null => (random() < 0.2 ? null : Math.floor(random() * 40) / 4);
    const numbers = { stars: some(), fwhm_px: some(), fwhm_arcsec: some() };
    const levels = { background: some(), elongation: some(), noise: some() };
    const fixed = { method: 1, kind: 'sky', group_id: 1, measured_ms: 1 };
    return [{ frame_id: id, version_id, ...numbers, ...levels, ...fixed }];
  });
  await catalog.write.batchInsert('measures', made, 50);
  for (const sort of SORTS) {
    const column = (SORT_COLUMNS[sort] ?? '').replace('measures.', '') as keyof (typeof made)[0];
    const known = new Map(made.map((row) => [row.frame_id, row[column] as number | null]));
    valuesOf.set(sort, new Map(rows.map(({ id }) => [id, known.get(id) ?? null])));
  }
});
afterAll(() => kept.close());

/** Ids in the order of a list: frames without a value last, ties by id. */
function sorted(ids: readonly number[], values: Values, descending: boolean): number[] {
  const sign = descending ? -1 : 1;
  return [...ids].sort((a, b) => {
    const [x, y] = [values.get(a) ?? null, values.get(b) ?? null];
    if (x === y) return a - b;
    if (x === null || y === null) return x === null ? 1 : -1;
    return sign * (x - y);
  });
}

const QUERIES = ['', 'FILTER=V', 'OBJECT=M 31&FILTER!=B', 'q=x-000', 'stars__gte=3', 'flag=none'];
const cases = SORTS.flatMap((sort) =>
  [false, true].map((descending) => [sort, descending ? 'down' : 'up', descending] as const),
);

test.each(cases)('lists sorted by %s, %s, are whole and in order', async (sort, _, descending) => {
  const values = valuesOf.get(sort) ?? new Map<number, null>();
  const order = { column: SORT_COLUMNS[sort] ?? '', descending };
  for (const query of QUERIES) {
    const conditions = conditionsOf(query);
    const byId = { column: 'frames.id', descending: false };
    const whole = { conditions, order: byId, limit: ROWS, offset: 0 };
    const ids = (await listFrames(catalog, whole, USER)).items.map(({ id }) => id);
    const expected = sorted(ids, values, descending);
    expect(expected.length).toBeGreaterThan(50);
    for (const offset of [0, Math.floor(expected.length / 3), expected.length - 30]) {
      const page = await listFrames(catalog, { conditions, order, limit: 30, offset }, USER);
      const found = page.items.map(({ id }) => id);
      expect([query, offset, found]).toEqual([query, offset, expected.slice(offset, offset + 30)]);
    }
    const walked: number[] = [];
    let cursor: string | undefined;
    do {
      const asked = { conditions, order, limit: 700, ...(cursor === undefined ? {} : { cursor }) };
      const page = await listFramesByCursor(catalog, readFrames, asked, USER);
      walked.push(...page.items.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect([query, walked]).toEqual([query, expected]);
  }
});

test('numbers are found by comparison, as those of the rows', async () => {
  const values = valuesOf.get('fwhm') ?? new Map<number, number | null>();
  for (const [ending, holds] of [
    ['__lt', (value: number) => value < 3],
    ['__lte', (value: number) => value <= 3],
    ['__gt', (value: number) => value > 3],
    ['__gte', (value: number) => value >= 3],
    ['', (value: number) => value === 3],
  ] as const) {
    const conditions = parseConditions(new Map([[`fwhm${ending}`, ['3']]]));
    const order = { column: 'frames.id', descending: false };
    const page = await listFrames(catalog, { conditions, order, limit: ROWS, offset: 0 }, USER);
    const expected = [...values].flatMap(([id, value]) =>
      value !== null && holds(value) ? [id] : [],
    );
    expect([ending, page.items.map(({ id }) => id)]).toEqual([ending, expected]);
  }
});

describe('the queue', () => {
  let own: TestCatalog;
  beforeEach(async () => {
    own = await startCatalog();
  });
  afterEach(() => own.close());

  const insert = (name: string): Promise<{ frameId: number; versionId: number }> =>
    inTransaction(own.catalog, (tx) => insertFrame(tx, catalogFrame(name, {}), undefined));

  test('is filled by the frame itself, newest first, and emptied by its measures', async () => {
    const first = await insert('a');
    const second = await insert('b');
    const waiting = await listUnmeasured(own.catalog, 10);
    expect(waiting.map(({ frameId }) => frameId)).toEqual([second.frameId, first.frameId]);
    expect((await readMeasureQueue(own.catalog)).oldestMs).toBeGreaterThan(Date.now() - 60_000);
    const imageKind = waiting[0]?.imageKind ?? 'other';
    const saved = await saveMeasures(own.catalog, {
      ...second,
      imageKind,
      measures: { ...NOTHING, stars: 12 },
      findings: [{ code: 'trailed', level: 'warning', text: 'Trailed.' }],
    });
    expect(saved).toBe(true);
    expect(await findMeasures(own.catalog.read, second.frameId)).toMatchObject({ stars: 12 });
    expect(await listUnmeasured(own.catalog, 10)).toHaveLength(1);
    expect(await readMeasureQueue(own.catalog)).toMatchObject({ waiting: 1, nights: 1 });
  });

  const measureAs = async (name: string, facts: object, background: number): Promise<number> => {
    const made = catalogFrame(name, facts);
    const frame = await inTransaction(own.catalog, (tx) => insertFrame(tx, made, undefined));
    const waiting = await listUnmeasured(own.catalog, 10);
    const imageKind = waiting.find(({ frameId }) => frameId === frame.frameId)?.imageKind;
    const measures = { ...NOTHING, kind: imageKind === 'bias' ? 'bias' : 'sky', background };
    await saveMeasures(own.catalog, {
      ...frame,
      imageKind: imageKind ?? 'other',
      measures,
      findings: [],
    });
    return frame.frameId;
  };

  test('compares no frames of two telescopes or sites, though their cameras bear one name', async () => {
    const places = [{}, { telescope: 'other' }, { siteId: 'other' }];
    const ids: number[] = [];
    for (const [at, place] of places.entries()) {
      ids.push(await measureAs(`s${at}`, place, 500));
      await measureAs(`b${at}`, { ...place, imageKind: 'bias' }, 100 * (at + 1));
    }
    await measureAs('again', {}, 500);
    const rows: { group_id: number }[] = await own.catalog
      .read('measures')
      .where({ kind: 'sky' })
      .select('group_id');
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map((row) => row.group_id)).size).toBe(3);
    const levels = await Promise.all(ids.map((id) => findBiasLevel(own.catalog, id, new Map())));
    expect(levels).toEqual([100, 200, 300]);
  });

  test('has later nights judged again, once, when their history came in after them', async () => {
    while (await sweepUnmeasured(own.catalog, 1));
    await own.catalog.write('judge_queue').delete();
    const note = (nightNo: number, groups: [number, number][]): Promise<void> =>
      noteJudged(own.catalog, { nightNo, groups: new Map(groups), within: 90 });
    const next = async (): Promise<number[]> => {
      await sweepUnmeasured(own.catalog, 1);
      const nights = await listUnjudged(own.catalog, 10);
      for (const night of nights) await endJudging(own.catalog, night);
      return nights.map(({ nightNo }) => nightNo);
    };
    await note(200, [[1, 3]]);
    await note(210, [[2, 3]]);
    await note(291, [[1, 3]]);
    expect(await next()).toEqual([]);
    await note(190, [[1, 5]]); // 291 is too far, and 210 has other frames
    expect(await next()).toEqual([200]);
    await note(200, [[1, 3]]);
    await note(190, [[1, 5]]); // as before
    expect(await next()).toEqual([]);
    await note(190, []);
    expect(await next()).toEqual([200]);
  });

  test('counts what changes about the frames of a night, and not what is only said of them', async () => {
    const id = await measureAs('a', {}, 500);
    const [{ group_id: groupId, night_no: nightNo } = { group_id: 0, night_no: 0 }] =
      await own.catalog
        .read('measures')
        .select<{ group_id: number; night_no: number }[]>('group_id', 'night_no');
    const window = { groupId, fromNight: nightNo - 90, toNight: nightNo, exposureSec: null };
    /** By how much measures and light have changed since this was asked last. */
    let known = [0, 0];
    const changes = async (): Promise<number[]> => {
      const all = await countWindowChanges(own.catalog, window);
      const values = (await readGroupChanges(own.catalog, nightNo)).get(groupId) ?? 0;
      const now = [values, all - values];
      const since = now.map((count, at) => count - (known[at] ?? 0));
      known = now;
      return since;
    };
    const update = async (values: object): Promise<number[]> => {
      await own.catalog.write('measures').where({ frame_id: id }).update(values);
      return changes();
    };
    expect(await changes()).toEqual([1, 0]);
    expect(await update({ fwhm_rank: 7, measured_ms: 9, background: 500 })).toEqual([0, 0]);
    expect(await update({ transparency: 0.5 })).toEqual([0, 1]);
    expect(await update({ transparency: 0.5 })).toEqual([0, 0]);
    // As many frames as before, and other numbers.
    const [values = 0] = await update({ background: 501 });
    expect(values).toBeGreaterThan(0);
    await measureAs('b', {}, 500);
    expect(await changes()).toEqual([1, 0]);
    await inTransaction(own.catalog, (tx) => deleteFrame(tx, id));
    expect(await changes()).toEqual([1, 0]);
    expect(await countWindowChanges(own.catalog, { ...window, toNight: nightNo - 1 })).toBe(0);
  });

  test('takes no numbers of a version that is not the current one any more', async () => {
    const first = await insert('a');
    const [waiting] = await listUnmeasured(own.catalog, 1);
    const imageKind = waiting?.imageKind ?? 'other';
    const measured = { ...first, imageKind, measures: NOTHING, findings: [] };
    await saveMeasures(own.catalog, measured);
    const of = { frameId: first.frameId, number: 2 };
    await inTransaction(own.catalog, (tx) => insertFrame(tx, catalogFrame('a2', {}), of));
    expect(await findMeasures(own.catalog.read, first.frameId)).toBeUndefined();
    expect(await saveMeasures(own.catalog, measured)).toBe(false);
    expect(await listUnmeasured(own.catalog, 10)).toHaveLength(1);
  });

  test('forgets frames that are deleted, with all that was measured of them', async () => {
    const frame = await insert('a');
    const [waiting] = await listUnmeasured(own.catalog, 1);
    const imageKind = waiting?.imageKind ?? 'other';
    const findings = [{ code: 'x', level: 'note', text: 'X.' }] as const;
    await saveMeasures(own.catalog, { ...frame, imageKind, measures: NOTHING, findings });
    const other = await insert('b');
    await inTransaction(own.catalog, async (tx) => {
      await deleteFrame(tx, frame.frameId);
      await deleteFrame(tx, other.frameId);
    });
    for (const table of ['measures', 'findings', 'measure_queue']) {
      expect([table, await own.catalog.read(table)]).toEqual([table, []]);
    }
  });

  test('leaves frames that come in bulk to the sweep, which sees each once', async () => {
    await insertFramesInBulk(own.catalog, randomFrames(1200, 3));
    expect(await listUnmeasured(own.catalog, 10)).toEqual([]);
    const seen: number[] = [];
    while (await sweepUnmeasured(own.catalog, 1)) {
      const some = await listUnmeasured(own.catalog, ROWS);
      expect(some.length).toBeLessThanOrEqual(500);
      seen.push(...some.map(({ frameId }) => frameId));
      await own.catalog.write('measure_queue').delete();
    }
    expect(seen).toEqual(Array.from({ length: 1200 }, (_, at) => 1200 - at));
    expect(await sweepUnmeasured(own.catalog, 1)).toBe(false);
    // Another method begins anew.
    expect(await sweepUnmeasured(own.catalog, 2)).toBe(true);
    expect(await countSelected(own.catalog, { unlessMethod: 2 })).toMatchObject({ frames: 1200 });
  });

  test('gives the stars another width in arcseconds when the scale changes', async () => {
    const frame = await insert('a');
    const [waiting] = await listUnmeasured(own.catalog, 1);
    const imageKind = waiting?.imageKind ?? 'other';
    const measures = { ...NOTHING, fwhmPx: 3 };
    await saveMeasures(own.catalog, { ...frame, imageKind, measures, findings: [] });
    await own.catalog
      .write('frames')
      .where({ id: frame.frameId })
      .update({ footprint: '{"pixel_scale":0.5}' });
    expect(await findMeasures(own.catalog.read, frame.frameId)).toMatchObject({ fwhmArcsec: 1.5 });
  });
});
