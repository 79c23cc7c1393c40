/** A direction: ICRS degrees, right ascension in [0, 360), declination in [-90, 90]. */
export interface SkyPoint {
  readonly raDeg: number;
  readonly decDeg: number;
}

/** `[x, y, z]` of length 1: x towards (0, 0), y towards (90°, 0), z towards the north pole. */
export type UnitVector = readonly [number, number, number];

const RADIAN = Math.PI / 180;

/** Direction → unit vector. */
export function toUnitVector(point: SkyPoint): UnitVector {
  const ra = point.raDeg * RADIAN;
  const dec = point.decDeg * RADIAN;
  return [Math.cos(dec) * Math.cos(ra), Math.cos(dec) * Math.sin(ra), Math.sin(dec)];
}

/** Unit vector → direction; the length need not be exactly 1. At a pole the right ascension is 0. */
export function fromUnitVector([x, y, z]: UnitVector): SkyPoint {
  const flat = Math.hypot(x, y);
  const raDeg = flat === 0 ? 0 : Math.atan2(y, x) / RADIAN;
  // A tiny negative number may round up to 360 itself.
  const wrapped = raDeg < 0 ? (raDeg + 360) % 360 : raDeg + 0;
  return { raDeg: wrapped, decDeg: Math.atan2(z, flat) / RADIAN };
}

/**
 * Angle between two directions, degrees in [0, 180]. The half-angle form keeps full relative
 * precision for tiny angles as well as near the antipode, where the arc cosine fails.
 */
export function separationDeg(a: SkyPoint, b: SkyPoint): number {
  const halfRa = ((a.raDeg - b.raDeg) / 2) * RADIAN;
  const halfDifference = ((a.decDeg - b.decDeg) / 2) * RADIAN;
  const halfSum = ((a.decDeg + b.decDeg) / 2) * RADIAN;
  const cosRa = Math.cos(halfRa);
  const sinRa = Math.sin(halfRa);
  const sinHalf = Math.hypot(Math.sin(halfDifference) * cosRa, Math.cos(halfSum) * sinRa);
  const cosHalf = Math.hypot(Math.cos(halfDifference) * cosRa, Math.sin(halfSum) * sinRa);
  return (2 * Math.atan2(sinHalf, cosHalf)) / RADIAN;
}
