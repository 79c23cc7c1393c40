import type { FrameSetup } from '../../../src/catalog/index.js';
import { boundsOf, type HeaderSetup } from '../../../src/calibration/compare.js';
import {
  draftMatches,
  finishMatches,
  whyNotNeeded,
  type KindMatch,
} from '../../../src/calibration/match.js';
import type { CalibrationKind, CalibrationRule } from '../../../src/calibration/rules.js';
import { setOf, setupOf, shippedRules } from './setups.js';

const rules = shippedRules();
const NO_HEADERS: HeaderSetup = new Map();

function match(
  kind: CalibrationKind,
  candidates: readonly FrameSetup[],
  {
    target = setupOf(),
    headers = NO_HEADERS,
    headersOf = () => NO_HEADERS,
    rule = rules[kind],
  }: {
    target?: FrameSetup;
    headers?: HeaderSetup;
    headersOf?: (frame: FrameSetup) => HeaderSetup;
    rule?: CalibrationRule;
  } = {},
): KindMatch {
  const wanted = { setup: target, headers };
  return finishMatches(wanted, draftMatches(wanted, candidates, rule), rule, headersOf);
}

const bias = { imageKind: 'bias', exposureSec: 0, filter: null } as const;
const dark = { imageKind: 'dark', filter: null } as const;
const flat = { imageKind: 'skyflat', exposureSec: 3 } as const;

/** What is particular about a candidate → what is said of it: a reason, or a note that starts with `+`. */
const CASES: readonly (readonly [
  kind: CalibrationKind,
  changes: Partial<FrameSetup> & { hours?: number },
  said: string,
])[] = [
  ['bias', { ...bias }, ''],
  ['bias', { ...bias, filter: 'R', exposureSec: 0.001 }, ''],
  ['bias', { ...bias, binningX: 2, binningY: 2 }, 'binning 2x2, wanted 1x1'],
  ['bias', { ...bias, siteId: 'roof' }, 'site roof, wanted hill'],
  ['bias', { ...bias, telescope: '0m4' }, ''],
  ['bias', { ...bias, gain: 1.4 }, 'gain 1.4, wanted 1.35'],
  ['bias', { ...bias, gain: 1.3501 }, ''],
  ['bias', { ...bias, gain: null }, '+gain not known of both'],
  ['bias', { ...bias, width: 512, height: 512 }, 'window 512×512 at 0,0, wanted 2048×1024 at 0,0'],
  ['bias', { ...bias, originX: 100 }, 'window 2048×1024 at 100,0, wanted 2048×1024 at 0,0'],
  ['bias', { ...bias, originX: null, originY: null }, '+window not known of both'],
  ['bias', { ...bias, ccdTempC: -18 }, ''],
  ['bias', { ...bias, ccdTempC: -17.9 }, '−17.9\u202f°C, wanted −20.0 ± 2\u202f°C'],
  ['bias', { ...bias, ccdTempC: null }, '+temperature not known of both'],
  ['bias', { ...bias, hours: -24 * 30 }, ''],
  ['bias', { ...bias, hours: -24 * 45 }, '45 days older, wanted at most 30'],
  ['bias', { ...bias, hours: 24 * 31 }, '31 days later, wanted at most 30'],
  ['bias', { ...bias, reductionLevel: 1, hours: -24 * 45 }, ''],
  ['bias', { ...bias, reductionLevel: 1, hours: -24 * 181 }, '181 days older, wanted at most 180'],
  ['dark', { ...dark }, ''],
  ['dark', { ...dark, exposureSec: 121.2 }, ''],
  ['dark', { ...dark, exposureSec: 300 }, '+exposure 300\u202fs, to be scaled by 0.4'],
  ['dark', { ...dark, exposureSec: 60 }, 'exposure 60\u202fs, wanted 120 ± 1.2\u202fs'],
  ['dark', { ...dark, exposureSec: 3000 }, 'exposure 3000\u202fs, wanted 120 ± 1.2\u202fs'],
  ['dark', { ...dark, exposureSec: null }, '+exposure not known of both'],
  ['dark', { ...dark, ccdTempC: -21.1 }, '−21.1\u202f°C, wanted −20.0 ± 1\u202f°C'],
  ['flat', { ...flat }, ''],
  ['flat', { ...flat, imageKind: 'flat' }, ''],
  ['flat', { ...flat, filter: 'R' }, 'filter R, wanted V'],
  ['flat', { ...flat, filter: null }, 'filter none, wanted V'],
  ['flat', { ...flat, telescope: '0m4' }, 'telescope 0m4, wanted 0m5'],
  ['flat', { ...flat, ccdTempC: -15 }, ''],
];

