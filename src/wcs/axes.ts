import type { CelestialSystem } from '../sky/index.js';
import type { Keywords } from './keywords.js';
import type { Point } from './projection.js';

/** The two axes of a description that are longitude and latitude, and how they are projected. */
export interface SkyAxes {
  /** Numbers of the axes, from 1; the latitude may come first. */
  readonly lon: number;
  readonly lat: number;
  /** Code of the projection, such as TAN. */
  readonly code: string;
  /** What the longitude is: RA, GLON, HPLN… */
  readonly kind: string;
}

const MAX_AXES = 32;
const CTYPE = /^([A-Z]+)-+([A-Z]{3})(?:-SIP)?$/;

/**
 * The longitude and latitude among the axes; a sentence if there are some that cannot be used.
 * FITS Standard 4.0 §8.2 and §8.3.
 */
export function findSkyAxes(keywords: Keywords): SkyAxes | string | undefined {
  const axes: { axis: number; kind: string; code: string }[] = [];
  for (let axis = 1; axis <= MAX_AXES; axis += 1) {
    const type = keywords.text(`CTYPE${axis}`) ?? '';
    const [, kind, code] = CTYPE.exec(type) ?? [];
    if (kind !== undefined && code !== undefined) axes.push({ axis, kind, code });
    else if (/^(RA|DEC|GLON|GLAT)$/.test(type)) return `CTYPE${axis} names no projection.`;
  }
  const lon = axes.find(({ kind }) => latitudeOf(kind) !== undefined);
  if (lon === undefined) return undefined;
  const lat = axes.find(({ kind }) => kind === latitudeOf(lon.kind));
  if (lat === undefined) return `There is a longitude (${lon.kind}) without its latitude.`;
  if (lat.code !== lon.code) return `The axes have two projections, ${lon.code} and ${lat.code}.`;
  return { lon: lon.axis, lat: lat.axis, code: lon.code, kind: lon.kind };
}

/** FITS Standard 4.0 §8.3: RA and DEC, xLON and xLAT, yzLN and yzLT. */
function latitudeOf(kind: string): string | undefined {
  if (kind === 'RA') return 'DEC';
  const [, start, end] = /^([A-Z]LO|[A-Z]{2}L)(N)$/.exec(kind) ?? [];
  if (start === undefined || end === undefined) return undefined;
  return start.endsWith('LO') ? `${start.slice(0, 2)}AT` : `${start}T`;
}

/** Which coordinates they are; `other` for those of a body such as the Sun. */
export interface Reference {
  readonly system: CelestialSystem | 'other';
  readonly equinox: number | undefined;
}

/**
 * FITS Standard 4.0 §8.3: RADESYS, else by EQUINOX (before 1984: FK4), else ICRS; the old names
 * RADECSYS and EPOCH are heard as well.
 */
export function readReference(keywords: Keywords, kind: string): Reference {
  const { equinox, era } = readEquinox(keywords);
  if (kind === 'GLON') return { system: 'galactic', equinox: undefined };
  if (kind === 'SLON') return { system: 'supergalactic', equinox: undefined };
  if (kind === 'ELON') return { system: 'ecliptic', equinox: equinox ?? 2000 };
  if (kind !== 'RA') return { system: 'other', equinox: undefined };
  const written = keywords.text('RADESYS') ?? keywords.text('RADECSYS') ?? '';
  const name = written.replace(/[\s_]+/g, '-');
  if (name === 'ICRS' || name === 'GCRS') return { system: 'icrs', equinox: undefined };
  if (/^(FK4-?NO-?E)/.test(name)) return { system: 'fk4-no-e', equinox: equinox ?? 1950 };
  if (/^(FK4|B1950)/.test(name)) return { system: 'fk4', equinox: equinox ?? 1950 };
  // An apparent place is of its date; without that its equator is near enough.
  if (/^(FK5|J2000|GAPPT)/.test(name)) return { system: 'fk5', equinox: equinox ?? 2000 };
  if (equinox === undefined) return { system: 'icrs', equinox: undefined };
  const isOld = era === 'B' || (era === undefined && equinox < 1984);
  return { system: isOld ? 'fk4' : 'fk5', equinox };
}

/** Also as text with its letter, `J2000.0`; years that cannot be meant are left out. */
function readEquinox(keywords: Keywords): { equinox: number | undefined; era?: 'B' | 'J' } {
  for (const name of ['EQUINOX', 'EPOCH']) {
    const text = keywords.text(name) ?? '';
    const match = /^([BJ]?)\s*(\d{4}(?:\.\d*)?)$/.exec(text);
    const equinox = keywords.number(name) ?? Number(match?.[2] ?? NaN);
    if (!(equinox > 1700 && equinox < 2300)) continue;
    const era = match?.[1];
    return era === 'B' || era === 'J' ? { equinox, era } : { equinox };
  }
  return { equinox: undefined };
}

/** The linear part: degrees = matrix · (pixel - origin) + shift, rows longitude and latitude. */
export interface LinearPart {
  readonly matrix: readonly [number, number, number, number];
  readonly origin: Point;
  readonly shift: Point;
  /** Longitude and latitude of the reference point, degrees. */
  readonly value: Point;
  /** False if the header has no scale at all, so that the standard's default of 1 degree holds. */
  readonly hasScale: boolean;
}

