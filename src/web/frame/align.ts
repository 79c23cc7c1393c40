import { toUnitVector, type Footprint, type SkyPoint } from '../../sky/index.js';
import type { Box } from './sky-lines.js';

/** Lays one picture over another: `x' = a x + c y + e`, `y' = b x + d y + f`, as `matrix()` of SVG has it. */
export interface Matrix {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

/** What is known of where a picture lies. */
export interface Placed {
  readonly footprint: Footprint;
  /** The whole image, pixels. */
  readonly width: number;
  readonly height: number;
  /** The part of it that the picture shows. */
  readonly region: Box;
}

type Point = readonly [x: number, y: number];

/**
 * How to lay the picture `other` over the picture `first` so that stars meet; both have a unit for each
 * pixel of the image, y down. Undefined if a corner of either is not on the half of the sky around the first.
 */
export function alignPictures(first: Placed, other: Placed): Matrix | undefined {
  const { center } = first.footprint;
  if (center === null) return undefined;
  const ground = toPlane(first, center);
  const above = toPlane(other, center);
  if (ground === undefined || above === undefined) return undefined;
  return multiply(invert(ground), above);
}

/** Whether some of a picture that is laid so comes to lie on the one that it is laid on. */
export function meets(matrix: Matrix, other: Box, first: Box): boolean {
  const corners = [
    [0, 0],
    [other.width, 0],
    [0, other.height],
    [other.width, other.height],
  ].map(([x = 0, y = 0]) => [
    matrix.a * x + matrix.c * y + matrix.e,
    matrix.b * x + matrix.d * y + matrix.f,
  ]);
  const [xs, ys] = [0, 1].map((at) => corners.map((corner) => corner[at] ?? 0));
  const isWithin = (values: readonly number[] = [], size: number): boolean =>
    Math.max(...values) > 0 && Math.min(...values) < size;
  return isWithin(xs, first.width) && isWithin(ys, first.height);
}

/** A picture to the plane that touches the sky at `center`: an affine map through its corners. */
function toPlane({ footprint, width, height, region }: Placed, center: SkyPoint) {
  const [a, b, c, d] = footprint.corners.map((corner) => corner && gnomonic(corner, center));
  if (!a || !b || !c || !d) return undefined;
  const half = (p: Point, q: Point, length: number): Point => [
    (q[0] - p[0]) / length,
    (q[1] - p[1]) / length,
  ];
  const mean = (p: Point, q: Point): Point => [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];
  const right = mean(half(a, b, width), half(d, c, width));
  const up = mean(half(a, d, height), half(b, c, height));
  const middle = mean(mean(a, b), mean(c, d));
  // The upper left corner of the picture, seen from the middle of the image.
  const [x, y] = [region.x - width / 2, region.y + region.height - height / 2];
  return {
    a: right[0],
    b: right[1],
    c: -up[0],
    d: -up[1],
    e: middle[0] + x * right[0] + y * up[0],
    f: middle[1] + x * right[1] + y * up[1],
  };
}

/** Calabretta & Greisen 2002, §5.1.3, in radians; undefined beyond the half of the sky. */
function gnomonic(point: SkyPoint, center: SkyPoint): Point | undefined {
  const [x, y, z] = toUnitVector(point);
  const [ra, dec] = [(center.raDeg * Math.PI) / 180, (center.decDeg * Math.PI) / 180];
  const outward = Math.cos(ra) * x + Math.sin(ra) * y;
  const depth = Math.cos(dec) * outward + Math.sin(dec) * z;
  if (depth < 0.05) return undefined;
  const east = -Math.sin(ra) * x + Math.cos(ra) * y;
  return [east / depth, (Math.cos(dec) * z - Math.sin(dec) * outward) / depth];
}

function invert({ a, b, c, d, e, f }: Matrix): Matrix {
  const area = a * d - b * c;
  return {
    a: d / area,
    b: -b / area,
    c: -c / area,
    d: a / area,
    e: (c * f - d * e) / area,
    f: (b * e - a * f) / area,
  };
}

/** First `right`, then `left`. */
function multiply(left: Matrix, right: Matrix): Matrix {
  return {
    a: left.a * right.a + left.c * right.b,
    b: left.b * right.a + left.d * right.b,
    c: left.a * right.c + left.c * right.d,
    d: left.b * right.c + left.d * right.d,
    e: left.a * right.e + left.c * right.f + left.e,
    f: left.b * right.e + left.d * right.f + left.f,
  };
}

/** `matrix(1 0 0 1 12.5 -3)` */
export function formatMatrix({ a, b, c, d, e, f }: Matrix): string {
  return `matrix(${[a, b, c, d, e, f].map((value) => Number(value.toPrecision(9))).join(' ')})`;
}
