import { findStars, measureBackground } from '../../../src/quality/index.js';
import type { Star, StarList } from '../../../src/quality/index.js';
import {
  axesOf,
  matchGaussian,
  widthFor,
  wingsOf,
  type Cutout,
} from '../../../src/quality/shape.js';
import { makeField, type Field, type FieldOptions } from '../../fixtures/star-field.js';

function look(field: Field, options: { maxMeasured?: number } = {}): StarList {
  const { pixels, width, height, saturation } = field;
  const picture = {
    pixels,
    width,
    height,
    saturation,
    kind: 'sky',
    pixelScaleArcsec: null,
  } as const;
  return findStars(picture, measureBackground(picture), options);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? NaN;
}

function nearest(stars: readonly Star[], place: { x: number; y: number }): Star | undefined {
  return stars.find(({ x, y }) => Math.hypot(x - place.x, y - place.y) < 2);
}

const APART = { count: 60, apartPx: 30, marginPx: 20 } as const;

const SHAPES: readonly FieldOptions[] = [
  { shape: { kind: 'gaussian', fwhmPx: 1.8 } },
  { shape: { kind: 'moffat', fwhmPx: 1.8 } },
  { shape: { kind: 'moffat', fwhmPx: 3, ellipticity: 0.3, angleDeg: 30 } },
  { shape: { kind: 'moffat', fwhmPx: 5, beta: 2.5 } },
  { shape: { kind: 'gaussian', fwhmPx: 12, ellipticity: 0.2, angleDeg: -70 }, seed: 4 },
];

test.each(SHAPES.map((options) => [JSON.stringify(options.shape), options] as const))(
  'width, shape and place are unbiased: %s',
  (_, options) => {
    const field = makeField({ ...options, stars: { ...APART, count: 40, snr: [30, 500] } });
    const { stars } = look(field);
    const found = field.stars.flatMap((truth) => {
      const star = nearest(stars, truth);
      return star === undefined ? [] : [{ truth, star }];
    });
    expect(found.length).toBeGreaterThanOrEqual(38);
    const share = median(found.map(({ truth, star }) => star.fwhmPx / truth.fwhmPx));
    expect(Math.abs(share - 1)).toBeLessThan(0.03);
    const ellipticity = options.shape?.ellipticity ?? 0;
    expect(Math.abs(median(found.map(({ star }) => star.ellipticity)) - ellipticity)).toBeLessThan(
      0.03,
    );
    expect(median(found.map(({ truth, star }) => Math.abs(star.x - truth.x)))).toBeLessThan(0.06);
    if (ellipticity === 0) return;
    const angle = median(found.map(({ star }) => star.angleDeg));
    expect(Math.abs(angle - (options.shape?.angleDeg ?? 0))).toBeLessThan(3);
  },
);

test('nearly all stars of signal to noise 10 are found, and hardly anything else', () => {
  let [wanted, hit, listed, wrong] = [0, 0, 0, 0];
  for (const seed of [1, 2, 3]) {
    const field = makeField({ seed, stars: { ...APART, snr: [10, 300] } });
    const { stars, found, isComplete } = look(field);
    expect([found, isComplete]).toEqual([stars.length, true]);
    wanted += field.stars.length;
    hit += field.stars.filter((truth) => nearest(stars, truth)).length;
    listed += stars.length;
    wrong += stars.filter((star) => !field.stars.some((truth) => nearest([star], truth))).length;
  }
  expect(hit / wanted).toBeGreaterThanOrEqual(0.95);
  expect(wrong / listed).toBeLessThanOrEqual(0.02);
});

test('hot pixels and cosmic rays are no stars', () => {
  const stars = look(
    makeField({ stars: [], cosmicRays: 300, hotPixels: { count: 200, level: 1000 } }),
  );
  expect(stars.found).toBeLessThanOrEqual(3);
});

test('a full star that bleeds is one star, and says that it is full', () => {
  const place = { x: 100.2, y: 80.4 };
  const field = makeField({
    width: 200,
    height: 160,
    stars: [
      { ...place, flux: 5e6 },
      { x: 40, y: 40, snr: 100 },
    ],
    saturation: 20_000,
    bleeds: true,
  });
  const { stars } = look(field);
  expect(stars.map(({ isSaturated }) => isSaturated)).toEqual([true, false]);
  expect(Math.hypot((stars[0]?.x ?? 0) - place.x, (stars[0]?.y ?? 0) - place.y)).toBeLessThan(2);
});

test('stars at the edge and at a hole are marked as cut', () => {
  const field = makeField({
    width: 160,
    height: 160,
    type: 'float32',
    stars: [
      { x: 2, y: 80, snr: 300 },
      { x: 80, y: 80, snr: 200 },
      { x: 112, y: 112, snr: 250 },
    ],
    holes: [{ x: 113, y: 100, width: 20, height: 30 }],
  });
  const { stars } = look(field);
  const cut = field.stars.map((truth) => nearest(stars, truth)?.isCut);
  expect(cut).toEqual([true, false, true]);
});

