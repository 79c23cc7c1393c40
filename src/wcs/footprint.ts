import type { Header } from '../fits/index.js';
import {
  fromUnitVector,
  separationDeg,
  toUnitVector,
  wrapDegrees,
  type Footprint,
  type SkyPoint,
  type UnitVector,
} from '../sky/index.js';
import { slopeAt, type Wcs } from './wcs.js';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Size of the image that a header is of: also of a tile-compressed one, and of the image that a header
 * without data was solved for (IMAGEW, IMAGEH). Undefined if it tells none.
 */
export function imageSizeOf(header: Header): ImageSize | undefined {
  const names = [
    ['ZNAXIS1', 'ZNAXIS2'],
    ['NAXIS1', 'NAXIS2'],
    ['IMAGEW', 'IMAGEH'],
  ] as const;
  for (const [inX, inY] of names) {
    const [width = 0, height = 1] = [header.number(inX), header.number(inY)];
    if (width > 0 && height > 0 && Number.isFinite(width * height)) return { width, height };
  }
  return undefined;
}

/** Most pieces of an edge, and of a ray from the centre where edges cannot be followed. */
const EDGE_PIECES = 16;
const RAYS = 64;

/** How far an arc may leave an edge: this part of a pixel, or these arcseconds if that is more. */
const TOLERANCE_PIXELS = 0.1;
const TOLERANCE_ARCSEC = 1;

type Pixel = readonly [x: number, y: number];

/**
 * Where an image lies on the sky. Edges that are bent by the projection or by distortion get points in
 * between; where a corner is outside of the projection, as of a fish-eye lens, the outline of what is on
 * the sky is traced in its place. Undefined if the coordinates are not on the sky, or no part of the
 * image is.
 */
export function footprintOf(wcs: Wcs, { width, height }: ImageSize): Footprint | undefined {
  if (!(width > 0 && height > 0 && Number.isFinite(width * height))) return undefined;
  const [right, top] = [width + 0.5, height + 0.5];
  const outline: readonly Pixel[] = [
    [0.5, 0.5],
    [right, 0.5],
    [right, top],
    [0.5, top],
  ];
  const middle: Pixel = [(width + 1) / 2, (height + 1) / 2];
  const anchor = findAnchor(wcs, middle, { width, height });
  if (anchor === undefined) return undefined;
  const slope = slopeAt(wcs.toSky, anchor[0], anchor[1]);
  if (slope === undefined) return undefined;
  const area = slope.x[0] * slope.y[1] - slope.x[1] * slope.y[0];
  const scaleArcsec = Math.sqrt(Math.abs(area)) * 3600;
  if (!(scaleArcsec > 0)) return undefined;
  const toleranceDeg = Math.max(TOLERANCE_PIXELS * scaleArcsec, TOLERANCE_ARCSEC) / 3600;
  const border = followEdges(wcs, outline, toleranceDeg) ?? traceOutline(wcs, anchor, outline);
  const cap = capAround(border, sampleInside(wcs, { width, height }));
  return {
    corners: outline.map(([x, y]) => wcs.toSky(x, y) ?? null),
    polygon: cap.radiusDeg < 90 && border.points.length > 2 ? border.points : null,
    center: wcs.toSky(middle[0], middle[1]) ?? null,
    pixelScaleArcsec: Number(scaleArcsec.toPrecision(9)),
    rotationDeg: wrapDegrees(rounded((Math.atan2(slope.y[0], slope.y[1]) * 180) / Math.PI)),
    mirrored: area > 0,
    cap,
    provisional: !wcs.hasScale,
  };
}

/** Differences of positions carry some nine digits; north is 0, not 359.9999999999. */
function rounded(angleDeg: number): number {
  return Math.round(angleDeg * 1e8) / 1e8;
}

/** The pixel at the middle or, if that is not on the sky, one near to it that is. */
function findAnchor(wcs: Wcs, middle: Pixel, { width, height }: ImageSize): Pixel | undefined {
  const steps = 16;
  const places: Pixel[] = [middle];
  for (let i = 0; i <= steps; i += 1) {
    for (let j = 0; j <= steps; j += 1) {
      places.push([0.5 + (width * i) / steps, 0.5 + (height * j) / steps]);
    }
  }
  const distance = ([x, y]: Pixel): number => Math.hypot(x - middle[0], y - middle[1]);
  if (wcs.toSky(...middle) !== undefined && slopeAt(wcs.toSky, ...middle)) return middle;
  places.sort((a, b) => distance(a) - distance(b));
  return places.find(([x, y]) => slopeAt(wcs.toSky, x, y) !== undefined);
}

/** Points of a border, and how far the arcs between them leave it, degrees. */
interface Border {
  readonly points: readonly SkyPoint[];
  readonly slackDeg: number;
}

