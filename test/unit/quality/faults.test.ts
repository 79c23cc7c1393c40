import type { PixelArray } from '../../../src/fits/index.js';
import { findFaults } from '../../../src/quality/faults.js';
import { measurePicture, type Picture } from '../../../src/quality/index.js';
import { makeField, type FieldOptions } from '../../fixtures/star-field.js';

const SIDE = 200;

function picture(pixels: PixelArray, width = SIDE): Picture {
  const height = pixels.length / width;
  return { pixels, width, height, kind: 'sky', saturation: null, pixelScaleArcsec: null };
}

/** A field of stars that is spoilt as `spoil` says. */
function spoilt(spoil: (pixels: PixelArray) => void, options: FieldOptions = {}): Picture {
  const { pixels } = makeField({
    width: SIDE,
    height: SIDE,
    stars: { count: 30 },
    ...options,
  });
  spoil(pixels);
  return picture(pixels);
}

const rows = (from: number, to: number): [number, number] => [from * SIDE, to * SIDE];

/** Copies the columns [from, to) of each row from what `value` says of them. */
function eachPixel(
  pixels: PixelArray,
  change: (value: number, x: number, y: number) => number,
): void {
  for (let at = 0; at < pixels.length; at += 1) {
    pixels[at] = change(pixels[at] ?? 0, at % SIDE, Math.floor(at / SIDE));
  }
}

test('a sound field has no faults, in integers and in floats', () => {
  expect(findFaults(spoilt(() => undefined))).toEqual([]);
  expect(findFaults(spoilt(() => undefined, { type: 'float32' }))).toEqual([]);
});

describe('blank pictures', () => {
  test.each([
    ['zeros', new Uint16Array(SIDE * SIDE), null, 'All pixels have the value 0.'],
    [
      'no values',
      new Float32Array(SIDE * SIDE).fill(NaN),
      null,
      'No pixel of this image has a value.',
    ],
    ['no pixels', new Uint16Array(0), null, 'The image has no pixels.'],
  ])('%s', (_, pixels, saturation, text) => {
    const found = findFaults({ ...picture(pixels), saturation });
    expect(found).toEqual([{ code: 'blank', level: 'error', text }]);
  });

  test.each([
    ['at the level that was given', 40_000, 40_000],
    ['at the end of the type', 65_535, null],
  ])('%s everything is saturated', (_, value, saturation) => {
    const full = { ...picture(new Uint16Array(SIDE * SIDE).fill(value)), saturation };
    const text = `All pixels have the value ${value}: everything is saturated.`;
    const shareText = `100.0 % of the pixels are saturated (${value}).`;
    expect(findFaults(full)).toEqual([
      { code: 'blank', level: 'error', text },
      { code: 'saturated', level: 'error', text: shareText },
    ]);
    for (const kind of ['sky', 'dark', 'flat'] as const) {
      expect(measurePicture({ ...full, kind }).saturatedFraction).toBe(1);
    }
    const half = picture(new Uint16Array(SIDE * SIDE).fill(30_000));
    expect(findFaults(half).map(({ code }) => code)).toEqual(['blank']);
    expect(measurePicture(half).saturatedFraction).toBeNull();
  });

  test('a few hot pixels on one value are blank too', () => {
    const pixels = new Uint16Array(SIDE * SIDE).fill(7);
    for (let at = 0; at < pixels.length; at += 500) pixels[at] = 900;
    const [found] = findFaults(picture(pixels));
    expect(found).toMatchObject({ code: 'blank', level: 'error' });
    expect(found?.text).toMatch(/^99\.\d % of the pixels have the value 7/);
  });
});

