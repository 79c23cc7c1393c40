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
  return (middle, { radius, neighbours = [] }) => {
    const size = 2 * radius + 1;
    const left = middle.x - radius;
    const bottom = middle.y - radius;
    if (room.length < size * size) room = new Float64Array(size * size);
    const values = room.subarray(0, size * size);
    copyPixels(picture, values, { left, bottom, size });
    const edges = findEdges(values, size, full);
    removeBackground(values, background, { left, bottom, size });
    const around = neighbours.map(({ x, y }) => ({ x: x - middle.x, y: y - middle.y }));
    mend(values, size, { neighbours: around, isWhole: edges.cutAtPx === Infinity });
    const { cutAtPx, fullAtPx } = edges;
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

function copyPixels(
  { pixels, width, height }: Pixels,
  values: Float64Array,
  { left, bottom, size }: Frame,
): void {
  const isWhole = left >= 0 && bottom >= 0 && left + size <= width && bottom + size <= height;
  if (!isWhole) values.fill(NaN);
  const from = Math.max(0, left);
  const to = Math.min(width, left + size);
  for (let row = Math.max(0, -bottom); row < size && bottom + row < height; row += 1) {
    const shift = (bottom + row) * width - row * size + left;
    const end = row * size + to - left;
    // A view and a copy by the engine would cost more than these few pixels.
    for (let i = row * size + from - left; i < end; i += 1) values[i] = pixels[i + shift] ?? NaN;
  }
}

function findEdges(
  values: Float64Array,
  size: number,
  full: number,
): { cutAtPx: number; fullAtPx: number } {
  const radius = size >> 1;
  let cut = Infinity;
  let filled = Infinity;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? NaN;
    if (value < full && value > -Infinity) continue;
    const distance = ((i % size) - radius) ** 2 + (Math.floor(i / size) - radius) ** 2;
    if (value >= full) filled = Math.min(filled, distance);
    if (value - value === 0) continue;
    values[i] = NaN; // infinities are no values
    cut = Math.min(cut, distance);
  }
  return { cutAtPx: Math.sqrt(cut), fullAtPx: Math.sqrt(filled) };
}

function removeBackground(
  values: Float64Array,
  background: Background,
  { left, bottom, size }: Frame,
): void {
  const corner = background.at(left, bottom);
  const across = (background.at(left + size, bottom) - corner) / size;
  const up = (background.at(left, bottom + size) - corner) / size;
  for (let row = 0, i = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1, i += 1) {
      values[i] = (values[i] ?? NaN) - corner - across * column - up * row;
    }
  }
}

const MISSING = 1;

/** @param isWhole true if no value is NaN */
function mend(
  values: Float64Array,
  size: number,
  { neighbours, isWhole }: { neighbours: readonly Place[]; isWhole: boolean },
): void {
  const radius = size >> 1;
  // Beyond this no pixel of the cut-out is nearer to the neighbour than to the middle.
  const far = 8 * radius * radius;
  const near = neighbours.filter(({ x, y }) => x * x + y * y < far);
  if (isWhole && near.length === 0) return;
  const lost = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i += 1) {
    if (Number.isNaN(values[i])) lost[i] = MISSING;
  }
  for (const { x, y } of near) {
    const half = (x * x + y * y) / 2;
    for (let row = 0, i = 0; row < size; row += 1) {
      for (let column = 0; column < size; column += 1, i += 1) {
        if ((column - radius) * x + (row - radius) * y > half) lost[i] = MISSING;
      }
    }
  }
  for (let i = 0; i < values.length; i += 1) {
    if (lost[i] !== MISSING) continue;
    const opposite = values.length - 1 - i;
    values[i] = lost[opposite] === MISSING ? 0 : (values[opposite] ?? 0);
  }
}
