import {
  celestialFrame,
  fromUnitVector,
  toUnitVector,
  wrapDegrees,
  type CelestialSystem,
  type SkyPoint,
} from '../sky/index.js';
import type { PlaneMap } from './plane.js';
import { DEGREE, HALF_PI, type Point, type Projection } from './projection.js';
import { halfTurn, type Rotation } from './rotation.js';

/** Coordinates of pixels of an image. FITS pixels: the centre of the first one is (1, 1). */
export interface Wcs {
  /** Code of the projection, or a name for the whole: `TAN`, `TAN-SIP`, `TPV`, `ZPX`, `DSS`… */
  readonly projection: string;
  /** What the header's own coordinates are; `other` for those of a body such as the Sun. */
  readonly system: CelestialSystem | 'other';
  /** Years, for the systems that have one. */
  readonly equinox: number | undefined;
  /** False if the header gives no scale, so that the standard's default, a degree per pixel, is used. */
  readonly hasScale: boolean;
  /** ICRS; undefined outside of the projection, or if the coordinates are not on the sky. */
  readonly toSky: (x: number, y: number) => SkyPoint | undefined;
  /** The way back; undefined where the position is not on the map. */
  readonly toPixel: (raDeg: number, decDeg: number) => PixelPoint | undefined;
  /** In the header's own system; longitude in [0, 360). */
  readonly toWorld: (x: number, y: number) => WorldPoint | undefined;
  readonly fromWorld: (lonDeg: number, latDeg: number) => PixelPoint | undefined;
  /** Sides of a pixel on the sky, degrees; undefined outside of the projection. */
  readonly scaleAt: (x: number, y: number) => PixelScale | undefined;
}

export interface PixelScale {
  readonly xDeg: number;
  readonly yDeg: number;
}

export interface PixelPoint {
  readonly x: number;
  readonly y: number;
}

export interface WorldPoint {
  readonly lonDeg: number;
  readonly latDeg: number;
}

/** The parts of a WCS, in the order in which they are applied to a pixel. Paper II §2. */
export interface WcsParts {
  readonly projection: string;
  readonly system: CelestialSystem | 'other';
  readonly equinox: number | undefined;
  /** Pixels → plane of the projection, degrees. */
  readonly toPlane: PlaneMap;
  /** The map, and the place in its plane, radians, that the origin above is. */
  readonly map: Projection;
  readonly offset: Point;
  readonly rotation: Rotation;
  readonly hasScale: boolean;
}

const EDGE = 1e-11;

/**
 * Coordinates from their parts: pixel → plane → native sphere → sky, and the way back. Paper II §2;
 * angles in degrees, pixels as FITS counts them. Never throws: what is off the map is undefined.
 */
export function makeWcs(parts: WcsParts): Wcs {
  const { toPlane, map, offset, rotation, system } = parts;
  const frame = system === 'other' ? undefined : celestialFrame(system, parts.equinox);
  const toWorld = (x: number, y: number): WorldPoint | undefined => {
    const [u, v] = toPlane.forward(x, y);
    const native = map.toNative(u * DEGREE + offset[0], v * DEGREE + offset[1]);
    if (native === undefined || !isOnSphere(native)) return undefined;
    const [lon, lat] = rotation.toCelestial(native[0], native[1]);
    return Number.isFinite(lon + lat)
      ? { lonDeg: wrapDegrees(lon / DEGREE), latDeg: lat / DEGREE }
      : undefined;
  };
  const fromWorld = (lonDeg: number, latDeg: number): PixelPoint | undefined => {
    const [phi, theta] = rotation.toNative(lonDeg * DEGREE, latDeg * DEGREE);
    const point = map.fromNative(phi, theta);
    const pixel =
      point && toPlane.inverse((point[0] - offset[0]) / DEGREE, (point[1] - offset[1]) / DEGREE);
    if (pixel === undefined || !Number.isFinite(pixel[0] + pixel[1])) return undefined;
    return { x: pixel[0], y: pixel[1] };
  };
  const toSky = (x: number, y: number): SkyPoint | undefined => {
    const world = toWorld(x, y);
    if (world === undefined || frame === undefined) return undefined;
    const point = { raDeg: world.lonDeg, decDeg: world.latDeg };
    return system === 'icrs' ? point : fromUnitVector(frame.toIcrs(toUnitVector(point)));
  };
  return {
    projection: parts.projection,
    system,
    equinox: parts.equinox,
    hasScale: parts.hasScale,
    toSky,
    toPixel(raDeg, decDeg) {
      if (frame === undefined) return undefined;
      if (system === 'icrs') return fromWorld(raDeg, decDeg);
      const own = fromUnitVector(frame.fromIcrs(toUnitVector({ raDeg, decDeg })));
      return fromWorld(own.raDeg, own.decDeg);
    },
    toWorld,
    fromWorld,
    scaleAt: (x, y) => {
      const slope = slopeAt(toSky, x, y);
      return slope && { xDeg: Math.hypot(...slope.x), yDeg: Math.hypot(...slope.y) };
    },
  };
}

