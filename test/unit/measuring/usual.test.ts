import type { FieldMagnitude, FrameMeasures } from '../../../src/catalog/index.js';
import {
  findClouds,
  findUnusual,
  quantilesOf,
  rankOf,
  ranksOf,
  transparencyOf,
} from '../../../src/measuring/usual.js';

function measures(changes: Partial<FrameMeasures>): FrameMeasures {
  return {
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
    ranks: { fwhm: null, elongation: null, background: null, noise: null, stars: null },
    transparency: null,
    measuredMs: 0,
    ...changes,
  };
}

const usual = quantilesOf(
  Array.from({ length: 101 }, (_, at) => measures({ fwhmPx: 2 + at / 100, background: 1000 })),
);

test.each([
  [1, 0],
  [2, 0],
  [2.25, 25],
  [2.5, 50],
  [2.999, 100],
  [3, 100],
  [9, 100],
])('a FWHM of %f has the rank %i', (value, rank) => {
  expect(rankOf(value, usual.fwhm ?? [])).toBe(rank);
});

test('equal values stand in the middle of each other, and a measure that nobody has is not ranked', () => {
  expect(rankOf(1000, usual.background ?? [])).toBe(50);
  expect(usual.stars).toBeUndefined();
  const ranks = ranksOf(measures({ fwhmPx: 2.5, stars: 7 }), usual);
  expect(ranks).toEqual({ fwhm: 50, elongation: null, background: null, noise: null, stars: null });
});

test('few values tell of nothing that is usual', () => {
  expect(quantilesOf(Array.from({ length: 9 }, () => measures({ fwhmPx: 3 })))).toEqual({});
});

test('what is out of the usual is told with both numbers, and why if its pixels say so', () => {
  const wide = measures({ fwhmPx: 6, fwhmArcsec: 9 });
  expect(findUnusual(wide, usual, 'trailed')).toEqual([
    { code: 'unusual-fwhm', level: 'warning', text: 'FWHM 9″, usual 3.75″: trailed.' },
  ]);
  expect(findUnusual(measures({ fwhmPx: 6 }), usual, '')[0]?.text).toBe('FWHM 6 px, usual 2.5 px.');
  expect(findUnusual(measures({ fwhmPx: 3.4 }), usual, '')).toEqual([]);
  expect(findUnusual(measures({ fwhmPx: 1.2 }), usual, '')).toEqual([]); // sharper is no fault
});

test('levels of biases are compared to both sides, those of flats not at all', () => {
  const low = { background: 900 };
  expect(findUnusual(measures({ kind: 'bias', ...low }), usual, '')).toMatchObject([
    { code: 'unusual-level', text: 'Level 900, usual 1000.' },
  ]);
  expect(findUnusual(measures({ kind: 'flat', ...low }), usual, '')).toEqual([]);
});

describe('transparency', () => {
  const at = (instrumentalMag: number, changes: Partial<FieldMagnitude> = {}): FieldMagnitude => {
    const place = { raDeg: 359.99, decDeg: 60, airmass: null };
    return { ...place, instrumentalMag, dateObsMs: null, reductionLevel: 0, stars: 30, ...changes };
  };
  const history = [-10, -10, -10.01, -9.99, -9.98, -8.99].map((mag) => at(mag));

  test('a magnitude less is four tenths of the light', () => {
    const transparency = transparencyOf(at(-9.01), history);
    expect(transparency).toBeCloseTo(10 ** -0.4, 2);
    expect(findClouds(transparency)).toMatchObject([
      { code: 'clouds', text: expect.stringContaining('40 %') as string },
    ]);
    expect(findClouds(transparencyOf(at(-10), history))).toEqual([]);
  });

  test('one field lies on both sides of RA 0, another one is not compared', () => {
    expect(transparencyOf(at(-10, { raDeg: 0.01 }), history)).toBeCloseTo(0.99, 1);
    expect(transparencyOf(at(-10, { decDeg: 61 }), history)).toBeNull();
  });

  test('copies of one exposure are no history, and its own kind stands for it', () => {
    const copies = history.map((each) => ({ ...each, dateObsMs: 1000 }));
    expect(transparencyOf(at(-10, { dateObsMs: 1000 }), copies)).toBeNull();
    const both = history.flatMap((each, no) => {
      const raw = { ...each, dateObsMs: no };
      return [raw, { ...raw, instrumentalMag: -13, reductionLevel: 91 }];
    });
    const raw = at(-10, { dateObsMs: 1 });
    expect(transparencyOf(raw, both)).toBeCloseTo(transparencyOf(raw, history) ?? NaN, 6);
    expect(transparencyOf({ ...raw, instrumentalMag: -13, reductionLevel: 91 }, both)).toBe(1);
    expect(transparencyOf(at(-10, { stars: 19 }), history)).toBeNull(); // that of other ranks
  });

  test('air takes light without any cloud', () => {
    const low = transparencyOf(at(-9.7, { airmass: 3 }), history);
    expect(low).toBeGreaterThan(0.95);
  });
});
