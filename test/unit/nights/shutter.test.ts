import {
  findGaps,
  gapsOf,
  mergeSpans,
  openMs,
  unusedOf,
  type Exposure,
  type Gap,
  type InstrumentUse,
} from '../../../src/nights/shutter.js';

const MINUTE = 60_000;
const dark = { fromMs: 0, toMs: 100 * MINUTE };
let id = 0;

/** Minutes from and to. */
function exposure(from: number, to: number, changes: Partial<Exposure> = {}): Exposure {
  id += 1;
  const span = { fromMs: from * MINUTE, toMs: to * MINUTE };
  return { id, ...span, isScience: true, isCloudy: false, ...changes };
}

type Spans = readonly (readonly [number, number])[];

const spans = (found: readonly Gap[]): Spans =>
  found.map(({ fromMs, toMs }) => [fromMs / MINUTE, toMs / MINUTE] as const);

test.each<[string, Exposure[], Spans, Spans]>([
  ['no frame at all', [], [], [[0, 100]]],
  ['a full dark', [exposure(-5, 50), exposure(50, 101)], [], []],
  ['short pauses', [exposure(0, 40), exposure(55, 100)], [], []],
  ['a pause in the middle', [exposure(0, 40), exposure(56, 100)], [[40, 56]], []],
  [
    'a late start and an early end',
    [exposure(20, 80)],
    [],
    [
      [0, 20],
      [80, 100],
    ],
  ],
  ['a late start and a pause', [exposure(20, 40), exposure(70, 100)], [[40, 70]], [[0, 20]]],
  ['a long exposure over short ones', [exposure(0, 90), exposure(1, 2), exposure(95, 99)], [], []],
  ['frames outside of the dark', [exposure(-50, -10), exposure(110, 120)], [], [[0, 100]]],
])('%s', (_, exposures, gaps, unused) => {
  const found = findGaps(exposures, dark, 15 * MINUTE);
  expect([spans(found.gaps), spans(found.unused)]).toEqual([gaps, unused]);
});

test('a gap knows the frames around it, and clouds in them', () => {
  const [first, second] = [exposure(0, 10, { isCloudy: true }), exposure(60, 100)];
  expect(findGaps([first, second], dark, 15 * MINUTE).gaps).toEqual([
    {
      fromMs: 10 * MINUTE,
      toMs: 60 * MINUTE,
      minutes: 50,
      afterFrame: first.id,
      beforeFrame: second.id,
      why: 'clouds',
      needsHand: false,
    },
  ]);
});

test('a gap between frames needs a hand if it is long and nothing explains it; the ends of the dark never', () => {
  const needs = (...exposures: Exposure[]): boolean[] => {
    const { gaps, unused } = findGaps(exposures, dark, 15 * MINUTE);
    return [...gaps, ...unused].map(({ needsHand }) => needsHand);
  };
  expect(needs(exposure(0, 40), exposure(69, 100))).toEqual([false]);
  expect(needs(exposure(0, 40), exposure(70, 100))).toEqual([true]);
  expect(needs(exposure(0, 40), exposure(70, 100, { isCloudy: true }))).toEqual([false]);
  expect(needs(exposure(40, 50))).toEqual([false, false]);
});

test('the gaps of a night are those of all cameras, the longest first, each under its own name', () => {
  const of = (telescope: string, minutes: number, unused: number): InstrumentUse => {
    const gap = { fromMs: 0, toMs: 1, afterFrame: 1, beforeFrame: 2, why: null, needsHand: true };
    return {
      siteId: 'hill',
      telescope,
      instrument: 'cam1',
      frames: 2,
      openSec: 1,
      used: 1,
      gaps: [{ ...gap, minutes }],
      unused: [{ ...gap, minutes: unused }],
    };
  };
  const cameras = [of('0m4', 20, 300), of('1m0', 40, 100)];
  expect(gapsOf(cameras).map(({ camera, minutes }) => [camera, minutes])).toEqual([
    ['cam1 of 1m0', 40],
    ['cam1 of 0m4', 20],
  ]);
  expect(unusedOf(cameras).map(({ minutes }) => minutes)).toEqual([300, 100]);
  expect(gapsOf([{ ...of('0m4', 1, 1), gaps: null, unused: null }])).toEqual([]);
});

test('open shutter counts what overlaps once, science alone, and within the dark', () => {
  const exposures = [
    exposure(-10, 10),
    exposure(5, 20),
    exposure(50, 60, { isScience: false }),
    exposure(90, 110),
  ];
  expect(openMs(exposures, dark)).toBe(30 * MINUTE);
  expect(openMs(exposures, null)).toBe(50 * MINUTE);
  expect(
    mergeSpans([
      { fromMs: 3, toMs: 4 },
      { fromMs: 1, toMs: 3 },
    ]),
  ).toEqual([{ fromMs: 1, toMs: 4 }]);
});
