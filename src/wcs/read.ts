import type { Header, Hdu } from '../fits/index.js';
import { findSkyAxes, readLinear, readReference } from './axes.js';
import type { LinearPart, SkyAxes } from './axes.js';
import { readSip, readTpv, shiftPixels, TPV_COUNT } from './distortion.js';
import type { PixelShift } from './distortion.js';
import { readPlate } from './dss.js';
import { imageSizeOf } from './footprint.js';
import { readIraf } from './iraf.js';
import { makeKeywords, type Keywords } from './keywords.js';
import { toLookupTables, type LookupPixels } from './lookup-pixels.js';
import { readLookups, type LookupTable } from './lookup.js';
import { inTurn, linear, type PlaneMap } from './plane.js';
import { DEGREE } from './projection.js';
import type { Parameters, Point, Projection } from './projection.js';
import { PROJECTIONS } from './projections.js';
import { makeRotation, type ReferencePoint, type Rotation } from './rotation.js';
import { makeWcs, withNearest, withSeam, type Wcs } from './wcs.js';

export interface WcsOptions {
  /** Header of the primary HDU: describes an extension with INHERIT = T that has no axes of its own. */
  readonly primary?: Header;
  /** Tables of corrections named by `lookupRequests`; without them pixels may be off by a few tenths. */
  readonly tables?: readonly LookupTable[];
  /** Which description to read: ' ' or a letter. Default: the primary one, else the first of use. */
  readonly letter?: string;
}

/** A WCS, and what is wrong with, or missing from, it. Neither if the header claims to have none. */
export interface WcsReading {
  readonly wcs: Wcs | undefined;
  /** A sentence for people. */
  readonly problem: string | undefined;
}

/**
 * The coordinates of an image from its header. Never throws: what cannot be used is a `problem`.
 * A description on the sky goes before one on the Sun or a planet, the primary one before those with letters, and
 * the plate solution of a survey image before its approximation in CTYPE. FITS Standard 4.0 §8.
 */
export function readWcs(header: Header, options: WcsOptions = {}): WcsReading {
  const headers = inherited(header, options.primary);
  const letters = options.letter === undefined ? lettersOf(headers) : [options.letter];
  const readings = letters.flatMap((letter) => {
    const keywords = makeKeywords(headers, letter);
    return keywords === undefined ? [] : [readOne(keywords, options.tables ?? [])];
  });
  const usable = readings.filter(({ wcs }) => wcs !== undefined);
  return (
    usable.find(({ wcs }) => wcs?.system !== 'other') ??
    usable[0] ??
    readings.find(({ problem }) => problem !== undefined) ?? { wcs: undefined, problem: undefined }
  );
}

/**
 * As `readWcs`, for an HDU of a file: the primary header is heard where INHERIT asks for it.
 *
 * @param lookups what `readLookupPixels` found for this HDU, if it was asked
 */
export function wcsOf(
  { hdus }: { readonly hdus: readonly Hdu[] },
  hdu: Hdu,
  lookups: readonly LookupPixels[] = [],
): Wcs | undefined {
  const primary = hdus[0]?.header;
  const tables = toLookupTables(hdus, lookups);
  return readWcs(hdu.header, primary === undefined ? { tables } : { primary, tables }).wcs;
}

/**
 * FITS Standard 4.0 §4.4.2.6. A header with axes of its own stands alone, as astropy and others have
 * it: writers put INHERIT = T everywhere, and a RADESYS meant for the primary would move the sky.
 */
function inherited(header: Header, primary: Header | undefined): Header[] {
  if (primary === undefined || primary === header || header.value('INHERIT') !== true)
    return [header];
  const hasAxes = header.cards.some(({ keyword }) => /^CTYPE\d/i.test(keyword));
  return hasAxes ? [header] : [header, primary];
}

/** The primary description and those with letters. */
function lettersOf(headers: readonly Header[]): string[] {
  const letters = headers.flatMap(({ cards }) =>
    cards.flatMap(({ keyword }) => /^CTYPE\d+([A-Z])$/i.exec(keyword)?.[1]?.toUpperCase() ?? []),
  );
  return [' ', ...new Set(letters.sort())];
}

function readOne(keywords: Keywords, tables: readonly LookupTable[]): WcsReading {
  const wcs = keywords.letter === ' ' ? plateWcs(keywords) : undefined;
  if (wcs !== undefined) return { wcs, problem: undefined };
  const axes = findSkyAxes(keywords);
  if (axes === undefined) return failed(undefined);
  if (typeof axes === 'string') return failed(axes);
  const part = readLinear(keywords, axes);
  if (typeof part === 'string') return failed(part);
  return celestialWcs(keywords, { axes, part, tables });
}

function failed(problem: string | undefined): WcsReading {
  return { wcs: undefined, problem };
}

