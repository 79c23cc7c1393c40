import type { PixelArray } from '../fits/index.js';
import type { Background } from './background.js';
import { highestOf } from './levels.js';
import { middleOf, selectFirst } from './spread.js';
import { makeMesh, type Mesh } from './surface.js';
import type { Picture } from './types.js';

type Pixels = Pick<Picture, 'pixels' | 'width' | 'height'>;

/** Steps of the level, in units of the noise, that are looked for in the mesh, and that are evened out. */
const SEEN_SIGMA = 0.12;
const LEAST_SIGMA = 0.35;
/** Pixels on each side of a border of which the levels are compared. */
const SIDE_PX = 8;
/** Next to a border, where no part of it is in both sides any more. */
const BESIDE_PX = 12;
/** A step is so many times higher than what the level changes by beside it. */
const SHARP = 3;
/** Share of a step that lies between the two pixels at it. */
const AT_ONCE = 0.6;
/** A step is so many times higher than what noise, stars and clouds make elsewhere in the same way. */
const CLEAR = 6;
/** Difference of the step of most lines from that of their medians, as a share. */
const UNEVEN = 0.4;
/** More steps are a pattern of rows or columns, and no parts. */
const MOST_STEPS = 8;
/** Lines across a border, evenly through a span, whose pixels are looked at. */
const LINES = 96;

/** Pixels or lines [from, end). */
interface Span {
  readonly from: number;
  readonly end: number;
}

/** Where the level steps, and by how much, from the pixel before to this one. */
interface Step {
  readonly at: number;
  readonly height: number;
}

/** How a picture is walked through: `count` places, each `step` further in memory, on lines `stride` apart. */
interface Way {
  readonly count: number;
  readonly step: number;
  readonly stride: number;
}

/**
 * Evens out the levels of parts that are read through amplifiers of their own, and of columns that were
 * never lit: the mesh of the background is too coarse for steps, which then look like stars. Only where
 * the levels of the mesh differ is it looked for them; slopes stay.
 *
 * @param picture its pixels are changed: parts are lifted or lowered, full pixels stay as they are
 * @param full    level of full pixels; null if none is known
 * @returns whether anything was changed
 */
export function evenSections(
  picture: Pixels,
  background: Background,
  full: number | null,
): boolean {
  const { width, height, pixels } = picture;
  if (Math.min(width, height) < 4 * BESIDE_PX || !hasSteps(background)) return false;
  const least = LEAST_SIGMA * background.noise;
  const across: Way = { count: width, step: 1, stride: width };
  const up: Way = { count: height, step: width, stride: 1 };
  // Amplifiers may meet at a corner: columns are looked at on both sides of the highest step of rows.
  const rowSteps = halvesOf(width, width >> 1).flatMap((span) =>
    findSteps(pixels, up, span, least),
  );
  const [highest] = rowSteps.sort((one, other) => Math.abs(other.height) - Math.abs(one.height));
  let isChanged = false;
  for (const rows of halvesOf(height, highest?.at ?? height >> 1)) {
    for (const { at, height: by } of findSteps(pixels, across, rows, least)) {
      shift(picture, { columns: { from: at, end: width }, rows }, { by: -by, full });
      isChanged = true;
    }
  }
  const columns = { from: 0, end: width };
  for (const { at, height: by } of findSteps(pixels, up, columns, least)) {
    shift(picture, { columns, rows: { from: at, end: height } }, { by: -by, full });
    isChanged = true;
  }
  return isChanged;
}

function halvesOf(count: number, middle: number): readonly Span[] {
  return [
    { from: 0, end: middle },
    { from: middle, end: count },
  ];
}

/** Whether neighbouring columns or rows of the mesh differ, in one half of it at least. */
function hasSteps({ levels, noise }: Background): boolean {
  const { columns, rows, values } = levels;
  const at = (column: number, row: number): number => values[row * columns + column] ?? NaN;
  const turned = makeMesh(
    { columns: rows, rows: columns, cellWidth: levels.cellHeight, cellHeight: levels.cellWidth },
    values.map((_, index) => at(Math.floor(index / rows), index % rows)),
  );
  return [levels, turned].some((mesh) => largestStep(mesh) > SEEN_SIGMA * noise);
}

function largestStep({ columns, rows, values }: Mesh): number {
  let most = 0;
  for (const { from, end } of halvesOf(rows, Math.max(1, rows >> 1))) {
    for (let column = 1; column < columns && from < end; column += 1) {
      const differences: number[] = [];
      for (let row = from; row < end; row += 1) {
        const place = row * columns + column;
        differences.push((values[place] ?? NaN) - (values[place - 1] ?? NaN));
      }
      most = Math.max(most, Math.abs(middleOf(differences)));
    }
  }
  return most;
}

