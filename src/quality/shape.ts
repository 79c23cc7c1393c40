/** Pixels around a star above the background: `values[row * size + column]`, size odd. */
export interface Cutout {
  readonly size: number;
  readonly values: Float64Array;
}

/** The elliptical gaussian that matches a star best; places in the cut-out, from 0. */
export interface Shape {
  readonly x: number;
  readonly y: number;
  /** Height of the gaussian. */
  readonly height: number;
  /** Its second moments, square pixels. */
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
  /** False if no gaussian could be matched; the numbers are then those of the last try. */
  readonly isSettled: boolean;
}

const ROUNDS = 24;
/** After so many rounds steps are halved: noise and rings can make whole ones swing to and fro. */
const FREE_ROUNDS = 5;
const TOLERANCE = 2e-3;
/** Weights end where they no longer count. */
const REACH_SIGMA = 3.5;
/** Narrower stars than this are so coarsely sampled that sums over pixels are not integrals. */
const COARSE_VARIANCE = 2.2;
const LEAST_VARIANCE = 0.08;

/**
 * Centre and second moments under a gaussian window that is fitted to the star itself: adaptive
 * moments, Bernstein & Jarvis 2002, AJ 123, 583, §3. The window has the shape of the star, so that it
 * does not round it, and the noise of the wings does not count. Where the star covers few pixels the
 * sums of the window itself over the same pixels stand in for integrals; that makes the result the
 * gaussian of least squares, whatever the place of the star within its pixel.
 *
 * @param start   where to begin, in the cut-out
 * @param sigma   standard deviation to begin with, pixels
 */
export function matchGaussian(
  cutout: Cutout,
  start: { x: number; y: number },
  sigma: number,
): Shape {
  // All shapes are written out in one order, never spread: the engine makes its code for one layout.
  const [{ x, y }, square] = [start, sigma * sigma];
  let shape: Shape = { x, y, height: 0, xx: square, xy: 0, yy: square, isSettled: false };
  for (let round = 0; round < ROUNDS; round += 1) {
    const whole = improve(cutout, shape, start);
    if (whole === undefined) return shape;
    const next = round < FREE_ROUNDS ? whole : halfway(shape, whole);
    const scale = Math.sqrt(next.xx * next.yy);
    const moved = Math.hypot(next.x - shape.x, next.y - shape.y) / Math.sqrt(scale);
    const grown =
      Math.abs(next.xx - shape.xx) + Math.abs(next.yy - shape.yy) + Math.abs(next.xy - shape.xy);
    shape = next;
    if (moved < TOLERANCE && grown < TOLERANCE * scale) return settled(shape);
  }
  return shape;
}

function settled({ x, y, height, xx, xy, yy }: Shape): Shape {
  return { x, y, height, xx, xy, yy, isSettled: true };
}

function halfway(from: Shape, to: Shape): Shape {
  return {
    x: (from.x + to.x) / 2,
    y: (from.y + to.y) / 2,
    height: to.height,
    xx: (from.xx + to.xx) / 2,
    xy: (from.xy + to.xy) / 2,
    yy: (from.yy + to.yy) / 2,
    isSettled: to.isSettled,
  };
}

/** Undefined where the light under the window is no star: negative, or run away from its place. */
function improve(cutout: Cutout, shape: Shape, start: { x: number; y: number }): Shape | undefined {
  const isCoarse = Math.min(shape.xx, shape.yy) < COARSE_VARIANCE;
  const light = sumUnder(cutout, shape, 1);
  if (!(light.sum > 0)) return undefined;
  const window = isCoarse ? light.window : ideal(shape);
  const seen = inverse(momentsOf(light));
  const own = inverse(window);
  const now = inverse(shape);
  if (seen === undefined || own === undefined || now === undefined) return undefined;
  const wanted = {
    xx: now.xx + seen.xx - own.xx,
    xy: now.xy + seen.xy - own.xy,
    yy: now.yy + seen.yy - own.yy,
  };
  const moments = tame(inverse(wanted), shape, momentsOf(light));
  const x = shape.x + 2 * (light.x / light.sum - window.x);
  const y = shape.y + 2 * (light.y / light.sum - window.y);
  const most = (cutout.size / 3) ** 2;
  const isSane =
    moments.xx < most && moments.yy < most && Math.min(moments.xx, moments.yy) > LEAST_VARIANCE;
  const isNear = Math.hypot(x - start.x, y - start.y) < cutout.size / 4;
  if (!isSane || !isNear) return undefined;
  const { xx, xy, yy } = moments;
  return { x, y, height: light.sum / light.windowSum, xx, xy, yy, isSettled: false };
}

