import type { PixelArray } from '../fits/index.js';
import { createCellMeter } from './cell.js';
import { selectFirst } from './spread.js';
import { makeMesh, makeSurface, type Mesh, type Surface } from './surface.js';
import type { Picture } from './types.js';

/** The plane that fits the background best: `level + x·xPerPixel + y·yPerPixel` about the middle. */
export interface BackgroundPlane {
  /** In the middle of the image. */
  readonly level: number;
  readonly xPerPixel: number;
  readonly yPerPixel: number;
  /** Between its highest and its lowest corner; never negative. */
  readonly range: number;
}

/** What is under the stars. In the unit of the pixels; NaN where an image has no values at all. */
export interface Background extends Surface {
  /** Median over the mesh. */
  readonly level: number;
  /** Standard deviation of a pixel about the background, median over the mesh. */
  readonly noise: number;
  /** Distance of neighbouring values that pixels can have: 1 for integers, 0 if any. */
  readonly step: number;
  readonly plane: BackgroundPlane;
  /** Level and noise cell by cell, filtered. */
  readonly levels: Mesh;
  readonly noises: Mesh;
}

const CELL_PX = 64;
const LEAST_CELL_PX = 32;
const CELLS_WANTED = 6;

/**
 * The background of a picture as SExtractor finds it: clipped statistics in the cells of a mesh, bad
 * cells filled from their neighbours, a median filter of 3 × 3 cells, and a bicubic spline between
 * them. Bertin & Arnouts 1996, A&AS 117, 393, §4. NaN and infinities are left out.
 *
 * @param options.cellPx size of a cell; default 64, less for small pictures
 * @param options.level  the level, where it is known better than from the mesh
 */
export function measureBackground(
  picture: Pick<Picture, 'pixels' | 'width' | 'height'>,
  options: { cellPx?: number; level?: number } = {},
): Background {
  const step = isInteger(picture.pixels) ? 1 : 0;
  const { levels, noises } = measureCells(picture, options.cellPx, step);
  const plane = fitPlane(levels);
  const smooth = flatten(levels, plane);
  const flatNoises = makeMesh(noises, withoutSlope(noises.values, smooth));
  const smoothNoises = makeMesh(noises, medianFilter(flatNoises));
  const { fillRow, valueAt, at, sumsAbout, fillBounds } = makeSurface(smooth);
  return {
    level: options.level ?? median(smooth.values),
    noise: median(smoothNoises.values),
    step,
    plane: describePlane(plane, picture),
    levels: smooth,
    noises: smoothNoises,
    fillRow,
    valueAt,
    at,
    sumsAbout,
    fillBounds,
  };
}

function isInteger(pixels: PixelArray): boolean {
  return !(pixels instanceof Float32Array) && !(pixels instanceof Float64Array);
}

/** Whole cells of nearly the same size, at least one. */
function meshFor(width: number, height: number, cellPx: number | undefined): Omit<Mesh, 'values'> {
  const fitting = Math.max(LEAST_CELL_PX, Math.round(Math.min(width, height) / CELLS_WANTED));
  const size = cellPx ?? Math.min(CELL_PX, fitting);
  const columns = Math.max(1, Math.round(width / size));
  const rows = Math.max(1, Math.round(height / size));
  return { columns, rows, cellWidth: width / columns, cellHeight: height / rows };
}

