import {
  angleDeg,
  arcBetween,
  arcsMeet,
  cross,
  direction,
  distanceToArcDeg,
  dot,
  opposite,
  TOUCH,
  type Arc,
} from './arcs.js';
import type { Footprint } from './footprint.js';
import { fromUnitVector, toUnitVector, type SkyPoint, type UnitVector } from './sphere.js';

/** A circle on the sky, radius in [0, 180] degrees. */
export interface Cap {
  readonly center: UnitVector;
  readonly radiusDeg: number;
}

export interface CircleRegion extends Cap {
  readonly kind: 'circle';
}

/** A point, or a line of great circles. */
export interface PathRegion {
  readonly kind: 'path';
  /** One for a point. */
  readonly vertices: readonly UnitVector[];
  readonly arcs: readonly Arc[];
  readonly cap: Cap;
}

/** A polygon of great circles that fits into half of the sky; it need not be convex. */
export interface PolygonRegion {
  readonly kind: 'polygon';
  readonly vertices: readonly UnitVector[];
  readonly arcs: readonly Arc[];
  readonly cap: Cap;
  /** Vertices on the plane that touches the sphere at the centre of the cap, where great circles are lines. */
  readonly plane: Plane;
}

/** What a frame covers, or what one searches for. */
export type Region = CircleRegion | PathRegion | PolygonRegion;

interface Plane {
  readonly u: UnitVector;
  readonly v: UnitVector;
  /** `[x, y]` of each vertex. */
  readonly points: readonly (readonly [number, number])[];
}

/** Beyond this the plane of a polygon would be too large for its numbers. */
const HALF_SKY_DEG = 89.9;
const RADIAN = Math.PI / 180;
const TOUCH_DEG = TOUCH / RADIAN;

export function circleRegion(center: SkyPoint, radiusDeg: number): CircleRegion {
  return { kind: 'circle', center: toUnitVector(center), radiusDeg };
}

/** A point, or a line through several; undefined if it does not fit into half of the sky. */
export function pathRegion(points: readonly SkyPoint[]): PathRegion | undefined {
  const vertices = points.map(toUnitVector);
  const cap = capAround(vertices);
  if (cap === undefined) return undefined;
  const [first] = vertices;
  const arcs = vertices.slice(1).map((vertex, i) => arcBetween(vertices[i] ?? vertex, vertex));
  if (arcs.length === 0 && first !== undefined) arcs.push(arcBetween(first, first));
  return { kind: 'path', vertices, arcs, cap };
}

/**
 * A polygon from its corners in either direction, not closed. Its inside is the smaller part of the
 * sky. Undefined if it does not fit into half of the sky, or has fewer than three corners.
 */
export function polygonRegion(corners: readonly SkyPoint[]): PolygonRegion | undefined {
  const vertices = corners.map(toUnitVector);
  const cap = capAround(vertices);
  const last = vertices.at(-1);
  if (cap === undefined || last === undefined || vertices.length < 3) return undefined;
  const arcs = vertices.map((vertex, i) => arcBetween(vertices[i - 1] ?? last, vertex));
  return { kind: 'polygon', vertices, arcs, cap, plane: planeAt(cap.center, vertices) };
}

/** The sky that a frame covers: its polygon, or for half of the sky and more the circle around it. */
export function footprintRegion(footprint: Footprint): PolygonRegion | CircleRegion {
  const polygon = footprint.polygon === null ? undefined : polygonRegion(footprint.polygon);
  return polygon ?? circleRegion(footprint.cap, footprint.cap.radiusDeg);
}

/** A circle around a region. */
export function capOf(region: Region): SkyPoint & { readonly radiusDeg: number } {
  const { center, radiusDeg } = region.kind === 'circle' ? region : region.cap;
  return { ...fromUnitVector(center), radiusDeg };
}

/** Whether `outer` holds all of `inner`; edges belong to both. */
export function covers(outer: PolygonRegion | CircleRegion, inner: Region): boolean {
  return outer.kind === 'polygon' ? polygonCovers(outer, inner) : circleCovers(outer, inner);
}

/** Whether two regions have a point in common; edges belong to both. */
export function intersects(one: PolygonRegion | CircleRegion, other: Region): boolean {
  if (one.kind === 'circle') return circleMeets(one, other);
  if (other.kind === 'circle') return circleMeets(other, one);
  const apart = angleDeg(one.cap.center, other.cap.center);
  if (apart > one.cap.radiusDeg + other.cap.radiusDeg + TOUCH_DEG) return false;
  const [ofOne] = one.vertices;
  const [ofOther] = other.vertices;
  if (ofOther !== undefined && polygonHas(one, ofOther)) return true;
  if (other.kind === 'polygon' && ofOne !== undefined && polygonHas(other, ofOne)) return true;
  return one.arcs.some((arc) => other.arcs.some((each) => arcsMeet(arc, each).length > 0));
}