test.each(CASES)('%s %j: %s', (kind, changes, said) => {
  const target = setupOf();
  const { masters, sets, rejected } = match(kind, setOf(3, changes), { target });
  const notes = [...masters, ...sets].flatMap((each) => each.notes.map((note) => `+${note}`));
  const reasons = rejected.flatMap((each) => each.reasons);
  expect([...new Set([...notes, ...reasons])]).toEqual(said === '' ? [] : [said]);
});

test('what the bounds of the search keep is all that is accepted', () => {
  for (const [kind, changes] of CASES) {
    const target = setupOf();
    const candidate = setupOf(changes);
    const isKept = boundsOf(target, rules[kind]).every((bound) => {
      if ('is' in bound) return candidate[bound.fact] === bound.is;
      const value = candidate[bound.fact];
      return value === null ? bound.orUnknown : value >= bound.min && value <= bound.max;
    });
    const { chosen } = match(kind, [candidate], { target });
    if (chosen !== null) expect([kind, changes, isKept]).toEqual([kind, changes, true]);
  }
});

test('every reason is told, not only the first', () => {
  const [only] = match('flat', [
    setupOf({ ...flat, filter: 'R', binningX: 2, ccdTempC: 5 }),
  ]).rejected;
  expect(only?.reasons).toEqual([
    'filter R, wanted V',
    'binning 2x1, wanted 1x1',
    '5.0\u202f°C, wanted −20.0 ± 5\u202f°C',
  ]);
});

describe('what is chosen', () => {
  const names = ({ chosen }: KindMatch): string | undefined => chosen?.frames[0]?.basename;

  test('a master before nearer raw frames; of masters the nearest in time', () => {
    const near = setupOf({ ...bias, reductionLevel: 1, hours: 50, basename: 'near' });
    const far = setupOf({ ...bias, reductionLevel: 1, hours: -60, basename: 'far' });
    const found = match('bias', [far, ...setOf(10, { ...bias, hours: -5 }), near]);
    expect(names(found)).toBe('near');
    expect(found.masters.map(({ ageDays }) => ageDays)).toEqual([-2.08, 2.5]);
    expect(found.sets).toHaveLength(1);
  });

  test('without a master the raw frames of the nearest night, all of them', () => {
    const last = setOf(5, { ...bias, hours: -24 });
    const found = match('bias', [...setOf(5, { ...bias, hours: -48 }), ...last]);
    expect(found.chosen?.frames).toEqual(last);
    expect(found.sets.map(({ ageDays }) => ageDays)).toEqual([1, 2]);
  });

  test('a set of few frames comes after one that is larger, and says so', () => {
    const found = match('bias', [
      ...setOf(1, { ...bias, hours: -5 }),
      ...setOf(9, { ...bias, hours: -48 }),
    ]);
    expect(found.sets.map(({ frames, notes }) => [frames.length, notes])).toEqual([
      [9, []],
      [1, ['only 1 frame']],
    ]);
  });

  test('darks of the exposure before masters that are to be scaled', () => {
    const found = match('dark', [
      setupOf({ ...dark, exposureSec: 300, reductionLevel: 1 }),
      ...setOf(3, { ...dark, hours: -24 }),
      ...setOf(3, { ...dark, exposureSec: 240, hours: -1 }),
    ]);
    expect(found.chosen?.frames).toHaveLength(3);
    expect(found.chosen?.scale).toBeNull();
    expect(found.sets.map(({ scale }) => scale)).toEqual([null, 0.5]);
    expect(found.masters.map(({ scale }) => scale)).toEqual([0.4]);
  });

  test('sky flats and dome flats are two sets', () => {
    const dome = setOf(3, { ...flat, imageKind: 'flat', hours: -6 });
    expect(match('flat', [...dome, ...setOf(4, { ...flat, hours: -4 })]).sets).toHaveLength(2);
  });

  test('twilight flats of all exposures are one set', () => {
    const flats = [1, 2, 4, 8].map((exposureSec) => setupOf({ ...flat, exposureSec, hours: -4 }));
    expect(match('flat', flats).chosen?.frames).toHaveLength(4);
  });

  test('nothing, if nothing fits', () => {
    const found = match('flat', setOf(4, { ...flat, filter: 'R' }));
    expect(found).toMatchObject({ masters: [], sets: [], chosen: null });
    expect(found.rejected).toHaveLength(1);
    expect(found.rejected[0]?.frames).toHaveLength(4);
  });

  test('never the frame itself', () => {
    const target = setupOf({ ...dark, exposureSec: 300 });
    const rule = { ...rules.dark, for: ['dark'] as const };
    expect(match('dark', [target], { target, rule })).toMatchObject({ sets: [], rejected: [] });
  });
});