interface Moments {
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
}

/** A step that goes too far, or to what is no ellipse, is replaced by the slow but sure one. */
function tame(wanted: Moments | undefined, now: Moments, seen: Moments): Moments {
  const sure = { xx: 2 * seen.xx, xy: 2 * seen.xy, yy: 2 * seen.yy };
  if (wanted === undefined) return sure;
  const growth = areaOf(wanted) / areaOf(now);
  return growth > 1 / 8 && growth < 8 ? wanted : sure;
}

function areaOf({ xx, xy, yy }: Moments): number {
  return xx * yy - xy * xy;
}

/** Undefined if it is no ellipse. */
function inverse(moments: Moments): Moments | undefined {
  const area = areaOf(moments);
  if (!(area > 0 && moments.xx > 0)) return undefined;
  return { xx: moments.yy / area, xy: -moments.xy / area, yy: moments.xx / area };
}

/** What a gaussian measures of itself, under itself, if it is finely sampled. */
function ideal(shape: Moments): Moments & { x: number; y: number } {
  return { x: 0, y: 0, xx: shape.xx / 2, xy: shape.xy / 2, yy: shape.yy / 2 };
}

/** Sums of the light under a window, and the moments of the window under itself. */
export interface Sums extends Moments {
  readonly sum: number;
  readonly x: number;
  readonly y: number;
  /** Σ window². */
  readonly windowSum: number;
  readonly window: Moments & { readonly x: number; readonly y: number };
}

function momentsOf({ sum, x, y, xx, xy, yy }: Sums): Moments {
  const [mx, my] = [x / sum, y / sum];
  return { xx: xx / sum - mx * mx, xy: xy / sum - mx * my, yy: yy / sum - my * my };
}

/** @param stretch the window is the gaussian of the shape, wider by this factor */
export function sumUnder({ size, values }: Cutout, shape: Shape, stretch: number): Sums {
  const area = areaOf(shape) * stretch * stretch;
  const bend = { xx: shape.yy / area, xy: -shape.xy / area, yy: shape.xx / area };
  const tall = REACH_SIGMA * stretch * Math.sqrt(shape.yy);
  const wide = REACH_SIGMA * stretch * Math.sqrt(shape.xx);
  const left = Math.max(0, Math.ceil(shape.x - wide));
  const right = Math.min(size - 1, Math.floor(shape.x + wide));
  const top = Math.min(size - 1, Math.floor(shape.y + tall));
  // Along a row a gaussian follows from its neighbours by two products.
  const turn = Math.exp(-bend.xx);
  let sum = 0;
  let sx = 0;
  let sy = 0;
  let sxx = 0;
  let sxy = 0;
  let syy = 0;
  let own = 0;
  let ox = 0;
  let oy = 0;
  let oxx = 0;
  let oxy = 0;
  let oyy = 0;
  for (let row = Math.max(0, Math.ceil(shape.y - tall)); row <= top; row += 1) {
    const dy = row - shape.y;
    const first = left - shape.x;
    let weight = Math.exp(
      -0.5 * (bend.xx * first * first + 2 * bend.xy * first * dy + bend.yy * dy * dy),
    );
    let factor = Math.exp(-bend.xx * (first + 0.5) - bend.xy * dy);
    let rowSum = 0;
    let rowX = 0;
    let rowXx = 0;
    let rowOwn = 0;
    let rowOx = 0;
    let rowOxx = 0;
    for (let column = left; column <= right; column += 1) {
      const dx = column - shape.x;
      const light = weight * (values[row * size + column] ?? 0);
      rowSum += light;
      rowX += light * dx;
      rowXx += light * dx * dx;
      const square = weight * weight;
      rowOwn += square;
      rowOx += square * dx;
      rowOxx += square * dx * dx;
      weight *= factor;
      factor *= turn;
    }
    sum += rowSum;
    sx += rowX;
    sxx += rowXx;
    sy += rowSum * dy;
    sxy += rowX * dy;
    syy += rowSum * dy * dy;
    own += rowOwn;
    ox += rowOx;
    oxx += rowOxx;
    oy += rowOwn * dy;
    oxy += rowOx * dy;
    oyy += rowOwn * dy * dy;
  }
  const [mx, my] = [ox / own, oy / own];
  const window = {
    x: mx,
    y: my,
    xx: oxx / own - mx * mx,
    xy: oxy / own - mx * my,
    yy: oyy / own - my * my,
  };
  return { sum, x: sx, y: sy, xx: sxx, xy: sxy, yy: syy, windowSum: own, window };
}

