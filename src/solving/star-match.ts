/** A place in an image, FITS pixels. */
export type Place = readonly [x: number, y: number];

/** One star in two images. */
export interface StarPair {
  readonly own: Place;
  readonly other: Place;
}

/** Sides of an image, pixels. */
export interface FieldSize {
  readonly width: number;
  readonly height: number;
}

/** Fewer pairs may be chance. */
const LEAST_PAIRS = 7;
/** So many are no chance: nothing else need be tried. */
const CERTAIN_PAIRS = 15;
/** So many of the stars that should be in both images have to be. */
const LEAST_SHARE = 0.45;
/** So far a pair may be apart in the end, pixels: centres are good to a tenth, optics to a pixel or two. */
const SAME_PX = 3;
/** Cells in which shifts are counted, parts of the image: wide enough for a small rotation. */
const CELL_SHARE = 0.008;
const LEAST_CELL_PX = 6;
/** Two images of one camera have one scale. */
const SCALE_SLACK = 0.02;

/** Turns, stretches and shifts a plane: `z → factor z + shift`, complex numbers as pairs. */
interface Similarity {
  readonly factor: Place;
  readonly shift: Place;
}

/**
 * Finds the stars that two images of one camera have in common, wherever their headers have them: the
 * shift on which most pairs agree, made better by what fits it.
 *
 * @param own      brightest stars of one image; @param others of the other
 * @param turnsDeg by how much the other may be turned against it, more or less
 * @returns        empty if they do not show the same stars for sure
 */
export function matchStars(
  own: readonly Place[],
  others: readonly Place[],
  turnsDeg: readonly number[],
  size: FieldSize,
): readonly StarPair[] {
  let best: readonly StarPair[] = [];
  for (const turnDeg of turnsDeg) {
    const pairs = matchTurned(own, others, turnDeg, size);
    if (pairs.length > best.length) best = pairs;
    if (best.length >= CERTAIN_PAIRS) break;
  }
  return best;
}

function matchTurned(
  own: readonly Place[],
  others: readonly Place[],
  turnDeg: number,
  size: FieldSize,
): readonly StarPair[] {
  const cellPx = Math.max(LEAST_CELL_PX, CELL_SHARE * Math.max(size.width, size.height));
  const turn = (turnDeg * Math.PI) / 180;
  const factor: Place = [Math.cos(turn), Math.sin(turn)];
  const shift = commonShift(own, others, factor, cellPx);
  let map: Similarity = { factor, shift };
  let pairs = pairUp(own, others, map, 1.5 * cellPx);
  for (const reachPx of [cellPx, SAME_PX, SAME_PX]) {
    const fitted = fit(pairs);
    if (fitted === undefined) return [];
    map = fitted;
    pairs = pairUp(own, others, map, reachPx);
  }
  const isScaled = Math.abs(Math.hypot(...map.factor) - 1) > SCALE_SLACK;
  if (isScaled || pairs.length < LEAST_PAIRS) return [];
  const inBoth = Math.min(
    others.filter((place) => isInside(apply(map, place), size)).length,
    own.filter((place) => isInside(applyBack(map, place), size)).length,
  );
  return pairs.length >= LEAST_SHARE * inBoth ? pairs : [];
}

/** The shift that most pairs have, more or less; any if none is had by several. */
function commonShift(
  own: readonly Place[],
  others: readonly Place[],
  factor: Place,
  cellPx: number,
): Place {
  const shifts: Place[] = [];
  const counts = new Map<number, number>();
  for (const other of others) {
    const [x, y] = times(factor, other);
    for (const [ownX, ownY] of own) {
      const shift: Place = [ownX - x, ownY - y];
      const at = cellOf(shift, cellPx);
      shifts.push(shift);
      counts.set(at, (counts.get(at) ?? 0) + 1);
    }
  }
  let [best, most] = [0, 0];
  for (const at of counts.keys()) {
    // Four cells: what lies on the border of two would be lost.
    const near = NEAR_CELLS.reduce((sum, offset) => sum + (counts.get(at + offset) ?? 0), 0);
    if (near > most) [best, most] = [at, near];
  }
  const chosen = shifts.filter((shift) => NEAR_CELLS.includes(cellOf(shift, cellPx) - best));
  const mean = (axis: 0 | 1): number =>
    chosen.reduce((sum, shift) => sum + shift[axis], 0) / Math.max(1, chosen.length);
  return [mean(0), mean(1)];
}

/** More cells than shifts lie apart in one direction: images have less than 2^20 pixels along a side. */
const ROW = 2 ** 21;
/** A cell, and those to the right of it, above it, and both. */
const NEAR_CELLS: readonly number[] = [0, 1, ROW, ROW + 1];

function cellOf([x, y]: Place, cellPx: number): number {
  return Math.floor(x / cellPx) + ROW * Math.floor(y / cellPx);
}

/** Each star with the nearest of the others, if that is within reach; none twice. */
function pairUp(
  own: readonly Place[],
  others: readonly Place[],
  map: Similarity,
  reachPx: number,
): StarPair[] {
  const found: { readonly pair: StarPair; readonly apart: number }[] = [];
  for (const other of others) {
    const [x, y] = apply(map, other);
    for (const place of own) {
      const apart = Math.hypot(place[0] - x, place[1] - y);
      if (apart <= reachPx) found.push({ pair: { own: place, other }, apart });
    }
  }
  const taken = new Set<Place>();
  return found
    .sort((a, b) => a.apart - b.apart)
    .flatMap(({ pair }) => {
      if (taken.has(pair.own) || taken.has(pair.other)) return [];
      taken.add(pair.own).add(pair.other);
      return [pair];
    });
}

/** The similarity that brings the others nearest to their partners, by least squares. */
function fit(pairs: readonly StarPair[]): Similarity | undefined {
  if (pairs.length < 3) return undefined;
  const middle = (places: readonly Place[]): Place => {
    const sum = places.reduce<Place>(([a, b], [x, y]) => [a + x, b + y], [0, 0]);
    return [sum[0] / places.length, sum[1] / places.length];
  };
  const [to, from] = [middle(pairs.map(({ own }) => own)), middle(pairs.map((each) => each.other))];
  let [along, across, length] = [0, 0, 0];
  for (const { own, other } of pairs) {
    const [a, b] = [own[0] - to[0], own[1] - to[1]];
    const [x, y] = [other[0] - from[0], other[1] - from[1]];
    along += a * x + b * y;
    across += b * x - a * y;
    length += x * x + y * y;
  }
  if (length === 0) return undefined;
  const factor: Place = [along / length, across / length];
  const [x, y] = times(factor, from);
  return { factor, shift: [to[0] - x, to[1] - y] };
}

function times([a, b]: Place, [x, y]: Place): Place {
  return [a * x - b * y, a * y + b * x];
}

function apply({ factor, shift }: Similarity, place: Place): Place {
  const [x, y] = times(factor, place);
  return [x + shift[0], y + shift[1]];
}

function applyBack({ factor: [a, b], shift }: Similarity, [x, y]: Place): Place {
  const size = a * a + b * b;
  return times([a / size, -b / size], [x - shift[0], y - shift[1]]);
}

function isInside([x, y]: Place, { width, height }: FieldSize): boolean {
  return x >= 0.5 && y >= 0.5 && x <= width + 0.5 && y <= height + 0.5;
}