test('two stars that touch are parted and marked, a lone one is not', () => {
  const field = makeField({
    width: 200,
    height: 200,
    stars: [
      { x: 60, y: 60, snr: 200 },
      { x: 65.5, y: 61, snr: 150 },
      { x: 140, y: 140, snr: 200 },
    ],
  });
  const { stars } = look(field);
  expect(field.stars.map((truth) => nearest(stars, truth)?.isBlended)).toEqual([true, true, false]);
});

test('in a crowd the brightest are measured and all are counted', () => {
  const field = makeField({ stars: { count: 300, apartPx: 12, snr: [20, 500] } });
  const all = look(field);
  const some = look(field, { maxMeasured: 100 });
  expect(some.isComplete).toBe(false);
  expect(some.stars.length).toBeLessThanOrEqual(100);
  expect(Math.abs(some.found - all.found)).toBeLessThanOrEqual(3);
  expect(some.stars[0]?.flux).toBe(all.stars[0]?.flux);
});

test('peaks along lines are no stars where peaks are only counted either', () => {
  const satellites = Array.from({ length: 10 }, (_, line) => {
    return {
      angleDeg: 17 * line + 5,
      throughX: 40 * line + 60,
      throughY: 256,
      peak: 90,
      widthPx: 3,
    };
  });
  const field = makeField({ satellites, stars: { ...APART, snr: [60, 300] } });
  const [all, some] = [look(field), look(field, { maxMeasured: 60 })];
  expect([all.isComplete, some.isComplete]).toEqual([true, false]);
  expect(Math.abs(some.found / all.found - 1)).toBeLessThan(0.15);
});

test('a nebula hides no star and is not taken for many', () => {
  const glow = { x: 256, y: 256, radiusPx: 120, peak: 600 };
  const field = makeField({ glow, stars: { ...APART, snr: [40, 500] } });
  const { stars } = look(field);
  const hit = field.stars.filter((truth) => nearest(stars, truth)).length;
  expect(hit / field.stars.length).toBeGreaterThanOrEqual(0.9);
  expect(stars.length - hit).toBeLessThanOrEqual(3);
});

test('stars beside a comet are looked for with their own width', () => {
  const shape = { kind: 'moffat', fwhmPx: 3.5 } as const;
  const coma = { x: 230, y: 180, radiusPx: 5, peak: 10_000, fall: 0.6 };
  const stars = { ...APART, count: 40, snr: [30, 300] } as const;
  const field = makeField({ width: 400, height: 400, coma, shape, stars });
  const seen = look(field);
  expect(Math.abs(seen.searchFwhmPx / 3.5 - 1)).toBeLessThan(0.1);
  const hit = field.stars.filter((truth) => nearest(seen.stars, truth)).length;
  expect(hit / field.stars.length).toBeGreaterThanOrEqual(0.9);
});

test('a picture of nothing has no stars', () => {
  const nothing = {
    width: 64,
    height: 64,
    kind: 'sky',
    saturation: null,
    pixelScaleArcsec: null,
  } as const;
  for (const pixels of [new Uint16Array(4096).fill(9), new Float32Array(4096).fill(NaN)]) {
    const picture = { ...nothing, pixels };
    expect(findStars(picture, measureBackground(picture)).stars).toEqual([]);
  }
});

/** A profile around the middle of a cut-out, by the squared radius along its axes. */
function draw(profile: (square: number) => number, size: number): Cutout {
  const middle = size >> 1;
  const values = Float64Array.from({ length: size * size }, (_, i) =>
    profile(((i % size) - middle) ** 2 + (Math.floor(i / size) - middle) ** 2),
  );
  return { size, values };
}

test.each([1.5, 2.5, 3, 4.765])('the wings of a Moffat profile of %d tell its width', (beta) => {
  const alpha = 8;
  const cutout = draw((square) => (1 + square / alpha ** 2) ** -beta, 301);
  const shape = matchGaussian(cutout, { x: 150, y: 150 }, 5);
  const { long } = axesOf(shape);
  const fwhm = 2 * alpha * Math.sqrt(2 ** (1 / beta) - 1);
  expect((long * widthFor(wingsOf(cutout, shape))) / fwhm).toBeCloseTo(1, 2);
});

test('a gaussian on few pixels is matched whatever its place within a pixel', () => {
  for (const offset of [0, 0.2, 0.5]) {
    const sigma = 0.7;
    const values = Float64Array.from({ length: 225 }, (_, i) =>
      Math.exp(-(((i % 15) - 7 - offset) ** 2 + (Math.floor(i / 15) - 7) ** 2) / (2 * sigma ** 2)),
    );
    const shape = matchGaussian({ size: 15, values }, { x: 7, y: 7 }, 1);
    expect(shape.isSettled).toBe(true);
    expect(shape.x - 7).toBeCloseTo(offset, 2);
    expect(Math.sqrt(shape.xx)).toBeCloseTo(sigma, 2);
  }
});
