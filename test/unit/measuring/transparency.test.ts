import type { FieldMagnitude } from '../../../src/catalog/index.js';
import { findClouds, transparencyOf } from '../../../src/measuring/transparency.js';

describe('transparency', () => {
  const at = (instrumentalMag: number, changes: Partial<FieldMagnitude> = {}): FieldMagnitude => {
    const place = { raDeg: 359.99, decDeg: 60, airmass: null };
    return { ...place, instrumentalMag, dateObsMs: null, reductionLevel: 0, stars: 30, ...changes };
  };
  const history = [-10, -10, -10.01, -9.99, -9.98, -8.99].map((mag) => at(mag));

  test('a magnitude less is four tenths of the light', () => {
    const transparency = transparencyOf(at(-9.01), history);
    expect(transparency).toBeCloseTo(10 ** -0.4, 2);
    expect(findClouds(transparency)).toMatchObject([
      { code: 'clouds', text: expect.stringContaining('40 %') as string },
    ]);
    expect(findClouds(transparencyOf(at(-10), history))).toEqual([]);
  });

  test('one field lies on both sides of RA 0, another one is not compared', () => {
    expect(transparencyOf(at(-10, { raDeg: 0.01 }), history)).toBeCloseTo(0.99, 1);
    expect(transparencyOf(at(-10, { decDeg: 61 }), history)).toBeNull();
  });

  test('copies of one exposure are no history, and its own kind stands for it', () => {
    const copies = history.map((each) => ({ ...each, dateObsMs: 1000 }));
    expect(transparencyOf(at(-10, { dateObsMs: 1000 }), copies)).toBeNull();
    const both = history.flatMap((each, no) => {
      const raw = { ...each, dateObsMs: no };
      return [raw, { ...raw, instrumentalMag: -13, reductionLevel: 91 }];
    });
    const raw = at(-10, { dateObsMs: 1 });
    expect(transparencyOf(raw, both)).toBeCloseTo(transparencyOf(raw, history) ?? NaN, 6);
    expect(transparencyOf({ ...raw, instrumentalMag: -13, reductionLevel: 91 }, both)).toBe(1);
    expect(transparencyOf(at(-10, { stars: 19 }), history)).toBeNull(); // that of other ranks
  });

  test('air takes light without any cloud', () => {
    const low = transparencyOf(at(-9.7, { airmass: 3 }), history);
    expect(low).toBeGreaterThan(0.95);
  });
});
