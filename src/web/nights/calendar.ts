import { LRUCache } from 'lru-cache';
import { fullMoonsIn } from '../../almanac/index.js';
import { countOf, formatCount, formatDuration, MONTHS } from '../render.js';
import { partsOfDay } from './words.js';

/** A night of the calendar with something in it. Geometry in pixels of the drawing. */
export interface CalendarCell {
  readonly night: string;
  readonly x: number;
  readonly y: number;
  /** 1 to 4: how much, against `top`. */
  readonly level: number;
  /** `14 November 2026: 214 frames` */
  readonly label: string;
  /** The newest night: marked, and where the keyboard comes in. */
  readonly isLast: boolean;
}

/** Two years of nights, weeks as columns from Monday on. */
export interface Calendar {
  readonly width: number;
  readonly height: number;
  readonly cells: readonly CalendarCell[];
  /** All days without anything, as one path. */
  readonly empty: string;
  readonly months: readonly {
    readonly x: number;
    readonly name: string;
    /** First night of the list that is not after it; undefined if there is none in it. */
    readonly offset: number | undefined;
    readonly label: string;
  }[];
  readonly years: readonly { readonly x: number; readonly year: string; readonly text: string }[];
  readonly moons: readonly { readonly x: number; readonly label: string }[];
  /** What the brightest cells stand for: `300 frames`. */
  readonly top: string;
  /** `December 2024 to November 2026` */
  readonly label: string;
  /** Last months of the calendars before and after; '' if there is nothing. */
  readonly earlier: { readonly until: string; readonly text: string };
  readonly later: { readonly until: string; readonly text: string };
}

/** What the calendar is made of. */
export interface CalendarOptions {
  /** Value of each night, newest first: frames, or seconds of open shutter. */
  readonly nights: readonly { readonly night: string; readonly value: number }[];
  readonly counts: 'frames' | 'shutter';
  /** Last month, `YYYY-MM`; '' for that of the newest night, or of today. */
  readonly until: string;
  /** `YYYY-MM-DD`: no day after it is drawn. */
  readonly today: string;
}

const MONTHS_SHOWN = 24;
const CELL = 11;
const PITCH = 13;
const LEFT = 28;
const TOP = 34;
const DAYS = 7;
const MOON_Y = TOP + DAYS * PITCH + 8;
const DAY_MS = 86_400_000;
/** Most of the nights are below the brightest colour, so that the rest can be told apart. */
const TOP_SHARE = 0.9;
const LEVELS = 4;
/** A label of a year needs some columns to its right. */
const LEAST_WEEKS = 13;

/** Lays out the nights of two years. */
export function makeCalendar(options: CalendarOptions): Calendar {
  const { nights, counts, today } = options;
  const newest = nights[0]?.night ?? today;
  const lastMonth = newest > today ? newest.slice(0, 7) : today.slice(0, 7);
  const until = options.until === '' ? lastMonth : options.until;
  const from = `${addMonths(until, 1 - MONTHS_SHOWN)}-01`;
  const toMs = Date.parse(`${addMonths(until, 1)}-01`) - DAY_MS;
  const grid = makeGrid(Date.parse(from));
  const values = new Map(nights.map(({ night, value }) => [night, value]));
  const shown = nights.filter(({ night }) => night >= from && Date.parse(night) <= toMs);
  const top = topOf(
    shown.map(({ value }) => value),
    counts,
  );
  const end = Math.min(toMs, Math.max(Date.parse(today), Date.parse(newest)));
  const oldest = nights.at(-1)?.night.slice(0, 7) ?? lastMonth;
  const word = (value: number): string => wordOf(value, counts);
  return {
    width: LEFT + (grid.weekOf(toMs) + 1) * PITCH - (PITCH - CELL),
    height: MOON_Y + 8,
    cells: shown
      .filter(({ value }) => value > 0)
      .map(({ night, value }) => ({
        night,
        ...grid.placeOf(Date.parse(night)),
        level: Math.min(LEVELS, Math.max(1, Math.ceil((value / top) * LEVELS))),
        label: `${dayInWords(night)}: ${word(value)}`,
        isLast: night === newest,
      })),
    empty: emptyPath(grid, end, values),
    months: monthsOf(from, grid, nights),
    years: yearsOf(from, toMs, grid, { nights, counts }),
    moons: moonsIn(Date.parse(from), toMs + DAY_MS).map((ms) => ({
      x: LEFT + grid.weekOf(ms) * PITCH + CELL / 2,
      label: `full Moon ${dayInWords(dateOf(ms))}`,
    })),
    top: counts === 'frames' ? countOf(top, 'frame') : formatDuration(top),
    label: `${monthInWords(from)} to ${monthInWords(until)}`,
    earlier: window(addMonths(until, -MONTHS_SHOWN), (month) => month >= oldest),
    later: window(
      addMonths(until, MONTHS_SHOWN),
      (month) => addMonths(month, 1 - MONTHS_SHOWN) <= lastMonth,
    ),
  };

  function window(
    month: string,
    isThere: (month: string) => boolean,
  ): { readonly until: string; readonly text: string } {
    if (!isThere(month)) return { until: '', text: '' };
    const last = month > lastMonth ? lastMonth : month;
    const years = [addMonths(last, 1 - MONTHS_SHOWN), last].map((each) => each.slice(0, 4));
    return { until: last, text: [...new Set(years)].join('–') };
  }
}

