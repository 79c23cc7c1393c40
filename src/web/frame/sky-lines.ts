import { separationDeg, type SkyPoint } from '../../sky/index.js';
import { nodeSky, type SkyNodes } from '../../wcs/index.js';
import { formatNumber } from '../render.js';

/** A part of an image, pixels from 0 at the lower left corner of FITS pixel (1,1). */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A line of equal RA or Dec. Pixels of the box: x to the right, y down from its upper edge. */
export interface SkyLine {
  readonly kind: 'ra' | 'dec';
  readonly label: string;
  /** Path of SVG. */
  readonly d: string;
  /** Where it leaves the box, for its label: on the upper edge or the left one; null if nowhere there. */
  readonly at: { readonly x: number; readonly y: number; readonly edge: 'top' | 'left' } | null;
}

/** Meshes along each side of the box in which lines are straight. */
const MESHES = 32;
/** Lines of each kind that a box has about. */
const WANTED = 4;
/** Arcseconds, of declination; of right ascension in seconds of time. */
const ANGLE_STEPS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18_000, 36_000,
  54_000, 108_000,
];
const TIME_STEPS = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800,
  3600, 7200, 10_800, 21_600,
];

/** The lines of right ascension and declination across a part of an image; [] off the sky. */
export function skyLines(nodes: SkyNodes, box: Box): SkyLine[] {
  const points: (SkyPoint | undefined)[] = [];
  for (let row = 0; row <= MESHES; row += 1) {
    for (let column = 0; column <= MESHES; column += 1) {
      const x = box.x + (box.width * column) / MESHES;
      const y = box.y + box.height - (box.height * row) / MESHES;
      points.push(nodeSky(nodes, x + 0.5, y + 0.5));
    }
  }
  const known = points.filter((point) => point !== undefined);
  const middle = points[Math.floor(points.length / 2)] ?? known[0];
  if (middle === undefined) return [];
  const dec = points.map((point) => (point === undefined ? NaN : point.decDeg * 3600));
  // Around the middle, so that no line runs where 24 h meet 0 h.
  const ra = points.map((point) =>
    point === undefined ? NaN : (middle.raDeg + around(point.raDeg - middle.raDeg)) * 240,
  );
  const spread = Math.max(...known.map((point) => separationDeg(point, middle))) * 2 * 3600;
  const narrow = Math.max(Math.cos((middle.decDeg * Math.PI) / 180), 0.02);
  return [
    ...linesOf('ra', ra, stepFor(TIME_STEPS, spread / 15 / narrow), box),
    ...linesOf('dec', dec, stepFor(ANGLE_STEPS, spread), box),
  ];
}

function around(degrees: number): number {
  return ((((degrees + 180) % 360) + 360) % 360) - 180;
}

/** @param spread from corner to corner, which is longer than a side */
function stepFor(steps: readonly number[], spread: number): number {
  return steps.find((step) => spread / 1.4 / step <= WANTED) ?? steps.at(-1) ?? spread;
}

function linesOf(kind: SkyLine['kind'], values: readonly number[], step: number, box: Box) {
  const finite = values.filter(Number.isFinite);
  const [least, most] = [Math.min(...finite), Math.max(...finite)];
  const lines: SkyLine[] = [];
  for (let n = Math.ceil(least / step); n * step <= most && lines.length < 40; n += 1) {
    const pieces = contour(values, n * step, kind === 'ra' ? HALF_DAY_SEC : Infinity);
    if (pieces.length === 0) continue;
    lines.push({
      kind,
      label: kind === 'ra' ? formatHours(n * step, step) : formatDegrees(n * step, step),
      d: pieces.map(([a, b]) => `M${place(a, box)}L${place(b, box)}`).join(''),
      at: endOf(kind, pieces, box),
    });
  }
  return lines;
}

/** Two neighbours that far apart lie on either side of the seam of right ascension. */
const HALF_DAY_SEC = 43_200 / 2;