function plateWcs(keywords: Keywords): Wcs | undefined {
  const plate = readPlate(keywords);
  const map = PROJECTIONS.TAN?.(() => 0);
  if (plate === undefined || map === undefined) return undefined;
  const rotation = makeRotation({
    ...DEFAULT_POLE,
    lonDeg: plate.raDeg,
    latDeg: plate.decDeg,
    theta0Deg: 90,
  });
  if (rotation === undefined) return undefined;
  const toPlane = inTurn(plate.toPlane);
  // EPOCH is when the plate was taken, and the catalogue behind the solution is of J2000.
  const isSaid = ['RADESYS', 'RADECSYS', 'EQUINOX'].some((name) => keywords.text(name));
  const reference = isSaid ? readReference(keywords, 'RA') : FK5;
  const rest = { toPlane, map, offset: [0, 0], rotation, hasScale: true } as const;
  return makeWcs({ projection: 'DSS', ...reference, ...rest });
}

const FK5 = { system: 'fk5', equinox: 2000 } as const;
const DEFAULT_POLE = { phi0Deg: 0, lonPoleDeg: undefined, latPoleDeg: undefined };

interface Found {
  readonly axes: SkyAxes;
  readonly part: LinearPart;
  readonly tables: readonly LookupTable[];
}

function celestialWcs(keywords: Keywords, { axes, part, tables }: Found): WcsReading {
  const base = linear(part.matrix, part.origin, part.shift);
  if (base === undefined)
    return failed('Pixels along x and y do not span the sky: the matrix is singular.');
  const pixels = pixelDistortion(keywords, part, tables);
  const kind = chooseProjection(keywords, axes, { part, hasSip: pixels.hasSip });
  if (typeof kind === 'string') return failed(kind);
  const placed = place(keywords, axes, { kind, value: part.value });
  if (placed === undefined) return failed('CRVAL, LONPOLE and LATPOLE do not agree.');
  const toPlane = inTurn([...pixels.maps, base, ...kind.plane]);
  const map = turned(kind.map, axes.code, extentAlongX(keywords, base, placed.offset[0]));
  const wcs = makeWcs({
    projection: pixels.hasSip ? `${kind.name}-SIP` : kind.name,
    ...readReference(keywords, axes.kind),
    toPlane,
    map,
    ...placed,
    hasScale: part.hasScale,
  });
  const problem = part.hasScale
    ? pixels.problem
    : 'There is no scale: a degree per pixel is assumed.';
  return { wcs, problem };
}

interface PixelDistortion {
  readonly maps: readonly PlaneMap[];
  readonly hasSip: boolean;
  readonly problem: string | undefined;
}

/** From the detector to the image, then SIP and tables together: in this order the archive means them. */
function pixelDistortion(
  keywords: Keywords,
  { origin }: LinearPart,
  tables: readonly LookupTable[],
): PixelDistortion {
  const sip = keywords.letter === ' ' ? readSip(keywords, origin) : undefined;
  const lookups = readLookups(keywords, tables);
  const both: readonly PixelShift[] = [sip, lookups.image].filter((one) => one !== undefined);
  const [first, second] = both;
  const sum: PixelShift | undefined =
    first && second
      ? (x, y) => {
          const [a, b] = [first(x, y), second(x, y)];
          return [a[0] + b[0], a[1] + b[1]];
        }
      : first;
  const shifts = [lookups.detector, sum].filter((one) => one !== undefined);
  const names = lookups.missing.map(({ name, version }) => `${name} ${version}`);
  return {
    maps: shifts.length === 0 ? [] : [shiftPixels(shifts, origin)],
    hasSip: sip !== undefined,
    problem:
      names.length === 0
        ? undefined
        : `Corrections are not applied: ${[...new Set(names)].join(', ')}.`,
  };
}

/** A projection with what comes between it and the linear part. */
interface ChosenProjection {
  readonly name: string;
  readonly map: Projection;
  readonly plane: readonly PlaneMap[];
  /** For GLS: the reference point is moved to the equator. */
  readonly isOnEquator?: boolean;
}