/** Undefined if some part of an edge is outside of the projection. */
function followEdges(
  wcs: Wcs,
  outline: readonly Pixel[],
  toleranceDeg: number,
): Border | undefined {
  const points: SkyPoint[] = [];
  let slackDeg = 0;
  for (const [side, from] of outline.entries()) {
    const to = outline[(side + 1) % outline.length] ?? from;
    const at = (part: number): SkyPoint | undefined =>
      wcs.toSky(from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1]));
    let piece: Border | undefined;
    for (let pieces = 1; pieces <= EDGE_PIECES; pieces *= 2) {
      piece = splitEdge(at, pieces);
      if (piece === undefined) return undefined;
      if (piece.slackDeg <= toleranceDeg) break;
    }
    if (piece === undefined) return undefined;
    points.push(...piece.points);
    slackDeg = Math.max(slackDeg, piece.slackDeg);
  }
  return { points, slackDeg };
}

/** An edge in equal pieces, without its last point. */
function splitEdge(at: (part: number) => SkyPoint | undefined, pieces: number): Border | undefined {
  const points: SkyPoint[] = [];
  let slackDeg = 0;
  for (let piece = 0; piece < pieces; piece += 1) {
    const [start, end] = [at(piece / pieces), at((piece + 1) / pieces)];
    if (start === undefined || end === undefined) return undefined;
    const normal = cross(toUnitVector(start), toUnitVector(end));
    // Several places between the ends: an edge bent like an S crosses its arc in the middle.
    for (const part of [0.25, 0.5, 0.75]) {
      const between = at((piece + part) / pieces);
      if (between === undefined) return undefined;
      slackDeg = Math.max(slackDeg, offArc(between, start, normal));
    }
    points.push(start);
  }
  return { points, slackDeg };
}

/** Distance of a point from the great circle with a normal (of any length), or from a point if that is none. */
function offArc(point: SkyPoint, start: SkyPoint, normal: UnitVector): number {
  const length = Math.hypot(...normal);
  if (length < 1e-14) return separationDeg(point, start);
  const [x, y, z] = toUnitVector(point);
  const sine = (x * normal[0] + y * normal[1] + z * normal[2]) / length;
  return (Math.asin(Math.min(Math.abs(sine), 1)) * 180) / Math.PI;
}

function cross(a: UnitVector, b: UnitVector): UnitVector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** Goes from a pixel on the sky towards points around the image, and keeps the last on the sky. */
function traceOutline(wcs: Wcs, [x0, y0]: Pixel, outline: readonly Pixel[]): Border {
  const points: SkyPoint[] = [];
  for (let ray = 0; ray < RAYS; ray += 1) {
    const along = (ray / RAYS) * outline.length;
    const [from, to] = [outline[Math.floor(along)], outline[(Math.floor(along) + 1) % 4]];
    if (from === undefined || to === undefined) continue;
    const part = along % 1;
    const [x, y] = [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
    const at = (way: number): SkyPoint | undefined =>
      wcs.toSky(x0 + way * (x - x0), y0 + way * (y - y0));
    const last = lastOnSky(at);
    if (last !== undefined) points.push(last);
  }
  const gaps = points.map((point, i) => separationDeg(point, points[i - 1] ?? point));
  return { points, slackDeg: Math.max(0, ...gaps) / 2 };
}

function lastOnSky(at: (way: number) => SkyPoint | undefined): SkyPoint | undefined {
  const end = at(1);
  if (end !== undefined) return end;
  let [inside, outside] = [0, 1];
  for (let turn = 0; turn < 40; turn += 1) {
    const middle = (inside + outside) / 2;
    if (at(middle) === undefined) outside = middle;
    else inside = middle;
  }
  return at(inside);
}

/** Points all over an image, and how far apart neighbours are at most. */
interface Sample {
  readonly points: readonly SkyPoint[];
  readonly spacingDeg: number;
}

/** For the circle around an image: of a map of most of the sky the border tells little. */
function sampleInside(wcs: Wcs, { width, height }: ImageSize): Sample {
  const steps = 8;
  const points: SkyPoint[] = [];
  let before: (SkyPoint | undefined)[] = [];
  let spacingDeg = 0;
  for (let i = 0; i <= steps; i += 1) {
    const column: (SkyPoint | undefined)[] = [];
    for (let j = 0; j <= steps; j += 1) {
      const point = wcs.toSky(0.5 + (width * i) / steps, 0.5 + (height * j) / steps);
      for (const neighbour of [column[j - 1], before[j]]) {
        if (!point || !neighbour) continue;
        spacingDeg = Math.max(spacingDeg, separationDeg(point, neighbour));
      }
      if (point !== undefined) points.push(point);
      column.push(point);
    }
    before = column;
  }
  return { points, spacingDeg };
}

/** Not the smallest circle, but a safe one: around the mean direction of all points. */
function capAround(border: Border, inside: Sample): Footprint['cap'] {
  const all = [...border.points, ...inside.points];
  const sum = all
    .map(toUnitVector)
    .reduce<UnitVector>(([a, b, c], [x, y, z]) => [a + x, b + y, c + z], [0, 0, 0]);
  const center = fromUnitVector(sum);
  const reach = all.reduce((most, point) => Math.max(most, separationDeg(center, point)), 0);
  const radiusDeg = reach + border.slackDeg;
  if (radiusDeg < 90) return { ...center, radiusDeg };
  // Around more than half of the sky a border is no bound: what lies between the samples counts.
  return { ...center, radiusDeg: Math.min(180, radiusDeg + inside.spacingDeg) };
}
