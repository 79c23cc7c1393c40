import { DEGREE, HALF_PI, asin } from './projection.js';
import type { Point } from './projection.js';

/** Native ↔ celestial longitude and latitude, radians. Paper II §2.2 to §2.4. */
export interface Rotation {
  toCelestial(phi: number, theta: number): Point;
  toNative(lon: number, lat: number): Point;
}

/** Where native and celestial coordinates meet, degrees; LONPOLE and LATPOLE as in the header. */
export interface ReferencePoint {
  readonly lonDeg: number;
  readonly latDeg: number;
  /** Native coordinates of the reference point. */
  readonly phi0Deg: number;
  readonly theta0Deg: number;
  readonly lonPoleDeg: number | undefined;
  readonly latPoleDeg: number | undefined;
}

/**
 * The rotation from the native sphere to the sky by its reference point and LONPOLE, LATPOLE;
 * undefined if no position of the pole agrees with the header. Paper II §2.4.
 */
export function makeRotation(reference: ReferencePoint): Rotation | undefined {
  const { latDeg, theta0Deg, phi0Deg } = reference;
  if (!(Math.abs(latDeg) <= 90)) return undefined;
  const lonPoleDeg = reference.lonPoleDeg ?? phi0Deg + (latDeg < theta0Deg ? 180 : 0);
  const pole = findPole({ ...reference, lonPoleDeg });
  if (pole === undefined) return undefined;
  const [lonOfPole, latOfPole] = pole;
  const lonPole = lonPoleDeg * DEGREE;
  const [sinPole, cosPole] = [Math.sin(latOfPole), Math.cos(latOfPole)];
  // One rule serves both ways: it turns about the other pole by the supplement of its angle.
  const turn = (from: number, lat: number): Point => {
    const flat = Math.cos(lat);
    const [along, across, up] = [flat * Math.cos(from), flat * Math.sin(from), Math.sin(lat)];
    const x = up * cosPole - along * sinPole;
    return [
      Math.atan2(-across, x),
      Math.atan2(up * sinPole + along * cosPole, Math.hypot(x, across)),
    ];
  };
  return {
    toCelestial(phi, theta) {
      const [lon, lat] = turn(phi - lonPole, theta);
      return [lonOfPole + lon, lat];
    },
    toNative(lon, lat) {
      const [phi, theta] = turn(lon - lonOfPole, lat);
      return [halfTurn(lonPole + phi), theta];
    },
  };
}

/** Celestial position of the native pole, radians. Paper II §2.4, equations 8 to 10. */
function findPole({
  lonDeg,
  latDeg,
  phi0Deg,
  theta0Deg,
  lonPoleDeg,
  latPoleDeg,
}: ReferencePoint & { lonPoleDeg: number }): Point | undefined {
  const [lon, lat] = [lonDeg * DEGREE, latDeg * DEGREE];
  if (theta0Deg === 90) return [lon, lat];
  const turned = (lonPoleDeg - phi0Deg) * DEGREE;
  const theta0 = theta0Deg * DEGREE;
  const along = Math.cos(theta0) * Math.cos(turned);
  const length = Math.hypot(along, Math.sin(theta0));
  const wanted = (latPoleDeg ?? 90) * DEGREE;
  if (length < 1e-10) {
    // The reference point is a quarter turn from the pole on the meridian: any latitude would do.
    return Math.abs(lat) < 1e-10
      ? poleAt(Math.min(Math.max(wanted, -HALF_PI), HALF_PI))
      : undefined;
  }
  const middle = Math.atan2(Math.sin(theta0), along);
  const half = HALF_PI - asin(Math.sin(lat) / length);
  const latitudes = [middle + half, middle - half].map(halfTurn).map(snapped);
  const valid = latitudes.filter((candidate) => Math.abs(candidate) <= HALF_PI);
  valid.sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted));
  const best = valid[0];
  return best === undefined ? undefined : poleAt(best);

  function poleAt(latOfPole: number): Point {
    if (Math.cos(lat) < 1e-10) return [lon, latOfPole];
    if (HALF_PI - Math.abs(latOfPole) < 1e-10) {
      const north = latOfPole > 0;
      return [north ? lon + turned - Math.PI : lon - turned, latOfPole];
    }
    const y = Math.sin(turned) * Math.cos(theta0);
    const x = (Math.sin(theta0) - Math.sin(latOfPole) * Math.sin(lat)) / Math.cos(latOfPole);
    return [lon - Math.atan2(y, x), latOfPole];
  }
}

/** A latitude that rounding has put beyond the pole is the pole. */
function snapped(lat: number): number {
  return Math.abs(lat) > HALF_PI && Math.abs(lat) < HALF_PI + 1e-10
    ? Math.sign(lat) * HALF_PI
    : lat;
}

/** An angle within half a turn of zero; exactly half a turn keeps its sign. */
export function halfTurn(angle: number): number {
  if (Math.abs(angle) <= Math.PI + 1e-12) return angle;
  const rest = angle % (2 * Math.PI);
  return Math.abs(rest) > Math.PI ? rest - Math.sign(rest) * 2 * Math.PI : rest;
}
