import type { FitsFile, Hdu, Region, SourceLimits } from '../fits/index.js';
import { eachStrip, mainImage, openFits, planeOf, visibleRegion } from '../fits/index.js';
import { AppError, hasCode, systemCode } from '../lib/errors.js';
import { createBinner, extremesOf, shrink, type Grid } from './bin.js';
import { encode } from './encode.js';
import { countValues, type Histogram } from './histogram.js';
import type { RenderOptions } from './options.js';
import { paint } from './paint.js';
import { fileProblem, imageProblem, NO_VALUES } from './problem.js';
import { binFactors, isColour, pictureSize, type Size } from './region.js';
import { drawSign } from './sign.js';
import { findRange, toLevels, type Range } from './stretch.js';
import { planTile, type TilePlan } from './tile.js';

/** What a picture is made of: a file of this machine, and how it is to look. */
export interface RenderRequest extends RenderOptions {
  /** Absolute path of a FITS file. */
  readonly path: string;
  readonly bounds: RenderBounds;
}

/** What drawing may cost. */
export interface RenderBounds extends SourceLimits {
  /** Most pixels of a plane that is drawn. */
  readonly maxPixels: number;
}

/** An encoded picture: of the image, or of the words that say why there is none. */
export interface Rendered extends Size {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** Why the image could not be drawn: a sentence, which the picture shows. */
  readonly problem?: string;
  /** The stack of an unexpected error, for the log. */
  readonly detail?: string;
  /** Set if the same file may well be drawn at another time: such a picture is not to be kept. */
  readonly transient?: true;
  /** What was drawn, unless there was a problem; `plane` is undefined for a colour picture. */
  readonly shown?: Range & { readonly hdu: number; readonly plane: number | undefined };
  /** Of a whole picture: how often which values occur in what was drawn. */
  readonly histogram?: Histogram;
}

/**
 * Draws a FITS image: FITS row 1 at the bottom, cut to TRIMSEC, shrunk by block means while it is
 * read, so that only strips and the small picture are in memory. Whatever is wrong with the file
 * gives a picture that says so, with `problem` set.
 *
 * @param signal ends the work between two strips
 * @throws 'not_found' if the file is gone; 'bad_request' for an HDU or plane that does not exist;
 *         the reason of the signal
 */
export async function renderPreview(
  request: RenderRequest,
  signal?: AbortSignal,
): Promise<Rendered> {
  let file: FitsFile;
  try {
    file = await openFits(request.path, request.bounds);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || hasCode(error, 'not_found')) {
      throw new AppError('not_found', 'The file of this frame is gone.', {}, error);
    }
    return renderProblem(fileProblem(error), request, error);
  }
  try {
    return await renderFile(file, request, signal);
  } finally {
    await file.close();
  }
}

/** A picture of words, of the width and in the format asked for. */
export async function renderProblem(
  problem: string,
  options: Pick<RenderOptions, 'width' | 'format'>,
  error?: unknown,
): Promise<Rendered> {
  const { levels, width, height } = drawSign('No picture', problem, options.width);
  const picture = await encode({ width, height, channels: 1, pixels: levels }, options.format);
  return { ...picture, width, height, problem, ...aftermath(error) };
}

/** What an error means for the log and for keeping the picture. */
function aftermath(error: unknown): Pick<Rendered, 'detail' | 'transient'> {
  if (error === undefined) return {};
  // Not foreseen: a full disk, no memory left, a mistake of ours that a later version mends.
  if (!(error instanceof AppError)) return { detail: describe(error), transient: true };
  return TRANSIENT.includes(error.code) ? { transient: true } : {};
}

const TRANSIENT: readonly string[] = ['busy', 'store_full', 'store_unavailable'];

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function renderFile(
  file: FitsFile,
  request: RenderRequest,
  signal?: AbortSignal,
): Promise<Rendered> {
  const hdu = chooseHdu(file, request);
  const problem = imageProblem(file, hdu, request.bounds.maxPixels);
  if (hdu === undefined || problem !== undefined) {
    return renderProblem(problem ?? fileProblem(undefined), request);
  }
  checkPlane(hdu, request.plane);
  try {
    return await renderImage(file, hdu, request, signal);
  } catch (error) {
    if (signal?.aborted === true || hasCode(error, 'bad_request')) throw error;
    return renderProblem(fileProblem(error, { file, hdu }), request, error);
  }
}

function chooseHdu(file: FitsFile, { hdu: index }: RenderRequest): Hdu | undefined {
  if (index === undefined) return mainImage(file);
  const hdu = file.hdus[index];
  if (hdu !== undefined) return hdu;
  const text = `The file has no HDU ${index}; it has ${file.hdus.length}, counted from 0.`;
  throw new AppError('bad_request', text, { parameter: 'hdu' });
}

