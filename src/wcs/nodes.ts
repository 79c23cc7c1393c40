import { fromUnitVector, toUnitVector, type SkyPoint, type UnitVector } from '../sky/index.js';
import type { ImageSize } from './footprint.js';
import type { PixelPoint, Wcs } from './wcs.js';

/**
 * Where an image lies on the sky, at the crossings of a net: what is between two lines is found from the
 * crossings around it, as exactly as it can be seen. Plain data that keeps its meaning as JSON.
 */
export interface SkyNodes extends ImageSize {
  /** Meshes of the net along each side; there is one crossing more. */
  readonly steps: number;
  /**
   * Unit vectors to ICRS positions, three numbers for each crossing, row by row from the lower left
   * corner of pixel (1, 1) to the upper right one of the last; all 0 for one that is not on the sky.
   */
  readonly vectors: readonly number[];
}

/** Meshes for a plain field, and where the projection bends what lies between. */
const STEPS = 16;
const FINE_STEPS = 48;
/** A net may be off by so much of a pixel in the middle of its meshes. */
const TOLERANCE_PIXELS = 0.1;
/** 1e-11 of a turn is two millionths of an arcsecond. */
const DIGITS = 11;

/** A net over an image, finer where it must be; undefined if none of it is on the sky. */
export function skyNodes(wcs: Wcs, size: ImageSize): SkyNodes | undefined {
  if (wcs.system === 'other') return undefined;
  const coarse = makeNet(wcs, size, STEPS);
  if (coarse.vectors.every((value) => value === 0)) return undefined;
  return isExact(wcs, coarse) ? coarse : makeNet(wcs, size, FINE_STEPS);
}

function makeNet(wcs: Wcs, { width, height }: ImageSize, steps: number): SkyNodes {
  const vectors: number[] = [];
  for (let row = 0; row <= steps; row += 1) {
    for (let column = 0; column <= steps; column += 1) {
      const point = wcs.toSky(0.5 + (width * column) / steps, 0.5 + (height * row) / steps);
      const vector = point === undefined ? [0, 0, 0] : toUnitVector(point);
      vectors.push(...vector.map((value) => Number(value.toFixed(DIGITS))));
    }
  }
  return { width, height, steps, vectors };
}

/** Compares the middle of some meshes with the truth. */
function isExact(wcs: Wcs, nodes: SkyNodes): boolean {
  const { width, height, steps } = nodes;
  for (let row = 0; row < steps; row += 3) {
    for (let column = 0; column < steps; column += 3) {
      const x = 0.5 + (width * (column + 0.5)) / steps;
      const y = 0.5 + (height * (row + 0.5)) / steps;
      const found = nodeSky(nodes, x, y);
      const back = found && wcs.toPixel(found.raDeg, found.decDeg);
      if (found !== undefined && !(back && near(back, { x, y }))) return false;
    }
  }
  return true;
}

function near(a: PixelPoint, b: PixelPoint): boolean {
  return Math.hypot(a.x - b.x, a.y - b.y) <= TOLERANCE_PIXELS;
}

/** Position of a pixel as FITS counts them, from a net; undefined outside of it or off the sky. */
export function nodeSky(nodes: SkyNodes, x: number, y: number): SkyPoint | undefined {
  const vector = nodeVector(nodes, x, y);
  return vector && fromUnitVector(vector);
}

/** Between the four crossings around a pixel: a unit vector but for its length. */
function nodeVector(
  { width, height, steps, vectors }: SkyNodes,
  x: number,
  y: number,
): UnitVector | undefined {
  const [u, v] = [((x - 0.5) / width) * steps, ((y - 0.5) / height) * steps];
  if (!(u >= 0 && v >= 0 && u <= steps && v <= steps)) return undefined;
  const [column, row] = [Math.min(Math.floor(u), steps - 1), Math.min(Math.floor(v), steps - 1)];
  const [right, up] = [u - column, v - row];
  const sum: [number, number, number] = [0, 0, 0];
  for (const [dx, dy, weight] of [
    [0, 0, (1 - right) * (1 - up)],
    [1, 0, right * (1 - up)],
    [0, 1, (1 - right) * up],
    [1, 1, right * up],
  ] as const) {
    const at = 3 * ((row + dy) * (steps + 1) + column + dx);
    const [a = 0, b = 0, c = 0] = vectors.slice(at, at + 3);
    if (a === 0 && b === 0 && c === 0) return undefined;
    sum[0] += weight * a;
    sum[1] += weight * b;
    sum[2] += weight * c;
  }
  return sum;
}
