import { formatNumber } from '../render.js';
import { round } from '../roll/scale.js';

/** What a plot is drawn from. */
export interface PlotInput {
  /** `FWHM, arcsec` */
  readonly title: string;
  readonly camera: string;
  /** True: across is epoch ms; false: degrees of altitude. */
  readonly isTime: boolean;
  readonly decimals: number;
  readonly band: { readonly low: number; readonly high: number } | null;
  readonly points: readonly {
    readonly id: number;
    readonly across: number;
    readonly value: number;
    readonly slot: string;
    /** What is written beside a point that is out of the usual; '' for others. */
    readonly odd: string;
    readonly url: string;
  }[];
}

/** A plot: x in per cent of the width, y in pixels. */
export interface Drawn {
  readonly title: string;
  readonly camera: string;
  readonly label: string;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly yTicks: readonly { readonly y: number; readonly text: string }[];
  readonly xTicks: readonly { readonly x: number; readonly text: string }[];
  readonly band: {
    readonly y: number;
    readonly height: number;
    /** Of its words: at the side where nothing odd stands. */
    readonly textX: number;
    readonly textY: number;
    readonly anchor: 'start' | 'end';
  } | null;
  readonly points: readonly {
    readonly id: number;
    readonly x: number;
    readonly y: number;
    readonly slot: string;
  }[];
  readonly odd: readonly OddPoint[];
}

interface OddPoint {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly url: string;
  readonly anchor: 'start' | 'end';
  readonly dx: number;
  /** False: only the circle; its words would lie over others. */
  readonly isNamed: boolean;
}

const [HEIGHT, TOP, BOTTOM] = [132, 8, 108];
/** Per cent: room for the figures of the axis, and at the end. */
const [LEFT, RIGHT] = [10, 98.5];
const HOUR_MS = 3_600_000;
/** Width that words are laid out for, and that of a letter; pixels. */
const USUAL_WIDTH = 400;
const LETTER = 6.2;
const LINE = 14;
const MOST_NAMED = 4;
/** What stands at the band of usual values. */
const USUAL = 'usual, last 90 nights';

/** Draws a plot: everything that is seen without script. */
export function drawPlot(input: PlotInput): Drawn {
  const { points, band, isTime, decimals, title, camera } = input;
  const values = points.map(({ value }) => value);
  const y = makeAxis([...values, ...(band === null ? [] : [band.low, band.high])]);
  const x = isTime ? timeAxis(points.map(({ across }) => across)) : altitudeAxis();
  const xOf = (across: number): number =>
    round(LEFT + ((across - x.from) / (x.to - x.from)) * (RIGHT - LEFT));
  const yOf = (value: number): number =>
    round(BOTTOM - ((value - y.from) / (y.to - y.from)) * (BOTTOM - TOP));
  const placed = points.map(({ across, value, ...rest }) => ({
    ...rest,
    x: xOf(across),
    y: yOf(value),
  }));
  const odd = placed.filter((point) => point.odd !== '');
  const isOddRight = odd.filter((point) => point.x > 50).length * 2 > odd.length;
  const usual = band === null ? null : bandBox(yOf(band.high), yOf(band.low), isOddRight);
  const spread = values.length === 0 ? '' : rangeText(values, decimals);
  return {
    title,
    camera,
    label: `${title} of ${camera} against ${isTime ? 'time' : 'altitude'}: ${points.length} frames, ${spread}`,
    height: HEIGHT,
    left: LEFT,
    right: RIGHT,
    top: TOP,
    bottom: BOTTOM,
    yTicks: y.ticks.map((tick) => ({ y: yOf(tick), text: formatNumber(tick, y.decimals) })),
    xTicks: x.ticks.map(({ at, text }) => ({ x: xOf(at), text })),
    band: usual,
    points: placed.map(({ id, slot, x: px, y: py }) => ({ id, slot, x: px, y: py })),
    odd: nameOdd(placed, usual),
  };
}

