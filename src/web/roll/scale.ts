import { LONGEST_EXPOSURE_SEC, type Night, type Span } from '../../almanac/index.js';

/** Time from left to right. Instants are epoch ms UTC. */
export interface Scale extends Span {
  /** Of the drawing, in whatever unit it has: pixels, or 100 for per cent. */
  readonly width: number;
  /** Where an instant lies: 0 at the left edge, `width` at the right; what is outside lies on the edge. */
  readonly xOf: (ms: number) => number;
}

/** An hour on the axis. */
export interface Tick {
  readonly x: number;
  readonly ms: number;
  /** `18:00` */
  readonly utc: string;
  /** The same at the site; '' if its zone is not known. */
  readonly local: string;
}

const HOUR_MS = 3_600_000;
const HALF_HOUR_MS = HOUR_MS / 2;
/** What is shown before sunset and after sunrise. */
const MARGIN_MS = 20 * 60_000;

/** Time over a width. @param span later at its end than at its start */
export function makeScale(span: Span, width: number): Scale {
  const { fromMs, toMs } = span;
  const xOf = (ms: number): number => {
    const share = Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs)));
    return round(share * width);
  };
  return { fromMs, toMs, width, xOf };
}

/** What a drawing needs of numbers: thousandths of a unit are far below a pixel. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** What a drawing needs of an exposure to know when it was. */
interface Timed {
  readonly dateObsMs: number | null;
  readonly exposureSec: number | null;
}

/** Whether an exposure began when the night, or the days around it, were somewhere on Earth. */
export function isOfNight(night: string): (exposure: Timed) => boolean {
  const noonMs = Date.parse(`${night}T12:00:00Z`);
  return ({ dateObsMs }) =>
    dateObsMs !== null && dateObsMs >= noonMs - 12 * HOUR_MS && dateObsMs < noonMs + 48 * HOUR_MS;
}

/**
 * What a drawing of a night shows: from before sunset to after sunrise, and all exposures that began
 * then, in half hours. Frames may name one night and tell a date of another.
 *
 * @param night `YYYY-MM-DD`; without any sky and exposure it is shown from noon to noon UTC
 * @param skies of its sites
 */
export function spanOfNight(
  night: string,
  skies: readonly Night[],
  exposures: readonly Timed[],
): Span {
  const edges = skies.flatMap(({ fromMs, toMs, sunset }) => [
    sunset.eveningMs === null ? fromMs : sunset.eveningMs - MARGIN_MS,
    sunset.morningMs === null ? toMs : sunset.morningMs + MARGIN_MS,
  ]);
  for (const { dateObsMs, exposureSec } of exposures.filter(isOfNight(night))) {
    const lastedMs = Math.max(0, exposureSec ?? 0) * 1000;
    const beganMs = dateObsMs ?? 0;
    // It would squeeze all the others.
    const isSlip = lastedMs > LONGEST_EXPOSURE_SEC * 1000;
    edges.push(beganMs, beganMs + (isSlip ? 0 : lastedMs));
  }
  const noonMs = Date.parse(`${night}T12:00:00Z`);
  if (edges.length === 0) return { fromMs: noonMs, toMs: noonMs + 24 * HOUR_MS };
  // Not by a spread argument: nights may have more frames than a call may have arguments.
  const first = edges.reduce((a, b) => Math.min(a, b));
  const last = edges.reduce((a, b) => Math.max(a, b));
  const fromMs = Math.floor(first / HALF_HOUR_MS) * HALF_HOUR_MS;
  return {
    fromMs,
    toMs: Math.max(fromMs + HOUR_MS, Math.ceil(last / HALF_HOUR_MS) * HALF_HOUR_MS),
  };
}

/**
 * The full hours, thinned out so that they do not stand closer than 24 to a drawing.
 *
 * @param timeZone of the IANA; null if it is not known
 */
export function hourTicks(scale: Scale, timeZone: string | null): Tick[] {
  const hours = (scale.toMs - scale.fromMs) / HOUR_MS;
  return ticksEvery(Math.max(1, Math.ceil(hours / 24)) * HOUR_MS, scale, timeZone);
}

/** Full hours, or the minutes between them where there are few hours; UTC alone. */
export function fineTicks(scale: Scale): Tick[] {
  const span = scale.toMs - scale.fromMs;
  const fine = FINE_STEPS_MS.find((stepMs) => span / stepMs <= FEW_TICKS);
  return fine === undefined ? hourTicks(scale, null) : ticksEvery(fine, scale, null);
}

const FINE_STEPS_MS = [10, 15, 30].map((minutes) => minutes * 60_000);
const FEW_TICKS = 12;

function ticksEvery(stepMs: number, scale: Scale, timeZone: string | null): Tick[] {
  const first = Math.ceil(scale.fromMs / stepMs) * stepMs;
  const count = Math.max(0, Math.floor((scale.toMs - first) / stepMs) + 1);
  return Array.from({ length: count }, (_, index) => {
    const ms = first + index * stepMs;
    const utc = new Date(ms).toISOString().slice(11, 16);
    return { x: scale.xOf(ms), ms, utc, local: localTime(ms, timeZone) };
  });
}

/** `HH:MM` at a site; '' if its zone is not known. */
export function localTime(ms: number, timeZone: string | null): string {
  return timeZone === null ? '' : clockOf(timeZone).format(ms);
}

/** What people call the zone on that day: `CET`, `GMT+2`; '' if it is not known. */
export function zoneName(ms: number, timeZone: string | null): string {
  if (timeZone === null) return '';
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    timeZoneName: 'short',
  }).formatToParts(ms);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

const CLOCKS = new Map<string, Intl.DateTimeFormat>();

/** Kept, since making one takes longer than a whole axis. */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  let clock = CLOCKS.get(timeZone);
  if (clock === undefined) {
    const hourCycle = 'h23';
    clock = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle,
    });
    CLOCKS.set(timeZone, clock);
  }
  return clock;
}
