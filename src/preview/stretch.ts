/** How the ends of the grey scale are found. Percentages are of the pixels, in order of value. */
export type Limits =
  | { readonly kind: 'percentile'; readonly low: number; readonly high: number }
  | { readonly kind: 'zscale' }
  | { readonly kind: 'minmax' };

/** Values drawn darkest and brightest, in the units of the image. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * Curves from [0, 1] to [0, 1], both ends fixed. `log` rises by three decades; `asinh` is linear up
 * to about a tenth of the range and logarithmic above (Lupton et al. 1999, AJ 118, 1406).
 */
const CURVES = {
  linear: (x: number) => x,
  sqrt: Math.sqrt,
  asinh: (x: number) => Math.asinh(x / 0.1) / Math.asinh(1 / 0.1),
  log: (x: number) => Math.log1p(1000 * x) / Math.log1p(1000),
} as const satisfies Record<string, (x: number) => number>;

export type Stretch = keyof typeof CURVES;

/** All stretches, the default first. */
export const STRETCHES = Object.keys(CURVES) as readonly Stretch[];

const STEPS = 65_536; // fine enough for the steep foot of the logarithm
const ZSCALE_SAMPLES = 1000;

/**
 * Finds the limits of the grey scale. Limits without room between them (most pixels equal) give way
 * to wider ones; `low === high` is left only for a sample without any difference.
 *
 * @param sample finite values only, in the order of the image; sorted in place
 * @returns      undefined for an empty sample
 */
export function findRange(sample: Float64Array, limits: Limits): Range | undefined {
  if (sample.length === 0) return undefined;
  const thinned = limits.kind === 'zscale' ? thin(sample, ZSCALE_SAMPLES).sort() : undefined;
  const sorted = sample.sort();
  const wanted =
    thinned === undefined
      ? percentileRange(sorted, limits.kind === 'percentile' ? limits : { low: 0, high: 100 })
      : zscaleRange(thinned);
  if (wanted.low < wanted.high) return wanted;
  const wide = percentileRange(sorted, { low: 0.5, high: 99.5 });
  return wide.low < wide.high ? wide : percentileRange(sorted, { low: 0, high: 100 });
}

/** Least and greatest value left when the share below `low` % and above `high` % is dropped. */
function percentileRange(sorted: Float64Array, { low, high }: Range): Range {
  const last = sorted.length - 1;
  const below = Math.min(last, Math.floor((sorted.length * low) / 100));
  const above = Math.max(0, last - Math.floor((sorted.length * (100 - high)) / 100));
  const first = sorted[below] ?? 0;
  return { low: first, high: Math.max(first, sorted[above] ?? 0) };
}

/** About `count` values evenly spread over the sample; a copy. */
function thin(sample: Float64Array, count: number): Float64Array {
  const step = Math.max(1, sample.length / count);
  const length = Math.floor(sample.length / step);
  return Float64Array.from({ length }, (_, i) => sample[Math.floor(i * step)] ?? 0);
}

/**
 * The limits IRAF's `display` task calls zscale: a line fitted to the sorted sample with stars and
 * bad pixels rejected, its slope made steeper by the contrast of 0.25, through the median.
 */
export function zscaleRange(sorted: Float64Array): Range {
  const length = sorted.length;
  const first = sorted[0] ?? 0;
  const last = sorted[length - 1] ?? first;
  const leastGood = Math.max(5, Math.floor(length / 2));
  const { slope, good } = fitLine(sorted, leastGood);
  if (good < leastGood) return { low: first, high: last };
  const steep = slope / 0.25;
  const centre = Math.floor((length - 1) / 2);
  const median = length % 2 === 1 ? sorted[centre] : mean(sorted[centre], sorted[centre + 1]);
  const middle = median ?? first;
  return {
    low: Math.max(first, middle - (centre - 1) * steep),
    high: Math.min(last, middle + (length - centre) * steep),
  };
}

function mean(a = 0, b = 0): number {
  return a / 2 + b / 2;
}

/** Least squares over rank, up to five rounds of rejecting what lies 2.5 sigma off. */
function fitLine(sorted: Float64Array, leastGood: number): { slope: number; good: number } {
  const length = sorted.length;
  const reach = Math.max(1, Math.floor(length * 0.01)); // neighbours of a rejected pixel go too
  let bad = new Uint8Array(length);
  let good = length;
  let before = length + 1;
  let slope = 0;
  for (let round = 0; round < 5 && good < before && good >= leastGood; round += 1) {
    const line = leastSquares(sorted, bad);
    slope = line.slope;
    const limit = 2.5 * deviation(sorted, bad, line);
    const off = Uint8Array.from(sorted, (value, i) =>
      Math.abs(value - line.at0 - line.slope * i) > limit ? 1 : 0,
    );
    bad = widen(off, reach);
    before = good;
    good = length - bad.reduce((sum, flag) => sum + flag, 0);
  }
  return { slope, good };
}

function leastSquares(values: Float64Array, bad: Uint8Array): { slope: number; at0: number } {
  let [n, sumX, sumY, sumXX, sumXY] = [0, 0, 0, 0, 0];
  values.forEach((y, x) => {
    if (bad[x] !== 0) return;
    n += 1;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
  });
  const spread = n * sumXX - sumX * sumX;
  const slope = spread === 0 ? 0 : (n * sumXY - sumX * sumY) / spread;
  return { slope, at0: n === 0 ? 0 : (sumY - slope * sumX) / n };
}

function deviation(
  values: Float64Array,
  bad: Uint8Array,
  line: { slope: number; at0: number },
): number {
  let [n, sum, squares] = [0, 0, 0];
  values.forEach((y, x) => {
    if (bad[x] !== 0) return;
    const rest = y - line.at0 - line.slope * x;
    n += 1;
    sum += rest;
    squares += rest * rest;
  });
  return n === 0 ? 0 : Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
}

/** Spreads flags over a window of `reach` ranks, centred, the odd one to the left. */
function widen(flags: Uint8Array, reach: number): Uint8Array<ArrayBuffer> {
  const wide = new Uint8Array(flags.length);
  const back = Math.floor(reach / 2);
  flags.forEach((flag, i) => {
    if (flag !== 0) wide.fill(1, Math.max(0, i - back), Math.max(0, i - back) + reach);
  });
  return wide;
}

/**
 * Brightness levels 0…255 of values. NaN becomes 0; a range without room (a constant image) gives
 * the middle level for values in it.
 */
export function toLevels(
  values: Float32Array | Float64Array,
  range: Range,
  stretch: Stretch,
): Uint8Array {
  const levels = new Uint8Array(values.length);
  const table = levelTable(stretch);
  // Halves, so that the difference of the largest doubles is still a number.
  const low = range.low / 2;
  const span = range.high / 2 - low;
  for (let i = 0; i < values.length; i += 1) {
    const value = (values[i] ?? NaN) / 2;
    const step = span > 0 ? ((value - low) / span) * STEPS : value < low ? 0 : STEPS / 2;
    if (Number.isNaN(value) || step <= 0) continue;
    levels[i] = table[step >= STEPS ? STEPS - 1 : Math.floor(step)] ?? 0;
  }
  return levels;
}

function levelTable(stretch: Stretch): Uint8Array {
  const curve = CURVES[stretch];
  const table = new Uint8Array(STEPS);
  for (let i = 0; i < STEPS; i += 1) table[i] = Math.min(255, Math.floor(curve(i / STEPS) * 256));
  return table;
}
