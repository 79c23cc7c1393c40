import { COLOURS, colourTable } from '../../../src/preview/colour.js';
import {
  findRange,
  STRETCHES,
  toLevels,
  zscaleRange,
  type Limits,
} from '../../../src/preview/stretch.js';

const PYOBS: Limits = { kind: 'percentile', low: 5, high: 95 };

/** Repeatable noise in [-1, 1). */
function noise(count: number, seed = 1): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

describe('limits', () => {
  test('the percentiles of pyobs are the ends of what is left when 5 % go at each side', () => {
    const values = Float64Array.from({ length: 100 }, (_, i) => 99 - i);
    expect(findRange(values, PYOBS)).toEqual({ low: 5, high: 94 });
  });

  test.each([
    [1, { low: 7, high: 7 }],
    [2, { low: 7, high: 8 }],
    [19, { low: 7, high: 25 }],
    [20, { low: 8, high: 25 }],
  ])('%i values', (count, expected) => {
    expect(
      findRange(
        Float64Array.from({ length: count }, (_, i) => 7 + i),
        PYOBS,
      ),
    ).toEqual(expected);
  });

  test('minmax takes all', () => {
    expect(findRange(Float64Array.of(3, -2, 9), { kind: 'minmax' })).toEqual({ low: -2, high: 9 });
  });

  test('an empty sample has no limits', () => {
    for (const kind of ['zscale', 'minmax'] as const) {
      expect(findRange(new Float64Array(0), { kind })).toBeUndefined();
    }
    expect(findRange(new Float64Array(0), PYOBS)).toBeUndefined();
  });

  test('a field where most pixels are equal is widened until there is a difference', () => {
    const values = new Float64Array(1000);
    values.fill(50, 0, 20);
    expect(findRange(values.slice(), PYOBS)).toEqual({ low: 0, high: 50 });
    const rare = new Float64Array(1000);
    rare[3] = 9;
    expect(findRange(rare.slice(), PYOBS)).toEqual({ low: 0, high: 9 });
    expect(findRange(rare.slice(), { kind: 'zscale' })).toEqual({ low: 0, high: 9 });
  });

  test('a constant image has limits without room', () => {
    const values = new Float64Array(50).fill(4);
    expect(findRange(values.slice(), PYOBS)).toEqual({ low: 4, high: 4 });
    expect(findRange(values.slice(), { kind: 'zscale' })).toEqual({ low: 4, high: 4 });
  });

  test('zscale of a straight ramp is the ramp: the slope over 0.25 leads beyond both ends', () => {
    const ramp = Float64Array.from({ length: 1000 }, (_, i) => i);
    expect(zscaleRange(ramp)).toEqual({ low: 0, high: 999 });
  });

  test('zscale shows the sky, not the stars on it', () => {
    const values = noise(20_000).map((value) => 1000 + 10 * value);
    for (let i = 0; i < values.length; i += 23) values[i] = 40_000 + i; // 4 % stars
    const { low, high } = findRange(values, { kind: 'zscale' }) ?? { low: 0, high: 0 };
    expect(low).toBeGreaterThan(985);
    expect(low).toBeLessThan(995);
    expect(high).toBeGreaterThan(1010);
    expect(high).toBeLessThan(1100);
  });

  test('zscale falls back to the extremes where no line fits', () => {
    expect(zscaleRange(Float64Array.of(1, 2, 3))).toEqual({ low: 1, high: 3 });
  });
});

describe('stretches', () => {
  // x of [0, 1] → 256 x, rounded down; curves from their formulas, by hand.
  test.each([
    ['linear', [0, 64, 128, 192, 255]],
    ['sqrt', [0, 128, 181, 221, 255]],
    ['asinh', [0, 140, 197, 231, 255]],
    ['log', [0, 204, 230, 245, 255]],
  ] as const)('%s', (stretch, expected) => {
    const levels = toLevels(
      Float64Array.of(10, 12.5, 15, 17.5, 20),
      { low: 10, high: 20 },
      stretch,
    );
    expect([...levels]).toEqual(expected);
  });

  test.each(STRETCHES)('%s never falls', (stretch) => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => i / 999);
    const levels = toLevels(values, { low: 0, high: 1 }, stretch);
    expect([...levels].every((level, i) => level >= (levels[i - 1] ?? 0))).toBe(true);
    expect([levels[0], levels[999]]).toEqual([0, 255]);
  });

  test('values outside, infinite or unknown stay in 0…255', () => {
    const values = Float64Array.of(-5, 50, Infinity, -Infinity, NaN);
    expect([...toLevels(values, { low: 0, high: 1 }, 'log')]).toEqual([0, 255, 255, 0, 0]);
  });

  test('a constant image is mid grey', () => {
    expect([...toLevels(Float32Array.of(4, 4, NaN), { low: 4, high: 4 }, 'linear')]).toEqual([
      128, 128, 0,
    ]);
  });

  test('the widest and the narrowest ranges of doubles work', () => {
    const most = Number.MAX_VALUE;
    const range = { low: -most, high: most };
    expect([...toLevels(Float64Array.of(-most, 0, most), range, 'linear')]).toEqual([0, 128, 255]);
    expect(() => toLevels(Float64Array.of(0), { low: 0, high: 5e-324 }, 'log')).not.toThrow();
  });
});

describe('colour maps', () => {
  const brightness = (table: Uint8Array, level: number): number =>
    0.2126 * table[level * 3]! + 0.7152 * table[level * 3 + 1]! + 0.0722 * table[level * 3 + 2]!;

  test.each(COLOURS)('%s has 256 colours that rise in brightness', (colour) => {
    const table = colourTable(colour, false);
    expect(table).toHaveLength(768);
    for (let level = 1; level < 256; level += 1) {
      expect(brightness(table, level)).toBeGreaterThan(brightness(table, level - 1) - 1e-9);
    }
  });

  test('grey is grey, and inverted the other way round', () => {
    const plain = colourTable('grey', false);
    const inverted = colourTable('grey', true);
    expect([...plain.slice(300, 303)]).toEqual([100, 100, 100]);
    expect([...inverted.slice(300, 303)]).toEqual([155, 155, 155]);
  });
});
