import type { Background } from './background.js';
import type { Cutout } from './shape.js';
import type { Picture } from './types.js';

/** A cut-out, where it lies, and what is wrong with it. */
export interface Patch extends Cutout {
  /** Pixel of the picture (from 0) that is the first of the cut-out; may lie outside. */
  readonly left: number;
  readonly bottom: number;
  /** Distance from the middle to the nearest pixel that has no value or is not in the picture. */
  readonly cutAtPx: number;
  /** Distance from the middle to the nearest place that is not in the picture, however far. */
  readonly edgeAtPx: number;
  /** Distance to the nearest pixel that is full; Infinity if there is none. */
  readonly fullAtPx: number;
}

/** A place in the picture, pixels from 0. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Cuts out what lies around a pixel. The patch is good until the next is cut. */
export type Cutter = (
  middle: Place,
  options: { radius: number; neighbours?: readonly Place[] },
) => Patch;

/**
 * Cuts patches out of a picture, without the background. What is missing, and what is nearer to a
 * neighbour than to the middle, is taken from the opposite side, as stars are the same on both; where
 * that is missing too, it is 0.
 *
 * @param full level from which pixels are full
 */
export function createCutter(picture: Pixels, background: Background, full: number): Cutter {
  // One piece of memory for thousands of stars.
  let room = new Float64Array(0);
  let marks = new Uint8Array(0);
  return (middle, { radius, neighbours = [] }) => {
    const size = 2 * radius + 1;
    const left = middle.x - radius;
    const bottom = middle.y - radius;
    if (room.length < size * size) {
      room = new Float64Array(size * size);
      marks = new Uint8Array(size * size);
    }
    const values = room.subarray(0, size * size);
    const frame = { left, bottom, size };
    const plane = planeUnder(background, frame);
    const { cutAtPx, fullAtPx } = copyPixels(picture, values, { frame, plane, full });
    const around = neighbours.map(({ x, y }) => ({ x: x - middle.x, y: y - middle.y }));
    mend({ size, values }, marks, { neighbours: around, isWhole: cutAtPx === Infinity });
    const edgeAtPx = edgeOf(picture, middle);
    return { size, values, left, bottom, cutAtPx, edgeAtPx, fullAtPx };
  };
}

type Pixels = Pick<Picture, 'pixels' | 'width' | 'height'>;

function edgeOf({ width, height }: Pixels, { x, y }: Place): number {
  return Math.min(x + 1, y + 1, width - x, height - y);
}

interface Frame {
  readonly left: number;
  readonly bottom: number;
  readonly size: number;
}

/** The background from the first pixel of a frame on. */
interface Plane {
  readonly corner: number;
  readonly across: number;
  readonly up: number;
}

function planeUnder(background: Background, { left, bottom, size }: Frame): Plane {
  const corner = background.at(left, bottom);
  const across = (background.at(left + size, bottom) - corner) / size;
  const up = (background.at(left, bottom + size) - corner) / size;
  return { corner, across, up };
}

/** Without the background; NaN for what has no value. In one go, as it is done for millions of pixels. */
function copyPixels(
  { pixels, width, height }: Pixels,
  values: Float64Array,
  { frame, plane, full }: { frame: Frame; plane: Plane; full: number },
): { cutAtPx: number; fullAtPx: number } {
  const { left, bottom, size } = frame;
  const { corner, across, up } = plane;
  const radius = size >> 1;
  let cut = Infinity;
  let filled = Infinity;
  for (let row = 0, i = 0; row < size; row += 1) {
    const y = bottom + row;
    const isInside = y >= 0 && y < height;
    const start = isInside ? Math.max(0, -left) : size;
    const end = isInside ? Math.min(size, width - left) : size;
    const first = y * width + left;
    const rise = up * row;
    for (let column = 0; column < size; column += 1, i += 1) {
      const value = column >= start && column < end ? (pixels[first + column] ?? NaN) : NaN;
      values[i] = value - corner - across * column - rise;
      if (value < full && value > -Infinity) continue;
      const distance = (column - radius) ** 2 + (row - radius) ** 2;
      if (value >= full) filled = Math.min(filled, distance);
      if (value - value === 0) continue;
      values[i] = NaN; // infinities are no values
      cut = Math.min(cut, distance);
    }
  }
  return { cutAtPx: Math.sqrt(cut), fullAtPx: Math.sqrt(filled) };
}

const MISSING = 1;

/**
 * @param lost    room for marks, one for each value at least
 * @param isWhole true if no value is NaN
 */
function mend(
  { values, size }: Cutout,
  lost: Uint8Array,
  { neighbours, isWhole }: { neighbours: readonly Place[]; isWhole: boolean },
): void {
  const radius = size >> 1;
  // Of others no pixel of the cut-out is nearer to the neighbour than to the middle.
  const near = neighbours.filter(
    ({ x, y }) => radius * (Math.abs(x) + Math.abs(y)) > (x * x + y * y) / 2,
  );
  if (isWhole && near.length === 0) return;
  lost.fill(0, 0, values.length);
  for (let i = 0; !isWhole && i < values.length; i += 1) {
    if (Number.isNaN(values[i])) lost[i] = MISSING;
  }
  for (const neighbour of near) leaveTo(neighbour, lost, size);
  for (let i = 0; i < values.length; i += 1) {
    if (lost[i] !== MISSING) continue;
    const opposite = values.length - 1 - i;
    values[i] = lost[opposite] === MISSING ? 0 : (values[opposite] ?? 0);
  }
}

/** Marks what is nearer to a neighbour: in each row all columns from one on, or up to one. */
function leaveTo({ x, y }: Place, lost: Uint8Array, size: number): void {
  const radius = size >> 1;
  const half = (x * x + y * y) / 2;
  for (let row = 0; row < size; row += 1) {
    // Lost is what has column · x above this.
    const limit = half - (row - radius) * y + radius * x;
    const start = x > 0 ? Math.floor(limit / x) + 1 : 0;
    const end = x < 0 ? Math.ceil(limit / x) : x > 0 || limit < 0 ? size : 0;
    for (let column = Math.max(0, start); column < Math.min(size, end); column += 1) {
      lost[row * size + column] = MISSING;
    }
  }
}
