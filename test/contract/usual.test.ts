import {
  deleteFrame,
  endJudging,
  findMeasures,
  findUsualOf,
  insertFrame,
  inTransaction,
  listFindings,
  listFrames,
  listUnjudged,
  parseConditions,
  readFirstCopies,
  saveMeasures,
  sortColumn,
  sweepUnmeasured,
  type FrameMeasures,
  type HeaderSettings,
  type ImageKind,
  type StoredMeasures,
} from '../../src/catalog/index.js';
import { judgeNight, judgeUndated } from '../../src/measuring/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { SKY } from '../fixtures/measures.js';
import { startCatalog, type TestCatalog, USER } from '../support/catalog.js';
import { scans, stepsOf } from '../support/plans.js';

const DAY_MS = 86_400_000;
const FIRST_MS = Date.UTC(2026, 2, 1, 20);

interface Made {
  readonly frameId: number;
  readonly versionId: number;
  readonly imageKind: ImageKind;
}

let kept: TestCatalog;
beforeEach(async () => {
  kept = await startCatalog();
});
afterEach(() => kept.close());

/** @param night its number; null for a frame without date */
async function take(
  night: number | null,
  number: number,
  imageKind: ImageKind,
  reductionLevel = 0,
): Promise<Made> {
  const dateObsMs = night === null ? null : FIRST_MS + night * DAY_MS + number * 60_000;
  const day = dateObsMs === null ? null : new Date(dateObsMs).toISOString().slice(0, 10);
  const facts = { imageKind, dateObsMs, night: day, reductionLevel };
  const name = `${imageKind}-${night ?? 'undated'}-${number}-${reductionLevel}`;
  const frame = catalogFrame(name, facts);
  const ids = await inTransaction(kept.catalog, (tx) => insertFrame(tx, frame, undefined));
  return { ...ids, imageKind };
}

async function measure(
  frame: Made,
  measures: Partial<StoredMeasures> = {},
  settings: HeaderSettings = new Map(),
): Promise<void> {
  const kind = frame.imageKind === 'object' ? 'sky' : frame.imageKind;
  const measured = { ...frame, measures: { ...SKY, kind, ...measures }, settings, findings: [] };
  expect(await saveMeasures(kept.catalog, measured)).toBe(true);
}

/** Judges what waits for it, until nothing does. @returns the nights, `YYYY-MM-DD` */
async function judgeAll(): Promise<string[]> {
  const nights: string[] = [];
  await kept.catalog.write('measure_queue').delete();
  for (;;) {
    const [night] = await listUnjudged(kept.catalog, 1);
    if (night === undefined) {
      if (await judgeUndated(kept.catalog)) continue;
      if (!(await sweepUnmeasured(kept.catalog, 1))) return nights;
      continue;
    }
    await judgeNight(kept.catalog, night.nightNo);
    await endJudging(kept.catalog, night);
    nights.push(new Date(night.nightNo * DAY_MS).toISOString().slice(0, 10));
  }
}

async function known({ frameId }: Made): Promise<FrameMeasures> {
  const measures = await findMeasures(kept.catalog.read, frameId);
  if (measures === undefined) throw new Error('It was not measured.');
  return measures;
}

/** Frames of the first night, each a little different from the one before. */
async function history(changes: (at: number) => Partial<StoredMeasures>): Promise<Made[]> {
  const frames: Made[] = [];
  for (let at = 0; at < 25; at += 1) {
    const frame = await take(0, at, 'object');
    await measure(frame, changes(at));
    frames.push(frame);
  }
  return frames;
}

