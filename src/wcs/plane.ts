import type { Point } from './projection.js';

/** A map of a plane onto itself. */
export interface PlaneMap {
  forward(x: number, y: number): Point;
  /** Undefined where no way back is found. */
  inverse(x: number, y: number): Point | undefined;
}

const MAX_TURNS = 40;

/** How exactly, and between which points, the way back through a distortion is looked for. */
interface Search {
  /** A small step for slopes, and the accuracy asked for. */
  readonly step: number;
  readonly tolerance: number;
  /** A point where the distortion is known to be sound, such as the reference point. */
  readonly sound: Point;
}

/**
 * A map with the way back found by Newton's method, starting from the point itself: a distortion moves
 * points little. A polynomial folds back on itself far outside of the image; what is found beyond such
 * a fold (where the map turns left to right) is not taken for an answer.
 */
export function invertible(
  forward: (x: number, y: number) => Point,
  { step, tolerance, sound }: Search,
): PlaneMap {
  const slopes = (x: number, y: number): Slopes => {
    const [right, left] = [forward(x + step, y), forward(x - step, y)];
    const [above, below] = [forward(x, y + step), forward(x, y - step)];
    const [a, b] = [(right[0] - left[0]) / (2 * step), (above[0] - below[0]) / (2 * step)];
    const [c, d] = [(right[1] - left[1]) / (2 * step), (above[1] - below[1]) / (2 * step)];
    return { a, b, c, d, area: a * d - b * c };
  };
  const side = Math.sign(slopes(sound[0], sound[1]).area);
  return {
    forward,
    inverse(u, v) {
      let [x, y] = [u, v];
      for (let turn = 0; turn < MAX_TURNS; turn += 1) {
        const [fu, fv] = forward(x, y);
        const [du, dv] = [u - fu, v - fv];
        const { a, b, c, d, area } = slopes(x, y);
        if (!Number.isFinite(du + dv) || !(Math.abs(area) > 0)) return undefined;
        const [dx, dy] = [(d * du - b * dv) / area, (a * dv - c * du) / area];
        [x, y] = [x + dx, y + dy];
        if (Math.abs(dx) + Math.abs(dy) > tolerance) continue;
        return Math.sign(area) === side ? [x, y] : undefined;
      }
      return undefined;
    },
  };
}

interface Slopes {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  /** Determinant: the area of a pixel after the map. */
  readonly area: number;
}

/** Several maps, one after another. */
export function inTurn(maps: readonly PlaneMap[]): PlaneMap {
  return {
    forward: (x, y) => maps.reduce<Point>(([u, v], map) => map.forward(u, v), [x, y]),
    inverse: (x, y) =>
      maps.reduceRight<Point | undefined>(
        (point, map) => point && map.inverse(point[0], point[1]),
        [x, y],
      ),
  };
}

/** (x, y) → matrix · (x - origin) + shift; undefined if the matrix has no inverse. */
export function linear(
  [a, b, c, d]: readonly [number, number, number, number],
  origin: Point,
  shift: Point,
): PlaneMap | undefined {
  const area = a * d - b * c;
  // Rows that are parallel but for rounding span no plane.
  const isFlat = !(Math.abs(area) > 1e-12 * (Math.abs(a * d) + Math.abs(b * c)));
  if (isFlat || !Number.isFinite(area) || !Number.isFinite(1 / area)) return undefined;
  return {
    forward(x, y) {
      const [u, v] = [x - origin[0], y - origin[1]];
      return [a * u + b * v + shift[0], c * u + d * v + shift[1]];
    },
    inverse(x, y) {
      const [u, v] = [x - shift[0], y - shift[1]];
      return [(d * u - b * v) / area + origin[0], (a * v - c * u) / area + origin[1]];
    },
  };
}
