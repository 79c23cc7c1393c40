/** Values on an even grid of cells over an image, row by row from FITS row 1. */
export interface Mesh {
  readonly columns: number;
  readonly rows: number;
  /** Size of a cell, pixels; need not be whole. */
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly values: Float64Array;
}

/** The smooth surface through the middles of the cells of a mesh. */
export interface Surface {
  /** Values along row `y` (from 0) of the image, one for each pixel of `row`. */
  fillRow(y: number, row: Float32Array | Float64Array): void;
  /** Value at a pixel (from 0), without the work of a whole row: straight between four cells. */
  at(x: number, y: number): number;
}

/**
 * A natural bicubic spline, as SExtractor has it; beyond the middles of the outer cells it goes on
 * straight, which is what a spline without curvature at its ends does.
 */
export function makeSurface(mesh: Mesh): Surface {
  const { columns, rows, cellWidth, cellHeight, values } = mesh;
  const bends = bendsOfColumns(mesh);
  const nodes = new Float64Array(columns);
  const nodeBends = new Float64Array(columns);
  const factors = new Float64Array(columns);
  return {
    fillRow(y, row) {
      const place = placeOf(y, cellHeight, rows);
      for (let column = 0; column < columns; column += 1) {
        nodes[column] = splineAt(values, bends, { first: column, step: columns, place });
      }
      fillBends(nodes, nodeBends, factors);
      fillFromNodes(row, nodes, { nodeBends, cellWidth });
    },
    at(x, y) {
      const across = placeOf(x, cellWidth, columns);
      const up = placeOf(y, cellHeight, rows);
      const low = lineAt(values, up.index * columns, 1, across);
      if (rows === 1) return low;
      const high = lineAt(values, (up.index + 1) * columns, 1, across);
      return low + (high - low) * up.part;
    },
  };
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

function bendsOfColumns({ columns, rows, values }: Mesh): Float64Array {
  const bends = new Float64Array(values.length);
  const nodes = new Float64Array(rows);
  const nodeBends = new Float64Array(rows);
  const factors = new Float64Array(rows);
  for (let column = 0; column < columns; column += 1) {
    for (let row = 0; row < rows; row += 1) nodes[row] = values[row * columns + column] ?? NaN;
    fillBends(nodes, nodeBends, factors);
    nodeBends.forEach((bend, row) => (bends[row * columns + column] = bend));
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
