import { RANKED, type FrameMeasures, type Ranks } from '../../../src/catalog/index.js';
import {
  comparedOf,
  findUnusual,
  quantilesOf,
  rankOf,
  ranksOf,
} from '../../../src/measuring/usual.js';

const UNRANKED = Object.fromEntries(
  Object.keys(RANKED).map((name) => [name, null]),
) as unknown as Ranks;

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
    contentSum: null,
    dataSum: null,
    ranks: UNRANKED,
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
  expect(ranks).toEqual({ ...UNRANKED, fwhm: 50 });
});

test('few values tell of nothing that is usual', () => {
  expect(quantilesOf(Array.from({ length: 9 }, () => measures({ fwhmPx: 3 })))).toEqual({});
});

/** What is said of a frame that nothing was said of, or these findings. */
function said(changes: Partial<FrameMeasures>, codes: string[] = [], usually = usual): string[] {
  const findings = codes.map((code) => ({ code, level: 'warning', text: '' }) as const);
  const found = findUnusual(measures(changes), usually, { findings, setting: '' });
  return found.map(({ code, text }) => `${code} ${text}`);
}

test('a finding says with which settings the usual ones were taken', () => {
  const known = { findings: [], setting: 'gain 100, offset 50' };
  expect(findUnusual(measures({ fwhmPx: 6 }), usual, known)[0]?.text).toBe(
    'FWHM 6 px, usual 2.5 px with gain 100, offset 50.',
  );
});

test('what is out of the usual is told with both numbers, and why if its pixels say so', () => {
  const wide = { fwhmPx: 6, fwhmArcsec: 9 };
  expect(said(wide, ['few-stars', 'trailed'])).toEqual([
    'unusual-fwhm FWHM 9″, usual 3.75″: trailed.',
  ]);
  expect(said({ fwhmPx: 6 })).toEqual(['unusual-fwhm FWHM 6 px, usual 2.5 px.']);
  expect(said({ fwhmPx: 3.4 })).toEqual([]);
  expect(said({ fwhmPx: 1.2 })).toEqual([]); // sharper is no fault
});

test('levels of biases are compared to both sides', () => {
  expect(said({ kind: 'bias', background: 900 })).toEqual(['unusual-level Level 900, usual 1000.']);
  expect(said({ kind: 'bias', background: 1100 })).toHaveLength(1);
});

/** What is usual of frames that differ by no more than a hundredth. */
const usualOf = (typical: Partial<FrameMeasures>): ReturnType<typeof quantilesOf> =>
  quantilesOf(
    Array.from({ length: 40 }, (_, at) => {
      const near = Object.entries(typical).map(([name, value]) => [
        name,
        typeof value === 'number' ? value * (1 + (at - 19.5) / 2000) : value,
      ]);
      return measures(Object.fromEntries(near) as Partial<FrameMeasures>);
    }),
  );

test('stars that are wide by both measures are told once, halos around sharp ones by the radius', () => {
  const usually = usualOf({ fwhmPx: 3, hfrPx: 2 });
  expect(said({ fwhmPx: 6, hfrPx: 4 }, [], usually)).toHaveLength(1);
  expect(said({ fwhmPx: 3, fwhmArcsec: 1.5, hfrPx: 4 }, ['defocused'], usually)).toEqual([
    'unusual-hfr Half-flux radius 2″, usual 1″: out of focus.',
  ]);
});

test('flats have a level that is usual, and noise and gradient that go with it', () => {
  const flat = { kind: 'flat', background: 30_000, noise: 150, backgroundGradient: 0.02 };
  const usually = usualOf(flat);
  const saidOf = (changes: object, codes: string[] = []): string[] =>
    said({ ...flat, ...changes }, codes, usually);
  expect(saidOf({ background: 25_000 })).toEqual([]);
  const faint = { background: 12_000, noise: 400 };
  expect(saidOf(faint)).toEqual(['unusual-level Level 12000, usual 30000.']);
  expect(saidOf({ background: 52_000 })).toHaveLength(1);
  expect(saidOf(faint, ['underexposed'])).toEqual([]); // it was said
  expect(saidOf({ noise: 300 })).toEqual(['unusual-noise Noise 300, usual 150.']);
  expect(saidOf({ backgroundGradient: 0.15 })).toEqual([
    'unusual-gradient Gradient of the background 15 %, usual 2 %.',
  ]);
  expect(saidOf({ backgroundGradient: 0.4 }, ['uneven'])).toEqual([]);
});

test('of measures that are 0 mostly a few pixels are no fault, and many are', () => {
  const usually = usualOf({ saturatedFraction: 0, hotPixels: 0 });
  expect(said({ saturatedFraction: 0.002 }, [], usually)).toEqual([]);
  expect(said({ saturatedFraction: 0.0042 }, [], usually)).toEqual([
    'unusual-saturation Saturated pixels 0.42 %, usual 0 %.',
  ]);
  expect(said({ saturatedFraction: 0.01 }, ['saturated'], usually)).toEqual([]);
  const dark = { kind: 'dark', saturatedFraction: 0 };
  expect(said({ ...dark, hotPixels: 50 }, [], usually)).toEqual([]);
  expect(said({ ...dark, hotPixels: 900 }, [], usually)).toEqual([
    'unusual-hot-pixels Hot pixels 900, usual 0.',
  ]);
  const clean = measures({ saturatedFraction: 0, hotPixels: 1 });
  expect(ranksOf(clean, usually)).toMatchObject({ saturated: 50, hotPixels: 100 });
});

test('a thin veil is told against what is usual, clouds once', () => {
  const usually = usualOf({ transparency: 0.97 });
  expect(said({ transparency: 0.9 }, [], usually)).toEqual([]);
  expect(said({ transparency: 0.7 }, [], usually)).toEqual([
    'unusual-transparency Transparency 70 %, usual 97 %.',
  ]);
  expect(said({ transparency: 0.3 }, ['clouds'], usually)).toEqual([]);
});

test('every measure is compared either by exposure or not, flats and biases never by it', () => {
  for (const kind of ['sky', 'bias', 'dark', 'flat']) {
    const names = [...comparedOf(kind, true), ...comparedOf(kind, false)];
    expect([kind, names.sort()]).toEqual([kind, Object.keys(RANKED).sort()]);
  }
  expect(comparedOf('sky', true)).toContain('background');
  expect(comparedOf('sky', false)).toContain('hfr');
  expect([...comparedOf('flat', true), ...comparedOf('bias', true)]).toEqual([]);
});
