import type { UnitVector } from './sphere.js';

/** What counts as touching, radians: 0.2 microarcseconds, some thousand times the rounding of a double. */
export const TOUCH = 1e-12;

const RADIAN = Math.PI / 180;

export function dot(a: UnitVector, b: UnitVector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/**
 * Cross product. From sum and difference, which keeps its relative precision where both directions
 * are nearly the same, as the ends of an edge of a small frame are.
 */
export function cross(a: UnitVector, b: UnitVector): UnitVector {
  const [dx, dy, dz] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  const [sx, sy, sz] = [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
  return [(dy * sz - dz * sy) / 2, (dz * sx - dx * sz) / 2, (dx * sy - dy * sx) / 2];
}

/** The direction of a vector; undefined of one that has none. */
export function direction([x, y, z]: UnitVector): UnitVector | undefined {
  const length = Math.hypot(x, y, z);
  return length < 1e-300 ? undefined : [x / length, y / length, z / length];
}

/** Angle between two directions, degrees in [0, 180], as precise for tiny angles as for large ones. */
export function angleDeg(a: UnitVector, b: UnitVector): number {
  return Math.atan2(Math.hypot(...cross(a, b)), dot(a, b)) / RADIAN;
}

export function opposite([x, y, z]: UnitVector): UnitVector {
  return [-x, -y, -z];
}

/** The shorter great circle between two directions that are not opposite; a point if they are the same. */
export interface Arc {
  readonly a: UnitVector;
  readonly b: UnitVector;
  /** Pole of the great circle; undefined of an arc that is a point. */
  readonly pole: UnitVector | undefined;
}

export function arcBetween(a: UnitVector, b: UnitVector): Arc {
  const normal = cross(a, b);
  return { a, b, pole: Math.hypot(...normal) < TOUCH ? undefined : direction(normal) };
}

/** Whether a direction on the great circle of an arc lies between its ends. */
function isBetween({ a, b, pole }: Arc, point: UnitVector): boolean {
  if (pole === undefined) return false;
  return dot(cross(a, point), pole) >= -TOUCH && dot(cross(point, b), pole) >= -TOUCH;
}

/** Least angle from a direction to an arc, degrees. */
export function distanceToArcDeg(point: UnitVector, arc: Arc): number {
  const ends = Math.min(angleDeg(point, arc.a), angleDeg(point, arc.b));
  if (arc.pole === undefined) return ends;
  const height = dot(point, arc.pole);
  const [px, py, pz] = arc.pole;
  const foot = direction([point[0] - height * px, point[1] - height * py, point[2] - height * pz]);
  if (foot === undefined) return 90; // the pole itself is as far from all of the circle
  return isBetween(arc, foot) ? Math.min(ends, angleDeg(point, foot)) : ends;
}

/**
 * Where two arcs meet, touching included: none or one direction; of arcs on one great circle the ends
 * that lie on the other.
 */
export function arcsMeet(first: Arc, second: Arc): UnitVector[] {
  if (first.pole === undefined || second.pole === undefined) {
    const [point, arc] = first.pole === undefined ? [first.a, second] : [second.a, first];
    return distanceToArcDeg(point, arc) * RADIAN <= TOUCH ? [point] : [];
  }
  if (isAside(first.pole, second) || isAside(second.pole, first)) return [];
  const line = cross(first.pole, second.pole);
  if (Math.hypot(...line) < TOUCH) {
    const ofSecond = [second.a, second.b].filter((end) => isBetween(first, end));
    return [...ofSecond, ...[first.a, first.b].filter((end) => isBetween(second, end))];
  }
  const meeting = direction(line) ?? first.a;
  return [meeting, opposite(meeting)].filter(
    (point) => isBetween(first, point) && isBetween(second, point),
  );
}

/** Whether an arc lies wholly on one side of the great circle of a pole. */
function isAside(pole: UnitVector, { a, b }: Arc): boolean {
  const [atA, atB] = [dot(pole, a), dot(pole, b)];
  return (atA > TOUCH && atB > TOUCH) || (atA < -TOUCH && atB < -TOUCH);
}
