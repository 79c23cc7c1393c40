import { measurePicture, type Measures } from '../../../src/quality/index.js';
import { makeField, type FieldOptions, type StarShape } from '../../fixtures/star-field.js';

interface Known {
  readonly pixelScaleArcsec?: number;
  readonly biasLevel?: number;
  readonly exposureSec?: number;
}

function measure(options: FieldOptions, known: Known = {}): Measures {
  const { pixels, width, height } = makeField({ width: 400, height: 400, ...options });
  return measurePicture({
    pixels,
    width,
    height,
    kind: 'sky',
    saturation: null,
    pixelScaleArcsec: null,
    ...known,
  });
}

const codes = ({ findings }: Measures): string[] => findings.map(({ code }) => code);
const some = (count: number, apartPx = 30) =>
  ({ count, snr: [30, 400], apartPx, marginPx: 15 }) as const;

describe('stars that the mount drew out', () => {
  test.each([
    [5, 25],
    [9, -70],
  ])('by %d pixels along %d° are told with both', (lengthPx, angleDeg) => {
    const shape: StarShape = { kind: 'gaussian', fwhmPx: 3, drift: { lengthPx, angleDeg } };
    const measures = measure({ shape, stars: some(40) }, { pixelScaleArcsec: 2 });
    expect(codes(measures)).toEqual(['trailed']);
    expect(Math.abs((measures.elongationAngleDeg ?? 0) - angleDeg)).toBeLessThan(3);
    const [, px = '', arcsec = ''] =
      /by about ([\d.]+) pixels, ([\d.]+)″/.exec(measures.findings[0]?.text ?? '') ?? [];
    expect(Math.abs(Number(px) / lengthPx - 1)).toBeLessThan(0.25);
    expect(Number(arcsec)).toBeCloseTo(2 * Number(px), 0);
  });
});

test('stars that a jump of the mount doubled are trailed, not out of focus', () => {
  const shape: StarShape = { kind: 'moffat', fwhmPx: 3.5 };
  const stars = makeField({ stars: { ...some(20, 60), snr: [150, 900] } }).stars.flatMap(
    ({ x, y, flux }) => [-3, 3].map((step) => ({ x: x + 0.94 * step, y: y + 0.34 * step, flux })),
  );
  const measures = measure({ shape, stars, width: 512, height: 512 });
  expect(codes(measures)).toEqual(['trailed']);
  expect(Math.abs((measures.elongationAngleDeg ?? 0) - 20)).toBeLessThan(3);
});

test('a trail along the rows has the direction 0, not -0', () => {
  const shape: StarShape = { kind: 'gaussian', fwhmPx: 3, drift: { lengthPx: 9, angleDeg: -0.2 } };
  const { findings, elongationAngleDeg } = measure({ shape, stars: some(40), seed: 3 });
  expect(Math.abs(elongationAngleDeg ?? NaN)).toBeLessThan(0.5);
  expect(findings[0]?.text).toContain(' along 0° by ');
});

describe('stars out of focus', () => {
  test.each([
    ['rings', { innerPx: 6, outerPx: 14 }, /rings of about (\d+) pixels/],
    ['discs', { innerPx: -30, outerPx: 10 }, /discs of about (\d+) pixels/],
  ])('%s are told with their size', (_, ring, words) => {
    const shape: StarShape = { kind: 'gaussian', fwhmPx: 3, ring };
    const measures = measure({ shape, stars: { ...some(20, 60), snr: [100, 800] } });
    expect(codes(measures)).toEqual(['defocused']);
    const size = Number(words.exec(measures.findings[0]?.text ?? '')?.[1]);
    expect(size).toBeGreaterThan(ring.outerPx);
    expect(size).toBeLessThan(2.4 * ring.outerPx);
  });
});

describe('fields that are not to be blamed', () => {
  test.each<[string, FieldOptions]>([
    ['round stars', { shape: { kind: 'moffat', fwhmPx: 4 }, stars: some(50) }],
    ['large stars', { shape: { kind: 'moffat', fwhmPx: 11 }, stars: some(20, 60) }],
    ['undersampled', { shape: { kind: 'gaussian', fwhmPx: 1.5 }, stars: some(60) }],
    ['crowded', { shape: { kind: 'gaussian', fwhmPx: 3 }, stars: { count: 700, snr: [8, 400] } }],
    [
      'crowded with wings',
      { shape: { kind: 'moffat', fwhmPx: 4 }, stars: { count: 500, snr: [8, 600] } },
    ],
    [
      'a little elongated',
      { shape: { kind: 'moffat', fwhmPx: 4, ellipticity: 0.15, angleDeg: 40 }, stars: some(50) },
    ],
    ['full of cosmic rays', { cosmicRays: 150, stars: some(40) }],
  ])('%s', (_, options) => {
    expect(codes(measure({ seed: 5, ...options }))).toEqual([]);
  });

  test('a single star is measured, and no more is said than that it is one', () => {
    const shape: StarShape = { kind: 'gaussian', fwhmPx: 4, ellipticity: 0.4, angleDeg: 30 };
    const single = measure({ shape, stars: [{ x: 200.3, y: 180.6, snr: 300 }] });
    expect(single).toMatchObject({ stars: 1, elongationAngleDeg: null, instrumentalMag: null });
    expect(codes(single)).toEqual(['few-stars']);
    expect(single.fwhmPx).toBeCloseTo(4, 0);
    expect(single.findings[0]).toMatchObject({ level: 'note' });
  });

  test('elongated stars in all directions are no trail', () => {
    const shapes = [0, 45, 90, -45].map((angleDeg, index) =>
      makeField({
        width: 200,
        height: 200,
        seed: index + 1,
        shape: { kind: 'gaussian', fwhmPx: 4, ellipticity: 0.4, angleDeg },
        stars: { ...some(12), apartPx: 25 },
      }),
    );
    const pixels = new Uint16Array(400 * 400);
    shapes.forEach((part, index) => {
      for (let y = 0; y < 200; y += 1) {
        const at = (y + 200 * (index >> 1)) * 400 + 200 * (index % 2);
        pixels.set(part.pixels.subarray(y * 200, (y + 1) * 200), at);
      }
    });
    const known = { kind: 'sky', saturation: null, pixelScaleArcsec: null } as const;
    const measures = measurePicture({ pixels, width: 400, height: 400, ...known });
    expect(codes(measures)).toEqual(['elongated']);
    expect(measures.elongationAngleDeg).toBeNull();
  });
});

