/** Passing over low pixels, against looking at each. */
import { createSkip } from '../../../src/quality/skip.js';

const LENGTH = 203;
const values = Array.from({ length: LENGTH }, (_, i) => (i * 7919 + (i % 13) * 4201) % 65_536);

function plain(pixels: ArrayLike<number>, [start, end]: [number, number], value: number): number {
  for (let at = start; at < end; at += 1) if (!((pixels[at] ?? NaN) < value)) return at;
  return Math.max(start, end);
}

test.each([
  ['uint16', Uint16Array.from(values)],
  ['uint16 that begins between two words', Uint16Array.from([0, ...values]).subarray(1)],
  ['int32', Int32Array.from(values)],
  ['float32 with missing values', Float32Array.from(values, (each, i) => (i % 50 ? each : NaN))],
])('%s: the first pixel that is not lower, whatever the limits', (_, pixels) => {
  const skip = createSkip(pixels);
  for (const value of [-1, 0, 1, 1.5, 300, 32_767, 32_768, 60_000.5, 65_000, 65_535, 65_536, 1e9]) {
    for (let start = 0; start < LENGTH; start += 3) {
      for (const end of [start, start + 1, start + 20, LENGTH - 1, LENGTH]) {
        if (end > LENGTH) continue;
        expect([value, start, end, skip(start, end, value)]).toEqual([
          value,
          start,
          end,
          plain(pixels, [start, end], value),
        ]);
      }
    }
  }
});

test('a part that ends before it begins has nothing in it', () => {
  expect(createSkip(Uint16Array.from(values))(9, 4, 65_000)).toBeGreaterThanOrEqual(4);
});
