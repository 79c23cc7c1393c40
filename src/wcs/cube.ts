import { DEGREE, asin, finite } from './projection.js';
import type { MakeProjection, Point, Projection } from './projection.js';

/**
 * Quadrilateralized spherical cubes. Paper II §5.6. Within a face both coordinates run from -1 to 1;
 * the faces 1 to 4 stand side by side along the equator, 0 and 5 above and below face 1.
 */
interface Face {
  /** Where a point (on a sphere or a cube) lies in the face: (ξ, η), with ζ towards the face. */
  toFace(chi: number, psi: number): Point;
  fromFace(alpha: number, beta: number): Point;
}

/** Per face: rows of ξ, η, ζ as signed axes of the sphere (1 = l, 2 = m, 3 = n), and its centre. */
const FACES = [
  { axes: [2, -1, 3], centre: [0, 2] },
  { axes: [2, 3, 1], centre: [0, 0] },
  { axes: [-1, 3, 2], centre: [2, 0] },
  { axes: [-2, 3, -1], centre: [4, 0] },
  { axes: [1, 3, -2], centre: [6, 0] },
  { axes: [2, 1, -3], centre: [0, -2] },
] as const;

const QUARTER = 45 * DEGREE;
const EDGE = 1 + 1e-9;

type Axis = 1 | 2 | 3 | -1 | -2 | -3;

function along(axis: Axis, direction: readonly [number, number, number]): number {
  const value = direction[axis === 1 || axis === -1 ? 0 : axis === 2 || axis === -2 ? 1 : 2];
  return axis > 0 ? value : -value;
}

/** @param face ratios ξ/ζ and η/ζ on the cube ↔ coordinates on the map */
function cube(face: Face): MakeProjection {
  return (): Projection => ({
    theta0: 0,
    toNative(x, y) {
      const found = findFace(x / QUARTER, y / QUARTER);
      if (found === undefined) return undefined;
      const [alpha, beta] = face.toFace(found.chi, found.psi);
      const direction: [number, number, number] = [0, 0, 0];
      [alpha, beta, 1].forEach((value, row) => {
        const axis = FACES[found.face]?.axes[row] ?? 1;
        direction[Math.abs(axis) - 1] = axis > 0 ? value : -value;
      });
      const [l, m, n] = direction;
      return finite(Math.atan2(m, l), Math.atan2(n, Math.hypot(l, m)));
    },
    fromNative(phi, theta) {
      const flat = Math.cos(theta);
      const direction = [flat * Math.cos(phi), flat * Math.sin(phi), Math.sin(theta)] as const;
      const heights = FACES.map(({ axes }) => along(axes[2], direction));
      const nearest = FACES[heights.indexOf(Math.max(...heights))];
      if (nearest === undefined) return undefined;
      const [xi, eta, zeta] = nearest.axes.map((axis) => along(axis, direction));
      if (xi === undefined || eta === undefined || zeta === undefined) return undefined;
      const [chi, psi] = face.fromFace(xi / zeta, eta / zeta);
      const [x0, y0] = nearest.centre;
      return finite((x0 + chi) * QUARTER, (y0 + psi) * QUARTER);
    },
  });
}

/** The face that a place on the unfolded cube belongs to; the map may also begin with the face 4. */
function findFace(x: number, y: number): { face: number; chi: number; psi: number } | undefined {
  const column = Math.abs(x) <= EDGE ? 0 : Math.floor(((x < -1 ? x + 8 : x) + 1) / 2);
  const row = Math.abs(y) <= EDGE ? 0 : Math.sign(y);
  if (row !== 0 && (Math.abs(x) > EDGE || Math.abs(y) > 3 * EDGE)) return undefined;
  if (Math.abs(x) > 7 * EDGE) return undefined;
  const face = row === 0 ? Math.min(column, 3) + 1 : row > 0 ? 0 : 5;
  const chi = (x < -EDGE ? x + 8 : x) - 2 * Math.min(column, 3);
  return { face, chi, psi: y - 2 * row };
}

