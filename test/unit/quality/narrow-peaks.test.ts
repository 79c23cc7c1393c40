/** Peaks under narrow filters, against every pixel of the whole filtered picture. */
import { filterRows } from '../../../src/quality/filter.js';
import { measureBackground } from '../../../src/quality/index.js';
import { eachNarrowPeak, NARROW } from '../../../src/quality/narrow-peaks.js';
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
    [2, 3, NARROW].flatMap((width) => [2, 25].map((rise) => ({ field, width, rise }))),
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
    eachNarrowPeak(
      { picture, background, filter },
      { above: (y) => row(limitOf(y)), near: (y) => row(lowest(y)) },
      (x, y, value) => found.push(`${x},${y} ${value.toFixed(3)}`),
    );
    const plain = plainPeaks(rows, limitOf);
    expect(plain.length).toBeGreaterThan(rise > 10 ? 5 : 40);
    expect(found.sort()).toEqual(plain.sort());
  },
);
