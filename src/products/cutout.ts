import { AppError } from '../lib/errors.js';
import { mainImage, planeOf, type FitsFile, type Hdu, type Region } from '../fits/index.js';
import { readLookupPixels, wcsOf } from '../wcs/index.js';
import { cutoutCards } from './cutout-header.js';
import { allPlanes, imagePieces } from './image-pieces.js';
import { headerBytes, makePlan, type Plan } from './plan.js';

/** What to cut out: pixels from 0 at FITS pixel (1,1), or a square on the sky around a position. */
export type CutoutBox =
  | ({ readonly kind: 'pixels' } & Region)
  | {
      readonly kind: 'sky';
      /** ICRS, degrees. */
      readonly raDeg: number;
      readonly decDeg: number;
      /** Side of the square, degrees. */
      readonly sizeDeg: number;
    };

export interface CutoutRequest {
  readonly box: CutoutBox;
  /** Default: the main image of the file. */
  readonly hdu?: number;
  /** One plane of a cube; default all. */
  readonly plane?: number;
}

/** A plan of a cut-out, and where it lies in the image. */
export interface CutoutPlan extends Plan {
  readonly hdu: number;
  /** In the notation of FITS sections, from 1 and with both ends: `[x1:x2,y1:y2]`. */
  readonly section: string;
}

/**
 * A part of an image as a FITS file of its own: the numbers of the file unscaled, its header with the
 * WCS moved along. What of the box lies beyond the image is left out.
 * FITS Standard 4.0 §8.2 (CRPIX), §4.4.1.1.
 *
 * @throws 'bad_request' for an HDU or plane that is not there, a box that does not touch the image, or
 *         a position for an image without WCS
 */
export async function planCutout(file: FitsFile, request: CutoutRequest): Promise<CutoutPlan> {
  const hdu = chooseImage(file, request.hdu);
  const { planes } = planeOf(hdu);
  const { plane } = request;
  if (plane !== undefined && plane >= planes) {
    throw badRequest('plane', `HDU ${hdu.index} has no plane ${plane}; it has ${planes}.`);
  }
  const { width, height } = planeOf(hdu);
  const region = clip(await pixelBox(file, hdu, request.box), { width, height });
  const part = { region, plane };
  return {
    ...makePlan([
      { kind: 'bytes', bytes: headerBytes(cutoutCards(file, hdu, part)) },
      ...imagePieces(hdu, region, plane === undefined ? allPlanes(hdu) : [plane]),
    ]),
    hdu: hdu.index,
    section: sectionOf(region),
  };
}

/** FITS section notation of a region. */
function sectionOf({ x, y, width, height }: Region): string {
  return `[${x + 1}:${x + width},${y + 1}:${y + height}]`;
}

function chooseImage(file: FitsFile, index: number | undefined): Hdu {
  const hdu = index === undefined ? mainImage(file) : file.hdus[index];
  if (hdu !== undefined && planeOf(hdu).planes > 0) return hdu;
  const text = index === undefined ? 'The file has no image.' : `HDU ${index} has no image.`;
  throw badRequest('hdu', text);
}

/** Where a box lies in the image; not whole pixels, and perhaps beyond its edges. */
async function pixelBox(file: FitsFile, hdu: Hdu, box: CutoutBox): Promise<Region> {
  if (box.kind === 'pixels') return box;
  const wcs = wcsOf(file, hdu, await readLookupPixels(file, hdu));
  if (wcs === undefined) {
    throw badRequest('ra', 'This image has no world coordinates: cut it out by x and y.');
  }
  const centre = wcs.toPixel(box.raDeg, box.decDeg);
  const near = centre === undefined ? undefined : wcs.scaleAt(centre.x, centre.y);
  if (centre === undefined || near === undefined) {
    throw badRequest('ra', 'This position is not within reach of the image.');
  }
  const [width, height] = [box.sizeDeg / near.xDeg, box.sizeDeg / near.yDeg];
  // FITS pixel 1 has its centre at 1 and its left edge at 0.5, which is x = 0 here.
  return { x: centre.x - 0.5 - width / 2, y: centre.y - 0.5 - height / 2, width, height };
}

/** Whole pixels that the box touches, within the image. */
function clip(box: Region, image: { width: number; height: number }): Region {
  // A box that ends on the edge of a pixel, but for rounding, does not touch the next one.
  const slack = 1e-6;
  const x = Math.max(0, Math.floor(box.x + slack));
  const y = Math.max(0, Math.floor(box.y + slack));
  const right = Math.min(image.width, Math.ceil(box.x + box.width - slack));
  const top = Math.min(image.height, Math.ceil(box.y + box.height - slack));
  if (right > x && top > y) return { x, y, width: right - x, height: top - y };
  const text = `The cut-out does not touch the image of ${image.width} × ${image.height} pixels.`;
  throw new AppError('bad_request', text, { box });
}

function badRequest(parameter: string, text: string): AppError {
  return new AppError('bad_request', text, { parameter });
}