/** Column and row of meshes. */
type Spot = readonly [column: number, row: number];

/** The pieces of a line of equal value: where it crosses the edges of each mesh. */
function contour(values: readonly number[], level: number, seam: number): [Spot, Spot][] {
  const pieces: [Spot, Spot][] = [];
  const valueAt = ([column, row]: Spot): number => values[row * (MESHES + 1) + column] ?? NaN;
  for (let row = 0; row < MESHES; row += 1) {
    for (let column = 0; column < MESHES; column += 1) {
      const corners: Spot[] = [
        [column, row],
        [column + 1, row],
        [column + 1, row + 1],
        [column, row + 1],
      ];
      const crossings = corners.flatMap((from, side) => {
        const to = corners[(side + 1) % 4] ?? from;
        return crossing(from, to, valueAt(from) - level, valueAt(to) - level, seam);
      });
      const [a, b] = crossings;
      if (a !== undefined && b !== undefined) pieces.push([a, b]);
    }
  }
  return pieces;
}

function crossing(from: Spot, to: Spot, before: number, after: number, seam: number): Spot[] {
  // A value of exactly 0 belongs to one side, or two edges would share a crossing.
  if (!Number.isFinite(before + after) || before >= 0 === after >= 0) return [];
  if (Math.abs(before - after) > seam) return [];
  const part = before / (before - after);
  return [[from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])]];
}

function place([column, row]: Spot, box: Box): string {
  const x = (box.width * column) / MESHES;
  const y = (box.height * row) / MESHES;
  return `${Number(x.toPrecision(6))} ${Number(y.toPrecision(6))}`;
}

function endOf(kind: SkyLine['kind'], pieces: readonly [Spot, Spot][], box: Box): SkyLine['at'] {
  const spots = pieces.flat();
  const top = spots.find(([, row]) => row === 0);
  const left = spots.find(([column]) => column === 0);
  const toPlace = (spot: Spot | undefined, edge: 'top' | 'left') =>
    spot && { x: (box.width * spot[0]) / MESHES, y: (box.height * spot[1]) / MESHES, edge };
  const [first, other] = [toPlace(top, 'top'), toPlace(left, 'left')];
  return (kind === 'ra' ? (first ?? other) : (other ?? first)) ?? null;
}

/** `22ʰ37ᵐ04ˢ`, as far as the step needs it. */
function formatHours(seconds: number, step: number): string {
  const decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  const whole = ((seconds % 86_400) + 86_400) % 86_400;
  const total = Number(whole.toFixed(decimals)) % 86_400;
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  if (step >= 3600) return `${hours}ʰ`;
  if (step >= 60) return `${hours}ʰ${two(minutes)}ᵐ`;
  const rest = (total % 60).toFixed(decimals).padStart(decimals === 0 ? 2 : 3 + decimals, '0');
  return `${hours}ʰ${two(minutes)}ᵐ${rest}ˢ`;
}

/** `+34°27.5′` or, for close lines, `+34°27′30″`. */
function formatDegrees(arcsec: number, step: number): string {
  const sign = arcsec < 0 ? '−' : '+';
  const total = Number(Math.abs(arcsec).toFixed(1));
  const degrees = Math.floor(total / 3600);
  if (step >= 3600) return `${sign}${degrees}°`;
  const minutes = (total - degrees * 3600) / 60;
  const two = (value: number, decimals = 0): string =>
    formatNumber(value, decimals).padStart(decimals === 0 ? 2 : 3 + decimals, '0');
  if (step >= 60) return `${sign}${degrees}°${two(minutes)}′`;
  if (step >= 30) return `${sign}${degrees}°${two(minutes, 1)}′`;
  const seconds = total % 60;
  return `${sign}${degrees}°${two(Math.floor(minutes))}′${two(seconds, step >= 1 ? 0 : 1)}″`;
}
