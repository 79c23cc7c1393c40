import type { PixelArray } from '../fits/index.js';
import { findDeadPart } from './dead-part.js';
import { highestOf } from './levels.js';
import type { Finding, Picture } from './types.js';
import { formatNumber, formatShare } from './words.js';

/** Pixels looked at to learn how the values of a picture are spread. */
const SAMPLE = 30_000;
/** Share of pixels with one value from which a picture shows nothing. */
const BLANK_SHARE = 0.995;
/** Share of one value from which rows may well be equal by chance. */
const DULL_SHARE = 0.5;
/** Share of pixels at 0 from which the camera cuts off what is dark. */
const CLIPPED_SHARE = 0.05;
/** Sides below which rows and columns may well be equal by chance, and no stars are looked for. */
export const LEAST_SIDE_PX = 32;
/** Pixels of a row that are compared first. */
const PROBES = 64;

/**
 * What is wrong with the pixels themselves, whatever they show: `blank`, `truncated`, `stuck`,
 * `clipped`. Nothing else can be told of a blank picture.
 */
export function findFaults(picture: Picture): Finding[] {
  const common = commonValue(picture.pixels);
  const blank = describeBlank(picture, common);
  if (blank.length > 0) return blank;
  const clipped = findClipped(common);
  if (Math.min(picture.width, picture.height) < LEAST_SIDE_PX) {
    return clipped === undefined ? [] : [clipped];
  }
  const lines = readLines(picture);
  const truncated = findTruncation(picture, lines);
  const isDull = common.share > DULL_SHARE;
  const found = [
    truncated,
    // Rows that were never read are told of already.
    truncated === undefined && !isDull ? findConstant(lines) : undefined,
    isDull ? undefined : findRepeats(picture, lines),
    truncated === undefined ? findDeadPart(picture) : undefined,
    clipped,
  ];
  return found.filter((each) => each !== undefined);
}

/** How often the most frequent value of a sample is there; NaN if none has a value. */
interface Common {
  readonly value: number;
  readonly share: number;
  /** Whether there is no other in the whole picture. */
  readonly isOnly: boolean;
  /** Share of pixels that are 0. */
  readonly atZero: number;
}

