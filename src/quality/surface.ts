import { createSums, fillSums, weigh } from './surface-sums.js';

/** Values on an even grid of cells over an image, row by row from FITS row 1. */
export interface Mesh {
  readonly columns: number;
  readonly rows: number;
  /** Size of a cell, pixels; need not be whole. */
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly values: Float64Array;
}

/** Written out, never spread, as `makePicture` has it. */
export function makeMesh(shape: Omit<Mesh, 'values'>, values: Float64Array): Mesh {
  const { columns, rows, cellWidth, cellHeight } = shape;
  return { columns, rows, cellWidth, cellHeight, values };
}

/** The smooth surface through the middles of the cells of a mesh. */
export interface Surface {
  /** Values along row `y` (from 0) of the image, one for each pixel of `row`. */
  readonly fillRow: (y: number, row: Float32Array | Float64Array) => void;
  /** The same value at one pixel (from 0), without the work of a whole row; beyond the image too. */
  readonly valueAt: (x: number, y: number) => number;
  /** Value near that at a pixel (from 0), for the least work: straight between four cells. */
  readonly at: (x: number, y: number) => number;
  /**
   * Sums with the weights 1, 2 … w … 2, 1 in both directions about a pixel and its eight neighbours, row by
   * row. Good until the next are asked for.
   */
  readonly sumsAbout: (x: number, y: number, taps: number) => Float64Array;
  /** How low and how steep the surface is at most, piece by piece, in some rows. */
  readonly fillBounds: (rows: { first: number; end: number }, bounds: Bounds) => void;
}

/** What the surface keeps to in pieces of rows. */
export interface Bounds {
  /** First column of the first piece, and columns of each; pieces may lie beyond the image. */
  readonly firstPx: number;
  readonly piecePx: number;
  /** Pixels about one over which means are taken, at most on each side. */
  readonly reachPx: number;
  /** One for each piece. No mean about a place of the piece, the same to all sides, is less. */
  readonly low: Float64Array;
  /** The surface changes by no more from a pixel of the piece to one of its eight neighbours. */
  readonly slope: Float64Array;
}

/** Values at the nodes of a mesh, and the second derivatives of the splines through them. */
export interface Nodes {
  readonly mesh: Mesh;
  /** Along columns. */
  readonly up: Float64Array;
  /** Along rows, of the values and of `up`. */
  readonly across: Float64Array;
  readonly both: Float64Array;
  /** The largest of `up` and of `across` near each node. */
  readonly mostUp: Float64Array;
  readonly mostAcross: Float64Array;
  /** Room to work in, along rows and along columns. */
  readonly weights: readonly [Float64Array, Float64Array];
}

/**
 * A natural bicubic spline, as SExtractor has it; beyond the middles of the outer cells it goes on
 * straight, which is what a spline without curvature at its ends does.
 */
export function makeSurface(mesh: Mesh): Surface {
  const { columns, rows, cellWidth, cellHeight, values } = mesh;
  const up = bendsAlong(mesh, values, 'up');
  const across = bendsAlong(mesh, values, 'across');
  const nodes: Nodes = {
    mesh,
    up,
    across,
    both: bendsAlong(mesh, up, 'across'),
    mostUp: largestNear(mesh, up),
    mostAcross: largestNear(mesh, across),
    weights: [new Float64Array(4), new Float64Array(4)],
  };
  const line = new Float64Array(columns);
  const lineBends = new Float64Array(columns);
  const sums = createSums(mesh);
  return {
    fillRow(y, row) {
      const place = placeOf(y, cellHeight, rows);
      for (let column = 0; column < columns; column += 1) {
        line[column] = splineAt(values, up, { first: column, step: columns, place });
        lineBends[column] = splineAt(across, nodes.both, { first: column, step: columns, place });
      }
      fillFromNodes(row, line, { nodeBends: lineBends, cellWidth });
    },
    valueAt: (x, y) => valueIn(nodes, x, y),
    at(x, y) {
      const across = placeOf(x, cellWidth, columns);
      const up = placeOf(y, cellHeight, rows);
      const low = lineAt(values, up.index * columns, 1, across);
      if (rows === 1) return low;
      const high = lineAt(values, (up.index + 1) * columns, 1, across);
      return low + (high - low) * up.part;
    },
    sumsAbout: (x, y, taps) => {
      fillSums(nodes, sums, { x, y, taps });
      return sums.values;
    },
    fillBounds: (part, bounds) => {
      fillBounds(nodes, part, bounds);
    },
  };
}