describe('settings that only headers tell', () => {
  const headers = new Map([
    ['readMode', 'Fast'],
    ['offset', '10'],
  ]);

  test('a set of two read modes is divided, and what does not fit is told', () => {
    const frames = setOf(6, bias);
    const isSlow = (frame: FrameSetup): boolean => frames.indexOf(frame) % 3 === 0;
    const found = match('bias', frames, {
      headers,
      headersOf: (frame) => new Map([...headers, ['readMode', isSlow(frame) ? 'Slow' : 'FAST']]),
    });
    expect(found.chosen?.frames).toHaveLength(4);
    expect(found.rejected.map(({ frames: slow, reasons }) => [slow.length, reasons])).toEqual([
      [2, ['read mode Slow, wanted Fast']],
    ]);
    expect(found.wanted).toMatchObject({ readMode: 'Fast', offset: '10' });
  });

  test('numbers are compared as numbers; what one side does not tell is noted', () => {
    const found = match('bias', setOf(3, bias), {
      headers,
      headersOf: () => new Map([['offset', '10.0']]),
    });
    expect(found.chosen?.notes).toEqual(['read mode not known of both']);
  });

  test('what neither tells is nothing to speak of', () => {
    expect(match('bias', setOf(3, bias)).chosen?.notes).toEqual([]);
  });
});

test('lists are bounded: five of what fits, the ten nearest of what does not', () => {
  const nights = Array.from({ length: 15 }, (_, index) => -24 * (index + 1));
  const fitting = nights.flatMap((hours) => setOf(3, { ...bias, hours }));
  const failing = nights.flatMap((hours) => setOf(3, { ...bias, hours, binningX: 2 }));
  const found = match('bias', [...failing, ...fitting]);
  expect(found.sets.map(({ ageDays }) => ageDays)).toEqual([1, 2, 3, 4, 5]);
  expect(found.rejected.map(({ ageDays }) => ageDays)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

const NEEDS: readonly (readonly [Partial<FrameSetup>, readonly CalibrationKind[]])[] = [
  [{}, ['bias', 'dark', 'flat']],
  [{ imageKind: 'skyflat' }, ['bias', 'dark']],
  [{ imageKind: 'dark' }, ['bias']],
  [{ imageKind: 'bias' }, []],
  [{ imageKind: 'other' }, []],
  [{ reductionLevel: 1 }, []],
  [{ width: 0, height: 0 }, []],
  [{ dateObsMs: null, night: null }, []],
];
test.each(NEEDS)('a frame that is %j needs %j', (changes, kinds) => {
  const needed = (['bias', 'dark', 'flat'] as const).filter(
    (kind) => whyNotNeeded(setupOf(changes), rules[kind]) === '',
  );
  expect(needed).toEqual(kinds);
});
