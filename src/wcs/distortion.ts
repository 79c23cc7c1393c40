import { invertible, type PlaneMap } from './plane.js';
import type { Point } from './projection.js';
import type { Keywords } from './keywords.js';

/** A polynomial in two variables: `terms[i][j]` belongs to xⁱ yʲ. */
type Polynomial = readonly (readonly number[])[];

/** A correction of pixel coordinates, to be added; (x, y) are FITS pixels. */
export type PixelShift = (x: number, y: number) => Point;

/**
 * The Simple Imaging Polynomial: A_p_q and B_p_q in powers of the distance to CRPIX. It is applied
 * whether or not CTYPE ends in -SIP: many a solver leaves the suffix off. Shupe et al. 2005 (ASPC 347, 491).
 */
export function readSip(keywords: Keywords, origin: Point): PixelShift | undefined {
  const along = readPolynomial(keywords, 'A');
  const up = readPolynomial(keywords, 'B');
  if (along === undefined && up === undefined) return undefined;
  return (x, y) => {
    const [u, v] = [x - origin[0], y - origin[1]];
    return [evaluate(along, u, v), evaluate(up, u, v)];
  };
}

const MAX_SIP_ORDER = 9;

/** Orders below 2 are no distortion, and those above 9 have no keywords. */
function readPolynomial(keywords: Keywords, letter: 'A' | 'B'): Polynomial | undefined {
  const order = Math.min(keywords.number(`${letter}_ORDER`) ?? 0, MAX_SIP_ORDER);
  if (!(order >= 2)) return undefined;
  return Array.from({ length: Math.floor(order) + 1 }, (_, p) =>
    Array.from(
      { length: Math.floor(order) + 1 - p },
      (__, q) => keywords.number(`${letter}_${p}_${q}`) ?? 0,
    ),
  );
}

function evaluate(terms: Polynomial | undefined, x: number, y: number): number {
  if (terms === undefined) return 0;
  return terms.reduceRight(
    (total, row) => total * x + row.reduceRight((sum, term) => sum * y + term, 0),
    0,
  );
}

/** Pixels → corrected pixels, with a way back to a hundred-millionth of a pixel. */
export function shiftPixels(shifts: readonly PixelShift[], sound: Point): PlaneMap {
  const forward = (x: number, y: number): Point =>
    shifts.reduce<Point>(
      ([u, v], shift) => {
        const [du, dv] = shift(x, y);
        return [u + du, v + dv];
      },
      [x, y],
    );
  return invertible(forward, { step: 0.01, tolerance: 1e-8, sound });
}

/** Exponents of x, y and r per term of TPV along longitude; latitude has x and y the other way round. */
const TPV_TERMS: readonly (readonly [number, number, number])[] = Array.from(
  { length: 8 },
  (_, degree) => degree,
).flatMap((degree) => [
  ...Array.from({ length: degree + 1 }, (_, q) => [degree - q, q, 0] as const),
  ...(degree % 2 === 1 ? [[0, 0, degree] as const] : []),
]);

/** Number of parameters of TPV on each axis: PVi_0 to PVi_39. */
export const TPV_COUNT = TPV_TERMS.length;

/**
 * The polynomial of TPV, also of SCAMP's TAN with PV, on the tangent plane in degrees, where it is
 * defined. The registered convention "TPV World Coordinate System".
 */
export function readTpv(lon: (m: number) => number, lat: (m: number) => number): PlaneMap {
  const along = usedTerms(lon);
  const up = usedTerms(lat);
  const forward = (x: number, y: number): Point => [sumTerms(along, x, y), sumTerms(up, y, x)];
  return invertible(forward, { step: 1e-5, tolerance: 1e-13, sound: [0, 0] });
}

type Term = readonly [coefficient: number, x: number, y: number, r: number];

function usedTerms(parameter: (m: number) => number): Term[] {
  return TPV_TERMS.map((powers, m): Term => [parameter(m), ...powers]).filter(
    ([coefficient]) => coefficient !== 0,
  );
}

function sumTerms(terms: readonly Term[], x: number, y: number): number {
  const r = Math.hypot(x, y);
  return terms.reduce((sum, [c, i, j, k]) => sum + c * x ** i * y ** j * r ** k, 0);
}
