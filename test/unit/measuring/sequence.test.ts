import type { FrameMeasures, NightFrame } from '../../../src/catalog/index.js';
import { checkSequence } from '../../../src/measuring/sequence.js';

const START_MS = Date.UTC(2026, 2, 1, 20);

/** A frame a minute after the one before, of half a minute. */
function frame(id: number, basename: string, changes: Partial<NightFrame> = {}): NightFrame {
  return {
    id,
    basename,
    extension: '.fits',
    siteId: 'hill',
    telescope: '0m5',
    instrument: 'cam1',
    imageKind: 'object',
    reductionLevel: 0,
    dateObsMs: START_MS + id * 60_000,
    exposureSec: 30,
    isExposureOdd: false,
    width: 100,
    height: 100,
    objectId: 1,
    raDeg: null,
    decDeg: null,
    airmass: null,
    measures: undefined,
    groupId: null,
    setting: '',
    ...changes,
  };
}

/** What is found, as `id code text`. */
function found(frames: readonly NightFrame[]): string[] {
  return [...checkSequence(frames, new Map())].flatMap(([id, findings]) =>
    findings.map(({ code, text }) => `${id} ${code} ${text}`),
  );
}

/** Frames so many seconds apart, named by a time of day. */
function timed(everySec: number, nameAt: (at: Date) => string): NightFrame[] {
  return Array.from({ length: 40 }, (_, at) => {
    const dateObsMs = START_MS + 60_000 * 13 + Math.round(at * everySec * 1000);
    const exposureSec = everySec * 0.9;
    return frame(at + 1, nameAt(new Date(dateObsMs)), { dateObsMs, exposureSec });
  });
}

test('times of day in names are no counters, in whatever zone', () => {
  const digits = (at: Date, from: number, to: number): string =>
    at.toISOString().slice(from, to).replaceAll(':', '');
  expect(found(timed(1.06, (at) => `Occ_20260301T${digits(at, 11, 19)}`))).toEqual([]);
  expect(found(timed(62, (at) => `allsky-20260301-${digits(at, 11, 16)}`))).toEqual([]);
  const inIndia = (at: Date): Date => new Date(at.getTime() + 5.5 * 3_600_000);
  expect(found(timed(62, (at) => `allsky-${digits(inIndia(at), 11, 16)}`))).toEqual([]);
  // A counter of four digits each minute is one all the same.
  const counted = timed(
    60,
    (at) =>
      `a-${String(706 + Math.round(at.getTime() / 60_000 - START_MS / 60_000)).padStart(4, '0')}`,
  );
  expect(found(counted.toSpliced(20, 1))).toEqual([
    '22 missing-before A frame is missing before this one: number 0739.',
  ]);
});

const named = (...names: string[]): NightFrame[] => names.map((name, at) => frame(at + 1, name));

test.each([
  [
    ['a-01', 'a-02', 'a-04', 'a-05', 'a-06'],
    ['3 missing-before A frame is missing before this one: number 03.'],
  ],
  [
    [
      'cam-20260301-0007-e00',
      'cam-20260301-0008-b00',
      'cam-20260301-0009-e00',
      'cam-20260301-0013-e00',
      'cam-20260301-0014-e00',
    ],
    ['4 missing-before 3 frames are missing before this one: numbers 0010 to 0012.'],
  ],
  // Each object has its own counter.
  [
    ['M31_1', 'M31_2', 'M33_1', 'M33_2', 'M33_3', 'M31_3', 'M31_5', 'M31_6'],
    ['7 missing-before A frame is missing before this one: number 4.'],
  ],
  // The one that seems to be missing came later.
  [['a-1', 'a-2', 'a-4', 'a-5', 'a-6', 'a-3', 'a-7', 'a-8', 'a-9', 'a-10'], []],
  // A counter that was set to something else, names that do not count, and too few of them.
  [['a-1', 'a-2', 'a-3', 'a-4000', 'a-4001', 'a-4002', 'a-4003'], []],
  [['f-201501', 'f-201733', 'f-202002', 'f-202310', 'f-202544'], []],
  [['a-1', 'a-3'], []],
])('numbers left out in %j', (names, expected) => {
  expect(found(named(...names))).toEqual(expected);
});

