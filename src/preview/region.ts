import type { Hdu, Region } from '../fits/index.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A picture lower than this shows nothing; it becomes a band of `BAND_HEIGHT` instead. */
const LEAST_HEIGHT = 8;
const BAND_HEIGHT = 40;
const MAX_ASPECT = 4;
const MAX_HEIGHT = 16_383; // WebP has no more
const MAX_OUTPUT_PIXELS = 2 ** 25;

/**
 * Size of the picture: the width as asked, the height by aspect within [1, 4 × width] and 2^25
 * pixels. Spectra and other images a few rows high become a band.
 */
export function pictureSize(region: Region, width: number): Size {
  const natural = Math.round((region.height / region.width) * width);
  const height = natural < LEAST_HEIGHT ? BAND_HEIGHT : natural;
  const most = Math.min(MAX_ASPECT * width, MAX_HEIGHT, Math.floor(MAX_OUTPUT_PIXELS / width));
  return { width, height: Math.min(height, most) };
}

/** Whole number of pixels that become one on the way to a picture; 1 if it is to be enlarged. */
export function binFactors(region: Region, size: Size): { x: number; y: number } {
  return {
    x: Math.max(1, Math.floor(region.width / size.width)),
    y: Math.max(1, Math.floor(region.height / size.height)),
  };
}

/**
 * True if three planes are red, green and blue: the camera programs write them as 8 or 16 bit
 * without a third axis in the WCS, others name the axis `RGB`.
 */
export function isColour(hdu: Hdu): boolean {
  if (hdu.axes.length !== 3 || hdu.axes[2] !== 3) return false;
  const axis = hdu.header.string('CTYPE3')?.trim().toUpperCase() ?? '';
  return axis === 'RGB' || (axis === '' && (hdu.bitpix === 8 || hdu.bitpix === 16));
}
