import { moonFaceAt, type Night, type Span } from '../../almanac/index.js';
import type { NightExposure } from '../../catalog/index.js';
import { remember } from '../../lib/remember.js';
import type { NightMedians, NightOverview } from '../../nights/index.js';
import {
  countOf,
  formatCount,
  formatDuration,
  formatHourMinutes,
  kindLabel,
  NONE,
} from '../render.js';
import { makeMiniRoll, type MiniRoll } from '../roll/mini.js';
import { spanOfNight } from '../roll/scale.js';
import type { Sample } from './samples.js';
import {
  doubtTroubles,
  futureTroubles,
  gapTroubles,
  missingTroubles,
  refusedTroubles,
  widthTroubles,
  type Told,
  type Trouble,
} from './standing.js';
import {
  formatClock,
  moonIcon,
  partsOfDay,
  sumFilters,
  type FilterTime,
  type MoonIcon,
} from './words.js';

/** One night of the list. */
export interface NightRowModel {
  readonly night: string;
  readonly url: string;
  readonly day: string;
  readonly weekday: string;
  readonly month: string;
  readonly moon: MoonIcon;
  readonly roll: MiniRoll;
  readonly rollLabel: string;
  /** A night that has notes only. */
  readonly isEmpty: boolean;
  readonly frames: string;
  readonly shutter: string;
  /** `WASP-12 · NGC 7331`, or nothing. */
  readonly targets: string;
  readonly filters: readonly (Pick<FilterTime, 'slot' | 'name'> & { readonly time: string })[];
  /** Without targets: `bias 20 · dark 12 · flat 25`. */
  readonly kinds: string;
  readonly fwhm: string;
  readonly usual: string;
  readonly samples: readonly Sample[];
  readonly troubles: readonly Trouble[];
  /** Where there is no trouble: `complete`, `calibration only`. */
  readonly state: string;
  /** True while it is not known yet what calibrations it lacks. */
  readonly isPending: boolean;
  readonly note: { readonly text: string; readonly by: string } | null;
}

/** Size of the drawing in a row, and in the hero. */
export const ROW_ROLL = { width: 304, height: 42 } as const;

const DAY_MS = 86_400_000;
const HALF_DAY_MS = DAY_MS / 2;
/** Characters of names that a row has room for. */
const NAMES_SHOWN = 26;
const TROUBLES_SHOWN = 2;

/** What rows have in common. */
export interface RowOptions {
  readonly base: string;
  /** Of the noon before each night, so that all rows have one axis. */
  readonly axis: Span;
  readonly samples: readonly Sample[];
  readonly missing: Told['missing'];
  /** Today's, which goes without saying. */
  readonly year: string;
  /** Whether who asks is told what is missing. */
  readonly isToldMissing: boolean;
}

/** A night as a row. */
export function toRow(night: NightOverview, options: RowOptions): NightRowModel {
  const { base, axis, samples, missing, isToldMissing } = options;
  const noonMs = Date.parse(`${night.night}T12:00:00Z`);
  const sky = night.skies[0]?.sky;
  const { day, weekday, month, year } = partsOfDay(night.night);
  const span = { fromMs: noonMs + axis.fromMs, toMs: noonMs + axis.toMs };
  const { exposures, targets } = night;
  const told: Told = { base, night, missing };
  const troubles = troublesOf(told);
  const note = night.notes?.at(-1);
  const isPending = isToldMissing && missing === undefined && targets.length > 0;
  return {
    night: night.night,
    url: `${base}/nights/${night.night}/`,
    day,
    weekday,
    // Only where it is not that of today, which goes without saying.
    month: year === options.year ? month : `${month} ${year}`,
    moon: moonIcon(moonFaceAt(sky?.midnightMs ?? noonMs + HALF_DAY_MS)),
    roll: rowRoll(exposures, night.night, sky, span.fromMs, span.toMs),
    rollLabel: rollLabel(night),
    isEmpty: exposures.length === 0,
    frames: formatCount(exposures.length),
    shutter: targets.length === 0 ? NONE : formatDuration(shutterOf(night)),
    targets: namesOf(night),
    filters: filterSums(night).map(({ slot, name, seconds }) => ({
      slot,
      name,
      time: formatHourMinutes(seconds),
    })),
    kinds: targets.length === 0 ? kindsOf(exposures) : '',
    fwhm: widthOf(night.leading),
    usual: usualOf(night.leading),
    samples,
    troubles: troubles.slice(0, TROUBLES_SHOWN),
    state: targets.length === 0 ? 'calibration only' : isPending ? '' : 'complete',
    isPending,
    note: note === undefined ? null : { text: firstLine(note.text), by: note.by },
  };
}

