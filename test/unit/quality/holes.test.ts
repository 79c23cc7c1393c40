import { measurePicture, type Measures } from '../../../src/quality/index.js';
import { fillSmallHoles } from '../../../src/quality/holes.js';
import { makeNoise } from '../../fixtures/make-fits.js';
import { makeField, type FieldOptions } from '../../fixtures/star-field.js';

const OPTIONS: FieldOptions = {
  type: 'float32',
  shape: { kind: 'moffat', fwhmPx: 3.5 },
  stars: { count: 60, apartPx: 30, marginPx: 20, snr: [15, 500] },
};

/** A field of 60 stars of which a share of the pixels has no value, and what is measured of it. */
function measureMasked(share: number): Measures {
  const field = makeField(OPTIONS);
  const random = makeNoise(7);
  for (let at = 0; at < field.pixels.length; at += 1) {
    if (random() < share) field.pixels[at] = NaN;
  }
  return measure(field);
}

function measure(field: ReturnType<typeof makeField>): Measures {
  const { pixels, width, height } = field;
  return measurePicture({
    pixels,
    width,
    height,
    kind: 'sky',
    saturation: null,
    pixelScaleArcsec: null,
    exposureSec: 60,
  });
}

test.each([0.001, 0.01, 0.05, 0.1])(
  'stars count and keep their shape where scattered pixels have no value: %f of them',
  (share) => {
    const whole = measureMasked(0);
    const masked = measureMasked(share);
    expect(whole.stars).toBe(60);
    expect(Math.abs((masked.stars ?? 0) - 60)).toBeLessThanOrEqual(1);
    expect(Math.abs((masked.fwhmPx ?? 0) / (whole.fwhmPx ?? 1) - 1)).toBeLessThan(0.015);
    expect(Math.abs((masked.hfrPx ?? 0) / (whole.hfrPx ?? 1) - 1)).toBeLessThan(0.015);
    expect(Math.abs((masked.instrumentalMag ?? 9) - (whole.instrumentalMag ?? 0))).toBeLessThan(
      0.01,
    );
    expect(masked.brightest).toHaveLength((whole.brightest ?? []).length);
    expect(masked.findings).toEqual([]);
  },
);

test('a star by a hole counts if its core is whole, and is cut if it is not', () => {
  const at = (holeX: number): Measures =>
    measure(
      makeField({
        ...OPTIONS,
        stars: [60, 120, 180, 240].map((x) => ({ x, y: 128, snr: 200 })),
        width: 300,
        height: 256,
        holes: [{ x: holeX, y: 120, width: 12, height: 16 }],
      }),
    );
  // The star at (60, 128) has its centre in pixel 59, counted from 0.
  expect(at(64).stars).toBe(4);
  expect(at(58).stars).toBe(3);
});

test('stars without a whole core are told of, and do not count', () => {
  const stars = [60, 120, 180, 240].map((x) => ({ x, y: 128, snr: 200 }));
  const holes = stars.map(({ x, y }) => ({ x: x - 2, y: y - 2, width: 2, height: 3 }));
  const { stars: count, findings } = measure(
    makeField({ ...OPTIONS, width: 300, height: 256, stars, holes }),
  );
  expect(count).toBe(0);
  expect(findings.map(({ code, text }) => `${code}: ${text}`)).toEqual([
    expect.stringMatching(/^few-stars: Of \d stars that were found none is whole/),
  ]);
});

test('many stars whose cores were masked are told of', () => {
  const { stars } = makeField(OPTIONS);
  const bright = [...stars].sort((one, other) => other.flux - one.flux).slice(0, 12);
  const holes = bright.map(({ x, y }) => {
    return { x: Math.round(x) - 3, y: Math.round(y) - 3, width: 5, height: 5 };
  });
  const measures = measure(makeField({ ...OPTIONS, holes }));
  expect(measures.stars).toBe(48);
  expect(measures.findings).toEqual([
    {
      code: 'few-stars',
      level: 'note',
      text: 'Of 60 stars that were found 12 have cores without values, as masks of saturated pixels leave them: they do not count.',
    },
  ]);
});

test('holes of one pixel and lines of one are filled in, wider ones are not', () => {
  const [width, height] = [12, 9];
  const plane = (x: number, y: number): number => 5 + 2 * x - y;
  const pixels = Float32Array.from({ length: width * height }, (_, at) =>
    plane(at % width, Math.floor(at / width)),
  );
  const lose = (x: number, y: number): void => void (pixels[y * width + x] = NaN);
  lose(2, 2);
  lose(3, 3);
  pixels[5 * width + 1] = Infinity;
  for (let y = 0; y < height; y += 1) lose(6, y);
  for (let y = 0; y < height; y += 1)
    [9, 10].forEach((x) => {
      lose(x, y);
    });
  expect(fillSmallHoles({ pixels, width, height })).toBe(3 + height);
  const lost: number[] = [];
  pixels.forEach((value, at) => {
    if (Number.isNaN(value)) lost.push(at % width);
    else expect(value).toBeCloseTo(plane(at % width, Math.floor(at / width)), 4);
  });
  expect(lost).toHaveLength(2 * height);
  expect(new Set(lost)).toEqual(new Set([9, 10]));
});
