import { measureBackground, measurePicture, type Measures } from '../../../src/quality/index.js';
import { evenSections } from '../../../src/quality/sections.js';
import { makeField, type Field, type FieldOptions } from '../../fixtures/star-field.js';

const SIDE = 512;
const STARS = 60;

function fieldOf(options: FieldOptions = {}): Field {
  return makeField({
    width: SIDE,
    height: SIDE,
    shape: { kind: 'moffat', fwhmPx: 3.5 },
    stars: { count: STARS, apartPx: 25, marginPx: 15, snr: [12, 400] },
    ...options,
  });
}

/** Adds to each pixel what its place asks for. */
function lifted(field: Field, by: (x: number, y: number) => number): Field {
  const { width, height } = field;
  const pixels = field.pixels.slice();
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1)
      pixels[y * width + x] = (pixels[y * width + x] ?? 0) + by(x, y);
  }
  return { ...field, pixels };
}

function measure({ pixels, width, height }: Field): Measures {
  const known = { kind: 'sky', saturation: null, pixelScaleArcsec: null, exposureSec: 60 } as const;
  return measurePicture({ pixels: pixels.slice(), width, height, ...known });
}

function isEvened({ pixels, width, height }: Field): boolean {
  const picture = { pixels: pixels.slice(), width, height };
  return evenSections(picture, measureBackground(picture), null);
}

/** Of the four amplifiers: left and right of the lower rows, then of the upper ones. */
const quarters =
  (levels: readonly [number, number, number, number], x0 = SIDE / 2, y0 = SIDE / 2) =>
  (x: number, y: number): number =>
    levels[(x < x0 ? 0 : 1) + (y < y0 ? 0 : 2)] ?? 0;

test.each<[string, (x: number, y: number) => number]>([
  ['four of some levels', quarters([50, 0, 100, 20])],
  ['four of nearly one', quarters([8, 0, 16, 20])],
  ['four that meet beside the middle', quarters([60, 0, 0, 90], 230, 300)],
  ['two beside each other', (x) => (x < 256 ? 0 : 70)],
  ['two above each other', (_, y) => (y < 256 ? 400 : 0)],
  ['four side by side', (x) => [0, 40, 10, 90][Math.floor(x / 128)] ?? 0],
])('amplifiers of different levels make no stars: %s', (_, by) => {
  const plain = fieldOf();
  const even = measure(plain);
  const uneven = measure(lifted(plain, by));
  expect(even.stars).toBeGreaterThanOrEqual(STARS - 1);
  expect(Math.abs((uneven.stars ?? 0) - (even.stars ?? 0))).toBeLessThanOrEqual(1);
  expect(Math.abs((uneven.fwhmPx ?? 0) / (even.fwhmPx ?? 1) - 1)).toBeLessThan(0.015);
  expect(Math.abs((uneven.noise ?? 0) / (even.noise ?? 1) - 1)).toBeLessThan(0.02);
  expect(uneven.findings).toEqual(even.findings);
  const level = measureBackground(lifted(plain, by)).level;
  expect(uneven.background).toBe(level);
});

test('columns that were never lit make no stars either', () => {
  const dark = fieldOf({ sky: 0, stars: [] });
  const overscan = lifted(fieldOf(), () => 0);
  for (let at = 0; at < overscan.pixels.length; at += 1) {
    if (at % SIDE >= SIDE - 48) overscan.pixels[at] = dark.pixels[at] ?? 0;
  }
  const lit = fieldOf().stars.filter(({ x }) => x < SIDE - 48).length;
  expect(Math.abs((measure(overscan).stars ?? 0) / lit - 1)).toBeLessThanOrEqual(0.04);
});

test.each<[string, Field]>([
  ['an even sky', fieldOf()],
  ['a steep slope', fieldOf({ sky: 2000, gradient: { x: 0.8, y: 0.3 } })],
  ['a nebula', fieldOf({ glow: { x: 300, y: 200, radiusPx: 80, peak: 3000 } })],
  ['a crowded field', fieldOf({ stars: { count: 900, snr: [8, 400] } })],
  [
    'rows of changing levels',
    lifted(fieldOf(), (_, y) => 40 * Math.sin(12.9898 * y + 78.233 * Math.sin(y))),
  ],
  ['one bad column', lifted(fieldOf(), (x) => (x === 200 ? 300 : 0))],
  ['an upright satellite trail', lifted(fieldOf(), (x) => 900 * 2 ** -(((x - 300) / 2) ** 2))],
  ['a disc', lifted(fieldOf(), (x, y) => ((x - 250) ** 2 + (y - 260) ** 2 < 200 ** 2 ? 8000 : 0))],
])('%s stays as it is', (_, field) => {
  expect(isEvened(field)).toBe(false);
});

test('full pixels stay full, and no others become so', () => {
  const field = fieldOf({ saturation: 20_000, stars: { count: 30, snr: [300, 2000] } });
  const full = field.pixels.filter((value) => value === 20_000).length;
  const uneven = lifted(field, quarters([0, -80, -40, -60]));
  for (let at = 0; at < uneven.pixels.length; at += 1) {
    if (field.pixels[at] === 20_000) uneven.pixels[at] = 20_000;
  }
  expect(full).toBeGreaterThan(10);
  expect(measure(uneven).saturatedFraction).toBe(full / field.pixels.length);
});
