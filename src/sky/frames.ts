import type { UnitVector } from './sphere.js';

/** Systems of coordinates on the sky whose directions can be turned into ICRS ones. */
export type CelestialSystem =
  'icrs' | 'fk5' | 'fk4' | 'fk4-no-e' | 'galactic' | 'supergalactic' | 'ecliptic';

/** A system at an equinox: unit vectors in it ↔ unit vectors in ICRS. */
export interface CelestialFrame {
  toIcrs(direction: UnitVector): UnitVector;
  fromIcrs(direction: UnitVector): UnitVector;
}

/** Rows of a rotation: `matrix[row][column]`. */
type Matrix = readonly [UnitVector, UnitVector, UnitVector];

const ARCSEC = Math.PI / 180 / 3600;
const DEGREE = Math.PI / 180;

/** J2000.0 and the length of a tropical year as a part of a Julian one, to go from B to J years. */
const JULIAN_YEAR_DAYS = 365.25;
const TROPICAL_YEAR_DAYS = 365.242198781;
const B1900_JD = 2_415_020.31352;
const J2000_JD = 2_451_545;
const B1950_JD = 2_433_282.42345905;

/**
 * The frame of a system. The equinox is in Julian years for FK5 and the ecliptic, in Besselian years
 * for FK4, which is also taken as the epoch of observation; other systems have none.
 *
 * FK4 is made ICRS by way of FK5: the E-terms of aberration are taken off (Explanatory Supplement,
 * 1992, §3.53), then the matrix of Murray (1989, A&A 218, 325) is applied, which leaves out proper motion.
 */
export function celestialFrame(system: CelestialSystem, equinox?: number): CelestialFrame {
  switch (system) {
    case 'icrs':
      return IDENTITY;
    case 'fk5':
      return rotated(fk5ToIcrs(equinox ?? 2000));
    case 'fk4-no-e':
      return nearlyRotated(fk4ToIcrs(equinox ?? 1950), [0, 0, 0]);
    case 'fk4':
      return nearlyRotated(fk4ToIcrs(equinox ?? 1950), eTerms(equinox ?? 1950));
    case 'galactic':
      return rotated(galacticToIcrs());
    case 'supergalactic':
      return rotated(multiply(galacticToIcrs(), transpose(GALACTIC_TO_SUPERGALACTIC)));
    case 'ecliptic':
      return rotated(eclipticToIcrs(equinox ?? 2000));
  }
}

const IDENTITY: CelestialFrame = { toIcrs: (v) => v, fromIcrs: (v) => v };

function rotated(toIcrs: Matrix): CelestialFrame {
  const back = transpose(toIcrs);
  return { toIcrs: (v) => unit(apply(toIcrs, v)), fromIcrs: (v) => unit(apply(back, v)) };
}

/** FK4: Murray's matrix is a rotation only to eight digits, and the E-terms have no exact inverse. */
function nearlyRotated(matrix: Matrix, terms: UnitVector): CelestialFrame {
  const back = transpose(matrix);
  const toIcrs = (v: UnitVector): UnitVector =>
    unit(apply(matrix, unit(add(scale(v, 1 + dot(v, terms)), scale(terms, -1)))));
  return {
    toIcrs,
    fromIcrs: (v) => {
      let found = unit(apply(back, v));
      // What is left is a millionth of what there was, so each turn gains six digits.
      for (let turn = 0; turn < 4; turn += 1) {
        const rest = apply(back, add(v, scale(toIcrs(found), -1)));
        found = unit(add(found, rest));
      }
      return found;
    },
  };
}

/** FK5 at an equinox → FK5 at J2000.0 → ICRS. Frame bias: USNO Circular 179, §3.5. */
function fk5ToIcrs(julianYear: number): Matrix {
  const toFk5 = multiply(
    multiply(rotation(0, 19.9e-3 * ARCSEC), rotation(1, 9.1e-3 * ARCSEC)),
    rotation(2, -22.9e-3 * ARCSEC),
  );
  return multiply(transpose(toFk5), transpose(precessionFromJ2000(julianYear)));
}

/** Precession of IAU 2006 in equatorial angles. Hilton et al. (2006, Celest. Mech. 94, 351), eq. 39. */
function precessionFromJ2000(julianYear: number): Matrix {
  const t = (julianYear - 2000) / 100;
  const zeta =
    2.650545 +
    t * (2306.083227 + t * (0.2988499 + t * (0.01801828 + t * (-0.000005971 + t * -0.0000003173))));
  const z =
    -2.650545 +
    t * (2306.077181 + t * (1.0927348 + t * (0.01826837 + t * (-0.000028596 + t * -0.0000002904))));
  const theta =
    t *
    (2004.191903 + t * (-0.4294934 + t * (-0.04182264 + t * (-0.000007089 + t * -0.0000001274))));
  return precession(zeta * ARCSEC, z * ARCSEC, theta * ARCSEC);
}

function precession(zeta: number, z: number, theta: number): Matrix {
  return multiply(multiply(rotation(2, -z), rotation(1, theta)), rotation(2, -zeta));
}

/** FK4 without E-terms → FK5 at J2000.0. Murray (1989), eq. 28 and its drift, eq. 29. */
const B1950_TO_J2000: Matrix = [
  [0.9999256794956877, -0.0111814832204662, -0.0048590038153592],
  [0.0111814832391717, 0.9999374848933135, -0.0000271625947142],
  [0.0048590037723143, -0.000027170293744, 0.9999881946023742],
];
const B1950_DRIFT_PER_CENTURY: Matrix = [
  [-0.0026455262e-6, -1.1539918689e-6, 2.111134619e-6],
  [1.1540628161e-6, -0.0129042997e-6, 0.0236021478e-6],
  [-2.1112979048e-6, -0.0056024448e-6, 0.0102587734e-6],
];

