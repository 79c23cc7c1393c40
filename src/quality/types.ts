import type { PixelArray } from '../fits/index.js';
import type { Finding } from '../lib/finding.js';

export type { Finding } from '../lib/finding.js';

/** What is asked of a picture: stars of the sky, or the level of a calibration frame. */
export type MeasureKind = 'sky' | 'bias' | 'dark' | 'flat';

/** Which pixels lie under green filters: those of which x + y (from 0) is even, or odd. */
export type GreenPlace = 'even' | 'odd';

/** Decoded pixels, and what is known of them from elsewhere. */
export interface Picture {
  /** `pixels[y * width + x]`, FITS pixel (1,1) first; NaN where there is no value. */
  readonly pixels: PixelArray;
  readonly width: number;
  readonly height: number;
  readonly kind: MeasureKind;
  /** Level from which pixels are full, in the unit of the pixels; null: found from the pixels. */
  readonly saturation: number | null;
  /** Arcseconds of a pixel; null if nobody knows. */
  readonly pixelScaleArcsec: number | null;
  /** How long the shutter was open, seconds; without it there is no `instrumentalMag`. */
  readonly exposureSec?: number | null;
  /** Pixels of the frame along the side of one of these; default 1. */
  readonly blockPx?: number;
  /** Where a header says that a colour camera has its green pixels; without it levels may tell. */
  readonly green?: GreenPlace | undefined;
  /** Level that this camera gives without light, in the unit of the pixels: what its bias frames have. */
  readonly biasLevel?: number | null;
}

/** A star, or what looks like one. */
export interface Star {
  /** Centre as FITS counts: the first pixel has its centre at (1, 1). FITS Standard 4.0 §8.1. */
  readonly x: number;
  readonly y: number;
  /** Sum above the background, in the unit of the pixels. */
  readonly flux: number;
  readonly peak: number;
  /** Signal to noise of the flux. */
  readonly snr: number;
  /** Full width at half maximum, pixels: geometric mean of the two axes. */
  readonly fwhmPx: number;
  /** Radius that holds half of the flux, pixels. */
  readonly halfFluxRadiusPx: number;
  /** 1 − b/a, 0 for a circle. */
  readonly ellipticity: number;
  /** Direction of the long axis, degrees from +x towards +y, -90 < angle ≤ 90. */
  readonly angleDeg: number;
  readonly isSaturated: boolean;
  /** Touches the border of the image, or its core has lost pixels that neighbours cannot stand in for. */
  readonly isCut: boolean;
  /** Was parted from a neighbour. */
  readonly isBlended: boolean;
}

/** What was measured of a frame; null where it makes no sense or could not be told. */
export interface Measures {
  /** Version of the method: numbers of different ones are not to be compared. */
  readonly method: number;
  readonly kind: MeasureKind;
  /** Stars above the threshold that are whole, unsaturated or not. */
  readonly stars: number | null;
  /** Medians over good stars. */
  readonly fwhmPx: number | null;
  readonly fwhmArcsec: number | null;
  readonly hfrPx: number | null;
  /** a/b, ≥ 1. */
  readonly elongation: number | null;
  /** Direction that the long axes share, degrees as in Star; null if they share none. */
  readonly elongationAngleDeg: number | null;
  /** Median of the background mesh (sky), or clipped level of the frame (calibrations). */
  readonly background: number | null;
  /** Largest difference over the fitted plane of the background, as a fraction of its level over bias-free
   *  frames it is meaningless to divide by a level near 0: then null. */
  readonly backgroundGradient: number | null;
  /** Standard deviation of the background, pixel by pixel. */
  readonly noise: number | null;
  /** Pixels at or above saturation, 0…1. */
  readonly saturatedFraction: number | null;
  /** Hot pixels of a dark or bias: count above the clipped level. */
  readonly hotPixels: number | null;
  /** Dead pixels of a flat: far below what surrounds them. */
  readonly deadPixels?: number | null;
  /** Background as a share of the saturation, which was given or found from the pixels. */
  readonly exposureLevel?: number | null;
  /** Mean of -2.5 log10 of the flux per second of stars of the same ranks each time, 11 to 20, or 3 to 5
   *  if there are less than 20 stars, magnitudes: the same field under the same instrument has the same, less what clouds take. Null if there are too
   *  few, or one of them is saturated. */
  readonly instrumentalMag: number | null;
  /** Places of the brightest whole stars, the brightest first: `[x, y, x, y, …]` as in Star, in pixels of
   *  the whole image, to a tenth. Absent where no stars were looked for. */
  readonly brightest?: readonly number[];
  readonly findings: readonly Finding[];
}
