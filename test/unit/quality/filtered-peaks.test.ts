/** Peaks of a filtered picture, against every pixel of the whole filtered picture. */
import { filterRows } from '../../../src/quality/filter.js';
import { eachFilteredPeak } from '../../../src/quality/filtered-peaks.js';
import { measureBackground } from '../../../src/quality/index.js';
import { createRuns } from '../../../src/quality/runs.js';
import { makeField } from '../../fixtures/star-field.js';

type Grid = readonly Float64Array[];

/** Places that no neighbour tops, and that are above the limit of their row; of equals the first. */
function plainPeaks(rows: Grid, limitOf: (y: number) => number): string[] {
  return rows.flatMap((row, y) =>
    [...row].flatMap((value, x) => {
      if (value <= limitOf(y)) return [];
      for (let v = Math.max(0, y - 1); v <= Math.min(rows.length - 1, y + 1); v += 1) {
        for (let u = Math.max(0, x - 1); u <= Math.min(row.length - 1, x + 1); u += 1) {
          if (u === x && v === y) continue;
          const other = rows[v]?.[u] ?? NaN;
          const isBefore = v < y || (v === y && u < x);
          if (isBefore ? other >= value : other > value) return [];
        }
      }
      return [`${x},${y} ${value.toFixed(3)}`];
    }),
  );
}

const FIELDS = [
  { shape: { kind: 'gaussian', fwhmPx: 2 }, type: 'uint16' },
  { shape: { kind: 'moffat', fwhmPx: 3 }, type: 'float32', seed: 7 },
] as const;

test.each(
  FIELDS.flatMap((field) =>
    [2, 3, 4, 5, 9, 16].flatMap((width) => [2, 25].map((rise) => ({ field, width, rise }))),
  ),
)(
  'all peaks and no others: $field.type, width $width, limits from $rise',
  ({ field, width, rise }) => {
    const {
      pixels,
      width: columns,
      height,
    } = makeField({
      ...field,
      width: 150,
      height: 130,
      stars: { count: 60, snr: [8, 300] },
    });
    const picture = {
      pixels,
      width: columns,
      height,
      saturation: null,
      kind: 'sky',
      pixelScaleArcsec: null,
    } as const;
    const background = measureBackground(picture);
    const filter = { width, noiseGain: (width * (2 * width * width + 1)) / 3 };
    const rows: Float64Array[] = [];
    filterRows(picture, background, filter, { firstRow: 0, endRow: height }, (y, row) => {
      rows[y] = row.slice();
    });
    // A limit that changes from cell to cell, as that of real pictures does.
    const limitOf = (y: number): number =>
      background.noise * filter.noiseGain * (rise + (Math.floor(y / 16) % 3));
    const row = (limit: number): Float64Array => new Float64Array(columns).fill(limit);
    const lowest = (y: number): number =>
      Math.min(...[-16, -width, 0, width, 16].map((step) => limitOf(Math.max(0, y + step))));
    const found: string[] = [];
    eachFilteredPeak(
      { picture, background, filter },
      { above: (y) => row(limitOf(y)), near: (y) => row(lowest(y)) },
      (x, y, value) => found.push(`${x},${y} ${value.toFixed(3)}`),
    );
    const plain = plainPeaks(rows, limitOf);
    // The wider the filter, the fewer peaks have room.
    expect(plain.length).toBeGreaterThan(rise > 10 ? 5 : width > 5 ? 15 : 40);
    expect(found.sort()).toEqual(plain.sort());
  },
);

test('the sums of a surface about a pixel are those of its values, at the border too', () => {
  const { pixels, width, height } = makeField({
    width: 210,
    height: 170,
    stars: { count: 0, snr: [8, 9] },
    shape: { kind: 'gaussian', fwhmPx: 2 },
    type: 'float32',
  });
  const tilted = pixels.map((value, at) => value + 3e-4 * (at % width) ** 2 + at / width);
  const surface = measureBackground({ pixels: tilted, width, height });
  const sumAt = (x: number, y: number, taps: number): number => {
    let sum = 0;
    for (let v = 1 - taps; v < taps; v += 1) {
      for (let u = 1 - taps; u < taps; u += 1) {
        sum += (taps - Math.abs(u)) * (taps - Math.abs(v)) * surface.valueAt(x + u, y + v);
      }
    }
    return sum;
  };
  for (const taps of [2, 5, 16]) {
    for (const [x, y] of [
      [0, 0],
      [209, 3],
      [100, 169],
      [111, 77],
    ] as const) {
      const sums = [...surface.sumsAbout(x, y, taps)];
      const plain = sums.map((_, i) => sumAt(x + (i % 3) - 1, y + Math.floor(i / 3) - 1, taps));
      for (const [i, sum] of sums.entries()) expect(sum / (plain[i] ?? NaN)).toBeCloseTo(1, 10);
    }
  }
});

test('runs are the places that have a bit near enough after them, and those between near ones', () => {
  const runsOf = (places: readonly number[], gap: number): number[] => {
    const bits = new Int32Array(5);
    for (const place of places) bits[place >> 5] = (bits[place >> 5] ?? 0) | (1 << (place & 31));
    const runs = createRuns(140);
    runs.reset();
    runs.join(bits);
    runs.spread(3, 136, { after: 2, gap });
    return [...runs.ends.subarray(0, runs.count)];
  };
  expect(runsOf([], 0)).toEqual([]);
  expect(runsOf([50], 0)).toEqual([46, 49]);
  expect(runsOf([31, 32, 63, 64, 97], 0)).toEqual([27, 31, 59, 63, 93, 96]);
  expect(runsOf([2, 20, 31, 139], 8)).toEqual([0, 1, 16, 30, 135, 136]);
  const all = Array.from({ length: 140 }, (_, place) => place);
  expect(runsOf(all, 0)).toEqual([0, 136]);
});

test('what is full and flat has one peak, the first of the highest', () => {
  const [width, height] = [170, 23];
  const pixels = Float64Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    const isFull = x >= 100 && x < 130 && y >= 4 && y < 20;
    return isFull ? 255 : 40.3 + ((at * 7919) % 13) / 3;
  });
  const background = measureBackground({ pixels, width, height });
  const searched = {
    picture: { pixels, width, height },
    background,
    filter: { width: 3, noiseGain: 19 },
  };
  const limit = new Float64Array(width).fill(5000);
  const found: string[] = [];
  eachFilteredPeak(searched, { above: () => limit, near: () => limit }, (x, y) => {
    found.push(`${x},${y}`);
  });
  expect(found).toHaveLength(1);
  // Two pixels within the first rows that are full.
  expect(found[0]).toMatch(/,6$/);
});