test('a number whose file was refused or deleted is told with where it is', () => {
  const elsewhere = new Map([
    ['m31-0004', 'quarantine'],
    ['ngc891-0008', 'trash'],
    ['ngc891-0009', 'quarantine'],
    ['m31-0099', 'trash'],
  ] as const);
  const names = ['m31-0001', 'm31-0002', 'm31-0003', 'm31-0005', 'm31-0006', 'm31-0007'];
  // The next object begins behind what is missing: its name, or the one before, may be meant.
  const all = named(...names, 'ngc891-0011', 'ngc891-0012', 'ngc891-0013', 'ngc891-0014');
  const texts = [...checkSequence(all, new Map(), elsewhere).values()]
    .flat()
    .map(({ text }) => text);
  expect(texts).toEqual([
    'A frame is missing before this one: number 0004. It is in quarantine.',
    '3 frames are missing before this one: numbers 0008 to 0010. Of these 2 are in the trash or in quarantine.',
  ]);
});

test('cameras and reduced frames have counters of their own', () => {
  const frames = named('x-1', 'x-2', 'x-3', 'x-4', 'x-5', 'x-6', 'x-7', 'x-8');
  const split = frames.map((each, at) =>
    at % 2 === 0 ? each : { ...each, instrument: 'cam2', reductionLevel: 1 },
  );
  expect(found(split)).toEqual([]);
});

test('exposures that overlap on one camera are told, those of two cameras are not', () => {
  const long = frame(1, 'long', { exposureSec: 150 });
  const within = frame(2, 'within');
  const after = frame(4, 'after');
  expect(found([long, within, after])).toEqual([
    '2 overlap Began 90 s before frame 1 of the same camera had ended.',
  ]);
  expect(found([long, { ...within, instrument: 'cam2' }, after])).toEqual([]);
  // Clocks that tell whole seconds.
  expect(found([frame(1, 'a', { exposureSec: 61 }), frame(2, 'b')])).toEqual([]);
});

describe('an exposure that cannot be', () => {
  const wrong = (frames: readonly NightFrame[]): string[] =>
    found(frames).filter((text) => text.includes('wrong-exposure'));
  /** Frames a minute apart, of which some are exposed otherwise, by id. */
  const night = (count: number, exposures: Readonly<Record<number, number>>): NightFrame[] =>
    Array.from({ length: count }, (_, at) => {
      const id = at + 1;
      return frame(id, `x-${id}`, { exposureSec: exposures[id] ?? 30 });
    });

  test.each([
    [-5, 'An exposure of -5 s cannot be.'],
    [1e9, 'No exposure lasts 1000000000 s, nor does any sum of them.'],
  ])('is one of %d s, whatever is around it', (exposureSec, text) => {
    expect(found([frame(1, 'a', { exposureSec })])).toEqual([
      `1 wrong-exposure ${text} It counts in no sum.`,
    ]);
    const stack = frame(1, 'a', { exposureSec, reductionLevel: 91, dateObsMs: null });
    expect(wrong([stack])).toHaveLength(1);
  });

  test('goes on long after the next frames of the camera began; these are not told that they overlap', () => {
    const text =
      'The exposure cannot be of 36000 s: frame 3 of the same camera began 60 s after it. It counts in no sum.';
    expect(found(night(20, { 2: 36_000 }))).toEqual([`2 wrong-exposure ${text}`]);
    expect(wrong(night(3, { 2: 36_000 }))).toHaveLength(1);
    expect(wrong(night(2, { 2: 36_000 }))).toEqual([]); // nothing came after it
    // Milliseconds, in all headers: only the last ones can be.
    const all = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [at + 1, 30_000]));
    expect(wrong(night(30, all))).toHaveLength(20);
  });

  test('is none that overlaps a little, of another camera, of a sum, or beside guiding', () => {
    expect(wrong(night(20, { 2: 300 }))).toEqual([]);
    const [first, ...others] = night(20, { 1: 7200 });
    const long = first as NightFrame;
    expect(wrong([long, ...others])).toHaveLength(1);
    expect(wrong([{ ...long, instrument: 'cam2' }, ...others])).toEqual([]);
    expect(wrong([long, ...others].map((each) => ({ ...each, reductionLevel: 91 })))).toEqual([]);
    const guided = others.map((each): NightFrame => ({ ...each, imageKind: 'guiding' }));
    expect(wrong([long, ...guided])).toEqual([]);
    // Sums of a night in four filters, taken in turn, of which nobody says that they are.
    expect(wrong(night(4, { 1: 10_800, 2: 3600, 3: 3600, 4: 3600 }))).toEqual([]);
  });

  test('is none of a second camera of the same name, which takes one after the other', () => {
    const short = night(90, {});
    const others = [0, 1, 2].map((at) =>
      frame(200 + at, `y-${at}`, {
        exposureSec: 1200,
        dateObsMs: START_MS + at * 1_210_000,
      }),
    );
    const both = [...short, ...others].sort((a, b) => (a.dateObsMs ?? 0) - (b.dateObsMs ?? 0));
    expect(wrong(both)).toEqual([]);
    expect(wrong(both.filter(({ id }) => id !== 202 && id !== 201))).toHaveLength(1);
  });
});