function checkPlane(hdu: Hdu, plane = 0): void {
  const { planes } = planeOf(hdu);
  if (plane < planes) return;
  const text = `HDU ${hdu.index} has no plane ${plane}; it has ${planes}, counted from 0.`;
  throw new AppError('bad_request', text, { parameter: 'plane' });
}

async function renderImage(
  file: FitsFile,
  hdu: Hdu,
  request: RenderRequest,
  signal?: AbortSignal,
): Promise<Rendered> {
  const whole = visibleRegion(hdu);
  const tile = request.tile && planTile(whole, request.tile);
  const region = tile?.region ?? whole;
  const size = tile ?? pictureSize(region, request.width);
  const isRgb = request.plane === undefined && isColour(hdu);
  const planes: Reduced[] = [];
  for (const plane of isRgb ? [0, 1, 2] : [request.plane ?? 0]) {
    const wantExtremes = request.limits.kind === 'minmax';
    planes.push(await reducePlane(file, hdu, { plane, region, size, tile, wantExtremes, signal }));
  }
  const { low, high } = request;
  // Of a tile both are given, or neighbours would not match; one without any value is dark.
  const isGiven = tile !== undefined && low !== undefined && high !== undefined;
  const range = isGiven ? { low, high } : chooseRange(planes, request);
  if (range === undefined) return renderProblem(NO_VALUES, request);
  const { stretch, colour, invert, format } = request;
  const layers = planes.map(({ grid }) => ({
    width: grid.width,
    height: grid.height,
    levels: toLevels(grid.values, range, stretch),
  }));
  const raster = paint(layers, size, { colour, invert });
  const picture = await encode(raster, format);
  const { width, height } = raster;
  const plane = isRgb ? undefined : (request.plane ?? 0);
  const shown = { hdu: hdu.index, plane, ...range };
  if (tile !== undefined) return { ...picture, width, height, shown };
  return { ...picture, width, height, shown, histogram: countValues(allSamples(planes), range) };
}

/** A plane shrunk to the size of the picture, with what is needed to find its limits. */
interface Reduced {
  readonly grid: Grid;
  readonly sample: Float64Array;
  readonly extremes: readonly [number, number];
}

interface PlaneTask {
  readonly plane: number;
  readonly region: Region;
  readonly size: Size;
  readonly tile: TilePlan | undefined;
  readonly wantExtremes: boolean;
  readonly signal: AbortSignal | undefined;
}

async function reducePlane(file: FitsFile, hdu: Hdu, task: PlaneTask): Promise<Reduced> {
  const { region, size, tile, wantExtremes } = task;
  const factors = tile ? { x: tile.factor, y: tile.factor } : binFactors(region, size);
  const missingRows = tile?.missingRows ?? 0;
  const binner = createBinner(region, { factors, wantExtremes, missingRows });
  for await (const strip of eachStrip(file, hdu, { plane: task.plane, region })) {
    task.signal?.throwIfAborted();
    binner.add(strip);
  }
  const extent = { width: region.width / factors.x, height: region.height / factors.y };
  const grid = tile ? binner.grid() : shrink(binner.grid(), extent, size);
  return { grid, sample: binner.sample(), extremes: binner.extremes() ?? extremesOf(grid.values) };
}

/** Limits common to all planes; undefined if no pixel has a value. */
function chooseRange(planes: readonly Reduced[], request: RenderRequest): Range | undefined {
  const low = Math.min(...planes.map(({ extremes }) => extremes[0]));
  const high = Math.max(...planes.map(({ extremes }) => extremes[1]));
  if (low > high) return undefined;
  const found = request.limits.kind === 'minmax' ? undefined : sampleRange(planes, request);
  // A few bright pixels in an even field may all have been missed by the sample.
  const range = found !== undefined && found.low < found.high ? found : { low, high };
  return { low: request.low ?? range.low, high: request.high ?? range.high };
}

function sampleRange(planes: readonly Reduced[], { limits }: RenderRequest): Range | undefined {
  return findRange(allSamples(planes), limits);
}

function allSamples(planes: readonly Reduced[]): Float64Array {
  const [only] = planes;
  if (planes.length === 1 && only !== undefined) return only.sample;
  const all = new Float64Array(planes.reduce((sum, { sample }) => sum + sample.length, 0));
  let filled = 0;
  for (const { sample } of planes) {
    all.set(sample, filled);
    filled += sample.length;
  }
  return all;
}