function circleMeets(circle: CircleRegion, other: Region): boolean {
  if (other.kind === 'circle') {
    const apart = angleDeg(circle.center, other.center);
    return apart <= circle.radiusDeg + other.radiusDeg + TOUCH_DEG;
  }
  const apart = angleDeg(circle.center, other.cap.center);
  if (apart > circle.radiusDeg + other.cap.radiusDeg + TOUCH_DEG) return false;
  if (other.kind === 'polygon' && polygonHas(other, circle.center)) return true;
  return other.arcs.some(
    (arc) => distanceToArcDeg(circle.center, arc) <= circle.radiusDeg + TOUCH_DEG,
  );
}

function circleCovers(circle: CircleRegion, inner: Region): boolean {
  if (inner.kind === 'circle') {
    const reach = angleDeg(circle.center, inner.center) + inner.radiusDeg;
    return circle.radiusDeg >= 180 || reach <= circle.radiusDeg + TOUCH_DEG;
  }
  // What lies outside of a circle is a circle around the opposite direction.
  const away = opposite(circle.center);
  const outsideDeg = 180 - circle.radiusDeg;
  const staysIn = inner.arcs.every((arc) => distanceToArcDeg(away, arc) >= outsideDeg - TOUCH_DEG);
  if (!staysIn || outsideDeg <= TOUCH_DEG) return staysIn;
  return inner.kind === 'path' || !polygonHas(inner, away);
}

function polygonCovers(outer: PolygonRegion, inner: Region): boolean {
  if (inner.kind === 'circle') {
    if (!polygonHas(outer, inner.center)) return false;
    return outer.arcs.every(
      (arc) => distanceToArcDeg(inner.center, arc) >= inner.radiusDeg - TOUCH_DEG,
    );
  }
  return (
    inner.vertices.every((vertex) => polygonHas(outer, vertex)) &&
    inner.arcs.every((arc) => polygonHasArc(outer, arc))
  );
}

/**
 * Whether an arc between two points of a polygon stays in it: the edges of the polygon cut it into
 * pieces, and the middle of each piece tells where all of the piece lies.
 */
function polygonHasArc(polygon: PolygonRegion, arc: Arc): boolean {
  const cuts = polygon.arcs.flatMap((edge) => arcsMeet(edge, arc));
  const along = cuts
    .map((point) => ({ point, angle: angleDeg(arc.a, point) }))
    .sort((one, other) => one.angle - other.angle)
    .map(({ point }) => point);
  const stops = [arc.a, ...along, arc.b];
  return stops.slice(1).every((stop, i) => {
    const before = stops[i] ?? stop;
    const middle = direction([before[0] + stop[0], before[1] + stop[1], before[2] + stop[2]]);
    return middle === undefined || polygonHas(polygon, middle);
  });
}

/** Whether a direction lies in a polygon or on its edge. */
function polygonHas(polygon: PolygonRegion, point: UnitVector): boolean {
  const { center, radiusDeg } = polygon.cap;
  const height = dot(center, point);
  if (height <= 0 || angleDeg(center, point) > radiusDeg + TOUCH_DEG) return false;
  const { points, u, v } = polygon.plane;
  const [x, y] = [dot(u, point) / height, dot(v, point) / height];
  // Lengths on the plane grow towards its edge, and their rounding with them.
  const touch = TOUCH * (1 + x * x + y * y);
  let isInside = false;
  let [x0, y0] = points.at(-1) ?? [0, 0];
  for (const [x1, y1] of points) {
    if (isNear(x, y, [x0, y0, x1, y1], touch)) return true;
    // Each edge has its lower end but not its upper one, so that a corner is counted once.
    if (y0 > y !== y1 > y && x < x0 + ((x1 - x0) * (y - y0)) / (y1 - y0)) isInside = !isInside;
    [x0, y0] = [x1, y1];
  }
  return isInside;
}

function isNear(
  x: number,
  y: number,
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  touch: number,
): boolean {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const part = length === 0 ? 0 : ((x - x0) * dx + (y - y0) * dy) / length;
  const nearest = Math.max(0, Math.min(1, part));
  return Math.hypot(x - x0 - nearest * dx, y - y0 - nearest * dy) <= touch;
}

function planeAt(center: UnitVector, vertices: readonly UnitVector[]): Plane {
  const steep: UnitVector = Math.abs(center[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0];
  const u = direction(cross(steep, center)) ?? [1, 0, 0];
  const v = cross(center, u);
  const points = vertices.map((vertex) => {
    const height = dot(center, vertex);
    return [dot(u, vertex) / height, dot(v, vertex) / height] as const;
  });
  return { u, v, points };
}

/** A circle around all vertices, and so around what lies between them; undefined beyond half of the sky. */
function capAround(vertices: readonly UnitVector[]): Cap | undefined {
  const sum: [number, number, number] = [0, 0, 0];
  for (const [x, y, z] of vertices) {
    sum[0] += x;
    sum[1] += y;
    sum[2] += z;
  }
  const center = direction(sum);
  if (center === undefined) return undefined;
  const radiusDeg = vertices.reduce((most, each) => Math.max(most, angleDeg(center, each)), 0);
  return radiusDeg > HALF_SKY_DEG ? undefined : { center, radiusDeg };
}