function rangeText(values: readonly number[], decimals: number): string {
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  return `from ${formatNumber(least, decimals)} to ${formatNumber(most, decimals)}`;
}

function bandBox(from: number, to: number, isLeft: boolean): NonNullable<Drawn['band']> {
  const height = round(Math.max(2, to - from));
  // Its words stand above it, where they fit, else below.
  return {
    y: from,
    height,
    textX: isLeft ? LEFT + 1 : RIGHT - 1,
    anchor: isLeft ? 'start' : 'end',
    textY: from - 5 > TOP + 8 ? from - 5 : Math.min(BOTTOM - 4, to + 13),
  };
}

interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  readonly decimals: number;
}

/** Round numbers, three or four of them, over all values with a little room around. */
export function makeAxis(values: readonly number[]): Axis {
  if (values.length === 0) return { from: 0, to: 1, ticks: [0, 1], decimals: 0 };
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  const size = most - least || Math.abs(most) * 0.1 || 1;
  const [from, to] = [least - size * 0.08, most + size * 0.08];
  const power = 10 ** Math.floor(Math.log10((to - from) / 3));
  const step =
    [1, 2, 5, 10].map((each) => each * power).find((each) => (to - from) / each <= 4.5) ??
    power * 10;
  const first = Math.ceil(from / step);
  const count = Math.max(1, Math.floor(to / step) - first + 1);
  const decimals = Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)));
  const ticks = Array.from({ length: count }, (_, index) => {
    return Number(((first + index) * step).toFixed(decimals));
  });
  return { from, to, ticks, decimals };
}

interface Across {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

function timeAxis(instants: readonly number[]): Across {
  const first = instants.reduce((a, b) => Math.min(a, b), Infinity);
  const last = instants.reduce((a, b) => Math.max(a, b), -Infinity);
  const room = Math.max(HOUR_MS / 6, (last - first) * 0.03);
  const [from, to] = [first - room, last + room];
  const stepHours =
    [0.25, 0.5, 1, 2, 3, 4, 6].find((each) => (to - from) / HOUR_MS / each <= 6) ?? 12;
  const step = stepHours * HOUR_MS;
  const start = Math.ceil(from / step);
  const count = Math.max(0, Math.floor(to / step) - start + 1);
  const ticks = Array.from({ length: count }, (_, index) => {
    const at = (start + index) * step;
    return { at, text: new Date(at).toISOString().slice(11, 16) };
  });
  return { from, to, ticks };
}

function altitudeAxis(): Across {
  const ticks = [0, 30, 60, 90].map((at) => ({ at, text: `${at}°` }));
  return { from: 0, to: 90, ticks };
}

/** A circle for each odd point, and words for those whose words do not lie over others. */
function nameOdd(
  points: readonly {
    readonly x: number;
    readonly y: number;
    readonly odd: string;
    readonly url: string;
  }[],
  band: Drawn['band'],
): OddPoint[] {
  const taken: { readonly x0: number; readonly x1: number; readonly y: number }[] = [];
  if (band !== null) {
    const [x, width] = [(band.textX / 100) * USUAL_WIDTH, USUAL.length * LETTER];
    const x0 = band.anchor === 'end' ? x - width : x;
    taken.push({ x0, x1: x0 + width, y: band.textY - 4 });
  }
  return points
    .filter(({ odd }) => odd !== '')
    .map(({ x, y, odd: text, url }) => {
      const anchor = x > 50 ? 'end' : 'start';
      const dx = anchor === 'end' ? -11 : 11;
      const at = (x / 100) * USUAL_WIDTH + dx;
      const width = text.length * LETTER;
      const [x0, x1] = anchor === 'end' ? [at - width, at] : [at, at + width];
      const isFree = taken.every((each) => {
        return x1 < each.x0 || x0 > each.x1 || Math.abs(y - each.y) >= LINE;
      });
      const isNamed = isFree && taken.length <= MOST_NAMED;
      if (isNamed) taken.push({ x0, x1, y });
      return { x, y: y, text, url, anchor, dx, isNamed };
    });
}