test('every measure of a frame has its rank, also where the night itself is all the history', async () => {
  const frames = await history((at) => ({
    hfrPx: 2 + at / 100,
    saturatedFraction: at === 24 ? 0.001 : 0,
    instrumentalMag: -10 + at / 100,
  }));
  await judgeAll();
  const [first, last] = [frames[0], frames.at(-1)];
  if (first === undefined || last === undefined) throw new Error('There are no frames.');
  const { ranks, transparency } = await known(first);
  expect(transparency).toBe(1);
  expect(ranks).toMatchObject({ hfr: 0, fwhm: 50, elongation: 50, stars: 50, background: 50 });
  expect(ranks).toMatchObject({ backgroundGradient: 50, noise: 50, hotPixels: null });
  expect(ranks.transparency).toBeGreaterThan(80);
  expect((await known(last)).ranks).toMatchObject({ hfr: 100, transparency: 0, saturated: 100 });
});

test('frames are found by their ranks and stand in order of them; those without stand last', async () => {
  const frames = await history((at) => ({ hfrPx: 2 + at / 100, elongationAngleDeg: at - 12 }));
  const unmeasured = await take(0, 30, 'object');
  await judgeAll();
  const ids = async (asked: Record<string, string>, sort: string): Promise<number[]> => {
    const given = Object.entries(asked).map(([name, value]) => [name, [value]] as const);
    const { items } = await listFrames(
      kept.catalog,
      {
        conditions: parseConditions(new Map(given)),
        order: { column: sortColumn(sort) ?? '', descending: true },
        limit: 100,
        offset: 0,
      },
      USER,
    );
    return items.map(({ id }) => id);
  };
  const upwards = frames.map(({ frameId }) => frameId);
  const all = await ids({}, 'rank.hfr');
  expect(all).toEqual([...upwards.toReversed(), unmeasured.frameId]);
  // Of 25 steps of 1/24 each, three lie above nine tenths.
  expect(await ids({ 'rank.hfr__gt': '90' }, 'rank.hfr')).toEqual(all.slice(0, 3));
  expect(await ids({ elongation_angle__lte: '-11' }, 'elongation_angle')).toEqual([
    upwards[1],
    upwards[0],
  ]);
  expect(await ids({ 'rank.hot_pixels__gte': '0' }, 'id')).toEqual([]);
});

test('what is usual is worked out anew when as many frames have other numbers, and later nights are judged by it', async () => {
  const frames = await history((at) => ({ fwhmPx: 3 + at / 100 }));
  const later = await take(1, 0, 'object');
  await measure(later, { fwhmPx: 6 });
  expect(await judgeAll()).toEqual(['2026-03-01', '2026-03-02']);
  const codes = async (): Promise<string[]> =>
    (await listFindings(kept.catalog.read, later.frameId)).map(({ code }) => code);
  expect(await codes()).toEqual(['unusual-fwhm']);
  expect((await known(later)).ranks.fwhm).toBe(100);
  // By another method all stars of that night are twice as wide.
  for (const [at, frame] of frames.entries()) {
    await measure(frame, { fwhmPx: 6 + (at - 12) / 100 });
  }
  expect(await judgeAll()).toEqual(['2026-03-01', '2026-03-02']);
  expect(await codes()).toEqual([]);
  expect((await known(later)).ranks.fwhm).toBe(50);
  const usual = await findUsualOf(kept.catalog, later.frameId);
  expect(usual?.quantiles.fwhm?.[10]).toBe(6);
  // The same numbers once more are no news to later nights.
  for (const [at, frame] of frames.entries()) {
    await measure(frame, { fwhmPx: 6 + (at - 12) / 100 });
  }
  expect(await judgeAll()).toEqual(['2026-03-01']);
  // What is told of frames that have gone is forgotten.
  await inTransaction(kept.catalog, async (tx) => {
    for (const { frameId } of frames.slice(3)) await deleteFrame(tx, frameId);
  });
  await judgeAll();
  expect(await findUsualOf(kept.catalog, later.frameId)).toBeUndefined();
  expect((await known(later)).ranks.fwhm).toBeNull();
});

