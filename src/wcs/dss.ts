import type { Keywords } from './keywords.js';
import { invertible, linear, type PlaneMap } from './plane.js';
import type { Point } from './projection.js';

/** A plate solution: pixels → tangent plane of the plate in degrees, and where that plane touches. */
export interface PlateSolution {
  readonly toPlane: readonly PlaneMap[];
  readonly raDeg: number;
  readonly decDeg: number;
}

/** Powers of x and y, and of x² + y², per term AMDXn from 1; AMDYn has x and y the other way round. */
const TERMS: readonly (readonly [number, number, number])[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 0],
  [2, 0, 0],
  [1, 1, 0],
  [0, 2, 0],
  [0, 0, 1],
  [3, 0, 0],
  [2, 1, 0],
  [1, 2, 0],
  [0, 3, 0],
  [1, 0, 1],
  [1, 0, 2],
];

/**
 * The plate solution of the Digitized Sky Survey: AMDXn and AMDYn, J2000. Undefined unless complete.
 * Described in the headers themselves and by the Guide Star Catalog (Lasker et al. 1990, AJ 99, 2019).
 */
export function readPlate(keywords: Keywords): PlateSolution | undefined {
  const all = (names: readonly string[]): number[] | undefined => {
    const values = names.flatMap((name) => keywords.number(name) ?? []);
    return values.length === names.length ? values : undefined;
  };
  const plate = all(['PPO3', 'PPO6', 'XPIXELSZ', 'YPIXELSZ', 'CNPIX1', 'CNPIX2', 'AMDX1', 'AMDY1']);
  const centre = all(['PLTRAH', 'PLTRAM', 'PLTRAS', 'PLTDECD', 'PLTDECM', 'PLTDECS']);
  if (plate === undefined || centre === undefined) return undefined;
  const [ppo3 = 0, ppo6 = 0, sizeX = 0, sizeY = 0, firstX = 0, firstY = 0, scale = 0] = plate;
  const [hours = 0, minutes = 0, seconds = 0, degrees = 0, arcmin = 0, arcsec = 0] = centre;
  // Pixels → millimetres on the plate → degrees, near enough for the polynomial to be a correction.
  const degreesPerMicron = scale / 3600 / 1000;
  const toDegrees = linear(
    [-sizeX * degreesPerMicron, 0, 0, sizeY * degreesPerMicron],
    [ppo3 / sizeX - firstX + 0.5, ppo6 / sizeY - firstY + 0.5],
    [0, 0],
  );
  if (toDegrees === undefined) return undefined;
  const south = keywords.text('PLTDECSN')?.startsWith('-') ? -1 : 1;
  return {
    toPlane: [toDegrees, plateModel(keywords, 3600 / scale)],
    raDeg: (hours + minutes / 60 + seconds / 3600) * 15,
    decDeg: south * (degrees + arcmin / 60 + arcsec / 3600),
  };
}

/** @param mmPerDegree to bring the plane back to the unit of the polynomial */
function plateModel(keywords: Keywords, mmPerDegree: number): PlaneMap {
  const read = (name: string): number[] =>
    TERMS.map((_, index) => keywords.number(`${name}${index + 1}`) ?? 0);
  const [along, up] = [read('AMDX'), read('AMDY')];
  const sum = (terms: readonly number[], x: number, y: number): number => {
    const r2 = x * x + y * y;
    return TERMS.reduce(
      (total, [i, j, k], n) => total + (terms[n] ?? 0) * x ** i * y ** j * r2 ** k,
      0,
    );
  };
  const forward = (x: number, y: number): Point => {
    const [a, b] = [x * mmPerDegree, y * mmPerDegree];
    return [sum(along, a, b) / 3600, sum(up, b, a) / 3600];
  };
  return invertible(forward, { step: 1e-5, tolerance: 1e-13, sound: [0, 0] });
}
