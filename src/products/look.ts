import {
  eachStrip,
  openFits,
  planeOf,
  type FitsFile,
  type Hdu,
  type Region,
  type SourceLimits,
} from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import { readLookupPixels, skyNodes, wcsOf, type SkyNodes } from '../wcs/index.js';

/** A file, and an image in it. */
export interface LookRequest {
  readonly path: string;
  readonly limits: SourceLimits;
  readonly hdu: number;
}

/** A part of a plane, pixels from 0 at FITS pixel (1,1). */
export interface BlockRequest extends LookRequest {
  readonly plane: number;
  readonly region: Region;
}

/** Values of a part of a plane: `values[y * width + x]`, FITS row 1 first; NaN where none is known. */
export interface Block extends Region {
  readonly values: Float64Array;
}

/** Sides of a block, pixels: more is what downloads are for. */
export const MAX_BLOCK = 128;

/**
 * Values as the header means them: BSCALE and BZERO applied. What lies beyond the image is left out.
 *
 * @throws 'bad_request' for an HDU, plane or place that is not there; as `openFits`
 */
export async function readBlock(request: BlockRequest): Promise<Block> {
  return withImage(request, async (file, hdu) => {
    const { width, height, planes } = planeOf(hdu);
    const { plane } = request;
    if (plane >= planes) {
      throw new AppError('bad_request', `HDU ${hdu.index} has no plane ${plane}.`);
    }
    const region = clip(request.region, { width, height });
    const values = new Float64Array(region.width * region.height);
    for await (const strip of eachStrip(file, hdu, { plane, region })) {
      const start = (strip.firstRow - region.y) * region.width;
      // 32-bit floats become doubles of the same value, not of the same digits: those are cut later.
      for (let i = 0; i < strip.rows * region.width; i += 1) {
        values[start + i] = strip.pixels[i] ?? NaN;
      }
    }
    return { ...region, values };
  });
}

/** Positions all over an image, tables of corrections included; null for an image without coordinates. */
export async function readSkyNodes(request: LookRequest): Promise<{ nodes: SkyNodes | null }> {
  return withImage(request, async (file, hdu) => {
    const wcs = wcsOf(file, hdu, await readLookupPixels(file, hdu));
    return { nodes: wcs === undefined ? null : (skyNodes(wcs, planeOf(hdu)) ?? null) };
  });
}

async function withImage<T>(
  { path, limits, hdu: index }: LookRequest,
  work: (file: FitsFile, hdu: Hdu) => Promise<T>,
): Promise<T> {
  const file = await openFits(path, limits);
  try {
    const hdu = file.hdus[index];
    if (hdu === undefined || planeOf(hdu).planes === 0) {
      throw new AppError('bad_request', `HDU ${index} has no image.`, { parameter: 'hdu' });
    }
    return await work(file, hdu);
  } finally {
    await file.close();
  }
}

function clip(box: Region, { width, height }: { width: number; height: number }): Region {
  const x = Math.max(0, box.x);
  const y = Math.max(0, box.y);
  const right = Math.min(width, box.x + Math.min(box.width, MAX_BLOCK));
  const top = Math.min(height, box.y + Math.min(box.height, MAX_BLOCK));
  if (right > x && top > y) return { x, y, width: right - x, height: top - y };
  throw new AppError('bad_request', `The image has ${width} × ${height} pixels.`);
}
