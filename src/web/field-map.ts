import { formatDec, formatRa, toUnitVector, type SkyPoint } from '../sky/index.js';
import type { MapShape, MapText } from './sky-map.js';

/** A field to be shown on a map of a part of the sky. ICRS degrees. */
export interface FieldMark {
  /** The edge, not closed. */
  readonly polygon: readonly SkyPoint[];
  readonly label: string;
  /** Where it leads; '' for nowhere. */
  readonly url: string;
}

export interface FieldMapOptions {
  readonly center: SkyPoint;
  readonly fields: readonly FieldMark[];
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly label: string;
}

/** What `views/partials/_field-map.ejs` draws. Paths of SVG in pixels. */
export interface FieldMap {
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly hasLinks: boolean;
  readonly grid: string;
  readonly texts: readonly MapText[];
  readonly fields: readonly MapShape[];
  /** A cross in the middle. */
  readonly center: string;
  readonly compass: { readonly d: string; readonly texts: readonly MapText[] };
  readonly scale: { readonly d: string; readonly text: MapText };
  /** How much of the sky is shown, such as `1.2° × 0.8°`. */
  readonly shown: string;
}

interface Place {
  readonly x: number;
  readonly y: number;
}

const RADIAN = Math.PI / 180;
/** Of the map that is left free around the fields. */
const MARGIN = 0.14;
/** What is further from the middle is not on a plane any more. */
const MOST_DEG = 60;
/** Half of the height where there are no fields, degrees. */
const ALONE_DEG = 0.5;
/** Between two lines of the grid, degrees: of right ascension, and of declination. */
const RA_STEPS = [1, 2, 3, 5, 10, 15, 30]
  .flatMap((s) => [s / 240])
  .concat([1, 2, 4, 8, 20, 40, 60, 120].map((minutes) => minutes / 4));
const DEC_STEPS = [10, 20, 30]
  .map((s) => s / 3600)
  .concat(
    [1, 2, 5, 10, 15, 30].map((m) => m / 60),
    [1, 2, 5, 10, 20],
  );
const SCALES: readonly (readonly [deg: number, text: string])[] = [
  ...[5, 10, 20, 30].map((s) => [s / 3600, `${s}″`] as const),
  ...[1, 2, 5, 10, 20, 30].map((m) => [m / 60, `${m}′`] as const),
  ...[1, 2, 5, 10, 20, 40].map((d) => [d, `${d}°`] as const),
];

/**
 * A part of the sky on the plane that touches it in the middle (gnomonic, FITS WCS II §5.1.3), as large
 * as its fields need: north up, east to the left.
 */
export function fieldMap({ center, fields, width, height, label }: FieldMapOptions): FieldMap {
  const toPlane = planeAt(center);
  const corners = fields.flatMap(({ polygon }) => polygon.flatMap((point) => toPlane(point) ?? []));
  const perDegree = scaleFor(corners, { width, height });
  const place = (point: SkyPoint): Place | undefined => {
    const at = toPlane(point);
    if (at === undefined) return undefined;
    return { x: width / 2 - at.x * perDegree, y: height / 2 - at.y * perDegree };
  };
  const half = { ra: width / 2 / perDegree, dec: height / 2 / perDegree };
  const grid = gridOf(center, half, place, { width, height });
  return {
    width,
    height,
    label,
    hasLinks: fields.some(({ url }) => url !== ''),
    grid: grid.d,
    texts: grid.texts,
    fields: fields.flatMap(({ polygon, label: words, url }): MapShape[] => {
      const places = polygon.flatMap((point) => place(point) ?? []);
      if (places.length < 3 || places.length < polygon.length) return [];
      return [{ d: `${pathOf(places)}Z`, label: words, url, kind: 'field' }];
    }),
    center: cross(width / 2, height / 2),
    compass: compassAt(width - 20, height - 18),
    scale: scaleAt(14, height - 16, perDegree, width / 4),
    shown: `${sizeText(2 * half.ra)} × ${sizeText(2 * half.dec)}`,
  };
}

/** Direction → degrees on the plane: x to the east, y to the north; undefined far away. */
function planeAt(center: SkyPoint): (point: SkyPoint) => Place | undefined {
  const [ra, dec] = [center.raDeg * RADIAN, center.decDeg * RADIAN];
  const [cx, cy, cz] = toUnitVector(center);
  const least = Math.cos(MOST_DEG * RADIAN);
  return (point) => {
    const [x, y, z] = toUnitVector(point);
    const along = x * cx + y * cy + z * cz;
    if (along < least) return undefined;
    const east = -x * Math.sin(ra) + y * Math.cos(ra);
    const north = -(x * Math.cos(ra) + y * Math.sin(ra)) * Math.sin(dec) + z * Math.cos(dec);
    return { x: east / along / RADIAN, y: north / along / RADIAN };
  };
}