function measureCells(
  { pixels, width, height }: Pick<Picture, 'pixels' | 'width' | 'height'>,
  cellPx: number | undefined,
  step: number,
): { levels: Mesh; noises: Mesh } {
  const shape = meshFor(width, height, cellPx);
  const measureCell = createCellMeter(step);
  const { columns, rows } = shape;
  const levels = new Float64Array(columns * rows);
  const noises = new Float64Array(columns * rows);
  // Few kinds of arrays for the inner loops: the engine makes far better code of them than for eight.
  const most = Math.ceil(shape.cellHeight + 1) * width;
  const room = pixels instanceof Uint16Array ? new Uint16Array(most) : new Float64Array(most);
  for (let row = 0; row < rows; row += 1) {
    const start = Math.floor(row * shape.cellHeight);
    const end = row === rows - 1 ? height : Math.floor((row + 1) * shape.cellHeight);
    const rowsOfPixels = pixels.subarray(start * width, end * width);
    // Copies are quick where reading here and there from a large picture waits for memory each time.
    room.set(rowsOfPixels);
    for (let column = 0; column < columns; column += 1) {
      const x = Math.floor(column * shape.cellWidth);
      const right = column === columns - 1 ? width : Math.floor((column + 1) * shape.cellWidth);
      const place = { x, y: 0, width: right - x, height: end - start };
      const { level, noise } = measureCell(room, width, place);
      levels[row * columns + column] = level;
      noises[row * columns + column] = noise;
    }
  }
  const meshes = { levels: makeMesh(shape, levels), noises: makeMesh(shape, noises) };
  fillBad(meshes.levels, noises);
  return meshes;
}

/**
 * Cells without a level, and cells where all pixels are the same (the empty rim of a mosaic) unless
 * all cells are so, take the mean of the nearest good ones.
 */
function fillBad({ columns, values }: Mesh, noises: Float64Array): void {
  const isNoisy = noises.some((noise) => noise > 0);
  const isGood = (cell: number): boolean => {
    const noise = noises[cell] ?? NaN;
    return isNoisy ? noise > 0 : noise === 0;
  };
  const good = Array.from(values.keys()).filter(isGood);
  const bad = Array.from(values.keys()).filter((cell) => !isGood(cell));
  for (const cell of bad) {
    let nearest = Infinity;
    let [level, noise, count] = [0, 0, 0];
    for (const other of good) {
      const across = (other % columns) - (cell % columns);
      const up = Math.floor(other / columns) - Math.floor(cell / columns);
      const distance = across * across + up * up;
      if (distance > nearest) continue;
      if (distance < nearest) [level, noise, count, nearest] = [0, 0, 0, distance];
      level += values[other] ?? NaN;
      noise += noises[other] ?? NaN;
      count += 1;
    }
    values[cell] = level / count; // NaN if there is no good cell
    noises[cell] = noise / count;
  }
}

/** A plane over the mesh: `level + column·across + row·up` about the middle of the mesh. */
interface MeshPlane {
  readonly mesh: Mesh;
  readonly level: number;
  readonly across: number;
  readonly up: number;
}

const FIT_ROUNDS = 4;

/** Least squares; cells that lie far off the plane, under a galaxy say, are left out. */
function fitPlane(mesh: Mesh): MeshPlane {
  let plane: MeshPlane = { mesh, level: median(mesh.values), across: 0, up: 0 };
  let limit = Infinity;
  for (let round = 0; round < FIT_ROUNDS; round += 1) {
    plane = leastSquares(plane, limit);
    const off = mesh.values.map((value, cell) => Math.abs(value - planeAt(plane, cell)));
    limit = Math.max(3 * 1.4826 * median(off), Number.MIN_VALUE);
  }
  return plane;
}

function planeAt({ mesh, level, across, up }: MeshPlane, cell: number): number {
  const x = (cell % mesh.columns) - (mesh.columns - 1) / 2;
  const y = Math.floor(cell / mesh.columns) - (mesh.rows - 1) / 2;
  return level + across * x + up * y;
}

