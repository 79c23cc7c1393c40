import { measurePicture, type MeasureKind, type Measures } from '../../../src/quality/index.js';
import { makeField, type FieldOptions } from '../../fixtures/star-field.js';

const SIZE = { width: 400, height: 300 };

function measure(
  kind: MeasureKind,
  options: FieldOptions,
  known: { saturation?: number; biasLevel?: number } = {},
): Measures {
  const { pixels, width, height } = makeField({ ...SIZE, ...options });
  const { saturation = null, biasLevel = null } = known;
  return measurePicture({
    pixels,
    width,
    height,
    kind,
    saturation,
    biasLevel,
    pixelScaleArcsec: 0.5,
    exposureSec: 10,
  });
}

const codes = ({ findings }: Measures): string[] => findings.map(({ code }) => code);

describe('bias and dark frames', () => {
  test('level and noise are those of the camera, and hot pixels do not move them', () => {
    const hot = { count: 120, level: 500 };
    const bias = measure('bias', { sky: 0, offset: 1000, readNoise: 8, hotPixels: hot });
    expect(bias.background).toBeCloseTo(1000, 0);
    expect(bias.noise).toBeCloseTo(8, 0);
    expect(Math.abs((bias.hotPixels ?? 0) - 120)).toBeLessThanOrEqual(2);
    expect(bias).toMatchObject({ kind: 'bias', stars: null, fwhmPx: null, saturatedFraction: 0 });
    expect(bias.findings).toEqual([]);
  });

  test('without hot pixels none are counted, nor in the glow of an amplifier', () => {
    const glow = { x: 380, y: 20, radiusPx: 60, peak: 300 };
    expect(measure('bias', { sky: 0, seed: 2 }).hotPixels).toBe(0);
    expect(measure('dark', { sky: 30, glow, seed: 3 }).hotPixels).toBeLessThanOrEqual(3);
  });

  test('a camera full of hot pixels is named', () => {
    const dark = measure('dark', { sky: 20, hotPixels: { count: 3000, level: 900 } });
    expect(codes(dark)).toEqual(['hot-pixels']);
    expect(dark.findings[0]?.text).toMatch(/^\d+ pixels \(2\.4 %\) are hot/);
  });

  test('the gradient is nothing where the level is about 0', () => {
    expect(measure('bias', { sky: 0, offset: 0, type: 'float32' }).backgroundGradient).toBeNull();
    expect(measure('bias', { sky: 0, offset: 1000 }).backgroundGradient).toBeLessThan(0.01);
  });
});

describe('flats', () => {
  const FLAT: FieldOptions = { sky: 30_000, offset: 1000, saturation: 60_000 };

  test('level, gradient from corner to corner, and the share of the saturation', () => {
    const flat = measure(
      'flat',
      { ...FLAT, gradient: { x: 0.06, y: -0.04 } },
      { saturation: 60_000 },
    );
    expect(flat.background).toBeCloseTo(31_000, -2);
    expect(flat.exposureLevel).toBeCloseTo(31 / 60, 2);
    expect(flat.backgroundGradient).toBeCloseTo((0.1 * 30) / 31, 2);
    expect(flat.findings).toEqual([]);
  });

  test('dead pixels are counted, by the light alone where the level without light is known', () => {
    const dead = { ...FLAT, offset: 0, deadPixels: 200 };
    const flat = measure('flat', dead);
    expect(Math.abs((flat.deadPixels ?? 0) - 200)).toBeLessThanOrEqual(4);
    expect(codes(flat)).toEqual(['dead-pixels']);
    const lifted = measure('flat', { ...dead, sky: 3000, offset: 3000 }, { biasLevel: 3000 });
    expect(Math.abs((lifted.deadPixels ?? 0) - 200)).toBeLessThanOrEqual(4);
  });

  test.each<[string, FieldOptions, { saturation?: number; biasLevel?: number }, string[]]>([
    ['too bright', { sky: 57_000 }, { saturation: 60_000 }, ['overexposed']],
    ['too faint', { sky: 900 }, { saturation: 60_000 }, ['underexposed']],
    ['as dark as a bias frame', { sky: 3, offset: 1000 }, { biasLevel: 1000 }, ['underexposed']],
    ['uneven', { gradient: { x: 0.3, y: 0 } }, {}, ['uneven']],
    [
      'saturated over a part',
      { glow: { x: 200, y: 150, radiusPx: 40, peak: 90_000 } },
      {},
      ['saturated'],
    ],
  ])('a flat that is %s', (_, options, known, expected) => {
    const flat = measure('flat', { ...FLAT, ...options }, known);
    expect(codes(flat)).toEqual(expected);
    expect(flat.findings.every(({ text }) => /\d/.test(text))).toBe(true);
  });
});

describe('saturation', () => {
  const BRIGHT = { stars: { count: 12, snr: [800, 3000], apartPx: 40, marginPx: 20 } } as const;

  test('a pile of equal highest values is where pixels are full, and their share is counted', () => {
    const options: FieldOptions = { ...BRIGHT, saturation: 9000, bleeds: true };
    const { pixels } = makeField({ ...SIZE, ...options });
    const full = pixels.filter((value) => value >= 9000).length;
    expect(full).toBeGreaterThan(50);
    expect(measure('sky', options).saturatedFraction).toBe(full / pixels.length);
  });

  test('the brightest pixel of a field is not taken for it', () => {
    const { saturatedFraction } = measure('sky', { stars: { count: 20, snr: [20, 200] } });
    expect(saturatedFraction).toBe(0);
  });

  test('a level from elsewhere is believed', () => {
    const { saturatedFraction } = measure('sky', { ...BRIGHT }, { saturation: 3000 });
    expect(saturatedFraction).toBeGreaterThan(0);
  });

  test('the level of raw frames says nothing of a flat that was divided by its mean', () => {
    const { pixels } = makeField({ ...SIZE, sky: 30_000, offset: 0, type: 'float32' });
    const mean = [...pixels].reduce((sum, value) => sum + value, 0) / pixels.length;
    const flat = measurePicture({
      ...SIZE,
      pixels: pixels.map((value) => value / mean),
      kind: 'flat',
      saturation: 46_000,
      pixelScaleArcsec: null,
      exposureSec: 1,
    });
    expect([flat.background, flat.exposureLevel]).toEqual([expect.closeTo(1, 2), null]);
    expect(codes(flat)).toEqual([]);
    const raw = measure('flat', { sky: 200, type: 'float32' }, { saturation: 46_000 });
    expect(codes(raw)).toEqual(['underexposed']);
  });

  test('of a flat without light nothing is said of its evenness', () => {
    expect(codes(measure('flat', { sky: 0, offset: 0, type: 'float32' }))).not.toContain('uneven');
  });
});
