import type { Mesh, Nodes } from './surface.js';

/** Room for sums of the surface about pixels, and what is kept from one pixel to the next. */
export interface Sums {
  readonly values: Float64Array;
  /** What is kept is of a filter of this width. */
  taps: number;
  /** What the nodes of a row count for each pixel of it, from the one before the first on. */
  along: (Weights | undefined)[];
  /** Row y is at y & 3: of the three about a pixel none pushes out another. */
  readonly rows: readonly RowSums[];
}

/** What some nodes next to each other count. */
interface Weights {
  readonly first: number;
  readonly counts: readonly number[];
  /** The same for their bends. */
  readonly bends: readonly number[];
}

/** The surface and its bends along rows, added up along columns about a row of pixels, node by node. */
interface RowSums {
  y: number;
  readonly plain: Float64Array;
  readonly bent: Float64Array;
}

export function createSums({ columns }: Mesh): Sums {
  const rows = [0, 1, 2, 3].map(() => ({
    y: NaN,
    plain: new Float64Array(columns),
    bent: new Float64Array(columns),
  }));
  return { values: new Float64Array(9), taps: 0, along: [], rows };
}

/**
 * Weights that are a product, of a spline that is one, need to be added up along each direction only:
 * once for a column, and once for a row of pixels.
 */
export function fillSums(
  nodes: Nodes,
  sums: Sums,
  { x, y, taps }: { x: number; y: number; taps: number },
): void {
  if (sums.taps !== taps) {
    sums.taps = taps;
    sums.along = [];
    for (const row of sums.rows) row.y = NaN;
  }
  const { columns, cellWidth } = nodes.mesh;
  for (let step = 0; step < 3; step += 1) {
    const { plain, bent } = rowSums(nodes, sums, y + step - 1);
    for (let place = 0; place < 3; place += 1) {
      const pixel = x + place; // that before the first one is 0
      const weights = (sums.along[pixel] ??= weightsOf(nodes.weights[0], {
        middle: pixel - 1,
        taps,
        cellSize: cellWidth,
        count: columns,
      }));
      const { first, counts, bends } = weights;
      let sum = 0;
      for (let node = 0; node < counts.length; node += 1) {
        sum += (counts[node] ?? 0) * (plain[first + node] ?? NaN);
        sum += (bends[node] ?? 0) * (bent[first + node] ?? NaN);
      }
      sums.values[3 * step + place] = sum;
    }
  }
}

function rowSums(nodes: Nodes, sums: Sums, y: number): RowSums {
  const { mesh, up, across, both } = nodes;
  const { columns, rows, cellHeight, values } = mesh;
  const kept = sums.rows[y & 3];
  if (kept === undefined) throw new RangeError('there are four rows');
  if (kept.y === y) return kept;
  kept.y = y;
  const around = { middle: y, taps: sums.taps, cellSize: cellHeight, count: rows };
  const { first, counts, bends } = weightsOf(nodes.weights[0], around);
  for (let column = 0; column < columns; column += 1) {
    let plain = 0;
    let bent = 0;
    for (let row = 0; row < counts.length; row += 1) {
      const node = (first + row) * columns + column;
      const count = counts[row] ?? 0;
      const bend = bends[row] ?? 0;
      plain += count * (values[node] ?? NaN) + bend * (up[node] ?? 0);
      bent += count * (across[node] ?? 0) + bend * (both[node] ?? 0);
    }
    kept.plain[column] = plain;
    kept.bent[column] = bent;
  }
  return kept;
}

interface Around {
  readonly middle: number;
  readonly taps: number;
  readonly cellSize: number;
  readonly count: number;
}

function weightsOf(room: Float64Array, { middle, taps, cellSize, count }: Around): Weights {
  const first = weigh((middle + 1 - taps + 0.5) / cellSize - 0.5, count, room);
  const last = weigh((middle + taps - 1 + 0.5) / cellSize - 0.5, count, room);
  // Plain lists: they are few numbers, and made for each row and column of a picture.
  const [counts, bends]: [number[], number[]] = [[], []];
  for (let node = first; node < last + 2; node += 1) {
    counts.push(0);
    bends.push(0);
  }
  for (let step = 1 - taps; step < taps; step += 1) {
    const node = weigh((middle + step + 0.5) / cellSize - 0.5, count, room) - first;
    const weight = taps - Math.abs(step);
    counts[node] = (counts[node] ?? 0) + weight * (room[0] ?? 0);
    counts[node + 1] = (counts[node + 1] ?? 0) + weight * (room[1] ?? 0);
    bends[node] = (bends[node] ?? 0) + weight * (room[2] ?? 0);
    bends[node + 1] = (bends[node + 1] ?? 0) + weight * (room[3] ?? 0);
  }
  // The node after the last one of a mesh of one has a place, and counts nothing.
  if (last + 2 > count) counts.pop();
  return { first, counts, bends };
}

/**
 * What the two nodes about a position count in a natural cubic spline, and the bends at them: as
 * `evaluate` has it, in another order. Returns which node is the first.
 */
export function weigh(position: number, count: number, weights: Float64Array): number {
  const index = count === 1 ? 0 : Math.min(Math.max(Math.floor(position), 0), count - 2);
  const part = count === 1 ? 0 : position - index;
  const rest = 1 - part;
  weights[0] = rest;
  weights[1] = part;
  weights[2] = part < 0 ? -part / 3 : part > 1 ? (part - 1) / 6 : (rest * rest * rest - rest) / 6;
  weights[3] = part < 0 ? -part / 6 : part > 1 ? (part - 1) / 3 : (part * part * part - part) / 6;
  return index;
}