describe('fields with little or too much light', () => {
  test('without stars nobody knows why, unless the level is that of a bias frame', () => {
    expect(codes(measure({ sky: 300 }))).toEqual(['no-stars']);
    expect(codes(measure({ sky: 300 }, { biasLevel: 100 }))).toEqual(['no-stars']);
    const shut = measure({ sky: 1, offset: 1000 }, { biasLevel: 1000 });
    expect(shut.findings[0]).toMatchObject({ code: 'shutter', level: 'error' });
    expect(shut.findings[0]?.text).toContain('1001');
    expect(shut).toMatchObject({ stars: 0, fwhmPx: null, instrumentalMag: null });
  });

  test('a sky near the end of the scale is saturated', () => {
    const measures = measure({ sky: 55_000, saturation: 60_000, stars: some(30) });
    expect(codes(measures)).toContain('saturated');
  });

  test('many full stars are told with their number', () => {
    const stars = { count: 40, snr: [300, 1200], apartPx: 40, marginPx: 15 } as const;
    const measures = measure({ saturation: 4000, stars, shape: { kind: 'moffat', fwhmPx: 4 } });
    expect(codes(measures)).toEqual(['saturated']);
    expect(measures.findings[0]?.text).toMatch(/^\d+ of \d+ stars and .* % of the pixels/);
  });
});

describe('the light of a field', () => {
  const field: FieldOptions = { shape: { kind: 'moffat', fwhmPx: 4 }, stars: some(40) };

  test('is that of stars of the same ranks, in magnitudes for a second', () => {
    const one = measure(field, { exposureSec: 60 }).instrumentalMag ?? NaN;
    const { stars } = makeField({ width: 400, height: 400, ...field });
    const fluxes = stars.map(({ flux }) => flux).sort((left, right) => right - left);
    const logs = fluxes.slice(10, 20).map((flux) => Math.log10(flux / 60));
    const mean = logs.reduce((total, each) => total + each, 0) / logs.length;
    expect(Math.abs(one + 2.5 * mean)).toBeLessThan(0.15);
    const ten = measure(field, { exposureSec: 600 }).instrumentalMag ?? NaN;
    expect(ten - one).toBeCloseTo(2.5, 6);
  });

  /** Stars of one field, whatever the seeing and the clouds. */
  const exposed = (light: number, fwhmPx: number): number | null => {
    const stars = Array.from({ length: 100 }, (_, at) => ({
      x: 22 + (at % 10) * 39 + (at % 7) / 5,
      y: 22 + Math.floor(at / 10) * 39 + (at % 3) / 4,
      flux: light * 600_000 * 0.95 ** at,
    }));
    const options = { stars, saturation: 30_000, seed: Math.round(10 * fwhmPx) };
    return measure({ ...options, shape: { kind: 'gaussian', fwhmPx } }, { exposureSec: 60 })
      .instrumentalMag;
  };

  test('is the same in sharp frames, whose brightest stars are saturated, and in soft ones', () => {
    const soft = exposed(1, 4.2) ?? NaN;
    expect(Math.abs((exposed(1, 4.2 / 1.05) ?? NaN) - soft)).toBeLessThan(0.1);
    expect(Math.abs((exposed(1, 3.6) ?? NaN) - soft)).toBeLessThan(0.1);
    expect(Math.abs((exposed(0.8, 2.9) ?? NaN) - soft - 0.242)).toBeLessThan(0.1);
  });

  test('is 0.75 magnitudes less of half the light, whether or not faint stars are lost', () => {
    const whole = exposed(1, 4.2) ?? NaN;
    expect(Math.abs((exposed(0.5, 4.2) ?? NaN) - whole - 0.753)).toBeLessThan(0.1);
    expect(Math.abs((exposed(0.1, 4.2) ?? NaN) - whole - 2.5)).toBeLessThan(0.1);
  });

  test('is unknown where more stars are saturated than are left out, or few are found', () => {
    expect(exposed(4, 2.4)).toBeNull();
    const few = measure({ ...field, stars: some(4) }, { exposureSec: 60 });
    expect(few.instrumentalMag).toBeNull();
  });

  test('is unknown without an exposure time, as arcseconds are without a scale', () => {
    const bare = measure(field);
    expect(bare).toMatchObject({ instrumentalMag: null, fwhmArcsec: null });
    const known = measure(field, { pixelScaleArcsec: 0.7 });
    expect(known.fwhmArcsec).toBeCloseTo(0.7 * (known.fwhmPx ?? NaN), 9);
  });
});