test('reduced frames are compared with reduced ones, and the light of a field with that of either', async () => {
  const reduced: Made[] = [];
  for (const [at, raw] of (await history(() => ({}))).entries()) {
    expect(raw.frameId).toBeGreaterThan(0);
    const copy = await take(0, at, 'object', 91);
    await measure(copy, { background: 30 + at / 10, instrumentalMag: -10 - at / 100 });
    reduced.push(copy);
  }
  await judgeAll();
  const [first, last] = [reduced[0], reduced.at(-1)];
  if (first === undefined || last === undefined) throw new Error('There are no frames.');
  expect((await known(first)).ranks.background).toBe(0);
  expect((await known(last)).ranks.background).toBe(100);
  // Its own kind stands for each exposure, so that the brightest of these is the clearest.
  expect((await known(last)).transparency).toBe(1);
  const groups = await kept.catalog.read('measure_groups').orderBy('is_reduced');
  expect(groups).toMatchObject([{ is_reduced: 0 }, { is_reduced: 1 }]);
  // Of an exposure that is there raw alone, the reduced frames tell the history all the same.
  const only = await take(1, 0, 'object', 91);
  await measure(only, { instrumentalMag: -10 });
  await judgeAll();
  expect((await known(only)).transparency).not.toBeNull();
});

test('frames of another gain, offset, read mode or temperature are not compared with each other', async () => {
  const none = { stars: null, fwhmPx: null, hfrPx: null, elongation: null };
  const bias = async (
    number: number,
    background: number,
    gain: number,
    settings: HeaderSettings,
  ): Promise<Made> => {
    const made = await take(Math.floor(number / 3), number % 3, 'bias');
    await kept.catalog.write('frames').where({ id: made.frameId }).update({ gain });
    await measure(made, { ...none, background: background + (number % 3) }, settings);
    return made;
  };
  const cold = new Map([['setPoint', '-20']]);
  for (let number = 0; number < 30; number += 1) await bias(number, 1000, 0, cold);
  const others = [
    await bias(30, 1400, 100, cold),
    await bias(31, 1400, 0, new Map([['setPoint', '-10.2']])),
    await bias(32, 1400, 0, new Map([...cold, ['offset', '50']])),
    await bias(33, 1400, 0, new Map([...cold, ['readMode', 'Fast']])),
  ];
  const wrong = await bias(34, 1400, 0, new Map([['setPoint', '-20.0']]));
  await judgeAll();
  for (const { frameId } of others) {
    expect(await listFindings(kept.catalog.read, frameId)).toEqual([]);
  }
  const text = 'Level 1401, usual 1001 with gain 0, set to -20 °C.';
  expect(await listFindings(kept.catalog.read, wrong.frameId)).toEqual([
    { code: 'unusual-level', level: 'warning', text },
  ]);
  // Once there are enough of them they have an own usual.
  for (let number = 36; number < 66; number += 1) await bias(number, 1400, 100, cold);
  const odd = await bias(66, 1700, 100, cold);
  await judgeAll();
  expect((await listFindings(kept.catalog.read, odd.frameId))[0]?.text).toBe(
    'Level 1700, usual 1401 with gain 100, set to -20 °C.',
  );
});

test('flats of any exposure are compared with each other', async () => {
  const flats: Made[] = [];
  for (let at = 0; at < 25; at += 1) {
    const flat = await take(0, at, 'flat');
    await kept.catalog
      .write('frames')
      .where({ id: flat.frameId })
      .update({ exposure_sec: 1 + at });
    const background = at === 7 ? 4_000 : 30_000 + at;
    await measure(flat, { background, stars: null, fwhmPx: null, hfrPx: null, elongation: null });
    flats.push(flat);
  }
  await judgeAll();
  const faint = flats[7];
  if (faint === undefined) throw new Error('There is no such flat.');
  expect((await known(faint)).ranks).toMatchObject({ background: 0, noise: 50, fwhm: null });
  expect(await listFindings(kept.catalog.read, faint.frameId)).toEqual([
    { code: 'unusual-level', level: 'warning', text: 'Level 4000, usual 30012.' },
  ]);
});

