import { separationDeg, type SkyPoint } from '../sky/index.js';
import type { Place } from './look.js';

/** WGS84: radius at the equator, metres, and flattening. */
const RADIUS_M = 6_378_137;
const FLATTENING = 1 / 298.257223563;
const ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING);
const RADIAN = Math.PI / 180;

/**
 * Place of a geocentric position (OBSGEO-X, -Y and -Z, FITS Standard 4.0 §9.2.3): Bowring (1976), good
 * to a millimetre near the ground.
 *
 * @param position metres: x towards Greenwich, y towards 90° east, z towards the north pole
 * @returns undefined for what is not within 100 km of the ground: satellites, zeros
 */
export function placeOf([x, y, z]: readonly [number, number, number]): Place | undefined {
  const flat = Math.hypot(x, y);
  const reduced = Math.atan2(z, flat * (1 - FLATTENING));
  const bulge = (ECCENTRICITY_2 * RADIUS_M) / (1 - FLATTENING);
  const latitude = Math.atan2(
    z + bulge * Math.sin(reduced) ** 3,
    flat - ECCENTRICITY_2 * RADIUS_M * Math.cos(reduced) ** 3,
  );
  const normal = RADIUS_M / Math.sqrt(1 - ECCENTRICITY_2 * Math.sin(latitude) ** 2);
  // By both axes: the cosine alone fails at the poles.
  const elevationM =
    flat * Math.cos(latitude) +
    z * Math.sin(latitude) -
    normal * (1 - ECCENTRICITY_2 * Math.sin(latitude) ** 2);
  if (!(Math.abs(elevationM) < 100_000)) return undefined;
  return {
    latitudeDeg: latitude / RADIAN,
    longitudeDeg: Math.atan2(y, x) / RADIAN,
    elevationM,
  };
}

/** Angle between two places as seen from the middle of the Earth. */
export function placesGapDeg(a: Coordinates, b: Coordinates): number {
  return separationDeg(pointOf(a), pointOf(b));
}

type Coordinates = Omit<Place, 'elevationM'>;

function pointOf({ latitudeDeg, longitudeDeg }: Coordinates): SkyPoint {
  return { raDeg: longitudeDeg, decDeg: latitudeDeg };
}