function fk4ToIcrs(besselianYear: number): Matrix {
  const julianYear = 2000 + (besselianToJd(besselianYear) - J2000_JD) / JULIAN_YEAR_DAYS;
  const centuries = (julianYear - 1950) / 100;
  const step = (row: 0 | 1 | 2): UnitVector =>
    add(B1950_TO_J2000[row], scale(B1950_DRIFT_PER_CENTURY[row], centuries));
  const toJ2000: Matrix = [step(0), step(1), step(2)];
  return multiply(fk5ToIcrs(2000), multiply(toJ2000, newcombPrecession(besselianYear)));
}

/** From a Besselian equinox to B1950, by Newcomb's angles. Explanatory Supplement (1992), §3.59. */
function newcombPrecession(besselianYear: number): Matrix {
  const from = (besselianYear - 1850) / 1000;
  const span = 0.1 - from;
  const first = 23035.545 + from * (139.72 + 0.06 * from);
  const zeta = span * (first + span * (30.24 - 0.27 * from + span * 17.995));
  const z = span * (first + span * (109.48 + 0.39 * from + span * 18.325));
  const theta =
    span * (20051.12 - from * (85.29 + 0.37 * from) + span * (-42.65 - 0.37 * from - span * 41.8));
  return precession(zeta * ARCSEC, z * ARCSEC, theta * ARCSEC);
}

/** E-terms of aberration at an equinox, as a vector. Explanatory Supplement (1992), §3.53. */
function eTerms(besselianYear: number): UnitVector {
  const jd = besselianToJd(besselianYear);
  const t = (jd - B1950_JD) / 36525;
  const eccentricity = 0.01673011 - t * (0.00004193 + t * 0.000000126);
  const perigee = (1015489.951 + t * (6190.67 + t * (1.65 + t * 0.012))) * ARCSEC;
  const tilt = obliquity((jd - J2000_JD) / 36525);
  const size = 0.0056932 * DEGREE * eccentricity;
  return [
    size * Math.sin(perigee),
    -size * Math.cos(perigee) * Math.cos(tilt),
    -size * Math.cos(perigee) * Math.sin(tilt),
  ];
}

/** Mean obliquity of the ecliptic of IAU 1980, radians; centuries since J2000.0. */
function obliquity(t: number): number {
  return (84381.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) * ARCSEC;
}

function besselianToJd(year: number): number {
  return B1900_JD + (year - 1900) * TROPICAL_YEAR_DAYS;
}

/** Galactic pole and node in FK5 at J2000.0, degrees: the definition of 1958, carried over. */
const GALACTIC_POLE = { raDeg: 192.8594812065348, decDeg: 27.12825118085622 };
const POLE_LONGITUDE_DEG = 122.9319185680026;

function galacticToIcrs(): Matrix {
  const toGalactic = multiply(
    multiply(
      rotation(2, (180 - POLE_LONGITUDE_DEG) * DEGREE),
      rotation(1, (90 - GALACTIC_POLE.decDeg) * DEGREE),
    ),
    rotation(2, GALACTIC_POLE.raDeg * DEGREE),
  );
  return multiply(fk5ToIcrs(2000), transpose(toGalactic));
}

/** Pole at l = 47.37°, b = 6.32°, origin at l = 137.37°, b = 0. Third Reference Catalogue (1991). */
const GALACTIC_TO_SUPERGALACTIC: Matrix = multiply(
  multiply(rotation(2, 90 * DEGREE), rotation(1, (90 - 6.32) * DEGREE)),
  rotation(2, 47.37 * DEGREE),
);

/** Mean ecliptic and equinox; obliquity of IAU 2006. Hilton et al. (2006), eq. 26. */
function eclipticToIcrs(julianYear: number): Matrix {
  const t = (julianYear - 2000) / 100;
  const tilt = (84381.406 - t * (46.836769 + t * (0.0001831 - t * 0.0020034))) * ARCSEC;
  return multiply(fk5ToIcrs(julianYear), rotation(0, -tilt));
}

/** Turns the axes, not the vector, by `angle` about axis 0 (x), 1 (y) or 2 (z). */
function rotation(axis: 0 | 1 | 2, angle: number): Matrix {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  switch (axis) {
    case 0:
      return [
        [1, 0, 0],
        [0, c, s],
        [0, -s, c],
      ];
    case 1:
      return [
        [c, 0, -s],
        [0, 1, 0],
        [s, 0, c],
      ];
    case 2:
      return [
        [c, s, 0],
        [-s, c, 0],
        [0, 0, 1],
      ];
  }
}

function multiply(a: Matrix, b: Matrix): Matrix {
  const [p, q, r] = transpose(b);
  const row = (v: UnitVector): UnitVector => [dot(v, p), dot(v, q), dot(v, r)];
  return [row(a[0]), row(a[1]), row(a[2])];
}

function transpose([a, b, c]: Matrix): Matrix {
  return [
    [a[0], b[0], c[0]],
    [a[1], b[1], c[1]],
    [a[2], b[2], c[2]],
  ];
}

function apply([a, b, c]: Matrix, v: UnitVector): UnitVector {
  return [dot(a, v), dot(b, v), dot(c, v)];
}

function dot(a: UnitVector, b: UnitVector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function add(a: UnitVector, b: UnitVector): UnitVector {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

function scale([x, y, z]: UnitVector, factor: number): UnitVector {
  return [x * factor, y * factor, z * factor];
}

function unit(v: UnitVector): UnitVector {
  return scale(v, 1 / Math.hypot(...v));
}