async function codesOf({ frameId }: Made): Promise<string[]> {
  const findings = await listFindings(kept.catalog.read, frameId);
  return findings.map(({ code, text }) => `${code}: ${text}`);
}

test('frames without a date have ranks among all of their group, which follow as it grows', async () => {
  const dated = await history((at) => ({ hfrPx: 2 + at / 100 }));
  const undated: Made[] = [];
  for (let at = 0; at < 5; at += 1) {
    undated.push(await take(null, at, 'object'));
    await measure(undated[at] as Made, { hfrPx: at === 4 ? 9 : 2.12 });
  }
  await judgeAll();
  const [first, wide] = [undated[0], undated[4]] as [Made, Made];
  expect((await known(first)).ranks).toMatchObject({ hfr: 50, background: 50, transparency: null });
  expect((await known(wide)).ranks.hfr).toBe(100);
  expect(await codesOf(wide)).toEqual(['unusual-hfr: Half-flux radius 9 px, usual 2.12 px.']);
  expect((await findUsualOf(kept.catalog, wide.frameId))?.frames).toBe(30);
  // Many more that are wide: those that were judged before are judged by them too.
  for (let at = 10; at < 60; at += 1) await measure(await take(null, at, 'object'), { hfrPx: 9 });
  await judgeAll();
  expect((await known(first)).ranks.hfr).toBeLessThan(30);
  expect(await codesOf(wide)).toEqual([]);
  // Nights are judged by nights.
  expect((await known(dated[24] as Made)).ranks.hfr).toBe(100);
  const waiting: unknown = await kept.catalog.read('undated_queue').first();
  expect(waiting).toBeUndefined();
});

test('the same pixels are found across nights, and in frames without one, whichever is measured first', async () => {
  const pixels = { contentSum: 4_000_000_000, noise: 12.34567 };
  const first = await take(0, 1, 'object');
  const later = await take(40, 1, 'object');
  const undated = await take(null, 1, 'object');
  const chance = await take(41, 1, 'object');
  await measure(chance, { ...pixels, noise: 12.4 });
  await measure(later, pixels);
  await judgeAll();
  expect(await codesOf(later)).toEqual([]);
  await measure(undated, pixels);
  await judgeAll();
  expect(await codesOf(undated)).toEqual([
    `duplicate: Has the same pixels as frame ${later.frameId}.`,
  ]);
  await measure(first, pixels);
  await judgeAll();
  const told = [`duplicate: Has the same pixels as frame ${first.frameId}.`];
  expect([await codesOf(first), await codesOf(later), await codesOf(undated)]).toEqual([
    [],
    told,
    told,
  ]);
  expect(await codesOf(chance)).toEqual([]);
  // With the first one gone, or its pixels replaced, others are told of.
  await inTransaction(kept.catalog, (tx) => deleteFrame(tx, first.frameId));
  await judgeAll();
  expect([await codesOf(later), await codesOf(undated)]).toEqual([
    [],
    [`duplicate: Has the same pixels as frame ${later.frameId}.`],
  ]);
  await measure(later, { ...pixels, contentSum: 7 });
  await judgeAll();
  expect(await codesOf(undated)).toEqual([]);
});

test('pictures of one level have no copies, and a copy is looked for in no table row by row', async () => {
  const plain = { contentSum: 5, noise: 0 };
  for (const night of [0, 1]) {
    const frame = await take(night, 1, 'bias');
    await measure(frame, plain);
    await judgeAll();
    expect(await codesOf(frame)).toEqual([]);
  }
  const ids = [1, 2, 3];
  const steps = await stepsOf(kept.catalog, () => readFirstCopies(kept.catalog, ids));
  expect(scans(steps)).toEqual([]);
  expect(steps.join()).toContain('measures_content_sum (content_sum=?');
});
