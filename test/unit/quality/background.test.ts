import { measureBackground } from '../../../src/quality/index.js';
import { makeField } from '../../fixtures/star-field.js';
import { makeNoise } from '../../fixtures/make-fits.js';

/** Nearly normal noise of a standard deviation of 1. */
function makeBell(seed: number): () => number {
  const random = makeNoise(seed);
  return () => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6);
}

function makePlane(
  width: number,
  height: number,
  value: (x: number, y: number) => number,
): Float64Array {
  return Float64Array.from({ length: width * height }, (_, i) =>
    value(i % width, Math.floor(i / width)),
  );
}

test('level and noise are those of the sky, whatever stars stand on it', () => {
  const field = makeField({ stars: { count: 150 }, seed: 3 });
  const { level, noise } = measureBackground(field);
  expect(Math.abs(level - field.background)).toBeLessThan(0.05 * field.noise);
  expect(noise / field.noise).toBeCloseTo(1, 1);
});

test('integers of small noise give levels between whole numbers', () => {
  const bell = makeBell(5);
  const exact = makePlane(256, 256, () => 100.3 + 0.8 * bell());
  const pixels = Uint16Array.from(exact, (value) => Math.round(value));
  const { level, noise } = measureBackground({ pixels, width: 256, height: 256 });
  // A median of whole numbers would be 100, and the mode from it 99.6.
  expect(Math.abs(level - 100.3)).toBeLessThan(0.15);
  expect(noise).toBeCloseTo(Math.hypot(0.8, Math.sqrt(1 / 12)), 1);
});

test('a plane is found as a plane, to the edges, and is not taken for noise', () => {
  const bell = makeBell(7);
  const [width, height] = [400, 300];
  const truth = (x: number, y: number): number => 1000 + 0.5 * x - 0.25 * y;
  const pixels = makePlane(width, height, (x, y) => truth(x, y) + 5 * bell());
  const background = measureBackground({ pixels, width, height });
  expect(background.plane.xPerPixel).toBeCloseTo(0.5, 2);
  expect(background.plane.yPerPixel).toBeCloseTo(-0.25, 2);
  expect(background.plane.range).toBeCloseTo(0.5 * width + 0.25 * height, -1);
  expect(background.noise / 5).toBeCloseTo(1, 1);
  const row = new Float64Array(width);
  for (const y of [0, 150, height - 1]) {
    background.fillRow(y, row);
    for (const x of [0, 1, 200, width - 1]) {
      expect(Math.abs((row[x] ?? NaN) - truth(x, y))).toBeLessThan(1.5);
      expect(Math.abs(background.at(x, y) - truth(x, y))).toBeLessThan(1.5);
    }
  }
});

test('what has no value is left out, and an empty rim does not draw the level down', () => {
  const bell = makeBell(9);
  const [width, height] = [512, 512];
  const pixels = makePlane(width, height, (x, y) => {
    if (x < 128) return 0;
    return y % 5 === 0 ? NaN : 50 + 2 * bell();
  });
  pixels[300 * width + 300] = Infinity;
  const { level, noise } = measureBackground({ pixels, width, height });
  expect(level).toBeCloseTo(50, 0);
  expect(noise / 2).toBeCloseTo(1, 1);
});

test('a picture without values has no background, one of a single value has no noise', () => {
  const size = { width: 40, height: 30 };
  const nothing = measureBackground({ ...size, pixels: new Float32Array(1200).fill(NaN) });
  expect([nothing.level, nothing.noise]).toEqual([NaN, NaN]);
  const same = measureBackground({ ...size, pixels: new Uint16Array(1200).fill(7) });
  expect(same.level).toBeCloseTo(7, 6);
  expect(same.noise).toBe(0);
});

test('every kind of pixels gives the same background', () => {
  const { pixels, width, height } = makeField({ width: 200, height: 150 });
  const numbers = Array.from(pixels);
  const kinds = [Uint16Array, Int16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
  const levels = kinds.map(
    (kind) => measureBackground({ pixels: kind.from(numbers), width, height }).level,
  );
  for (const level of levels) expect(Math.abs(level - (levels[0] ?? NaN))).toBeLessThan(0.5);
});