/** Tangential: the cube itself. Paper II §5.6.1. */
export const tsc = cube({ toFace: (chi, psi) => [chi, psi], fromFace: (a, b) => [a, b] });

/** Of the equal-area cube, one half of a face; the other half is the same with both axes swapped. */
function qscToFace(chi: number, psi: number): Point {
  if (chi === 0 && psi === 0) return [0, 0];
  const angle = (15 * DEGREE * psi) / chi;
  const omega = Math.sin(angle) / (Math.cos(angle) - Math.SQRT1_2);
  const rise = chi * chi * (1 - 1 / Math.sqrt(2 + omega * omega)); // 1 - ζ
  const zeta = 1 - rise;
  const xi = Math.sign(chi) * Math.sqrt((rise * (2 - rise)) / (1 + omega * omega));
  return [xi / zeta, (xi * omega) / zeta];
}

function qscFromFace(alpha: number, beta: number): Point {
  if (alpha === 0 && beta === 0) return [0, 0];
  const omega = beta / alpha;
  const length2 = 1 + alpha * alpha + beta * beta;
  // 1 - ζ, from the ratios, so that it keeps its digits in the middle of the face.
  const rise = (length2 - 1) / (length2 + Math.sqrt(length2));
  const u = Math.sign(alpha) * Math.sqrt(rise / (1 - 1 / Math.sqrt(2 + omega * omega)));
  const turned = Math.atan(omega) - asin(omega / Math.sqrt(2 * (1 + omega * omega)));
  return [u, (u * turned) / (15 * DEGREE)];
}

/** Equal area. Paper II §5.6.3. */
export const qsc = cube({
  toFace(chi, psi) {
    if (Math.abs(chi) >= Math.abs(psi)) return qscToFace(chi, psi);
    const [beta, alpha] = qscToFace(psi, chi);
    return [alpha, beta];
  },
  fromFace(alpha, beta) {
    if (Math.abs(alpha) >= Math.abs(beta)) return qscFromFace(alpha, beta);
    const [psi, chi] = qscFromFace(beta, alpha);
    return [chi, psi];
  },
});

/** COBE: powers of X² (across) and Y² (down) of the polynomial from the map to the face. */
const COBE_TERMS: readonly (readonly number[])[] = [
  [-0.27292696, -0.07629969, -0.22797056, 0.54852384, -0.62930065, 0.25795794, 0.02584375],
  [-0.02819452, -0.01471565, 0.48051509, -1.74114454, 1.71547508, -0.53022337],
  [0.2705816, -0.56800938, 0.30803317, 0.98938102, -0.83180469],
  [-0.6044156, 1.50880086, -0.93678576, 0.08693841],
  [0.93412077, -1.4160192, 0.33887446],
  [-0.63915306, 0.52032238],
  [0.14381585],
];

function cobeToFace(chi: number, psi: number): Point {
  return [cobeAlong(chi, psi), cobeAlong(psi, chi)];
}

function cobeAlong(x: number, y: number): number {
  const [x2, y2] = [x * x, y * y];
  const sum = COBE_TERMS.reduceRight(
    (total, row) => total * y2 + row.reduceRight((part, term) => part * x2 + term, 0),
    0,
  );
  return x + x * (1 - x2) * sum;
}

/**
 * COBE's cube. The published polynomials there and back agree to 24″ only; this one goes back by
 * solving the one that leads to the sky, so that a pixel found is the pixel looked for. Paper II §5.6.2.
 */
export const csc = cube({
  toFace: cobeToFace,
  fromFace(alpha, beta) {
    let [chi, psi] = [alpha, beta];
    for (let turn = 0; turn < 60; turn += 1) {
      const [a, b] = cobeToFace(chi, psi);
      const [da, db] = [alpha - a, beta - b];
      // The slope lies between 0.7 and 1.4 all over the face, so that simple steps converge.
      chi += 0.9 * da;
      psi += 0.9 * db;
      if (Math.abs(da) + Math.abs(db) < 1e-16) break;
    }
    return [chi, psi];
  },
});