/** The drawing takes the most of the time of a row, and is the same until its night changes. */
const rowRoll = remember(
  (
    exposures: readonly NightExposure[],
    night: string,
    sky: Night | undefined,
    fromMs: number,
    toMs: number,
  ) => makeMiniRoll(exposures, { night, sky, span: { fromMs, toMs }, ...ROW_ROLL }),
);

/** What stands in the column of states, the worst first. */
function troublesOf(told: Told): Trouble[] {
  return [
    futureTroubles,
    missingTroubles,
    refusedTroubles,
    gapTroubles,
    widthTroubles,
    doubtTroubles,
  ].flatMap((find) => find(told));
}

/**
 * The span that all rows of a list have in common, in milliseconds after the noon (UTC) before each
 * night: so that one axis is above them all.
 */
export function commonAxis(nights: readonly NightOverview[]): Span {
  const spans = nights
    .filter(({ exposures, skies }) => exposures.length > 0 || skies.length > 0)
    .map(({ night, skies, exposures }) => {
      const noonMs = Date.parse(`${night}T12:00:00Z`);
      const { fromMs, toMs } = rowSpan(exposures, night, skies[0]?.sky);
      return { fromMs: fromMs - noonMs, toMs: toMs - noonMs };
    });
  if (spans.length === 0) return { fromMs: 0, toMs: DAY_MS };
  return {
    fromMs: Math.min(...spans.map(({ fromMs }) => fromMs)),
    toMs: Math.max(...spans.map(({ toMs }) => toMs)),
  };
}

const rowSpan = remember(
  (exposures: readonly NightExposure[], night: string, sky: Night | undefined) =>
    spanOfNight(night, sky === undefined ? [] : [sky], exposures),
);

/** Integration of all targets of a night, seconds. */
export function shutterOf({ targets }: NightOverview): number {
  return targets.reduce((sum, { exposureSec }) => sum + exposureSec, 0);
}

/** Integration by filter. */
export function filterSums({ targets }: NightOverview): FilterTime[] {
  return sumFilters(targets.flatMap(({ filters }) => filters));
}

/** `WASP-12 · M 33 · 4 more`: as many as there is room for, the longest observed first. */
function namesOf({ targets }: NightOverview): string {
  const names = targets.map(({ name }) => name);
  let length = 0;
  const fitting = names.findIndex((name, at) => {
    length += name.length + 3;
    return at > 0 && length > NAMES_SHOWN;
  });
  if (fitting === -1) return names.join(' · ');
  return [...names.slice(0, fitting), `${names.length - fitting} more`].join(' · ');
}

function kindsOf(exposures: readonly NightExposure[]): string {
  const counts = new Map<string, number>();
  for (const { imageKind } of exposures) counts.set(imageKind, (counts.get(imageKind) ?? 0) + 1);
  return [...counts]
    .map(([kind, count]) => `${kindLabel(kind).toLowerCase()} ${count}`)
    .join(' · ');
}

/** Width of the stars: arc seconds, or pixels without a scale. */
export function widthOf(leading: Pick<NightMedians, 'fwhmArcsec' | 'fwhmPx'> | undefined): string {
  if (leading === undefined) return NONE;
  if (leading.fwhmArcsec !== null) return `${leading.fwhmArcsec.toFixed(1)}″`;
  return leading.fwhmPx === null ? NONE : `${leading.fwhmPx.toFixed(1)}\u202fpx`;
}

/** What is usual beside it: `usual 2.2″`. */
export function usualOf(leading: NightMedians | undefined): string {
  if (leading === undefined) return '';
  const { fwhmArcsec, usualFwhmArcsec, usualFwhmPx } = leading;
  if (fwhmArcsec !== null && usualFwhmArcsec !== null)
    return `usual ${usualFwhmArcsec.toFixed(1)}″`;
  return usualFwhmPx === null ? '' : `usual ${usualFwhmPx.toFixed(1)}\u202fpx`;
}

/** What the drawing of a night shows, in words. */
export function rollLabel({ exposures, instruments }: NightOverview): string {
  const dates = exposures.flatMap(({ dateObsMs }) => dateObsMs ?? []);
  const [first, last] = [dates[0], dates.at(-1)];
  if (first === undefined || last === undefined) return 'No exposures';
  const cameras = instruments.map(({ instrument }) => instrument).join(' above ');
  return `${countOf(exposures.length, 'exposure')} from ${formatClock(first)} to ${formatClock(last)} UTC, ${cameras}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