/** Sum over the four nodes about a pixel of what each of its values counts there. */
function valueIn({ mesh, up, across, both, weights }: Nodes, x: number, y: number): number {
  const { columns, rows, cellWidth, cellHeight, values } = mesh;
  const [alongX, alongY] = weights;
  const left = weigh((x + 0.5) / cellWidth - 0.5, columns, alongX);
  const first = weigh((y + 0.5) / cellHeight - 0.5, rows, alongY) * columns + left;
  let sum = 0;
  for (let row = 0; row < 2; row += 1) {
    const weightY = alongY[row] ?? 0;
    const bendY = alongY[row + 2] ?? 0;
    for (let column = 0; column < 2; column += 1) {
      const node = first + (row === 0 ? 0 : columns) + column;
      if (node >= values.length) continue; // the other node of a mesh of one row or column
      const weightX = alongX[column] ?? 0;
      const bendX = alongX[column + 2] ?? 0;
      const plain = weightY * (values[node] ?? NaN) + bendY * (up[node] ?? 0);
      sum += weightX * plain + bendX * (weightY * (across[node] ?? 0) + bendY * (both[node] ?? 0));
    }
  }
  return sum;
}

/** Between nodes a spline may bend more than at them, if not by much. */
const BEND_MARGIN = 2;

/**
 * A piece is lowest at one of its corners, or lower by what its bends allow: h²/8 of the second
 * derivative over a length of h. Its slope is that between its corners, and what the bends allow.
 */
function fillBounds(
  nodes: Nodes,
  { first, end }: { first: number; end: number },
  { firstPx, piecePx, reachPx, low, slope }: Bounds,
): void {
  const { mesh, mostAcross, mostUp } = nodes;
  const { columns, rows, cellWidth, cellHeight } = mesh;
  const row = placeOf(first, cellHeight, rows).index * columns;
  const [wide, tall] = [piecePx / cellWidth, (end - first) / cellHeight];
  const [overX, overY] = [reachPx / cellWidth, reachPx / cellHeight];
  let below = valueIn(nodes, firstPx, first);
  let above = valueIn(nodes, firstPx, end);
  for (let piece = 0; piece < low.length; piece += 1) {
    const right = firstPx + (piece + 1) * piecePx;
    const nextBelow = valueIn(nodes, right, first);
    const nextAbove = valueIn(nodes, right, end);
    const node = row + placeOf(right - piecePx / 2, cellWidth, columns).index;
    const acrossBend = mostAcross[node] ?? 0;
    const upBend = mostUp[node] ?? 0;
    const dip =
      (acrossBend * (wide * wide + overX * overX) + upBend * (tall * tall + overY * overY)) / 8;
    low[piece] = Math.min(below, above, nextBelow, nextAbove) - dip;
    const rise = Math.max(Math.abs(nextBelow - below), Math.abs(nextAbove - above)) / piecePx;
    const climb = Math.max(Math.abs(above - below), Math.abs(nextAbove - nextBelow));
    slope[piece] =
      rise +
      climb / (end - first) +
      (acrossBend * (wide / 2 + overX)) / cellWidth +
      (upBend * (tall / 2 + overY)) / cellHeight;
    below = nextBelow;
    above = nextAbove;
  }
}

/** For each node the largest bend at it and near it, with a margin: none in the cell after it is larger. */
function largestNear({ columns, rows }: Mesh, bends: Float64Array): Float64Array {
  return bends.map((_, node) => {
    const [column, row] = [node % columns, Math.floor(node / columns)];
    let most = 0;
    for (let line = Math.max(0, row - 1); line <= Math.min(rows - 1, row + 2); line += 1) {
      for (let at = Math.max(0, column - 1); at <= Math.min(columns - 1, column + 2); at += 1) {
        most = Math.max(most, Math.abs(bends[line * columns + at] ?? 0));
      }
    }
    return BEND_MARGIN * most;
  });
}

/** Between which two nodes a pixel lies: after node `index`, by `part` of the way to the next. */
interface Place {
  readonly index: number;
  readonly part: number;
}

function placeOf(pixel: number, cellSize: number, count: number): Place {
  if (count === 1) return { index: 0, part: 0 };
  const position = (pixel + 0.5) / cellSize - 0.5;
  const index = Math.min(Math.max(Math.floor(position), 0), count - 2);
  return { index, part: position - index };
}

