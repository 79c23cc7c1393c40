/**
 * Two numbers that belong together. In this room planes are measured in radians, except the plane of
 * the pixels; longitudes come before latitudes.
 */
export type Point = readonly [number, number];

/** A map of the sphere with its own (native) coordinates. Calabretta & Greisen 2002 (Paper II), §5. */
export interface Projection {
  /** Native latitude of the reference point, radians: 90° for zenithal projections. */
  readonly theta0: number;
  /** Plane → native longitude and latitude; undefined outside of the map. */
  toNative(x: number, y: number): Point | undefined;
  /** Native longitude and latitude → plane; undefined where they are not on the map. */
  fromNative(phi: number, theta: number): Point | undefined;
}

/** Parameter `PVi_m` of the latitude axis, or its standard value. Angles are in degrees. */
export type Parameters = (m: number, standard: number) => number;

/** Undefined if the parameters describe no map. */
export type MakeProjection = (parameters: Parameters) => Projection | undefined;

/** A degree in radians. */
export const DEGREE = Math.PI / 180;
/** A right angle in radians. */
export const HALF_PI = Math.PI / 2;

/** A rounding error further than the edge is still the edge. */
const EDGE = 1e-12;

/** Arc sine that forgives rounding; NaN further out. */
export function asin(value: number): number {
  return Math.abs(value) > 1 && Math.abs(value) < 1 + EDGE
    ? Math.sign(value) * HALF_PI
    : Math.asin(value);
}

/** Arc cosine that forgives rounding; NaN further out. */
export function acos(value: number): number {
  return HALF_PI - asin(value);
}

/** Square root that forgives rounding below zero; NaN further out. */
export function sqrt(value: number): number {
  return value < 0 && value > -EDGE ? 0 : Math.sqrt(value);
}

/** The point, unless a number in it is NaN or infinite: where formulas fail there is no map. */
export function finite(a: number, b: number): Point | undefined {
  return Number.isFinite(a) && Number.isFinite(b) ? [a, b] : undefined;
}

/**
 * Where a function that grows (or falls) all the way from `low` to `high` has the value `target`, to
 * the last digit, by halving. Undefined if the target is not reached between them.
 */
export function solve(
  of: (at: number) => number,
  target: number,
  [low, high]: Point,
): number | undefined {
  const [first, last] = [of(low) - target, of(high) - target];
  if (Math.abs(first) < EDGE / 100) return low;
  const grows = first < 0;
  if (!(grows ? last >= 0 : last <= 0)) return Math.abs(last) < EDGE ? high : undefined;
  let [a, b] = [low, high];
  for (;;) {
    const middle = (a + b) / 2;
    // Neighbouring numbers have nothing between them: at most about 1100 turns, in practice 60.
    if (middle === a || middle === b) return middle;
    if (of(middle) - target < 0 === grows) a = middle;
    else b = middle;
  }
}
