import type { Night, Span } from '../../almanac/index.js';
import { twilightBands, type Band } from './bands.js';
import { layOut, type RollBar, type RollExposure } from './lanes.js';
import { makeScale, round, spanOfNight } from './scale.js';

/** All bars of one look, as one path: a list of nights would else have thousands of elements. */
export interface MiniBars {
  /** `bar is-light c-R`: colours are in `roll.css`. */
  readonly className: string;
  readonly d: string;
}

/** A night without any text, in pixels: goes into `partials/_mini-roll`. */
export interface MiniRoll extends Span {
  readonly width: number;
  readonly height: number;
  readonly bands: readonly Band[];
  readonly bars: readonly MiniBars[];
}

/** How a small drawing of a night is made. */
export interface MiniOptions {
  /** `YYYY-MM-DD` */
  readonly night: string;
  /** Of its main site; undefined if it is not known. */
  readonly sky: Night | undefined;
  /** What it shows; without it from sunset to sunrise and all that was taken. */
  readonly span?: Span;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** Pixels: between cameras, above and below all, and the tallest bar. */
const CAMERA_GAP = 3;
const PADDING = 3;
const TALLEST = 8;
const MIN_WIDTH = 1;
const MERGE_WITHIN = 0.7;
/** Part of a row that a bar fills. */
const FILLED = 0.78;

/** The piano roll of a night as small as a row of a list: a row per camera and filter. */
export function makeMiniRoll(
  exposures: readonly RollExposure[],
  { night, sky, span, width, height }: MiniOptions,
): MiniRoll {
  const shown = span ?? spanOfNight(night, sky === undefined ? [] : [sky], exposures);
  const scale = makeScale(shown, width);
  const merging = { minWidth: MIN_WIDTH, mergeWithin: MERGE_WITHIN, mostBars: width };
  const cameras = layOut(exposures.filter(isWithin(shown)), scale, merging);
  const rows = cameras.reduce((sum, camera) => sum + camera.rows.length, 0);
  const free = height - 2 * PADDING - CAMERA_GAP * Math.max(0, cameras.length - 1);
  const rowHeight = Math.min(TALLEST / FILLED, free / Math.max(1, rows));
  const used = rowHeight * rows + CAMERA_GAP * Math.max(0, cameras.length - 1);
  let y = (height - used) / 2;
  const paths = new Map<string, string>();
  for (const camera of cameras) {
    for (const row of camera.rows) {
      for (const bar of row.bars) {
        const className = barClass(bar);
        const place = { y: y + (rowHeight * (1 - FILLED)) / 2, height: rowHeight * FILLED };
        paths.set(className, `${paths.get(className) ?? ''}${boxOf(bar, place)}`);
      }
      y += rowHeight;
    }
    y += CAMERA_GAP;
  }
  const bars = [...paths].map(([className, d]) => ({ className, d }));
  const bands = sky === undefined ? [] : twilightBands(sky, scale);
  return { fromMs: shown.fromMs, toMs: shown.toMs, width, height, bands, bars };
}

/** The classes of a bar: how it is drawn, and the colour of its filter. */
export function barClass({ type, slot }: Pick<RollBar<RollExposure>, 'type' | 'slot'>): string {
  const isColoured = type === 'light' || type === 'flat';
  return `bar is-${type}${isColoured && slot !== 'none' ? ` c-${slot}` : ''}`;
}

function isWithin({ fromMs, toMs }: Span): (exposure: RollExposure) => boolean {
  return ({ dateObsMs }) => dateObsMs !== null && dateObsMs >= fromMs && dateObsMs < toMs;
}

/** Hollow bars are drawn by their edge, which lies half outside: they are made smaller by as much. */
function boxOf(
  { type, x, width }: RollBar<RollExposure>,
  place: { readonly y: number; readonly height: number },
): string {
  const height = type === 'bias' ? place.height / 2 : place.height;
  const y = type === 'bias' ? place.y + place.height / 4 : place.y;
  const inset = type === 'flat' ? 0.4 : 0;
  const [w, h] = [round(Math.max(0.4, width - 2 * inset)), short(height - 2 * inset)];
  return `M${short(x + inset)} ${short(y + inset)}h${short(w)}v${h}h${short(-w)}z`;
}

function short(value: number): number {
  return Math.round(value * 10) / 10;
}
