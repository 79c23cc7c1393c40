import type { Keywords } from './keywords.js';
import { invertible, type PlaneMap } from './plane.js';
import type { Parameters, Point } from './projection.js';

/** What the WATn_ cards of IRAF say about a TNX or ZPX projection. */
export interface IrafDistortion {
  /** Correction of the plane, in degrees; undefined if there is none. */
  readonly plane: PlaneMap | undefined;
  /** Coefficients of the radius of ZPX (`projpN`), as PVi_m of ZPN. */
  readonly parameters: Parameters;
}

const CARD_CHARACTERS = 68;
const MAX_CARDS = 999;
const MAX_ORDER = 20;

/**
 * Reads `lngcor` and `latcor`: surfaces over the plane in degrees, added to its coordinates.
 * IRAF's "TNX World Coordinate System" and "ZPX World Coordinate System" notes.
 */
export function readIraf(keywords: Keywords): IrafDistortion {
  const text = [1, 2].map((axis) => joinCards(keywords, axis)).join(' ');
  const along = readSurface(text, 'lngcor');
  const up = readSurface(text, 'latcor');
  const forward = (x: number, y: number): Point => [x + along(x, y), y + up(x, y)];
  const radii = new Map(
    [...text.matchAll(/\bprojp(\d{1,2})\s*=\s*"?\s*([-+.\deEdD]+)/g)].map(([, m, value]) => [
      Number(m),
      Number(value?.replace(/d/i, 'e')),
    ]),
  );
  const isStraight = along === NOTHING && up === NOTHING;
  return {
    plane: isStraight
      ? undefined
      : invertible(forward, { step: 1e-5, tolerance: 1e-13, sound: [0, 0] }),
    parameters: (m) => radii.get(m) ?? (m === 1 && radii.size === 0 ? 1 : 0),
  };
}

/** The pieces `WATn_001`, `WATn_002`… of a long text; a blank at the end of a piece belongs to it. */
function joinCards(keywords: Keywords, axis: number): string {
  const pieces: string[] = [];
  for (let card = 1; card <= MAX_CARDS; card += 1) {
    const value = keywords.header.value(`WAT${axis}_${String(card).padStart(3, '0')}`);
    if (typeof value !== 'string') break;
    pieces.push(value.padEnd(CARD_CHARACTERS));
  }
  return pieces.join('');
}

type Surface = (x: number, y: number) => number;
const NOTHING: Surface = () => 0;

/** Values of the functions of one variable that a surface is made of, from the constant upwards. */
type Basis = (x: number, count: number) => number[];

const BASES: Readonly<Record<number, Basis>> = {
  1: chebyshev,
  2: legendre,
  3: (x, count) => Array.from({ length: count }, (_, n) => x ** n),
};

function readSurface(text: string, name: string): Surface {
  const list = new RegExp(`\\b${name}\\s*=\\s*"([^"]*)"`).exec(text)?.[1];
  const numbers = list?.trim().split(/\s+/).map(Number) ?? [];
  const [type = 0, xOrder = 0, yOrder = 0, cross = 0] = numbers;
  const [xMin = 0, xMax = 0, yMin = 0, yMax = 0, ...coefficients] = numbers.slice(4);
  const basis = BASES[type];
  const isUsable =
    numbers.every(Number.isFinite) &&
    [xOrder, yOrder].every((order) => order >= 1 && order <= MAX_ORDER) &&
    xMax > xMin &&
    yMax > yMin;
  if (basis === undefined || !isUsable) return NOTHING;
  const rows = splitRows(coefficients, { xOrder, yOrder, cross });
  // Powers are of the coordinate itself, the other functions of one that runs from -1 to 1.
  const place = (value: number, min: number, max: number): number =>
    type === 3 ? value : (2 * value - (max + min)) / (max - min);
  return (x, y) => {
    const inX = basis(place(x, xMin, xMax), xOrder);
    const inY = basis(place(y, yMin, yMax), yOrder);
    return rows.reduce(
      (total, row, j) =>
        total +
        (inY[j] ?? 0) * row.reduce((sum, coefficient, i) => sum + coefficient * (inX[i] ?? 0), 0),
      0,
    );
  };
}

/** One row per power of y. Cross terms: 0 none, 1 all, 2 those below the higher order altogether. */
function splitRows(
  coefficients: readonly number[],
  { xOrder, yOrder, cross }: { xOrder: number; yOrder: number; cross: number },
): number[][] {
  let used = 0;
  return Array.from({ length: yOrder }, (_, j) => {
    const half = Math.min(xOrder, Math.max(xOrder, yOrder) - j);
    const length = j === 0 || cross === 1 ? xOrder : cross === 2 ? half : 1;
    used += length;
    return coefficients.slice(used - length, used);
  });
}

function chebyshev(x: number, count: number): number[] {
  const values = [1, x];
  for (let n = 2; n < count; n += 1)
    values.push(2 * x * (values[n - 1] ?? 0) - (values[n - 2] ?? 0));
  return values;
}

function legendre(x: number, count: number): number[] {
  const values = [1, x];
  for (let n = 2; n < count; n += 1) {
    values.push(((2 * n - 1) * x * (values[n - 1] ?? 0) - (n - 1) * (values[n - 2] ?? 0)) / n);
  }
  return values;
}