/** Pixels of a degree, so that all corners are on the map. */
function scaleFor(
  corners: readonly Place[],
  { width, height }: { readonly width: number; readonly height: number },
): number {
  const farthest = (values: readonly number[]): number =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const east = farthest(corners.map(({ x }) => x));
  const north = farthest(corners.map(({ y }) => y));
  if (east === 0 && north === 0) return height / 2 / ALONE_DEG;
  const room = 1 - 2 * MARGIN;
  return Math.min((width * room) / 2 / (east || 1e-9), (height * room) / 2 / (north || 1e-9));
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Meridians and parallels at round numbers, with their labels at the upper and the left edge. */
function gridOf(
  center: SkyPoint,
  half: { readonly ra: number; readonly dec: number },
  place: (point: SkyPoint) => Place | undefined,
  size: Size,
): { readonly d: string; readonly texts: readonly MapText[] } {
  const [south, north] = [center.decDeg - half.dec * 1.3, center.decDeg + half.dec * 1.3];
  // Around a pole every meridian crosses the map.
  const highest = Math.min(89.9, Math.max(Math.abs(south), Math.abs(north)));
  const raHalf = Math.min(180, (half.ra * 1.3) / Math.cos(highest * RADIAN));
  const decStep = DEC_STEPS.find((each) => each * 3.2 >= 2 * half.dec) ?? 20;
  const atCenter = half.ra / Math.cos(Math.min(89, Math.abs(center.decDeg)) * RADIAN);
  const raStep = RA_STEPS.find((each) => each * 4.2 >= 2 * Math.min(180, atCenter)) ?? 30;
  const meridians = multiples(center.raDeg - raHalf, center.raDeg + raHalf, raStep);
  const parallels = multiples(Math.max(-90, south), Math.min(90, north), decStep);
  const lines = [
    ...meridians.map((raDeg) => ({
      points: between(Math.max(-90, south), Math.min(90, north)).map((decDeg) => ({
        raDeg,
        decDeg,
      })),
      text: (): string => hourText(raDeg, raStep),
      isMeridian: true,
    })),
    ...parallels.map((decDeg) => ({
      points: between(center.raDeg - raHalf, center.raDeg + raHalf).map((raDeg) => ({
        raDeg,
        decDeg,
      })),
      text: (): string => degreeText(decDeg, decStep),
      isMeridian: false,
    })),
  ].map((line) => ({ ...line, places: line.points.flatMap((point) => place(point) ?? []) }));
  const texts = lines.flatMap(({ places, text, isMeridian }): MapText[] => {
    const at = isMeridian ? crossing(places, 'y', 0) : crossing(places, 'x', 0);
    if (at === undefined) return [];
    if (isMeridian) {
      if (at < 60 || at > size.width - 30) return [];
      return [{ x: round(at), y: 18, text: text(), anchor: 'middle', isMinor: false }];
    }
    if (at < 28 || at > size.height - 48) return [];
    return [{ x: 6, y: round(at - 4), text: text(), anchor: 'start', isMinor: false }];
  });
  return { d: lines.map(({ places }) => pathOf(places)).join(''), texts };
}

/** Where a line crosses an edge, along it. */
function crossing(places: readonly Place[], axis: 'x' | 'y', edge: number): number | undefined {
  const along = axis === 'x' ? 'y' : 'x';
  for (const [index, to] of places.entries()) {
    const from = places[index - 1];
    if (from === undefined) continue;
    const [a, b] = [from[axis] - edge, to[axis] - edge];
    if (a * b > 0 || a === b) continue;
    return from[along] + (to[along] - from[along]) * (a / (a - b));
  }
  return undefined;
}

function multiples(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  const count = Math.min(72, Math.floor(to / step) - first + 1);
  return Array.from({ length: Math.max(0, count) }, (_, at) => (first + at) * step);
}

/** Points of a line. */
function between(from: number, to: number): number[] {
  return Array.from({ length: 33 }, (_, at) => from + ((to - from) * at) / 32);
}

/** `22h 37m 00s`, as far as the step tells. */
function hourText(raDeg: number, stepDeg: number): string {
  const [hours = '', minutes = '', seconds = ''] = formatRa(raDeg, 0).split(':');
  if (stepDeg >= 15) return `${Number(hours)}h`;
  return stepDeg >= 0.25 ? `${hours}h ${minutes}m` : `${hours}h ${minutes}m ${seconds}s`;
}

function degreeText(decDeg: number, stepDeg: number): string {
  const [degrees = '', minutes = '', seconds = ''] = formatDec(decDeg, 0)
    .replace('-', '−')
    .split(':');
  if (stepDeg >= 1) return `${degrees}°`;
  return stepDeg >= 1 / 60 ? `${degrees}° ${minutes}′` : `${degrees}° ${minutes}′ ${seconds}″`;
}

/** The longest round bar that is not longer than `most` pixels. */
function scaleAt(
  x: number,
  y: number,
  perDegree: number,
  most: number,
): { readonly d: string; readonly text: MapText } {
  const [deg, text] =
    [...SCALES].reverse().find(([each]) => each * perDegree <= most) ?? ([1 / 3600, '1″'] as const);
  const length = round(deg * perDegree);
  return {
    d: `M${x} ${y - 4}v8M${x} ${y}h${length}M${round(x + length)} ${y - 4}v8`,
    text: { x: round(x + length / 2), y: y - 8, text, anchor: 'middle', isMinor: false },
  };
}

/** North up, east to the left. */
function compassAt(x: number, y: number): FieldMap['compass'] {
  const arrow = 24;
  return {
    d: `M${x} ${y}v${-arrow}m-3 5l3 -5l3 5M${x} ${y}h${-arrow}m5 -3l-5 3l5 3`,
    texts: [
      { x, y: y - arrow - 4, text: 'N', anchor: 'middle', isMinor: false },
      { x: x - arrow - 4, y: y + 4, text: 'E', anchor: 'end', isMinor: false },
    ],
  };
}

function cross(x: number, y: number): string {
  return `M${x - 9} ${y}h6M${x + 3} ${y}h6M${x} ${y - 9}v6M${x} ${y + 3}v6`;
}

/** An angle as short as it tells: `1.2°`, `25′`, `40″`. */
function sizeText(deg: number): string {
  if (deg >= 10) return `${deg.toFixed(0)}°`;
  if (deg >= 1) return `${deg.toFixed(1)}°`;
  const minutes = deg * 60;
  if (minutes >= 10) return `${minutes.toFixed(0)}′`;
  return minutes >= 1 ? `${minutes.toFixed(1)}′` : `${(minutes * 60).toFixed(0)}″`;
}

function pathOf(places: readonly Place[]): string {
  return places.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
