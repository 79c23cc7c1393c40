import {
  makeHeader,
  parseCards,
  visibleRegion,
  type Hdu,
  type Strip,
} from '../../../src/fits/index.js';
import { createBinner, extremesOf, shrink } from '../../../src/preview/bin.js';
import { paint } from '../../../src/preview/paint.js';
import { binFactors, isColour, pictureSize } from '../../../src/preview/region.js';
import { drawSign } from '../../../src/preview/sign.js';

function hdu(
  axes: readonly number[],
  cards: Readonly<Record<string, string>> = {},
  bitpix = 16,
): Hdu {
  const lines = Object.entries(cards).map(([k, v]) => `${k.padEnd(8)}= '${v}'`.padEnd(80));
  const header = makeHeader(parseCards(Buffer.from(lines.join(''), 'latin1')));
  const place = { headerOffset: 0, dataOffset: 0, dataBytes: 0 };
  return { index: 0, name: '', kind: 'image', header, bitpix, axes, compression: '', ...place };
}

const whole = (width: number, height: number) => ({ x: 0, y: 0, width, height });

describe('the visible region', () => {
  test.each([
    ['[3:10,2:5]', { x: 2, y: 1, width: 8, height: 4 }],
    [' [ 1:12 , 1:8 ] ', whole(12, 8)],
    ['[0:10,1:5]', whole(12, 8)],
    ['[3:13,2:5]', whole(12, 8)],
    ['[5:5,2:5]', whole(12, 8)],
    ['[10:3,2:5]', whole(12, 8)],
    ['UNKNOWN', whole(12, 8)],
    ['[1:99999999999999999999,1:2]', whole(12, 8)],
  ])('TRIMSEC %s', (section, expected) => {
    expect(visibleRegion(hdu([12, 8], { TRIMSEC: section }))).toEqual(expected);
  });

  test('an image of one axis has one row', () => {
    expect(visibleRegion(hdu([12]))).toEqual(whole(12, 1));
  });
});

describe('the size of a picture', () => {
  test.each([
    ['a square', whole(2048, 2048), 200, 200],
    ['61 megapixels', whole(9576, 6388), 200, 133],
    ['one pixel', whole(1, 1), 200, 200],
    ['a spectrum', whole(4096, 1), 200, 40],
    ['five rows', whole(2027, 5), 200, 40],
    ['a column', whole(1, 4096), 200, 800],
    ['a small image', whole(10, 5), 300, 150],
    ['a tall image at full width', whole(2048, 4096), 4096, 8192],
    ['the tallest', whole(100, 4096), 4096, 8192],
  ])('of %s', (_name, region, width, height) => {
    expect(pictureSize(region, width)).toEqual({ width, height });
  });

  test('blocks are never larger than what becomes a pixel', () => {
    expect(binFactors(whole(4096, 1), { width: 200, height: 40 })).toEqual({ x: 20, y: 1 });
    expect(binFactors(whole(999, 999), { width: 500, height: 500 })).toEqual({ x: 1, y: 1 });
  });
});

test('three planes are colours for camera programs, not for a spectral cube', () => {
  expect(isColour(hdu([8, 8, 3]))).toBe(true);
  expect(isColour(hdu([8, 8, 3], { CTYPE3: 'RGB' }, -32))).toBe(true);
  expect(isColour(hdu([8, 8, 3], {}, -32))).toBe(false);
  expect(isColour(hdu([8, 8, 3], { CTYPE3: 'WAVE' }))).toBe(false);
  expect(isColour(hdu([8, 8, 4]))).toBe(false);
  expect(isColour(hdu([8, 8]))).toBe(false);
});

