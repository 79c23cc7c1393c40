import { fromUnitVector, separationDeg, toUnitVector } from '../../../src/sky/index.js';

const at = (raDeg: number, decDeg: number): { raDeg: number; decDeg: number } => ({
  raDeg,
  decDeg,
});

test('unit vectors point where they should', () => {
  const close = (vector: readonly number[], expected: number[]): void => {
    vector.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] ?? NaN, 14);
    });
  };
  close(toUnitVector(at(0, 0)), [1, 0, 0]);
  close(toUnitVector(at(90, 0)), [0, 1, 0]);
  close(toUnitVector(at(123, 90)), [0, 0, 1]);
  close(toUnitVector(at(0, -90)), [0, 0, -1]);
});

test('a direction survives the way to a vector and back', () => {
  for (let raDeg = 0; raDeg < 360; raDeg += 17.3) {
    for (let decDeg = -89; decDeg < 90; decDeg += 13.7) {
      const back = fromUnitVector(toUnitVector(at(raDeg, decDeg)));
      expect(back.raDeg).toBeCloseTo(raDeg, 10);
      expect(back.decDeg).toBeCloseTo(decDeg, 10);
    }
  }
  expect(fromUnitVector([0, 0, 1])).toEqual({ raDeg: 0, decDeg: 90 });
  expect(fromUnitVector([2, 0, 0])).toEqual({ raDeg: 0, decDeg: 0 });
});

describe('separationDeg', () => {
  test.each([
    [at(0, 0), at(0, 0), 0],
    [at(0, 0), at(90, 0), 90],
    [at(0, 0), at(180, 0), 180],
    [at(0, 90), at(77, -90), 180],
    [at(10, 0), at(350, 0), 20],
    [at(359.95, 0), at(0.05, 0), 0.1],
    [at(37.95, 89.26), at(217.95, 89.26), 1.48],
    [at(0, 60), at(90, 60), 41.40962210927086],
    [at(101.28715533, -16.71611586), at(279.23473479, 38.78368896), 157.8595],
  ])('%j to %j', (a, b, expected) => {
    expect(separationDeg(a, b)).toBeCloseTo(expected, 3);
    expect(separationDeg(b, a)).toBeCloseTo(separationDeg(a, b), 12);
  });

  test('tiny and nearly opposite angles keep their digits', () => {
    expect(separationDeg(at(10, 41), at(10, 41 + 1e-9)) / 1e-9).toBeCloseTo(1, 4);
    expect(separationDeg(at(0, 0), at(1e-12, 0)) / 1e-12).toBeCloseTo(1, 10);
    expect(180 - separationDeg(at(0, 0), at(180 - 1e-9, 0))).toBeCloseTo(1e-9, 12);
  });
});