function leastSquares(start: MeshPlane, limit: number): MeshPlane {
  const { mesh } = start;
  let [n, sx, sy, sxx, sxy, syy, sz, sxz, syz] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let cell = 0; cell < mesh.values.length; cell += 1) {
    const rest = (mesh.values[cell] ?? NaN) - planeAt(start, cell);
    if (!(Math.abs(rest) <= limit)) continue;
    const x = (cell % mesh.columns) - (mesh.columns - 1) / 2;
    const y = Math.floor(cell / mesh.columns) - (mesh.rows - 1) / 2;
    n += 1;
    sx += x;
    sy += y;
    sxx += x * x;
    sxy += x * y;
    syy += y * y;
    sz += rest;
    sxz += x * rest;
    syz += y * rest;
  }
  // About the means, so that two unknowns are left. Along an axis of one cell there is no slope.
  const [cxx, cxy, cyy] = [sxx - (sx * sx) / n, sxy - (sx * sy) / n, syy - (sy * sy) / n];
  const [cxz, cyz] = [sxz - (sx * sz) / n, syz - (sy * sz) / n];
  const area = cxx * cyy - cxy * cxy;
  const isFlat = !(area > 1e-9 * n);
  const slopes = isFlat
    ? [cxx > 1e-9 ? cxz / cxx : 0, cyy > 1e-9 && !(cxx > 1e-9) ? cyz / cyy : 0]
    : [(cxz * cyy - cyz * cxy) / area, (cyz * cxx - cxz * cxy) / area];
  const [across = 0, up = 0] = slopes;
  const level = (sz - across * sx - up * sy) / n;
  return {
    mesh,
    level: start.level + level,
    across: start.across + across,
    up: start.up + up,
  };
}

function describePlane(plane: MeshPlane, size: { width: number; height: number }): BackgroundPlane {
  const xPerPixel = plane.across / plane.mesh.cellWidth;
  const yPerPixel = plane.up / plane.mesh.cellHeight;
  const range = Math.abs(xPerPixel) * size.width + Math.abs(yPerPixel) * size.height;
  return { level: plane.level, xPerPixel, yPerPixel, range };
}

/**
 * Median filter of what the plane leaves: at the borders, where a cell has neighbours on one side
 * only, a filter of the levels themselves would shift a gradient by half a cell.
 */
function flatten(levels: Mesh, plane: MeshPlane): Mesh {
  const rest = levels.values.map((value, cell) => value - planeAt(plane, cell));
  const filtered = medianFilter(makeMesh(levels, rest));
  return makeMesh(
    levels,
    filtered.map((value, cell) => value + planeAt(plane, cell)),
  );
}

/** The slope of the background within a cell is not noise: its part is taken off. */
function withoutSlope(noises: Float64Array, { columns, rows, values }: Mesh): Float64Array {
  const level = (column: number, row: number): number => values[row * columns + column] ?? NaN;
  return noises.map((noise, cell) => {
    const column = cell % columns;
    const row = Math.floor(cell / columns);
    const [left, right] = [Math.max(0, column - 1), Math.min(columns - 1, column + 1)];
    const [low, high] = [Math.max(0, row - 1), Math.min(rows - 1, row + 1)];
    const across = (level(right, row) - level(left, row)) / Math.max(1, right - left);
    const up = (level(column, high) - level(column, low)) / Math.max(1, high - low);
    const slope = (across * across + up * up) / 12;
    return Math.sqrt(Math.max(noise * noise - slope, (noise * noise) / 4));
  });
}

function medianFilter({ columns, rows, values }: Mesh): Float64Array {
  const filtered = new Float64Array(values.length);
  const around = new Float64Array(9);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      let count = 0;
      for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y += 1) {
        for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x += 1) {
          count = insert(around, count, values[y * columns + x] ?? NaN);
        }
      }
      const [low, high] = [around[(count - 1) >> 1] ?? NaN, around[count >> 1] ?? NaN];
      filtered[row * columns + column] = (low + high) / 2;
    }
  }
  return filtered;
}

/** Puts a value among those that are sorted already, NaN last. Returns how many there are now. */
function insert(sorted: Float64Array, count: number, value: number): number {
  let at = count;
  for (; at > 0 && !((sorted[at - 1] ?? NaN) <= value || Number.isNaN(value)); at -= 1) {
    sorted[at] = sorted[at - 1] ?? NaN;
  }
  sorted[at] = value;
  return count + 1;
}

/** Of an even number of values the mean of the two in the middle; NaN of none, or if one is NaN. */
function median(values: Float64Array): number {
  if (values.some((value) => Number.isNaN(value))) return NaN;
  const mixed = values.slice();
  const middle = mixed.length >> 1;
  const upper = selectFirst(mixed, mixed.length, middle);
  return mixed.length % 2 === 1 ? upper : (selectFirst(mixed, middle, middle - 1) + upper) / 2;
}