test('one exposure in two formats is told at the later one, and no overlap', () => {
  const plain = frame(1, 'a', { exposureSec: 90 });
  const packed = { ...plain, id: 5, basename: 'a-packed', extension: '.fits.fz' };
  expect(found([plain, packed])).toEqual([
    '5 two-formats The same exposure as frame 1, in another format (.fits.fz).',
  ]);
});

test('the same pixels under two names are told, pictures that are too plain to tell are not', () => {
  const summed = (sum: number | null, changes: object = {}): FrameMeasures =>
    ({ noise: 2, contentSum: sum, dataSum: null, ...changes }) as FrameMeasures;
  const [a, b] = [frame(1, 'a', { measures: summed(7) }), frame(2, 'b', { measures: summed(7) })];
  expect(found([a, b])).toEqual(['2 duplicate Has the same pixels as frame 1.']);
  expect(found([a, { ...b, measures: summed(8) }])).toEqual([]);
  expect(found([a, { ...b, width: 50, height: 200 }])).toEqual([]);
  const plain = { measures: summed(7, { noise: 0 }) };
  expect(
    found([
      { ...a, ...plain },
      { ...b, ...plain },
    ]),
  ).toEqual([]);
});

test('a packed copy is told by its pixels or by the sum of its original, whatever its name and time', () => {
  const sums = (contentSum: number, dataSum: number | null): Partial<NightFrame> => ({
    measures: { noise: 2, contentSum, dataSum } as FrameMeasures,
  });
  const packed = { extension: '.fits.fz' };
  const said = ['5 two-formats The same exposure as frame 1, in another format (.fits.fz).'];
  const plain = frame(1, 'a', sums(7, 99));
  expect(found([plain, frame(5, 'z', { ...packed, ...sums(7, null) })])).toEqual(said);
  // Its pixels lost something.
  expect(found([plain, frame(5, 'z', { ...packed, ...sums(8, 99) })])).toEqual(said);
  expect(found([plain, frame(5, 'z', { ...packed, ...sums(8, 98) })])).toEqual([]);
  // A sum that a program left behind as it changed the pixels.
  expect(found([plain, frame(5, 'z', sums(8, 99))])).toEqual([]);
  // Once, however it is known.
  const same = { dateObsMs: plain.dateObsMs };
  expect(found([plain, frame(5, 'z', { ...packed, ...same, ...sums(7, 99) })])).toEqual(said);
});

test('of frames that were measured before their pixels were summed the numbers tell', () => {
  const measures = {
    ...{ kind: 'sky', method: 1, background: 500, noise: 12.3456789 },
    ...{ contentSum: null, dataSum: null },
  } as FrameMeasures;
  const [a, b] = [frame(1, 'a', { measures }), frame(2, 'b', { measures })];
  expect(found([a, b])).toEqual(['2 duplicate Has the same pixels as frame 1.']);
  expect(found([a, { ...b, measures: { ...measures, background: 501 } }])).toEqual([]);
  const plain = { ...measures, noise: 2 };
  expect(
    found([
      { ...a, measures: plain },
      { ...b, measures: plain },
    ]),
  ).toEqual([]);
});
