import { measurePicture, type Measures, type MeasureKind } from '../../../src/quality/index.js';
import { findGreen, greenPlaceOf } from '../../../src/quality/mosaic.js';
import type { GreenPlace } from '../../../src/quality/types.js';
import { makeField, type Field, type FieldOptions } from '../../fixtures/star-field.js';

/** How much light the filters let through in a block: first the row of y = 0. */
type Filters = readonly [readonly [number, number], readonly [number, number]];

const RGGB: Filters = [
  [0.6, 1],
  [1, 0.45],
];
const GBRG: Filters = [
  [1, 0.45],
  [0.6, 1],
];
const GREY: Filters = [
  [1, 1],
  [1, 1],
];
const OFFSET = 100;
const SAME = { kind: 'sky', saturation: null, pixelScaleArcsec: null, exposureSec: 60 } as const;

/** The field of a camera with colour filters. Filters before the noise would be hardly otherwise. */
function filtered(field: Field, filters: Filters): Field {
  const pixels = Uint16Array.from(field.pixels, (value, at) => {
    const x = at % field.width;
    const share = filters[Math.floor(at / field.width) % 2]?.[x % 2] ?? 1;
    return Math.round(OFFSET + (value - OFFSET) * share);
  });
  return { ...field, pixels };
}

function starsOf(fwhmPx: number, options: FieldOptions = {}): Field {
  return makeField({
    offset: OFFSET,
    shape: { kind: 'moffat', fwhmPx },
    stars: { count: 80, apartPx: 30, marginPx: 20, snr: [30, 800] },
    ...options,
  });
}

function measure(field: Field, green?: GreenPlace, kind: MeasureKind = 'sky'): Measures {
  const { width, height } = field;
  return measurePicture({ ...SAME, kind, pixels: field.pixels.slice(), width, height, green });
}

const codes = ({ findings }: Measures): string[] => findings.map(({ code }) => code);

test.each([
  [3, RGGB, 'odd', 0.04],
  [3.5, GBRG, 'even', 0.03],
  [5, RGGB, 'odd', 0.02],
  [8, RGGB, undefined, 0.02],
  [3.5, RGGB, 'even', 0.03], // rows counted from the other end
] as const)(
  'stars of %f pixels under colour filters are as many and as wide as they are',
  (fwhmPx, filters, green, tolerance) => {
    const field = starsOf(fwhmPx);
    const measures = measure(filtered(field, filters), green);
    expect(Math.abs((measures.stars ?? 0) / 80 - 1)).toBeLessThanOrEqual(0.05);
    expect(Math.abs((measures.fwhmPx ?? 0) / fwhmPx - 1)).toBeLessThan(tolerance);
    const grey = measure(field);
    expect(Math.abs((measures.background ?? 0) - (grey.background ?? 0))).toBeLessThan(1);
    expect(Math.abs((measures.noise ?? 0) / (grey.noise ?? 0) - 1)).toBeLessThan(0.05);
    expect(measures.saturatedFraction).toBe(0);
    expect(codes(measures)).toEqual(['mosaic']);
  },
);

test.each([1.8, 2.5, 3.5])(
  'a frame whose stars of %f pixels are grey is none of a colour camera, whatever the header says',
  (fwhmPx) => {
    const field = starsOf(fwhmPx);
    expect(measure(field, 'odd')).toEqual(measure(field));
  },
);

test('stars under colour filters tell of them where the sky is dark', () => {
  const field = filtered(starsOf(3.5, { sky: 0 }), RGGB);
  expect(findGreen(field)).toBeUndefined();
  expect(codes(measure(field, 'odd'))).toEqual(['mosaic']);
});

test('full pixels stay full and no others become so', () => {
  const field = starsOf(3.5, { saturation: 16_383, stars: { count: 40, snr: [300, 3000] } });
  const coloured = filtered(field, RGGB);
  const full = coloured.pixels.filter((value) => value === 16_383).length;
  expect(full).toBeGreaterThan(20);
  const { saturatedFraction } = measure(coloured, 'odd');
  expect(saturatedFraction).toBe(full / coloured.pixels.length);
  expect(measure(coloured).saturatedFraction).toBe(saturatedFraction);
});

test('a flat of a colour camera has the level and the noise of its green pixels', () => {
  const flat = makeField({ sky: 20_000, offset: OFFSET, readNoise: 0, width: 300, height: 300 });
  const measures = measure(filtered(flat, RGGB), undefined, 'flat');
  expect(Math.abs((measures.background ?? 0) / flat.background - 1)).toBeLessThan(0.002);
  expect(Math.abs((measures.noise ?? 0) / flat.noise - 1)).toBeLessThan(0.05);
  expect(measures.deadPixels).toBe(0);
  expect(codes(measures)).toEqual(['mosaic']);
});

test('dead pixels of a flat count under filters of all colours', () => {
  const flat = makeField({ sky: 20_000, offset: OFFSET, readNoise: 0, width: 300, height: 300 });
  const field = filtered(flat, RGGB);
  const [left, right] = [50 * 300 + 40, 50 * 300 + 41];
  // A red and a green one side by side, a green and a blue one.
  for (const at of [left, right, left + 9301, left + 9000]) field.pixels[at] = OFFSET + 900;
  expect(measure(field, undefined, 'flat').deadPixels).toBe(4);
});

test('what has no light has no colours', () => {
  const dark = makeField({ sky: 0, width: 300, height: 300 });
  for (const kind of ['bias', 'dark'] as const)
    expect(codes(measure(dark, 'odd', kind))).toEqual([]);
});

test.each<[string, Filters]>([
  ['of no filters', GREY],
  [
    'of which every other row is read by another amplifier',
    [
      [1, 1],
      [0.7, 0.7],
    ],
  ],
  [
    'of which every other column is',
    [
      [1, 0.7],
      [1, 0.7],
    ],
  ],
  [
    'of which every other row has one level more, the odd columns another',
    [
      [1, 0.8],
      [0.7, 0.5],
    ],
  ],
  [
    'of which one place of four is broken',
    [
      [1, 1],
      [1, 0.5],
    ],
  ],
])('a picture %s is no mosaic', (_, filters) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const field = filtered(starsOf(3.5, { seed, gradient: { x: 0.5, y: 0.2 } }), filters);
    expect(findGreen(field)).toBeUndefined();
  }
});

test.each([
  ['RGGB', 0, 0, 'odd'],
  ['BGGR', 0, 0, 'odd'],
  ['GRBG', 0, 0, 'even'],
  [' gbrg ', 0, 0, 'even'],
  ['RGGB', 1, 0, 'even'],
  ['RGGB', 1, 1, 'odd'],
  ['GRBG', 0, -1, 'odd'],
  ['MONO', 0, 0, undefined],
  ['RGB', 0, 0, undefined],
  ['', 0, 0, undefined],
] as const)('pattern %j from %d, %d', (pattern, x, y, place) => {
  expect(greenPlaceOf(pattern, { x, y })).toBe(place);
});