const MOONS = new LRUCache<number, readonly number[]>({ max: 100 });

/** Full Moons of two years take longer to find than all the rest to draw, and stay where they are. */
function moonsIn(fromMs: number, toMs: number): readonly number[] {
  const known = MOONS.get(fromMs);
  if (known !== undefined) return known;
  const found = fullMoonsIn(fromMs, toMs);
  MOONS.set(fromMs, found);
  return found;
}

interface Grid {
  readonly fromMs: number;
  readonly weekOf: (ms: number) => number;
  readonly placeOf: (ms: number) => { readonly x: number; readonly y: number };
}

/** Weeks begin on Monday; the first column is that of the first day. */
function makeGrid(fromMs: number): Grid {
  const weekday = (ms: number): number => (new Date(ms).getUTCDay() + DAYS - 1) % DAYS;
  const monday = fromMs - weekday(fromMs) * DAY_MS;
  const weekOf = (ms: number): number => Math.floor((ms - monday) / (DAYS * DAY_MS));
  const placeOf = (ms: number): { x: number; y: number } => ({
    x: LEFT + weekOf(ms) * PITCH,
    y: TOP + weekday(ms) * PITCH,
  });
  return { fromMs, weekOf, placeOf };
}

function emptyPath(grid: Grid, endMs: number, values: ReadonlyMap<string, number>): string {
  const boxes: string[] = [];
  for (let ms = grid.fromMs; ms <= endMs; ms += DAY_MS) {
    if ((values.get(dateOf(ms)) ?? 0) > 0) continue;
    const { x, y } = grid.placeOf(ms);
    boxes.push(`M${x} ${y}h${CELL}v${CELL}h-${CELL}z`);
  }
  return boxes.join('');
}

function monthsOf(from: string, grid: Grid, nights: CalendarOptions['nights']): Calendar['months'] {
  return Array.from({ length: MONTHS_SHOWN }, (_, index) => {
    const month = addMonths(from, index);
    const nightsIn = nights.filter(({ night }) => night.startsWith(month)).length;
    const offset = nights.findIndex(({ night }) => night.startsWith(month));
    const firstMs = Date.parse(`${month}-01`);
    // The column of the first whole week, so that a name stands above days of its month.
    const { y } = grid.placeOf(firstMs);
    const week = grid.weekOf(firstMs) + (y > TOP ? 1 : 0);
    const name = partsOfDay(`${month}-01`).month;
    return {
      x: LEFT + (index === 0 ? 0 : week) * PITCH,
      name,
      offset: nightsIn > 0 ? offset : undefined,
      label: `${name} ${month.slice(0, 4)}: ${countOf(nightsIn, 'night')} in the list`,
    };
  });
}

function yearsOf(
  from: string,
  toMs: number,
  grid: Grid,
  { nights, counts }: Pick<CalendarOptions, 'nights' | 'counts'>,
): Calendar['years'] {
  const [first, last] = [Number(from.slice(0, 4)), new Date(toMs).getUTCFullYear()];
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const year = String(first + index);
    const startMs = Math.max(Date.parse(`${year}-01-01`), Date.parse(from));
    const endMs = Math.min(Date.parse(`${year}-12-31`), toMs);
    const own = nights.filter(({ night, value }) => night.startsWith(year) && value > 0);
    const total = own.reduce((sum, { value }) => sum + value, 0);
    const x = LEFT + grid.weekOf(startMs) * PITCH;
    const text = `${countOf(own.length, 'night')} · ${wordOf(total, counts)}`;
    return { x, year, text, weeks: grid.weekOf(endMs) - grid.weekOf(startMs) };
  })
    .filter(({ weeks }) => weeks >= LEAST_WEEKS)
    .map(({ x, year, text }) => ({ x, year, text }));
}

/** A round number that few nights are above. */
function topOf(values: readonly number[], counts: CalendarOptions['counts']): number {
  const sorted = [...values].sort((a, b) => a - b);
  const high = sorted[Math.floor((sorted.length - 1) * TOP_SHARE)] ?? 1;
  const unit = counts === 'frames' ? 1 : 3600;
  const size = 10 ** Math.floor(Math.log10(Math.max(1, high / unit)));
  return Math.max(1, Math.ceil(high / unit / size)) * size * unit;
}

function wordOf(value: number, counts: CalendarOptions['counts']): string {
  if (counts === 'frames') return countOf(value, 'frame');
  if (value >= 100 * 3600) return `${formatCount(Math.round(value / 3600))}\u202fh open shutter`;
  return `${formatDuration(value)} open shutter`;
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** @param month `YYYY-MM`, or a date of it */
function addMonths(month: string, count: number): string {
  const [year, index] = [Number(month.slice(0, 4)), Number(month.slice(5, 7)) - 1];
  return new Date(Date.UTC(year, index + count, 1)).toISOString().slice(0, 7);
}

/** @param date `YYYY-MM-DD` */
function dayInWords(date: string): string {
  return `${Number(date.slice(8, 10))} ${monthInWords(date)}`;
}

/** @param month `YYYY-MM`, or a date of it */
function monthInWords(month: string): string {
  return `${MONTHS[Number(month.slice(5, 7)) - 1] ?? ''} ${month.slice(0, 4)}`;
}