function chooseProjection(
  keywords: Keywords,
  { code, lon, lat }: SkyAxes,
  { part, hasSip }: { part: LinearPart; hasSip: boolean },
): ChosenProjection | string {
  const pv: Parameters = (m, standard) =>
    keywords.number(`PV${lat}_${m}`) ?? keywords.number(`PROJP${m}`) ?? standard;
  const made = (name: string, parameters: Parameters, plane: readonly PlaneMap[] = []) => {
    const map = PROJECTIONS[name]?.(parameters);
    if (map !== undefined) return { name: code, map, plane };
    const isKnown = name in PROJECTIONS;
    return `The projection ${code} ${isKnown ? 'has parameters that cannot be used' : 'is not known'}.`;
  };
  if (code === 'TPV' || (code === 'TAN' && !hasSip && isScamp(keywords, lon, lat))) {
    const axis = (index: number) => (m: number) =>
      keywords.number(`PV${index}_${m}`) ?? (m === 1 ? 1 : 0);
    const chosen = made('TAN', () => 0, [readTpv(axis(lon), axis(lat))]);
    return typeof chosen === 'string' ? chosen : { ...chosen, name: 'TPV' };
  }
  if (code === 'TNX' || code === 'ZPX') {
    const { plane, parameters } = readIraf(keywords);
    return made(code === 'TNX' ? 'TAN' : 'ZPN', parameters, plane ? [plane] : []);
  }
  if (code === 'NCP') {
    const cot = 1 / Math.tan(part.value[1] * DEGREE);
    return made('SIN', (m) => (m === 2 ? cot : 0));
  }
  if (code === 'GLS') {
    // Sanson-Flamsteed whose equator is that of the sky, wherever the reference point is.
    const toEquator = linear([1, 0, 0, 1], [0, 0], [0, part.value[1]]);
    const chosen = made('SFL', pv, toEquator ? [toEquator] : []);
    return typeof chosen === 'string' ? chosen : { ...chosen, isOnEquator: true };
  }
  return made(code, pv);
}

/**
 * SCAMP long wrote its polynomial with the plain name TAN. There PVi_1 is about 1 on both axes; of TAN
 * itself they would be the native longitude and latitude of the reference point, which nobody sets so.
 */
function isScamp(keywords: Keywords, lon: number, lat: number): boolean {
  const isNearOne = (axis: number): boolean => {
    const value = keywords.number(`PV${axis}_1`);
    return value !== undefined && value > 0.5 && value < 2;
  };
  if (isNearOne(lon) && isNearOne(lat)) return true;
  return Array.from({ length: TPV_COUNT - 5 }, (_, index) => index + 5).some(
    (m) => keywords.number(`PV${lon}_${m}`) !== undefined,
  );
}

/** Turns the sphere so that the reference point is where the header says. Paper II §2.5 for PVi_0 to PVi_4. */
function place(
  keywords: Keywords,
  { code, lon, lat }: SkyAxes,
  { kind, value }: { kind: ChosenProjection; value: LinearPart['value'] },
): { rotation: Rotation; offset: readonly [number, number] } | undefined {
  const isPolynomial = code === 'TPV' || (code === 'TAN' && isScamp(keywords, lon, lat));
  const own = (m: number): number | undefined =>
    isPolynomial ? undefined : keywords.number(`PV${lon}_${m}`);
  const theta0Deg = own(2) ?? Math.round((kind.map.theta0 / DEGREE) * 1e12) / 1e12;
  const reference: ReferencePoint = {
    lonDeg: value[0],
    latDeg: kind.isOnEquator === true ? 0 : value[1],
    phi0Deg: own(1) ?? 0,
    theta0Deg,
    lonPoleDeg: own(3) ?? keywords.number('LONPOLE'),
    latPoleDeg: own(4) ?? keywords.number('LATPOLE'),
  };
  const rotation = makeRotation(reference);
  const isMoved = (own(0) ?? 0) !== 0;
  const offset = isMoved
    ? kind.map.fromNative(reference.phi0Deg * DEGREE, theta0Deg * DEGREE)
    : ([0, 0] as const);
  return rotation && offset && { rotation, offset };
}

const CYLINDERS: ReadonlySet<string> = new Set(['CAR', 'CYP', 'CEA', 'MER']);
const CUBES: ReadonlySet<string> = new Set(['TSC', 'CSC', 'QSC']);

/** A map whose ends meet, cut where it does not cut the image. */
function turned(map: Projection, code: string, [left, right]: Point): Projection {
  if (CUBES.has(code)) return withNearest(map, (left + right) / 2);
  if (!CYLINDERS.has(code)) return map;
  const ends = [left, right].map((x) => map.toNative(x, 0)?.[0] ?? NaN);
  const [west, east] = [Math.min(...ends), Math.max(...ends)];
  const isCut = west < -Math.PI || east > Math.PI;
  // A map of more than the whole turn is cut wherever its seam is.
  return withSeam(map, isCut && east - west <= 2 * Math.PI ? (west + east) / 2 : 0);
}

/** From where to where an image reaches in its plane, radians. */
function extentAlongX(keywords: Keywords, base: PlaneMap, offset: number): Point {
  const { width, height } = imageSizeOf(keywords.header) ?? { width: 1, height: 1 };
  const [right, top] = [width + 0.5, height + 0.5];
  const places = [base.forward(0.5, 0.5), base.forward(right, 0.5)]
    .concat([base.forward(right, top), base.forward(0.5, top)])
    .map(([x]) => x * DEGREE + offset);
  return [Math.min(...places), Math.max(...places)];
}