describe('binning', () => {
  const strips = (rows: readonly (readonly number[])[], firstRow: number): Strip[] =>
    rows.map((row, y) => ({ firstRow: firstRow + y, rows: 1, pixels: Float32Array.from(row) }));
  const bin = (
    width: number,
    rows: readonly (readonly number[])[],
    options: { region?: ReturnType<typeof whole>; factors: { x: number; y: number } },
  ) => {
    const region = options.region ?? whole(width, rows.length);
    const { factors } = options;
    const binner = createBinner(region, { factors, wantExtremes: true });
    for (const strip of strips(rows, region.y)) binner.add(strip);
    return binner;
  };

  test('blocks are means; NaN and infinity are left out, empty blocks are NaN', () => {
    const rows = [
      [1, 3, NaN, NaN, 9],
      [5, 7, NaN, NaN, Infinity],
      [2, NaN, 4, 4, 6],
    ];
    const grid = bin(5, rows, { factors: { x: 2, y: 2 } }).grid();
    expect([grid.width, grid.height]).toEqual([3, 2]);
    expect([...grid.values]).toEqual([4, NaN, 9, 2, 4, 6]);
  });

  test('strips of a region count from its first row', () => {
    const region = { x: 1, y: 1, width: 2, height: 2 };
    const rows = [
      [11, 12],
      [21, 22],
    ];
    const binner = bin(2, rows, { region, factors: { x: 1, y: 1 } });
    expect([...binner.grid().values]).toEqual([11, 12, 21, 22]);
    expect(binner.extremes()).toEqual([11, 22]);
    expect([...binner.sample()].sort()).toEqual([11, 12, 21, 22]);
  });

  test('long integers keep their digits', () => {
    const binner = createBinner(whole(1, 1), { factors: { x: 1, y: 1 } });
    binner.add({ firstRow: 0, rows: 1, pixels: Int32Array.of(2 ** 31 - 1) });
    expect([...binner.grid().values]).toEqual([2 ** 31 - 1]);
  });

  test('the sample is bounded and comes from all columns', () => {
    const binner = createBinner(whole(1000, 1000), { factors: { x: 10, y: 10 } });
    const pixels = Float32Array.from({ length: 1000 }, (_, x) => x);
    for (let y = 0; y < 1000; y += 1) binner.add({ firstRow: y, rows: 1, pixels });
    const sample = binner.sample();
    expect(sample.length).toBeGreaterThan(99_000);
    expect(sample.length).toBeLessThan(101_000);
    expect(new Set(sample).size).toBe(1000);
  });

  test('nothing read is nothing known', () => {
    const binner = createBinner(whole(2, 1), { factors: { x: 1, y: 1 } });
    expect([...binner.grid().values]).toEqual([NaN, NaN]);
    expect(extremesOf(binner.grid().values)).toEqual([Infinity, -Infinity]);
  });

  test('shrinking keeps the mean, counts parts as parts and leaves out NaN', () => {
    const grid = { width: 3, height: 1, values: Float32Array.of(0, 30, 60) };
    const half = shrink(grid, { width: 3, height: 1 }, { width: 2, height: 1 });
    expect([...half.values]).toEqual([10, 50]);
    const cut = shrink(grid, { width: 2.5, height: 1 }, { width: 1, height: 1 });
    expect(cut.values[0]).toBeCloseTo((0 + 30 + 60 * 0.5) / 2.5, 10);
    const gap = { width: 1, height: 2, values: Float64Array.of(NaN, 8) };
    const gapped = shrink(gap, { width: 1, height: 2 }, { width: 1, height: 1 });
    expect([...gapped.values]).toEqual([8]);
  });
});

describe('painting', () => {
  test('FITS row 1 is the last row of the picture', () => {
    const layer = { width: 2, height: 2, levels: Uint8Array.of(255, 200, 10, 0) };
    const look = { colour: 'grey', invert: false } as const;
    const picture = paint([layer], { width: 2, height: 2 }, look);
    expect(picture.channels).toBe(1);
    expect([...picture.pixels]).toEqual([10, 0, 255, 200]);
  });

  test('small layers are enlarged by repeating pixels', () => {
    const layer = { width: 2, height: 1, levels: Uint8Array.of(1, 2) };
    const look = { colour: 'grey', invert: true } as const;
    const picture = paint([layer], { width: 4, height: 2 }, look);
    expect([...picture.pixels]).toEqual([254, 254, 253, 253, 254, 254, 253, 253]);
  });

  test('three layers are red, green and blue', () => {
    const layers = [10, 20, 30].map((level) => ({
      width: 1,
      height: 1,
      levels: Uint8Array.of(level),
    }));
    const picture = paint(layers, { width: 1, height: 1 }, { colour: 'heat', invert: false });
    expect([picture.channels, ...picture.pixels]).toEqual([3, 10, 20, 30]);
  });
});

describe('the picture of a problem', () => {
  test.each([16, 63, 64, 200, 1024, 4096])('has the width asked for: %i', (width) => {
    const sign = drawSign('No picture', 'The file has no image.', width);
    expect(sign.width).toBe(width);
    expect(sign.height).toBeLessThanOrEqual(4 * width);
    expect(sign.levels).toHaveLength(width * sign.height);
    expect(sign.levels.some((level) => level > 150)).toBe(true);
  });

  test('any text can be drawn, however long', () => {
    const text = `<script>"Ω& ${'x'.repeat(5000)} \u0000\n end`;
    const sign = drawSign('No picture', text, 100);
    expect(sign.height).toBeLessThanOrEqual(400);
  });

  test('different words give different pictures', () => {
    const one = drawSign('No picture', 'The file has no image.', 200).levels;
    const other = drawSign('No picture', 'The file has no images.', 200).levels;
    expect(Buffer.from(one).equals(Buffer.from(other))).toBe(false);
  });
});
