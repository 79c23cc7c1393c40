import type { Night, Span } from '../../almanac/index.js';
import type { NightRow } from '../../catalog/index.js';
import { twilightBands, type Band } from '../roll/bands.js';
import { layOut, type RollCamera } from '../roll/lanes.js';
import { barClass } from '../roll/mini.js';
import { hourTicks, isOfNight, makeScale, round, spanOfNight } from '../roll/scale.js';
import type { FilterSlot } from '../render.js';

const SLOT_MS = 600_000;
const SLOTS = 36;
/** Of a drawing of the rate: a bar and what is between two, and its height. */
const STEP = 12;
const BAR = 10;
const HEIGHT = 96;
const LEAST_TOP = 4;

/** How many frames came in each ten minutes of the last six hours. */
export interface RateDrawing {
  readonly width: number;
  readonly height: number;
  readonly bars: readonly {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly isNow: boolean;
  }[];
  /** Of the tallest bar that the drawing has room for. */
  readonly most: number;
  /** Frames that came in the last hour. */
  readonly perHour: number;
  readonly label: string;
}

/** @param cameMs when frames came, epoch ms */
export function drawRate(cameMs: readonly number[], nowMs: number): RateDrawing {
  const current = Math.floor(nowMs / SLOT_MS);
  const counts = Array.from({ length: SLOTS }, () => 0);
  for (const ms of cameMs) {
    const at = SLOTS - 1 - (current - Math.floor(ms / SLOT_MS));
    if (at >= 0 && at < SLOTS) counts[at] = (counts[at] ?? 0) + 1;
  }
  const most = Math.max(LEAST_TOP, ...counts);
  const bars = counts.map((count, index) => {
    const height = count === 0 ? 2 : round(Math.max(4, (count / most) * HEIGHT));
    const x = index * STEP;
    return { x, y: round(HEIGHT - height), width: BAR, height, isNow: index === SLOTS - 1 };
  });
  const perHour = cameMs.filter((ms) => ms > nowMs - 6 * SLOT_MS && ms <= nowMs).length;
  const label = `Frames that came per 10 minutes in the last 6 hours: ${counts.join(', ')}`;
  return { width: SLOTS * STEP - 2, height: HEIGHT, bars, most, perHour, label };
}

const ROW = 14;
const CAMERA_GAP = 8;
const PADDING = 5;
/** Per cent of the width. */
const ROLL_OPTIONS = { minWidth: 0.14, mergeWithin: 0, mostBars: 400 } as const;

/** The piano roll of the night so far: heights in pixels, what lies along the time in per cent. */
export interface RollDrawing {
  readonly height: number;
  readonly bands: readonly Band[];
  readonly bars: readonly {
    readonly x: number;
    readonly width: number;
    readonly y: number;
    readonly height: number;
    readonly className: string;
  }[];
  readonly ticks: readonly { readonly x: number; readonly text: string }[];
  /** Where now is; null outside. */
  readonly now: number | null;
  readonly cameras: readonly {
    readonly name: string;
    readonly rows: readonly {
      readonly label: string;
      readonly slot: FilterSlot;
      readonly y: number;
    }[];
    /** Middle of its rows. */
    readonly y: number;
  }[];
  readonly label: string;
}

/** @param rows of the night, in order of time */
export function drawRoll(
  night: string,
  rows: readonly NightRow[],
  sky: Night | undefined,
  nowMs: number,
): RollDrawing {
  const span: Span = spanOfNight(night, sky === undefined ? [] : [sky], rows);
  const scale = makeScale(span, 100);
  const cameras = layOut(rows.filter(isOfNight(night)), scale, ROLL_OPTIONS);
  const bars: RollDrawing['bars'][number][] = [];
  let y = PADDING;
  const lanes = cameras.map((camera) => {
    const from = y;
    const named = camera.rows.map((row) => {
      const middle = y + ROW / 2;
      for (const bar of row.bars) bars.push({ ...placeOf(bar, y), className: barClass(bar) });
      y += ROW;
      return { label: row.label, slot: row.slot, y: middle };
    });
    const middle = (from + y) / 2;
    y += CAMERA_GAP;
    return { name: camera.instrument, rows: named, y: middle };
  });
  const ticks = hourTicks(scale, null).filter(({ x }) => x > 1 && x < 99);
  return {
    height: Math.max(40, y - (cameras.length > 0 ? CAMERA_GAP : 0) + PADDING),
    bands: sky === undefined ? [] : twilightBands(sky, scale),
    bars,
    ticks: ticks.map(({ x, utc }) => ({ x, text: utc })),
    now: nowMs > span.fromMs && nowMs < span.toMs ? scale.xOf(nowMs) : null,
    cameras: lanes,
    label: `The night so far: ${cameras.map(inWords).join('; ') || 'no frames yet'}`,
  };
}

function placeOf(
  { x, width, type }: RollCamera<NightRow>['rows'][number]['bars'][number],
  y: number,
): { x: number; width: number; y: number; height: number } {
  const height = type === 'bias' ? 4 : 10;
  return { x, width, y: round(y + (ROW - height) / 2), height };
}

function inWords({ instrument, exposures }: RollCamera<NightRow>): string {
  return `${instrument} ${exposures.length} frames`;
}
