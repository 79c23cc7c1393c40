import { crc32 } from 'node:zlib';
import {
  mainImage,
  openFits,
  planeOf,
  readPlane,
  toldDataSum,
  visibleRegion,
  type FitsFile,
  type Hdu,
  type Region,
  type SourceLimits,
} from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import { measurePicture, nothingMeasured } from './measure.js';
import { greenPlaceOf } from './mosaic.js';
import { makePicture } from './picture.js';
import type { Finding, GreenPlace, Measures, Picture } from './types.js';

/** A file of this machine, and what is known of the frame from elsewhere. */
export interface MeasureRequest extends Omit<Picture, 'pixels' | 'width' | 'height' | 'green'> {
  /** Absolute path of a FITS or XISF file. */
  readonly path: string;
  readonly limits: SourceLimits;
  /** Most pixels of an image that is measured: they are all in memory at once. */
  readonly maxPixels: number;
}

/** What was measured of a file, and what tells its pixels from those of others. */
export interface FileMeasures extends Measures {
  /** CRC-32 of the values that were measured, in the type and the order of bytes that they have here. */
  readonly contentSum: number | null;
  /** As `toldDataSum`. */
  readonly dataSum: number | null;
}

/**
 * Measures the main image of a file, of a cube its first plane, within TRIMSEC. A file that is damaged,
 * too large or without an image gives measures that are all null, and a finding that says why.
 *
 * @throws what has nothing to do with the file itself, such as a file that is gone
 */
export async function measureFile(
  request: MeasureRequest,
  signal?: AbortSignal,
): Promise<FileMeasures> {
  try {
    const file = await openFits(request.path, request.limits);
    try {
      return await measureImage(file, request, signal);
    } finally {
      await file.close();
    }
  } catch (error) {
    const finding = describeFailure(error);
    if (finding === undefined) throw error;
    return { ...nothingMeasured(request.kind, [finding]), contentSum: null, dataSum: null };
  }
}

async function measureImage(
  file: FitsFile,
  request: MeasureRequest,
  signal?: AbortSignal,
): Promise<FileMeasures> {
  const hdu = mainImage(file);
  if (hdu === undefined) throw new AppError('fits_unsupported', 'The file has no image.');
  const region = visibleRegion(hdu);
  const room = takeRoom(hdu);
  try {
    return await measureRegion(file, hdu, { ...request, region, room }, signal);
  } finally {
    giveBack(room);
  }
}

async function measureRegion(
  file: FitsFile,
  hdu: Hdu,
  request: MeasureRequest & { readonly region: Region; readonly room: Uint8Array },
  signal?: AbortSignal,
): Promise<FileMeasures> {
  const { region, room, maxPixels } = request;
  const plane = await readPlane(file, hdu, { region, maxPixels, room });
  signal?.throwIfAborted();
  const { buffer, byteOffset, byteLength } = plane.pixels;
  const sums = {
    contentSum: crc32(new Uint8Array(buffer, byteOffset, byteLength)),
    dataSum: toldDataSum(hdu),
  };
  const { planes } = planeOf(hdu);
  const green = planes === 1 ? toldGreen(file, hdu, region) : undefined;
  const picture = makePicture({ ...request, ...plane, green });
  const measures = { ...inWholeImage(measurePicture(picture), region), ...sums };
  if (planes <= 1) return measures;
  const text = `The image has ${planes} planes; the first one was measured.`;
  return { ...measures, findings: [...measures.findings, { code: 'planes', level: 'note', text }] };
}

/** Keywords of the pattern of a colour camera. */
const PATTERNS = ['BAYERPAT', 'COLORTYP', 'CFAPAT'];
const BINNINGS = ['XBINNING', 'YBINNING'];

/** Where the header of an image, or of its file, says that green pixels are; binned ones are of all colours. */
function toldGreen(
  { hdus: [primary] }: FitsFile,
  { header }: Hdu,
  region: { x: number; y: number },
): GreenPlace | undefined {
  const number = (keyword: string): number | undefined =>
    header.number(keyword) ?? primary?.header.number(keyword);
  const string = (keyword: string): string | undefined =>
    header.string(keyword) ?? primary?.header.string(keyword);
  if (BINNINGS.some((keyword) => (number(keyword) ?? 1) > 1)) return undefined;
  const pattern = PATTERNS.flatMap((keyword) => string(keyword) ?? []).join(' ');
  return greenPlaceOf(pattern, {
    x: region.x + (number('XBAYROFF') ?? 0),
    y: region.y + (number('YBAYROFF') ?? 0),
  });
}

/** Larger pictures get memory of their own each time. */
const MOST_ROOM_BYTES = 2 ** 26;
/** After so long without a picture it is let go of. */
const IDLE_MS = 10_000;

const NO_ROOM = new Uint8Array(0);

/**
 * Memory of the picture before: the system hands out fresh pages one by one, which takes a tenth of the
 * time of a measure. None is there while it is in use.
 */
let kept = NO_ROOM;
let release: NodeJS.Timeout | undefined;

/** Memory for the plane of a plain image; of others the values are not where the bytes were read. */
function takeRoom(hdu: Hdu): Uint8Array {
  const { width, height } = planeOf(hdu);
  const bytes = (width * height * Math.abs(hdu.bitpix)) / 8;
  if (hdu.kind !== 'image' || bytes > MOST_ROOM_BYTES) return NO_ROOM;
  const room = kept.length >= bytes ? kept : new Uint8Array(bytes);
  kept = NO_ROOM;
  return room;
}

function giveBack(room: Uint8Array): void {
  if (room.length > kept.length) kept = room as Uint8Array<ArrayBuffer>;
  clearTimeout(release);
  release = setTimeout(() => (kept = NO_ROOM), IDLE_MS).unref();
}

/** Places of stars within TRIMSEC → those in the whole image. */
function inWholeImage(measures: Measures, region: { x: number; y: number }): Measures {
  const { brightest } = measures;
  if (brightest === undefined) return measures;
  const moved = brightest.map((at, index) => at + (index % 2 === 0 ? region.x : region.y));
  return { ...measures, brightest: moved };
}

/** Errors that stay as long as the file stays. */
const OF_THE_FILE: Readonly<Record<string, string>> = {
  fits_truncated: 'truncated',
  fits_invalid: 'unmeasured',
  fits_unsupported: 'unmeasured',
  too_large: 'unmeasured',
};

function describeFailure(error: unknown): Finding | undefined {
  if (!(error instanceof AppError)) return undefined;
  const code = OF_THE_FILE[error.code];
  return code === undefined ? undefined : { code, level: 'error', text: error.message };
}