function isOnSphere([phi, theta]: Point): boolean {
  return Math.abs(phi) <= Math.PI + EDGE && Math.abs(theta) <= HALF_PI + EDGE;
}

/** A step of one pixel in x and in y, as [east, north] in degrees. */
export interface Slope {
  readonly x: Point;
  readonly y: Point;
}

/** By how much the position changes around a pixel; undefined at the edge of the projection. */
export function slopeAt(toSky: Wcs['toSky'], x: number, y: number): Slope | undefined {
  const here = toSky(x, y);
  const [left, right] = [toSky(x - 0.5, y), toSky(x + 0.5, y)];
  const [below, above] = [toSky(x, y - 0.5), toSky(x, y + 0.5)];
  if (!here || !left || !right || !below || !above) return undefined;
  return { x: stepBetween(here, left, right), y: stepBetween(here, below, above) };
}

/** From one point to another in the plane that touches the sky at `here`. */
function stepBetween(here: SkyPoint, from: SkyPoint, to: SkyPoint): Point {
  const [a, b] = [toUnitVector(from), toUnitVector(to)];
  const step = [b[0] - a[0], b[1] - a[1], b[2] - a[2]] as const;
  const ra = here.raDeg * DEGREE;
  const dec = here.decDeg * DEGREE;
  const east = -Math.sin(ra) * step[0] + Math.cos(ra) * step[1];
  const outward = Math.cos(ra) * step[0] + Math.sin(ra) * step[1];
  const north = Math.cos(dec) * step[2] - Math.sin(dec) * outward;
  return [east / DEGREE, north / DEGREE];
}

/**
 * The same map with its seam moved: longitudes within half a turn of `middle`, radians. For images on a
 * cylinder whose reference point lies further away than the seam.
 */
export function withSeam(map: Projection, middle: number): Projection {
  return {
    theta0: map.theta0,
    toNative(x, y) {
      const native = map.toNative(x, y);
      if (native === undefined || Math.abs(native[0] - middle) > Math.PI + EDGE) return undefined;
      return [halfTurn(native[0]), native[1]];
    },
    fromNative: (phi, theta) => map.fromNative(middle + halfTurn(phi - middle), theta),
  };
}

/** The same map where faces may stand at either end of the row: a point is put nearer to `middle`. */
export function withNearest(map: Projection, middle: number): Projection {
  const turns = [0, -2 * Math.PI, 2 * Math.PI];
  return {
    ...map,
    fromNative(phi, theta) {
      const point = map.fromNative(phi, theta);
      if (point === undefined) return undefined;
      const [x, y] = point;
      return turns
        .map((turn): Point => [x + turn, y])
        .filter(([at]) => map.toNative(at, y) !== undefined)
        .sort(([a], [b]) => Math.abs(a - middle) - Math.abs(b - middle))[0];
    },
  };
}