/** Axes of an ellipse of these moments: standard deviations along it and across, and its direction. */
export function axesOf({ xx, xy, yy }: Moments): { long: number; short: number; angleDeg: number } {
  const middle = (xx + yy) / 2;
  const spread = Math.hypot((xx - yy) / 2, xy);
  const angleDeg = (Math.atan2(2 * xy, xx - yy) / 2 / Math.PI) * 180;
  return {
    long: Math.sqrt(middle + spread),
    short: Math.sqrt(Math.max(0, middle - spread)),
    angleDeg: angleDeg <= -90 ? angleDeg + 180 : angleDeg,
  };
}

/**
 * How much of a star lies in its wings: its size under a window twice as wide as itself, over its
 * own. 0.8 for a gaussian, more for profiles with wings. NaN if it cannot be told.
 */
export function wingsOf(cutout: Cutout, shape: Shape): number {
  const light = sumUnder(cutout, shape, 2);
  if (!(light.sum > 0)) return NaN;
  const { xx, xy, yy } = momentsOf(light);
  return Math.sqrt(Math.max(0, xx * yy - xy * xy) / areaOf(shape));
}

/**
 * Moffat profiles of falling wings, to the gaussian: what `wingsOf` says, and full width at half maximum
 * over the standard deviation of the matching gaussian. From integrals of the profiles. Less than 0.8
 * would be a flat top, but is mostly a background that is a little too high: it counts as a gaussian.
 */
const WIDTHS: readonly (readonly [wings: number, width: number])[] = [
  [1.27035, 1.68003],
  [1.13291, 1.87044],
  [1.08374, 1.93604],
  [1.04611, 1.98599],
  [1.01657, 2.0253],
  [0.97355, 2.08322],
  [0.94404, 2.12384],
  [0.92272, 2.1539],
  [0.89972, 2.18729],
  [0.87622, 2.22274],
  [0.85493, 2.25646],
  [0.83509, 2.28972],
  [0.82031, 2.316],
  [0.8, 2.35482],
];

/** Full width at half maximum of a star in units of its matching gaussian, from its wings. */
export function widthFor(wings: number): number {
  const [most] = WIDTHS;
  if (most === undefined || Number.isNaN(wings)) return NaN;
  if (wings >= most[0]) return most[1];
  let before = most;
  for (const next of WIDTHS) {
    if (wings >= next[0]) {
      const part = before === next ? 0 : (before[0] - wings) / (before[0] - next[0]);
      return before[1] + part * (next[1] - before[1]);
    }
    before = next;
  }
  return before[1];
}
