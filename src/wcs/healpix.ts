import { HALF_PI, asin, finite } from './projection.js';
import type { MakeProjection, Point } from './projection.js';

/**
 * A column of facets, `width` radians to either side of its middle: around the equator an equal-area
 * cylinder, beyond it narrowing to a tip at the pole. `k` facets fit from pole to pole.
 */
interface Column {
  readonly width: number;
  readonly k: number;
}

/** Offset from the middle of a column, and height → offset in longitude, and latitude. */
function fromColumn({ width, k }: Column, x: number, y: number): Point | undefined {
  const up = Math.abs(y);
  if (Math.abs(x) > width + 1e-12) return undefined;
  if (up <= (width * (k - 1)) / 2) return finite(x, asin((2 * y) / (width * k)));
  const sigma = Math.max((k + 1) / 2 - up / width, 0);
  if (up > (width * (k + 1)) / 2 + 1e-12 || Math.abs(x) > width * sigma + 1e-12) return undefined;
  const theta = HALF_PI - 2 * asin(sigma / Math.sqrt(2 * k));
  return finite(sigma < 1e-12 ? 0 : x / sigma, Math.sign(y) * theta);
}

function toColumn({ width, k }: Column, phi: number, theta: number): Point | undefined {
  const sine = Math.sin(theta);
  if (Math.abs(sine) <= (k - 1) / k) return finite(phi, (width * k * sine) / 2);
  // √(K (1 - |sin θ|)), with all its digits near the pole.
  const sigma = Math.sqrt(2 * k) * Math.sin((HALF_PI - Math.abs(theta)) / 2);
  return finite(phi * sigma, Math.sign(theta) * width * ((k + 1) / 2 - sigma));
}

/** HEALPix with H = `PVi_1` and K = `PVi_2`. Calabretta & Roukema 2007 (MNRAS 381, 865), §2. */
export const hpx: MakeProjection = (parameter) => {
  const [h, k] = [parameter(1, 4), parameter(2, 3)];
  if (!(h > 0 && k > 0 && Number.isInteger(h) && Number.isInteger(k))) return undefined;
  const column: Column = { width: Math.PI / h, k };
  const middle = (x: number, isNorth: boolean): number => {
    const shift = k % 2 === 1 || isNorth ? 1 : 0;
    // The last longitude belongs to the last column, not to one beyond it.
    const turned = Math.min(x, Math.PI - 1e-12) + Math.PI;
    const index = Math.floor(turned / (2 * column.width) + (1 - shift) / 2);
    return (2 * index + shift) * column.width - Math.PI;
  };
  return {
    theta0: 0,
    toNative(x, y) {
      const centre = middle(x, y > 0);
      const native = fromColumn(column, x - centre, y);
      return native && [centre + native[0], native[1]];
    },
    fromNative(phi, theta) {
      const centre = middle(phi, theta > 0);
      const point = toColumn(column, phi - centre, theta);
      return point && [centre + point[0], point[1]];
    },
  };
};

const GORE: Column = { width: Math.PI / 4, k: 3 };

/**
 * HEALPix as a butterfly: four columns of a quarter turn each, set around the north pole.
 * Calabretta & Lowe 2013 (PASA 30, e050), §2.
 */
export const xph: MakeProjection = () => ({
  theta0: HALF_PI,
  toNative(x, y) {
    // Which wing, counted from the one with longitudes 0 to 90 degrees: x > 0, y < 0.
    const wing = y > 0 ? (x >= 0 ? 1 : 2) : x >= 0 ? 0 : 3;
    const [u, v] = turned([x, y], 4 - wing);
    const native = fromColumn(GORE, (u + v) * Math.SQRT1_2, (v - u) * Math.SQRT1_2 + HALF_PI);
    if (native === undefined) return undefined;
    const phi = native[0] + GORE.width + wing * HALF_PI;
    return [phi > Math.PI ? phi - 2 * Math.PI : phi, native[1]];
  },
  fromNative(phi, theta) {
    const wing = Math.floor(Math.min(phi, Math.PI - 1e-12) / HALF_PI);
    const point = toColumn(GORE, phi - wing * HALF_PI - GORE.width, theta);
    if (point === undefined) return undefined;
    const [across, up] = [point[0], point[1] - HALF_PI];
    return turned([(across - up) * Math.SQRT1_2, (across + up) * Math.SQRT1_2], (wing + 4) % 4);
  },
});

/** Turned to the left by quarters. */
function turned([x, y]: Point, quarters: number): Point {
  switch (quarters % 4) {
    case 0:
      return [x, y];
    case 1:
      return [-y, x];
    case 2:
      return [-x, -y];
    default:
      return [y, -x];
  }
}