describe('pictures that break off', () => {
  test.each([
    ['last', rows(150, SIDE), 0, 'The last 50 of 200 rows (25 %) all have the value 0'],
    ['first', rows(0, 20), 65_535, 'The first 20 of 200 rows (10 %) all have the value 65535'],
  ])('the %s rows have one value', (_, [from, to], value, text) => {
    const found = findFaults(spoilt((pixels) => pixels.fill(value, from, to)));
    expect(found[0]).toMatchObject({ code: 'truncated', level: 'error' });
    expect(found[0]?.text).toContain(text);
  });

  test.each([
    [
      'an image moved onto others, with margins of 0 at two sides',
      (pixels: PixelArray) => {
        eachPixel(pixels, (value, x, y) => (x < 12 || y >= 180 ? 0 : value));
      },
    ],
    [
      'margins at both ends',
      (pixels: PixelArray) => {
        pixels.fill(0, ...rows(0, 8)).fill(0, ...rows(190, SIDE));
      },
    ],
  ])('%s is not broken off', (_, spoil) => {
    const codes = findFaults(spoilt(spoil)).map(({ code }) => code);
    expect(codes).not.toContain('truncated');
  });

  test('rows without values at the end of a mosaic are no fault', () => {
    const found = spoilt((pixels) => pixels.fill(NaN, ...rows(150, SIDE)), { type: 'float32' });
    expect(findFaults(found)).toEqual([]);
  });
});

describe('read-outs that are stuck', () => {
  test.each<[string, (pixels: PixelArray) => void, RegExp]>([
    [
      'rows of one value',
      (pixels) => {
        for (const y of [20, 50, 51, 90, 130]) pixels.fill(300 + y, ...rows(y, y + 1));
      },
      /^5 of 200 rows have one value each/,
    ],
    [
      'columns of one value',
      (pixels) => {
        eachPixel(pixels, (value, x) => (x > 60 && x < 70 ? 1000 : value));
      },
      /^9 of 200 columns have one value each/,
    ],
    [
      'a block that comes twice',
      (pixels) => {
        pixels.copyWithin(120 * SIDE, 20 * SIDE, 60 * SIDE);
      },
      /^40 of 200 rows repeat earlier ones exactly \(row 121 is row 21 again\)/,
    ],
    [
      'one row over and over',
      (pixels) => {
        for (let y = 101; y < SIDE; y += 1) pixels.copyWithin(y * SIDE, 100 * SIDE, 101 * SIDE);
      },
      /^99 of 200 rows repeat earlier ones exactly/,
    ],
    [
      'a dead half',
      (pixels) => {
        eachPixel(pixels, (value, x, y) => (x >= 100 ? 500 + ((x + y) % 2) : value));
      },
      /^The right half of the image has a noise of /,
    ],
    [
      'a dead quarter',
      (pixels) => {
        eachPixel(pixels, (value, x, y) => (x < 100 && y >= 100 ? 90 + ((x * y) % 3) : value));
      },
      /^The upper left quarter of the image has a noise of /,
    ],
  ])('%s', (_, spoil, text) => {
    const found = findFaults(spoilt(spoil));
    expect(found.map(({ code }) => code)).toEqual(['stuck']);
    expect(found[0]?.text).toMatch(text);
  });

  test.each<[string, Picture]>([
    [
      'one dead column',
      spoilt((pixels) => {
        eachPixel(pixels, (value, x) => (x === 77 ? 0 : value));
      }),
    ],
    [
      'two amplifiers of different levels',
      spoilt((pixels) => {
        eachPixel(pixels, (value, x) => (x < 100 ? value : value + 400));
      }),
    ],
    [
      'a sky that rises fivefold',
      spoilt(() => undefined, { sky: 300, gradient: { x: 1.6, y: 0 } }),
    ],
    [
      'a disc of light in one half',
      picture(
        makeField({
          width: SIDE,
          height: SIDE,
          sky: 2,
          readNoise: 1,
          glow: { x: 150, y: 100, radiusPx: 25, peak: 40_000 },
        }).pixels,
      ),
    ],
  ])('%s is no fault', (_, sound) => {
    expect(findFaults(sound)).toEqual([]);
  });

  test('dark frames of eight bits, most of them 0, repeat rows by chance', () => {
    const pixels = new Uint8Array(SIDE * SIDE);
    for (let at = 0; at < pixels.length; at += 37) pixels[at] = 1;
    const codes = findFaults(picture(pixels)).map(({ code }) => code);
    expect(codes).toEqual(['clipped']);
  });

  test('nothing is said of rows and columns of strips and spectra', () => {
    const strip = Float32Array.from({ length: 2000 }, (_, x) => 100 + (x % 7));
    expect(findFaults(picture(strip, 2000))).toEqual([]);
  });
});
