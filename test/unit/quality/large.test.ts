import { measurePicture, type Measures } from '../../../src/quality/index.js';
import { makeField, type Field, type FieldOptions } from '../../fixtures/star-field.js';

/** Side of the fields, pixels. */
const SIDE = 900;

function measure({ pixels, width, height }: Field): Measures {
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

function fieldOf(options: FieldOptions): Field {
  return makeField({ width: SIDE, height: SIDE, ...options });
}

/** A disc of even light, as of a planet. */
function addDisc(
  field: Field,
  disc: { x: number; y: number; radius: number; light: number },
): void {
  const { pixels } = field;
  const square = disc.radius ** 2;
  for (let y = disc.y - disc.radius; y <= disc.y + disc.radius; y += 1) {
    for (let x = disc.x - disc.radius; x <= disc.x + disc.radius; x += 1) {
      const at = y * SIDE + x;
      const isOn = (x - disc.x) ** 2 + (y - disc.y) ** 2 < square;
      if (isOn) pixels[at] = (pixels[at] ?? 0) + disc.light;
    }
  }
}

const codes = ({ findings }: Measures): string[] => findings.map(({ code }) => code);

test('the further out of focus, the wider the stars and their rings, and each is one star', () => {
  const places = [0, 1, 2].flatMap((row) =>
    [0, 1, 2].map((column) => ({ x: 160.3 + 290 * column, y: 158.8 + 291 * row, snr: 2500 })),
  );
  const widths = [20, 35, 45, 60].map((outerPx) => {
    const ring = { innerPx: 0.35 * outerPx, outerPx };
    const measures = measure(
      fieldOf({ shape: { kind: 'gaussian', fwhmPx: 3, ring }, stars: places }),
    );
    expect(measures.stars).toBeGreaterThanOrEqual(8);
    expect(measures.stars).toBeLessThanOrEqual(9);
    expect(codes(measures)).toEqual(['defocused']);
    const [, size] = /of about (\d+) pixels/.exec(measures.findings[0]?.text ?? '') ?? [];
    expect(Number(size)).toBeGreaterThan(outerPx);
    expect(Number(size)).toBeLessThan(2 * outerPx);
    expect((measures.elongation ?? 9) < 1.1).toBe(true);
    return (measures.fwhmPx ?? NaN) / outerPx;
  });
  // The same share of the size each time: FWHM tells how far out of focus a frame is.
  expect(Math.max(...widths) / Math.min(...widths)).toBeLessThan(1.1);
});

test.each([
  ['five, one of them cut off by the edge', [150, 600, 850, 420, 700], [160, 170, 420, 500, 780]],
  ['four, two of them side by side', [150, 600, 735, 420], [160, 170, 235, 620]],
])('few rings are stars out of focus, no planets: %s', (_what, across, up) => {
  const ring = { innerPx: 18, outerPx: 60 };
  const stars = across.map((x, at) => ({ x, y: up[at] ?? 0, snr: 2500 + 400 * at }));
  const measures = measure(fieldOf({ shape: { kind: 'gaussian', fwhmPx: 3, ring }, stars }));
  expect(codes(measures)).toEqual(['defocused']);
  expect(measures.stars).toBeGreaterThanOrEqual(stars.length - 1);
  expect(measures.stars).toBeLessThanOrEqual(stars.length);
  expect((measures.fwhmPx ?? 0) / 60).toBeGreaterThan(1.3);
  expect((measures.fwhmPx ?? 0) / 60).toBeLessThan(1.7);
});

test('the disc of a planet is no field of stars out of focus', () => {
  const field = fieldOf({});
  addDisc(field, { x: 420, y: 510, radius: 60, light: 20_000 });
  const measures = measure(field);
  expect(measures).toMatchObject({ stars: 0, fwhmPx: null, elongation: null });
  expect(measures.findings.map(({ code, level, text }) => `${code} ${level}: ${text}`)).toEqual([
    expect.stringMatching(/^extended note: Something of about 1[12]\d pixels is no star/),
  ]);
});

test('stars beside a planet count, the parts of its rim do not', () => {
  const field = fieldOf({
    shape: { kind: 'moffat', fwhmPx: 4 },
    stars: [
      { x: 150, y: 200, snr: 200 },
      { x: 700, y: 640, snr: 300 },
      { x: 300, y: 760, snr: 250 },
    ],
  });
  addDisc(field, { x: 420, y: 510, radius: 60, light: 20_000 });
  const measures = measure(field);
  expect(measures.stars).toBe(3);
  expect(Math.abs((measures.fwhmPx ?? 0) - 4)).toBeLessThan(0.15);
  expect(codes(measures)).toEqual(['extended']);
});

test('a bright galaxy is not taken out, nor the stars on it', () => {
  const field = fieldOf({
    shape: { kind: 'moffat', fwhmPx: 4 },
    stars: { count: 40, snr: [60, 400], apartPx: 40, marginPx: 20 },
    glow: { x: 450, y: 450, radiusPx: 40, peak: 8000 },
  });
  const measures = measure(field);
  expect(codes(measures)).not.toContain('extended');
  expect(measures.stars).toBeGreaterThanOrEqual(34);
});