/**
 * CRPIX, CRVAL and one of CD, PC with CDELT, or CDELT with CROTA, over pixel axes 1 and 2 with the
 * others at their first pixel. FITS Standard 4.0 §8.1 and §8.2. A sentence says what is missing.
 */
export function readLinear(keywords: Keywords, { lon, lat }: SkyAxes): LinearPart | string {
  const value = readValue(keywords, { lon, lat });
  if (typeof value === 'string') return value;
  const last = Math.max(
    keywords.number('NAXIS') ?? 2,
    keywords.number('WCSAXES') ?? 2,
    lon,
    lat,
    2,
  );
  const count = Math.min(Math.floor(last), MAX_AXES);
  const element = chooseMatrix(keywords, { lon, lat }, count);
  const units = [lon, lat].map((axis) => unitOf(keywords.text(`CUNIT${axis}`)));
  const [lonUnit = 1, latUnit = 1] = units;
  const crpix = (axis: number): number => keywords.number(`CRPIX${axis}`) ?? 0;
  const shift = (axis: number): number => {
    let sum = 0;
    for (let j = 3; j <= count; j += 1) sum += element.at(axis, j) * (1 - crpix(j));
    return sum;
  };
  return {
    hasScale: element.hasScale,
    matrix: [
      lonUnit * element.at(lon, 1),
      lonUnit * element.at(lon, 2),
      latUnit * element.at(lat, 1),
      latUnit * element.at(lat, 2),
    ],
    origin: [crpix(1), crpix(2)],
    shift: [lonUnit * shift(lon), latUnit * shift(lat)],
    value: [lonUnit * value[0], latUnit * value[1]],
  };
}

/**
 * CRVAL, 0 by default as FITS Standard 4.0 §8.2 has it. Where there is no scale either, it is rather
 * that the writer knew of no coordinates: a sentence.
 */
function readValue(keywords: Keywords, { lon, lat }: { lon: number; lat: number }): Point | string {
  const axes = [lon, lat] as const;
  const [lonValue, latValue] = axes.map((axis) => keywords.number(`CRVAL${axis}`));
  if (lonValue !== undefined && latValue !== undefined) return [lonValue, latValue];
  const isScaled = axes.every((i) =>
    [`CDELT${i}`, ...axes.map((j) => `CD${i}_${j}`)].some((name) => keywords.number(name) ?? 0),
  );
  if (!isScaled) return 'CRVAL is missing.';
  // One that is there and cannot be read is not meant to be 0.
  if (axes.some((i) => keywords.number(`CRVAL${i}`) === undefined && keywords.text(`CRVAL${i}`)))
    return 'CRVAL is not a number.';
  return [lonValue ?? 0, latValue ?? 0];
}

interface Elements {
  at(i: number, j: number): number;
  readonly hasScale: boolean;
}

function chooseMatrix(
  keywords: Keywords,
  { lon, lat }: { lon: number; lat: number },
  count: number,
): Elements {
  const cdelt = (i: number): number | undefined => keywords.number(`CDELT${i}`);
  const pc = (i: number, j: number): number | undefined =>
    keywords.number(`PC${i}_${j}`) ?? keywords.number(`PC${pad(i)}${pad(j)}`); // an older draft
  const cd = (i: number, j: number): number | undefined => keywords.number(`CD${i}_${j}`);
  const isUsed = (form: (i: number, j: number) => number | undefined): boolean =>
    [lon, lat].some((i) =>
      Array.from({ length: count }, (_, j) => form(i, j + 1)).some((value) => value !== undefined),
    );
  if (isUsed(pc)) {
    const at = (i: number, j: number): number => (cdelt(i) ?? 1) * (pc(i, j) ?? (i === j ? 1 : 0));
    return { at, hasScale: true };
  }
  if (isUsed(cd)) return { at: (i, j) => cd(i, j) ?? 0, hasScale: true };
  const [lonStep = 1, latStep = 1] = [cdelt(lon), cdelt(lat)];
  const angle = ((keywords.number(`CROTA${lat}`) ?? 0) * Math.PI) / 180;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const table: readonly (readonly [number, number, number])[] = [
    [lon, lon, lonStep * c],
    [lon, lat, -latStep * s],
    [lat, lon, lonStep * s],
    [lat, lat, latStep * c],
  ];
  return {
    at: (i, j) => table.find(([row, column]) => row === i && column === j)?.[2] ?? 0,
    hasScale: cdelt(lon) !== undefined && cdelt(lat) !== undefined,
  };
}

function pad(index: number): string {
  return String(index).padStart(3, '0');
}

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^RAD/, 180 / Math.PI],
  [/^(ARCMIN|AMIN)/, 1 / 60],
  [/^(ARCSEC|ASEC)/, 1 / 3600],
  [/^MAS$/, 1 / 3_600_000],
  [/^UAS$/, 1 / 3_600_000_000],
];

/** Degrees in a unit of angle; what is unknown is taken for degrees. FITS Standard 4.0 §4.3, table 3. */
function unitOf(text: string | undefined): number {
  return UNITS.find(([pattern]) => pattern.test(text ?? ''))?.[1] ?? 1;
}
