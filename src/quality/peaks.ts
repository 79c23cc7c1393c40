import type { Background } from './background.js';
import { filteredAt, type Filter } from './filter.js';
import { eachFilteredPeak } from './filtered-peaks.js';
import { createGrid } from './grid.js';
import type { Picture } from './types.js';

/** A place that stands out of a filtered picture. */
export interface Peak {
  /** Pixel, from 0. */
  readonly x: number;
  readonly y: number;
  /** Height of the filtered picture in sigma of its noise. */
  readonly sigmas: number;
  /** A neighbour stands on the same patch of light. */
  readonly isBlended: boolean;
}

type Pixels = Pick<Picture, 'pixels' | 'width' | 'height'>;

/** A picture as it is looked for stars in. */
export interface Search {
  readonly picture: Pixels;
  readonly background: Background;
  readonly filter: Filter;
  /** Noise of the filtered picture over what it would be if neighbouring pixels were independent. */
  readonly noiseFactor: number;
}

/** More peaks than this are noise of a broken background, or so crowded that the faint do not matter. */
const MAX_PEAKS = 60_000;

/** Peaks of the filtered picture above so many sigma, brightest first. */
export function findPeaks(search: Search, thresholdSigma: number): Peak[] {
  const peaks: Peak[] = [];
  const above = createLimits(search, thresholdSigma, 0);
  const near = createLimits(search, thresholdSigma, 1);
  eachFilteredPeak(search, { above, near }, (x, y, value) => {
    const sigmas = (thresholdSigma * value) / (above(y)[x] ?? NaN);
    peaks.push({ x, y, sigmas, isBlended: false });
  });
  peaks.sort((one, other) => other.sigmas - one.sigmas);
  return peaks.slice(0, MAX_PEAKS);
}

/**
 * What counts along a row of the filtered picture, cell by cell.
 *
 * @param reach so many cells to all sides are looked at too, and the least of them counts
 */
function createLimits(
  { picture, background, filter, noiseFactor }: Search,
  thresholdSigma: number,
  reach: number,
): (y: number) => Row {
  const { columns, rows, cellWidth, cellHeight, values } = background.noises;
  // Integers that hardly differ have at least the noise of their rounding.
  const least = background.step / Math.sqrt(12);
  const row = new Float64Array(picture.width);
  let filledFor = -1;
  return (y) => {
    const meshRow = Math.min(rows - 1, Math.floor(y / cellHeight));
    if (meshRow === filledFor) return row;
    filledFor = meshRow;
    for (let column = 0; column < columns; column += 1) {
      let lowest = Infinity;
      const top = Math.min(rows - 1, meshRow + reach);
      const right = Math.min(columns - 1, column + reach);
      for (let line = Math.max(0, meshRow - reach); line <= top; line += 1) {
        for (let at = Math.max(0, column - reach); at <= right; at += 1) {
          lowest = Math.min(lowest, values[line * columns + at] ?? NaN);
        }
      }
      const noise = Math.max(least, lowest);
      const end = column === columns - 1 ? row.length : Math.floor((column + 1) * cellWidth);
      const sigma = noise * filter.noiseGain * noiseFactor;
      row.fill(thresholdSigma * sigma, Math.floor(column * cellWidth), end);
    }
    return row;
  };
}

type Row = Float64Array;

/** Sigmas that a peak must stand above the saddle to a higher one, and share of its own height. */
const CONTRAST_SIGMA = 3;
const CONTRAST = 0.12;
/** Height of a patch of light that two stars are said to share. */
const SHARED_SIGMA = 3;

/**
 * Parts what are stars of their own from bumps on a brighter one: a watershed with a contrast. A peak
 * stays if on the straight way to each higher peak nearby the light sinks far enough below it. That
 * asks for the light along a few lines only, whatever the crowding, where a tree of thresholds needs
 * each patch of light as a whole.
 *
 * @param peaks brightest first
 */
export function partPeaks(search: Search, peaks: readonly Peak[], withinPx: number): Peak[] {
  const near = createGrid<Peak>(withinPx);
  const kept: Peak[] = [];
  const blended = new Set<Peak>();
  const bumps = new Set<Peak>();
  for (const peak of peaks) {
    let isBump = false;
    const shares: Peak[] = [];
    for (const other of near.around(peak)) {
      const saddle = saddleSigmas(search, peak, other);
      if (peak.sigmas - saddle < Math.max(CONTRAST_SIGMA, CONTRAST * peak.sigmas)) {
        isBump = true;
        break;
      }
      if (saddle > SHARED_SIGMA && !bumps.has(other)) shares.push(other);
    }
    near.add(peak);
    if (isBump) {
      bumps.add(peak);
      continue;
    }
    kept.push(peak);
    for (const other of shares) blended.add(other).add(peak);
  }
  return kept.map((peak) => {
    const { x, y, sigmas } = peak;
    return blended.has(peak) ? { x, y, sigmas, isBlended: true } : peak;
  });
}

/** The lowest light on the way from one peak to another; stops looking where it cannot matter. */
function saddleSigmas(search: Search, from: Peak, to: Peak): number {
  const { picture, background, filter, noiseFactor } = search;
  const steps = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  const noise = Math.max(background.noise, background.step / Math.sqrt(12));
  const unit = 1 / (noise * filter.noiseGain * noiseFactor);
  let least = from.sigmas;
  for (let step = 1; step < steps && least > SHARED_SIGMA; step += 1) {
    const x = Math.round(from.x + ((to.x - from.x) * step) / steps);
    const y = Math.round(from.y + ((to.y - from.y) * step) / steps);
    least = Math.min(least, filteredAt(picture, background, filter, { x, y }) * unit);
  }
  return least;
}