function commonValue(pixels: PixelArray): Common {
  const counts = new Map<number, number>();
  const step = Math.max(1, Math.floor(pixels.length / SAMPLE));
  let missing = 0;
  let all = 0;
  for (let at = 0; at < pixels.length; at += step, all += 1) {
    const value = pixels[at] ?? NaN;
    if (Number.isNaN(value)) missing += 1;
    else counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  let [value, count] = [NaN, 0];
  for (const [each, times] of counts) if (times > count) [value, count] = [each, times];
  const known = all - missing;
  const whole = { from: 0, step: 1, count: pixels.length };
  return {
    value,
    share: known === 0 ? 0 : count / known,
    isOnly: counts.size <= 1 && constantOf(pixels, whole) !== undefined,
    atZero: known === 0 ? 0 : (counts.get(0) ?? 0) / known,
  };
}

/** `blank`, and `saturated` if all is full; empty for a picture that shows something. */
function describeBlank({ pixels, saturation }: Picture, common: Common): Finding[] {
  const { value, share, isOnly } = common;
  if (pixels.length === 0) return [error('blank', 'The image has no pixels.')];
  if (isOnly && Number.isNaN(value)) return [error('blank', 'No pixel of this image has a value.')];
  if (!isOnly && share < BLANK_SHARE) return [];
  const isFull = value >= (saturation ?? highestOf(pixels) ?? Infinity);
  const why = isFull ? ': everything is saturated' : '';
  const number = formatNumber(value);
  const text = isOnly
    ? `All pixels have the value ${number}${why}.`
    : `${formatShare(share)} of the pixels have the value ${number}${why === '' ? ': the image is as good as blank' : why}.`;
  const full = `${formatShare(isOnly ? 1 : share)} of the pixels are saturated (${number}).`;
  return [error('blank', text), ...(isFull ? [error('saturated', full)] : [])];
}

function findClipped({ atZero }: Common): Finding | undefined {
  if (atZero < CLIPPED_SHARE) return undefined;
  const text = `${formatShare(atZero)} of the pixels are 0: what is darker was cut off, or has no values.`;
  return { code: 'clipped', level: 'note', text };
}

/** Pixels that lie a fixed step apart. */
interface Line {
  readonly from: number;
  readonly step: number;
  readonly count: number;
}

/** The one value of all pixels of a line, NaN if none has a value; undefined if they differ. */
function constantOf(pixels: PixelArray, { from, step, count }: Line): number | undefined {
  const first = pixels[from] ?? NaN;
  const end = from + step * count;
  if (Number.isNaN(first)) {
    for (let at = from; at < end; at += step) {
      const value = pixels[at] ?? NaN;
      if (value - value === 0) return undefined;
    }
    return NaN;
  }
  for (let at = from; at < end; at += step) if (pixels[at] !== first) return undefined;
  return first;
}

/** What rows and columns consist of. */
interface Lines {
  /** The one value of each row, as `constantOf`. */
  readonly rows: readonly (number | undefined)[];
  readonly columns: readonly (number | undefined)[];
  /** Rows at the beginning and at the end that all have one value, and are not for filling up. */
  readonly firstRun: number;
  readonly lastRun: number;
}

function readLines({ pixels, width, height }: Picture): Lines {
  const rows = Array.from({ length: height }, (_, y) =>
    constantOf(pixels, { from: y * width, step: 1, count: width }),
  );
  const columns = Array.from({ length: width }, (_, x) =>
    constantOf(pixels, { from: x, step: width, count: height }),
  );
  return { rows, columns, firstRun: runOf(rows), lastRun: runOf(rows.toReversed()) };
}

function runOf(rows: readonly (number | undefined)[]): number {
  const [first] = rows;
  if (first === undefined || Number.isNaN(first)) return 0;
  const end = rows.findIndex((value) => value !== first);
  return end === -1 ? rows.length : end;
}

/** Rows of one value at an end: the read-out broke off, or less was asked for than the header says. */
function findTruncation(picture: Picture, lines: Lines): Finding | undefined {
  const { height } = picture;
  const { rows, firstRun, lastRun } = lines;
  const least = Math.max(2, Math.ceil(height / 500));
  const count = Math.max(firstRun, lastRun);
  if (count < least || Math.min(firstRun, lastRun) >= least) return undefined;
  const isLast = lastRun > firstRun;
  const value = (isLast ? rows.at(-1) : rows[0]) ?? NaN;
  // Cameras fill up with whole numbers; programs that calibrate leave others.
  if (!Number.isInteger(value) || isFilledUp(picture, lines, value)) return undefined;
  const where = isLast ? 'last' : 'first';
  const text = `The ${where} ${count} of ${height} rows (${formatShare(count / height)}) all have the value ${formatNumber(value)}: the read-out broke off.`;
  return error('truncated', text);
}

/** Images that were turned or moved onto others have margins of one value at their sides too. */
function isFilledUp({ pixels, width, height }: Picture, lines: Lines, value: number): boolean {
  const from = lines.firstRun * width;
  const count = height - lines.firstRun - lines.lastRun;
  return [0, width - 1].some(
    (x) => constantOf(pixels, { from: from + x, step: width, count }) === value,
  );
}

/** Rows or columns inside the picture whose pixels all have one value. */
function findConstant({ rows, columns, firstRun, lastRun }: Lines): Finding | undefined {
  const inner = rows.slice(firstRun, rows.length - lastRun);
  const stuck = [
    { name: 'rows', lines: inner },
    {
      name: 'columns',
      lines: columns.slice(runOf(columns), columns.length - runOf(columns.toReversed())),
    },
  ].flatMap(({ name, lines }) => {
    const count = lines.filter((value) => value !== undefined && !Number.isNaN(value)).length;
    // A few dead columns are usual.
    return count >= Math.max(4, lines.length / 100) ? [`${count} of ${lines.length} ${name}`] : [];
  });
  if (stuck.length === 0) return undefined;
  const text = `${stuck.join(' and ')} have one value each from end to end.`;
  return { code: 'stuck', level: 'warning', text };
}

/** Rows that are copies of earlier ones: noise never repeats, so the read-out did. */
function findRepeats({ pixels, width, height }: Picture, { rows }: Lines): Finding | undefined {
  const seen = new Map<number, number>();
  const step = Math.max(1, Math.floor(width / PROBES));
  let count = 0;
  let example: readonly [number, number] | undefined;
  for (let y = 0; y < height; y += 1) {
    if (rows[y] !== undefined) continue;
    const digest = digestRow(pixels, { from: y * width, step, count: Math.floor(width / step) });
    const earlier = seen.get(digest);
    seen.set(digest, y);
    if (earlier === undefined || !isSameRow(pixels, width, [earlier, y])) continue;
    count += 1;
    example ??= [earlier + 1, y + 1];
  }
  if (example === undefined || count < Math.max(4, height / 100)) return undefined;
  const [earlier, later] = example;
  const text = `${count} of ${height} rows repeat earlier ones exactly (row ${later} is row ${earlier} again): the read-out gave the same data twice.`;
  return error('stuck', text);
}

/** Values of some pixels as one number, equal for equal rows. FNV-1a. */
function digestRow(pixels: PixelArray, { from, step, count }: Line): number {
  let digest = 2_166_136_261;
  for (let index = 0; index < count; index += 1) {
    const value = pixels[from + index * step] ?? 0;
    digest = Math.imul(digest ^ value, 16_777_619);
    digest = Math.imul(digest ^ ((value % 1) * 2 ** 31), 16_777_619);
  }
  return digest >>> 0;
}

function isSameRow(pixels: PixelArray, width: number, [one, other]: [number, number]): boolean {
  for (let x = 0; x < width; x += 1) {
    if (!Object.is(pixels[one * width + x], pixels[other * width + x])) return false;
  }
  return true;
}

function error(code: string, text: string): Finding {
  return { code, level: 'error', text };
}
