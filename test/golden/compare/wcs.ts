import type { FitsFile, Hdu } from '../../../src/fits/index.js';
import { separationDeg } from '../../../src/sky/index.js';
import { readLookupPixels, readWcs, wcsOf } from '../../../src/wcs/index.js';
import type { Wcs } from '../../../src/wcs/index.js';
import type { GoldenWcs } from '../../support/corpus.js';

/** Farthest that a position may be off, arcseconds. */
const MAX_ARCSEC = 0.001;
/** The scale of astropy is that of the linear part at CRPIX, without distortion: relative error. */
const SCALE_ERROR = 1e-3;

/** The WCS of an HDU as the archive reads it, with its tables of corrections. */
async function readOwnWcs(file: FitsFile, hdu: Hdu): Promise<Wcs | undefined> {
  return wcsOf(file, hdu, await readLookupPixels(file, hdu));
}

export interface WcsComparison {
  readonly problems: readonly string[];
  /** Greatest distance from a position of the golden, arcseconds; undefined if it has none to compare. */
  readonly worst: number | undefined;
  /** Where the golden has no answer, why. */
  readonly note: string | undefined;
}

/** Centre, corners and edges in the header's own system and in ICRS; without them the pixel scale. */
export async function compareWcs(
  file: FitsFile,
  hdu: Hdu,
  golden: GoldenWcs | null | undefined,
): Promise<WcsComparison> {
  const wcs = await readOwnWcs(file, hdu);
  const without = (note?: string): WcsComparison => ({ problems: [], worst: undefined, note });
  if (!golden) return without(wcs && `${wcs.projection} that astropy was not asked for`);
  if (golden.error !== undefined) return without('WCS refused by astropy');
  if (wcs === undefined) {
    // Axes of the sky that are not those of the image say nothing of its pixels.
    if (golden.note?.includes('celestial axes are not axes 1,2') === true) return without();
    const why = readWcs(hdu.header).problem ?? 'none is seen';
    return { ...without(), problems: [`no WCS: ${why}`] };
  }
  const problems = compareKind(wcs, golden);
  if (golden.center === undefined) {
    return { ...without(), problems: [...problems, ...compareScale(hdu, wcs, golden)] };
  }
  const worst = worstOf(wcs, golden);
  if (!(worst < MAX_ARCSEC)) problems.push(`${wcs.projection} is ${worst}″ off`);
  return { problems, worst, note: undefined };
}

function compareKind(wcs: Wcs, { frame, ctype }: GoldenWcs): string[] {
  const problems: string[] = [];
  const isOwn = frame === undefined || frame === null || !/^(?:icrs|fk[45]|galactic)$/.test(frame);
  if (frame !== undefined && wcs.system !== (isOwn ? 'other' : frame)) {
    problems.push(`system ${wcs.system}, not ${String(frame)}`);
  }
  const code = /^.{4}-(...)/.exec(ctype?.[0] ?? '')?.[1] ?? '';
  // Known under names of their own: the plate solution of a survey, and the TAN of IRAF.
  if (!/^(?:DSS|ZPX|TPV|TNX)/.test(wcs.projection) && !wcs.projection.startsWith(code)) {
    problems.push(`projection ${wcs.projection}, not ${code}`);
  }
  return problems;
}

function compareScale({ header }: Hdu, wcs: Wcs, golden: GoldenWcs): string[] {
  const found = wcs.scaleAt(header.number('CRPIX1') ?? 0, header.number('CRPIX2') ?? 0);
  const [x = NaN, y = NaN] = golden.pixel_scale_arcsec ?? [];
  const isSame = (deg = NaN, arcsec: number): boolean =>
    Math.abs(deg * 3600 - arcsec) <= SCALE_ERROR * arcsec;
  if (isSame(found?.xDeg, x) && isSame(found?.yDeg, y)) return [];
  return [`scale ${JSON.stringify(found)} degrees, not ${x}″, ${y}″`];
}

type Pixel = readonly [x: number, y: number];

/** Infinite where only one of both has a position. */
function worstOf(wcs: Wcs, golden: GoldenWcs): number {
  const { nx = 1, ny = 1 } = golden;
  const corners: readonly Pixel[] = [
    [1, 1],
    [nx, 1],
    [nx, ny],
    [1, ny],
  ];
  const edges: readonly Pixel[] = [
    [0.5, 0.5],
    [nx + 0.5, 0.5],
    [nx + 0.5, ny + 0.5],
    [0.5, ny + 0.5],
  ];
  const pixels: readonly Pixel[] = [[(nx + 1) / 2, (ny + 1) / 2], ...corners, ...edges];
  const toWorld = (x: number, y: number): SkyPoint | undefined => {
    const world = wcs.toWorld(x, y);
    return world && { raDeg: world.lonDeg, decDeg: world.latDeg };
  };
  const { center, corners_pixel_centers: inner, corners_outer_edges: outer } = golden;
  const own = [center, ...fourOf(inner), ...fourOf(outer)];
  const sky = golden.frame === 'icrs' ? own : icrsOf(golden);
  const distances = pixels.flatMap(([x, y], index) => [
    distanceArcsec(toWorld(x, y), own[index]),
    sky === undefined ? 0 : distanceArcsec(wcs.toSky(x, y), sky[index]),
  ]);
  return Math.max(...distances);
}

interface SkyPoint {
  readonly raDeg: number;
  readonly decDeg: number;
}

type Position = NonNullable<GoldenWcs['center']>;

/** Undefined for coordinates of the Sun and planets, which have no place on the sky. */
function icrsOf(golden: GoldenWcs): (Position | undefined)[] | undefined {
  const { center_icrs: center, corners_pixel_centers_icrs: inner } = golden;
  if (center === undefined) return undefined;
  return [center, ...fourOf(inner), ...fourOf(golden.corners_outer_edges_icrs)];
}

/** Exactly four, so that one that is missing is seen. */
function fourOf(positions: readonly Position[] | undefined): readonly Position[] {
  if (positions?.length !== 4) throw new Error('The golden does not have four corners.');
  return positions;
}

function distanceArcsec(found: SkyPoint | undefined, expected: Position | undefined): number {
  if (expected === undefined) return Infinity;
  const [raDeg, decDeg] = expected.map(Number); // outside of the projection: the text NaN
  if (raDeg === undefined || decDeg === undefined || Number.isNaN(raDeg)) {
    return found === undefined ? 0 : Infinity;
  }
  return found === undefined ? Infinity : separationDeg(found, { raDeg, decDeg }) * 3600;
}
