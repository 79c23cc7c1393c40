import type { Mesh, Nodes } from './surface.js';

/** Room for sums of the surface about pixels. */
export interface Sums {
  readonly values: Float64Array;
  /** For three places next to each other, what each node of a row and of a column counts there. */
  readonly along: readonly Along[];
  readonly up: readonly Along[];
}

interface Along {
  readonly counts: Float64Array;
  /** The same for its bend. */
  readonly bends: Float64Array;
  /** Nodes [first, end) count. */
  first: number;
  end: number;
}

export function createSums({ columns, rows }: Mesh): Sums {
  // The node after the last one of a mesh of one column has a place, and counts nothing.
  const make = (count: number): Along => {
    const [counts, bends] = [new Float64Array(count + 1), new Float64Array(count + 1)];
    return { counts, bends, first: 0, end: 0 };
  };
  const three = (count: number): Along[] => [0, 1, 2].map(() => make(count));
  return { values: new Float64Array(9), along: three(columns), up: three(rows) };
}

/** Weights that are a product, of a spline that is one, need to be added up along each direction only. */
export function fillSums(
  { mesh, up, across, both, weights: [room] }: Nodes,
  sums: Sums,
  { x, y, taps }: { x: number; y: number; taps: number },
): void {
  const { columns, rows, cellWidth, cellHeight, values } = mesh;
  for (let step = 0; step < 3; step += 1) {
    const [along, high] = [sums.along[step], sums.up[step]];
    if (along === undefined || high === undefined) return;
    addWeights(along, room, { middle: x + step - 1, taps, cellSize: cellWidth, count: columns });
    addWeights(high, room, { middle: y + step - 1, taps, cellSize: cellHeight, count: rows });
  }
  for (let place = 0; place < 9; place += 1) {
    const [along, high] = [sums.along[place % 3], sums.up[Math.floor(place / 3)]];
    if (along === undefined || high === undefined) return;
    let sum = 0;
    for (let row = high.first; row < high.end; row += 1) {
      const [countY, bendY] = [high.counts[row] ?? 0, high.bends[row] ?? 0];
      for (let column = along.first; column < along.end; column += 1) {
        const node = row * columns + column;
        const plain = countY * (values[node] ?? NaN) + bendY * (up[node] ?? 0);
        const bent = countY * (across[node] ?? 0) + bendY * (both[node] ?? 0);
        sum += (along.counts[column] ?? 0) * plain + (along.bends[column] ?? 0) * bent;
      }
    }
    sums.values[place] = sum;
  }
}

function addWeights(
  along: Along,
  room: Float64Array,
  {
    middle,
    taps,
    cellSize,
    count,
  }: { middle: number; taps: number; cellSize: number; count: number },
): void {
  const { counts, bends } = along;
  counts.fill(0, along.first, along.end + 1);
  bends.fill(0, along.first, along.end + 1);
  let last = 0;
  for (let step = 1 - taps; step < taps; step += 1) {
    const node = weigh((middle + step + 0.5) / cellSize - 0.5, count, room);
    if (step === 1 - taps) along.first = node;
    last = node;
    const weight = taps - Math.abs(step);
    counts[node] = (counts[node] ?? 0) + weight * (room[0] ?? 0);
    counts[node + 1] = (counts[node + 1] ?? 0) + weight * (room[1] ?? 0);
    bends[node] = (bends[node] ?? 0) + weight * (room[2] ?? 0);
    bends[node + 1] = (bends[node + 1] ?? 0) + weight * (room[3] ?? 0);
  }
  along.end = Math.min(count, last + 2);
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