/** Steps along a way that are sharp and go through most of the lines of a span. */
function findSteps(pixels: PixelArray, way: Way, lines: Span, least: number): Step[] {
  if (lines.end - lines.from < BESIDE_PX) return [];
  const profile = profileOf(pixels, way, lines);
  const sides = new Float64Array(way.count + 1).fill(NaN);
  for (let at = SIDE_PX; at <= way.count; at += 1) {
    sides[at] = middleOf([...profile.subarray(at - SIDE_PX, at)]);
  }
  // `sides` ends before a place: the side after it is that of eight places later.
  const rise = (at: number): number => (sides[at + SIDE_PX] ?? NaN) - (sides[at] ?? NaN);
  const besides = (at: number): number[] =>
    [rise(at - BESIDE_PX), rise(at + BESIDE_PX)].filter((each) => each - each === 0);
  // Less what the slope of the sky makes of it.
  const heights = Array.from({ length: way.count }, (_, at) => {
    const beside = besides(at);
    return rise(at) - (beside.length === 0 ? 0 : middleOf(beside));
  });
  const scatter = scatterOf(heights);
  // Nearly all pixels have one value: counts of single photons, or a picture that was drawn.
  if (!(scatter > 0)) return [];
  const bound = Math.max(least, CLEAR * scatter);
  const steps: Step[] = [];
  for (let at = SIDE_PX; at + SIDE_PX <= way.count; at += 1) {
    const height = heights[at] ?? NaN;
    if (!(Math.abs(height) >= bound) || sharpest(profile, at) !== at) continue;
    const beside = besides(at);
    if (beside.some((change) => SHARP * Math.abs(change) > Math.abs(height))) continue;
    const jump = pairAt(profile, at) - pairAt(profile, at - 2);
    if (jump / height < AT_ONCE) continue;
    if (Math.abs(usualStep(pixels, way, { lines, at }) / height - 1) < UNEVEN) {
      steps.push({ at, height });
    }
  }
  return steps.length > MOST_STEPS ? [] : steps;
}

/** Median over some lines of what each steps by: at the edge of the Moon few do where the median does. */
function usualStep(
  pixels: PixelArray,
  { step, stride }: Way,
  { lines, at }: { lines: Span; at: number },
): number {
  const side = (start: number, from: number): number => {
    let sum = 0;
    for (let place = from; place < from + SIDE_PX; place += 1) {
      sum += pixels[start + place * step] ?? NaN;
    }
    return sum / SIDE_PX;
  };
  const differences: number[] = [];
  for (const start of startsOf(lines, stride)) {
    const difference = side(start, at) - side(start, at - SIDE_PX);
    if (difference - difference === 0) differences.push(difference);
  }
  return middleOf(differences);
}

/** Where some lines, evenly through a span, begin in memory. */
function startsOf({ from, end }: Span, stride: number): readonly number[] {
  const number = Math.min(LINES, end - from);
  const apart = (end - from) / number;
  return Array.from(
    { length: number },
    (_, line) => Math.floor(from + (line + 0.5) * apart) * stride,
  );
}

/** Standard deviation about 0 of most values. */
function scatterOf(values: readonly number[]): number {
  const sizes = values.filter((each) => !Number.isNaN(each)).map(Math.abs);
  return 1.4826 * middleOf(sizes);
}

function pairAt(profile: Float64Array, at: number): number {
  return ((profile[at] ?? NaN) + (profile[at + 1] ?? NaN)) / 2;
}

/** Where the level changes most, of the places as near as a side is long. */
function sharpest(profile: Float64Array, near: number): number {
  let best = near;
  let most = -Infinity;
  for (let at = near - (SIDE_PX >> 1); at <= near + (SIDE_PX >> 1); at += 1) {
    const change = Math.abs((profile[at] ?? NaN) - (profile[at - 1] ?? NaN));
    if (change > most) [most, best] = [change, at];
  }
  return best;
}

/** Medians over some lines, place by place. */
function profileOf(pixels: PixelArray, { count, step, stride }: Way, lines: Span): Float64Array {
  const starts = startsOf(lines, stride);
  const values = new Float64Array(starts.length);
  const profile = new Float64Array(count);
  for (let place = 0; place < count; place += 1) {
    let known = 0;
    for (const start of starts) {
      const value = pixels[start + place * step] ?? NaN;
      if (value - value === 0) values[known++] = value;
    }
    profile[place] = known === 0 ? NaN : selectFirst(values, known, known >> 1);
  }
  return profile;
}

function shift(
  { pixels, width }: Pixels,
  { columns, rows }: { columns: Span; rows: Span },
  { by, full }: { by: number; full: number | null },
): void {
  const isWhole = !(pixels instanceof Float32Array || pixels instanceof Float64Array);
  const most = full ?? highestOf(pixels) ?? Infinity;
  const amount = isWhole ? Math.round(by) : by;
  const least = pixels instanceof Uint16Array || pixels instanceof Uint8Array ? 0 : -Infinity;
  // What is not full must not become so.
  const limit = isWhole ? most - 1 : most;
  for (let y = rows.from; y < rows.end; y += 1) {
    for (let at = y * width + columns.from; at < y * width + columns.end; at += 1) {
      const value = pixels[at] ?? NaN;
      if (value < most) pixels[at] = Math.max(least, Math.min(limit, value + amount));
    }
  }
}
