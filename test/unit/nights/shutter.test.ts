import { findGaps, mergeSpans, openMs, type Exposure } from '../../../src/nights/shutter.js';

const MINUTE = 60_000;
const dark = { fromMs: 0, toMs: 100 * MINUTE };
let id = 0;

/** Minutes from and to. */
function exposure(from: number, to: number, changes: Partial<Exposure> = {}): Exposure {
  id += 1;
  const span = { fromMs: from * MINUTE, toMs: to * MINUTE };
  return { id, ...span, isScience: true, isCloudy: false, ...changes };
}

const gapsOf = (exposures: readonly Exposure[]): [number, number][] =>
  findGaps(exposures, dark, 15 * MINUTE).map(({ fromMs, toMs }) => [
    fromMs / MINUTE,
    toMs / MINUTE,
  ]);

test.each([
  ['no frame at all', [], [[0, 100]]],
  ['a full dark', [exposure(-5, 50), exposure(50, 101)], []],
  ['short pauses', [exposure(0, 40), exposure(55, 100)], []],
  ['a pause in the middle', [exposure(0, 40), exposure(56, 100)], [[40, 56]]],
  [
    'a late start and an early end',
    [exposure(20, 80)],
    [
      [0, 20],
      [80, 100],
    ],
  ],
  ['a long exposure over short ones', [exposure(0, 90), exposure(1, 2), exposure(95, 99)], []],
  ['frames outside of the dark', [exposure(-50, -10), exposure(110, 120)], [[0, 100]]],
] as const)('%s', (_, exposures, gaps) => {
  expect(gapsOf(exposures)).toEqual(gaps);
});

test('a gap knows the frames around it, and clouds in them', () => {
  const [first, second] = [exposure(0, 10, { isCloudy: true }), exposure(60, 100)];
  expect(findGaps([first, second], dark, 15 * MINUTE)).toEqual([
    {
      fromMs: 10 * MINUTE,
      toMs: 60 * MINUTE,
      minutes: 50,
      afterFrame: first.id,
      beforeFrame: second.id,
      why: 'clouds',
    },
  ]);
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
