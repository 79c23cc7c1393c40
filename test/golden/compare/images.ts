import { eachStrip, planeOf } from '../../../src/fits/index.js';
import type { FitsFile, Hdu, PixelArray } from '../../../src/fits/index.js';
import { sameNumber, toNumber } from '../../support/corpus.js';
import type { GoldenImage } from '../../support/corpus.js';

/** Sums are added in another order than numpy does: relative to the largest value. */
const SUM_ERROR = 1e-9;

/** What differs from the golden, in words; [] if nothing does. Every plane is read. */
export async function compareImage(
  file: FitsFile,
  hdu: Hdu,
  golden: GoldenImage,
): Promise<string[]> {
  const shape = JSON.stringify([...hdu.axes].reverse());
  const problems =
    shape === JSON.stringify(golden.shape) ? [] : [`${shape} is not ${String(golden.shape)}`];
  if (golden.samples === undefined) {
    const first = await eachStrip(file, hdu).next();
    return first.done === true ? problems : [...problems, 'there are pixels'];
  }
  const { width, planes } = planeOf(hdu);
  const read = astropyBlank(hdu);
  const compared = new Float64Array(golden.n_pixels ?? 0);
  let pixelsRead = 0;
  for (let plane = 0; plane < planes; plane += 1) {
    for await (const { firstRow, pixels } of eachStrip(file, hdu, { plane })) {
      if (plane === 0 && firstRow === 0) problems.push(...compareType(pixels, golden));
      if (pixelsRead < compared.length) compared.set(pixels.map(read), pixelsRead);
      pixelsRead += pixels.length;
    }
  }
  for (const [y, x, value] of golden.samples) {
    const pixel = compared[y * width + x] ?? Infinity;
    if (sameNumber(pixel, toNumber(value))) continue;
    problems.push(`[${y}, ${x}] is ${pixel}, not ${String(value)}`);
  }
  const count = hdu.axes.reduce((product, axis) => product * axis, 1);
  if (pixelsRead !== count) problems.push(`${pixelsRead} pixels of ${count}`);
  return [...problems, ...compareStatistics(compared, golden)];
}

/** Pixels have the type that astropy gives them. */
function compareType(pixels: PixelArray, golden: GoldenImage): string[] {
  const type = pixels.constructor.name.replace('Array', '').toLowerCase();
  return type === golden.dtype ? [] : [`${type}, not ${String(golden.dtype)}`];
}

/**
 * What astropy makes of a pixel: the standard wants BLANK as an integer, so astropy ignores one that
 * is a float, where the codec, knowing what is meant, has NaN.
 */
function astropyBlank({ header }: Hdu): (value: number) => number {
  if (header.card('BLANK')?.kind !== 'float') return (value) => value;
  const scale = Math.fround(header.number('BSCALE') ?? 1);
  const zero = Math.fround(header.number('BZERO') ?? 0);
  const blank = Math.fround(Math.fround((header.number('BLANK') ?? NaN) * scale) + zero);
  return (value) => (Number.isNaN(value) ? blank : value);
}

function compareStatistics(values: Float64Array, golden: GoldenImage): string[] {
  const finite = values.filter((value) => Number.isFinite(value)).sort();
  const nan = values.filter((value) => Number.isNaN(value)).length;
  const counts = {
    n_pixels: values.length,
    n_nan: nan,
    n_inf: values.length - nan - finite.length,
    n_finite: finite.length,
  };
  const problems = Object.entries(counts).flatMap(([name, count]) =>
    count === golden[name as keyof typeof counts]
      ? []
      : [`${name} ${count}, not ${String(golden[name as keyof typeof counts])}`],
  );
  if (finite.length === 0) return problems;
  const found = statisticsOf(finite);
  const error = SUM_ERROR * Math.max(Math.abs(found.min), Math.abs(found.max));
  for (const [name, value] of Object.entries(found)) {
    const expected = toNumber(golden[name as keyof typeof found]);
    const isSum = name === 'mean' || name === 'std';
    if (isSum ? Math.abs(value - expected) <= error : sameNumber(value, expected)) continue;
    problems.push(`${name} ${value}, not ${expected}`);
  }
  return problems;
}

/** Of values in ascending order. */
function statisticsOf(
  sorted: Float64Array,
): Record<'min' | 'max' | 'mean' | 'median' | 'std', number> {
  const { length } = sorted;
  const at = (index: number): number => sorted[index] ?? NaN;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / length;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const half = Math.floor(length / 2);
  return {
    min: at(0),
    max: at(length - 1),
    mean,
    median: length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2,
    std: Math.sqrt(squares / length),
  };
}
