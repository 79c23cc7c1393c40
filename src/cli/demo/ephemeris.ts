/**
 * Where things stand in the sky, to a fraction of a degree: enough to plan a night and to fill its
 * headers. Formulae of low precision from the Astronomical Almanac, section C (Sun) and D (Moon).
 */

/** Equatorial direction, degrees. */
export interface Direction {
  readonly raDeg: number;
  readonly decDeg: number;
}

/** Altitude above the horizon and azimuth from north through east, degrees. */
export interface Horizontal {
  readonly altDeg: number;
  readonly azDeg: number;
}

/** A place on Earth: degrees north and east, metres. */
export interface Site {
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
  readonly heightM: number;
}

const DEG = Math.PI / 180;
const DAY_MS = 86_400_000;
/** 2000-01-01T12:00Z, the epoch J2000, in epoch ms. */
const J2000_MS = 946_728_000_000;

const sin = (deg: number): number => Math.sin(deg * DEG);
const cos = (deg: number): number => Math.cos(deg * DEG);
const wrap = (deg: number): number => ((deg % 360) + 360) % 360;
const daysSinceJ2000 = (ms: number): number => (ms - J2000_MS) / DAY_MS;

/** Mean local sidereal time, degrees. */
export function siderealTimeDeg(ms: number, longitudeDeg: number): number {
  return wrap(280.46061837 + 360.98564736629 * daysSinceJ2000(ms) + longitudeDeg);
}

function fromEcliptic(lonDeg: number, latDeg: number, days: number): Direction {
  const tilt = 23.439 - 4e-7 * days;
  const x = cos(latDeg) * cos(lonDeg);
  const y = cos(tilt) * cos(latDeg) * sin(lonDeg) - sin(tilt) * sin(latDeg);
  const z = sin(tilt) * cos(latDeg) * sin(lonDeg) + cos(tilt) * sin(latDeg);
  return { raDeg: wrap(Math.atan2(y, x) / DEG), decDeg: Math.asin(z) / DEG };
}

/** The Sun, good to 0.01° between 1950 and 2050. */
export function locateSun(ms: number): Direction {
  const days = daysSinceJ2000(ms);
  const anomaly = 357.528 + 0.9856003 * days;
  const lon = 280.46 + 0.9856474 * days + 1.915 * sin(anomaly) + 0.02 * sin(2 * anomaly);
  return fromEcliptic(lon, 0, days);
}

/** The Moon as seen from the centre of the Earth, good to 0.3°. */
export function locateMoon(ms: number): Direction {
  const days = daysSinceJ2000(ms);
  const t = days / 36525;
  const lon =
    218.32 +
    481267.881 * t +
    6.29 * sin(135 + 477198.87 * t) -
    1.27 * sin(259.3 - 413335.36 * t) +
    0.66 * sin(235.7 + 890534.22 * t) +
    0.21 * sin(269.9 + 954397.74 * t) -
    0.19 * sin(357.5 + 35999.05 * t) -
    0.11 * sin(186.5 + 966404.03 * t);
  const lat =
    5.13 * sin(93.3 + 483202.02 * t) +
    0.28 * sin(228.2 + 960400.89 * t) -
    0.28 * sin(318.3 + 6003.15 * t) -
    0.17 * sin(217.6 - 407332.21 * t);
  return fromEcliptic(lon, lat, days);
}

/** Angle between two directions, degrees. */
export function angleBetween(a: Direction, b: Direction): number {
  const cosine =
    sin(a.decDeg) * sin(b.decDeg) + cos(a.decDeg) * cos(b.decDeg) * cos(a.raDeg - b.raDeg);
  return Math.acos(Math.min(1, Math.max(-1, cosine))) / DEG;
}

/** Lit part of the Moon's disc, 0 (new) to 1 (full). */
export function moonFraction(ms: number): number {
  return (1 - cos(angleBetween(locateSun(ms), locateMoon(ms)))) / 2;
}

/** Where a direction stands for an observer, without refraction. */
export function toHorizontal(direction: Direction, ms: number, site: Site): Horizontal {
  const hourAngle = siderealTimeDeg(ms, site.longitudeDeg) - direction.raDeg;
  const { decDeg } = direction;
  const north =
    sin(decDeg) * cos(site.latitudeDeg) - cos(decDeg) * cos(hourAngle) * sin(site.latitudeDeg);
  const up =
    sin(decDeg) * sin(site.latitudeDeg) + cos(decDeg) * cos(hourAngle) * cos(site.latitudeDeg);
  const east = -cos(decDeg) * sin(hourAngle);
  return { altDeg: Math.asin(up) / DEG, azDeg: wrap(Math.atan2(east, north) / DEG) };
}

/** Relative air mass, Kasten and Young 1989; `altDeg` above the horizon. */
export function airmassAt(altDeg: number): number {
  return 1 / (sin(altDeg) + 0.50572 * (altDeg + 6.07995) ** -1.6364);
}

/** Altitude of the Sun, degrees. */
export function sunAltitude(ms: number, site: Site): number {
  return toHorizontal(locateSun(ms), ms, site).altDeg;
}

/** Local mean noon that begins a night `YYYY-MM-DD`, epoch ms. */
export function noonOf(night: string, longitudeDeg: number): number {
  return Date.parse(`${night}T12:00:00Z`) - (longitudeDeg / 15) * 3_600_000;
}

/**
 * When the Sun passes `altDeg` in the evening and in the morning of a night, epoch ms. Undefined if
 * it does not: too high a latitude in summer.
 */
export function findTwilight(
  night: string,
  altDeg: number,
  site: Site,
): { evening: number; morning: number } | undefined {
  const noon = noonOf(night, site.longitudeDeg);
  const midnight = noon + DAY_MS / 2;
  const isUp = (ms: number): boolean => sunAltitude(ms, site) > altDeg;
  if (!isUp(noon) || isUp(midnight) || !isUp(noon + DAY_MS)) return undefined;
  return {
    evening: bisect(noon, midnight, (ms) => !isUp(ms)),
    morning: bisect(midnight, noon + DAY_MS, isUp),
  };
}

/** The instant between `from` and `to` at which `isPast` turns true, to a second. */
function bisect(from: number, to: number, isPast: (ms: number) => boolean): number {
  let [before, after] = [from, to];
  while (after - before > 1000) {
    const middle = (before + after) / 2;
    if (isPast(middle)) after = middle;
    else before = middle;
  }
  return Math.round(after);
}