function lineAt(values: Float64Array, first: number, step: number, place: Place): number {
  const start = values[first + place.index * step] ?? NaN;
  if (place.part === 0) return start;
  const end = values[first + (place.index + 1) * step] ?? NaN;
  return start + (end - start) * place.part;
}

/** Second derivatives at the nodes of a natural cubic spline through even nodes, one apart. */
function fillBends(nodes: Float64Array, bends: Float64Array, factors: Float64Array): void {
  const count = nodes.length;
  bends.fill(0);
  factors.fill(0);
  for (let i = 1; i < count - 1; i += 1) {
    const pivot = 4 - (factors[i - 1] ?? 0);
    const turn = (nodes[i + 1] ?? 0) - 2 * (nodes[i] ?? 0) + (nodes[i - 1] ?? 0);
    factors[i] = 1 / pivot;
    bends[i] = (6 * turn - (bends[i - 1] ?? 0)) / pivot;
  }
  for (let i = count - 2; i > 0; i -= 1) {
    bends[i] = (bends[i] ?? 0) - (factors[i] ?? 0) * (bends[i + 1] ?? 0);
  }
}

function bendsAlong(
  { columns, rows }: Mesh,
  values: Float64Array,
  direction: 'across' | 'up',
): Float64Array {
  const isUp = direction === 'up';
  const [count, step] = isUp ? [rows, columns] : [columns, 1];
  const bends = new Float64Array(values.length);
  const nodes = new Float64Array(count);
  const nodeBends = new Float64Array(count);
  const factors = new Float64Array(count);
  for (let line = 0; line < values.length / count; line += 1) {
    const first = isUp ? line : line * columns;
    for (let i = 0; i < count; i += 1) nodes[i] = values[first + i * step] ?? NaN;
    fillBends(nodes, nodeBends, factors);
    for (let i = 0; i < count; i += 1) bends[first + i * step] = nodeBends[i] ?? 0;
  }
  return bends;
}

/** Coefficients of the spline after a node: `a + t·(b + t·(c + t·d))` for t from 0 to 1. */
function cubic(start: number, end: number, startBend: number, endBend: number): Cubic {
  return {
    a: start,
    b: end - start - (2 * startBend + endBend) / 6,
    c: startBend / 2,
    d: (endBend - startBend) / 6,
  };
}

interface Cubic {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** Beyond its ends the spline is a straight line with the slope that it has there. */
function evaluate({ a, b, c, d }: Cubic, part: number): number {
  if (part < 0) return a + part * b;
  if (part > 1) return a + b + c + d + (part - 1) * (b + 2 * c + 3 * d);
  return a + part * (b + part * (c + part * d));
}

function splineAt(
  values: Float64Array,
  bends: Float64Array,
  line: { first: number; step: number; place: Place },
): number {
  const { index, part } = line.place;
  const start = line.first + index * line.step;
  const end = start + line.step;
  if (end >= values.length) return values[start] ?? NaN;
  const bend = bends[start] ?? 0;
  return evaluate(cubic(values[start] ?? NaN, values[end] ?? NaN, bend, bends[end] ?? 0), part);
}

function fillFromNodes(
  row: Float32Array | Float64Array,
  nodes: Float64Array,
  shape: { nodeBends: Float64Array; cellWidth: number },
): void {
  const { nodeBends, cellWidth } = shape;
  const last = nodes.length - 1;
  if (last === 0) {
    row.fill(nodes[0] ?? NaN);
    return;
  }
  const perPixel = 1 / cellWidth;
  let x = 0;
  for (let i = 0; i < last; i += 1) {
    const from = nodes[i] ?? NaN;
    const piece = cubic(from, nodes[i + 1] ?? NaN, nodeBends[i] ?? 0, nodeBends[i + 1] ?? 0);
    const { a, b, c, d } = piece;
    const start = 0.5 * perPixel - 0.5 - i;
    for (; i === 0 && x < row.length && x * perPixel + start < 0; x += 1) {
      row[x] = evaluate(piece, x * perPixel + start);
    }
    // Up to the pixel with its middle at the middle of the next cell, or after it.
    const end = Math.min(row.length, Math.ceil((i + 1.5) * cellWidth - 0.5));
    for (; x < end; x += 1) {
      const part = x * perPixel + start;
      row[x] = a + part * (b + part * (c + part * d));
    }
    for (; i === last - 1 && x < row.length; x += 1) {
      row[x] = evaluate(piece, x * perPixel + start);
    }
  }
}
