import type { Night } from '../../almanac/index.js';
import { formatClock } from '../nights/words.js';
import { formatDuration } from '../render.js';

/** What decides how the night goes. Instants are epoch ms UTC. */
export interface Vigil {
  readonly nowMs: number;
  /** Undefined if nobody said where the site is: then nobody knows when it is dark. */
  readonly sky: Night | undefined;
  /** Silence in the dark that is too long. */
  readonly alarmMinutes: number;
  /** The frame that came last tonight; undefined before the first. */
  readonly last:
    | {
        readonly cameMs: number;
        readonly instrument: string;
        /** From the end of its exposure until it was stored; null if its date is not to be believed. */
        readonly delayMs: number | null;
      }
    | undefined;
  /** Cameras that sent frames tonight. */
  readonly cameras: number;
}

/** How it goes, as a sentence that is read from across the dome. */
export interface State {
  readonly kind: 'receiving' | 'waiting' | 'alarm';
  readonly title: string;
  readonly text: string;
  /** Since when nothing has come: `text` begins with how long ago that was; null if it does not. */
  readonly sinceMs: number | null;
  /** When all has to be said anew though nothing happens; null if there is no such time. */
  readonly nextMs: number | null;
}

const MINUTE_MS = 60_000;
/** After it a frame is no sign that frames come, where no alarm says so. */
const FRESH_MS = 15 * MINUTE_MS;

/** Says how the night goes. */
export function stateOf(vigil: Vigil): State {
  const { nowMs, sky, alarmMinutes, last } = vigil;
  const dark = sky?.dark ?? null;
  const limitMs = alarmMinutes * MINUTE_MS;
  const isDark = dark !== null && nowMs >= dark.fromMs && nowMs < dark.toMs;
  // Before the dark nobody has to send anything.
  const silentSinceMs = isDark ? Math.max(last?.cameMs ?? dark.fromMs, dark.fromMs) : nowMs;
  if (isDark && nowMs - silentSinceMs >= limitMs) return alarm(vigil, silentSinceMs);
  const nextMs = isDark
    ? silentSinceMs + limitMs
    : dark !== null && nowMs < dark.fromMs
      ? dark.fromMs
      : null;
  if (last !== undefined && nowMs - last.cameMs < (isDark ? limitMs : FRESH_MS)) {
    return receiving(vigil, last, isDark, nextMs);
  }
  return waiting(vigil, isDark, nextMs);
}

function alarm({ nowMs, alarmMinutes, last, cameras }: Vigil, sinceMs: number): State {
  const rule = `Alarm at ${alarmMinutes} min in the dark.`;
  const all =
    cameras > 1 ? ` ${cameras === 2 ? 'Both' : `All ${cameras}`} cameras are silent.` : '';
  const came =
    last === undefined
      ? `None came since it got dark, ${formatClock(sinceMs)} UTC.`
      : `Last: ${last.instrument}, ${formatClock(last.cameMs)} UTC.${all}`;
  return {
    kind: 'alarm',
    title: `No frame for ${spanOf(nowMs - sinceMs)}`,
    text: `${rule} ${came}`,
    sinceMs: null,
    nextMs: nowMs + MINUTE_MS - ((nowMs - sinceMs) % MINUTE_MS),
  };
}

function receiving(
  { alarmMinutes }: Vigil,
  { cameMs, delayMs }: NonNullable<Vigil['last']>,
  isDark: boolean,
  nextMs: number | null,
): State {
  const delay = delayMs === null ? '' : `, stored ${formatDelay(delayMs)} after its end`;
  const rule = isDark ? ` Alarm after ${alarmMinutes} min without a frame.` : '';
  return {
    kind: 'receiving',
    title: 'Receiving',
    text: `${delay}.${rule}`,
    sinceMs: cameMs,
    nextMs,
  };
}

function waiting(vigil: Vigil, isDark: boolean, nextMs: number | null): State {
  const { nowMs, sky, alarmMinutes, last } = vigil;
  const told = { kind: 'waiting', sinceMs: null, nextMs } as const;
  const came = last === undefined ? 'No frame yet.' : `Last frame ${formatClock(last.cameMs)} UTC.`;
  if (sky === undefined) {
    const text = `${came} Nobody said where the site is, so there is no alarm: set SITE_LATITUDE and SITE_LONGITUDE.`;
    return { ...told, title: 'Waiting for frames', text };
  }
  if (isDark) {
    const text = `${came} Alarm after ${alarmMinutes} min without a frame.`;
    return { ...told, title: 'Waiting for frames', text };
  }
  const { dark } = sky;
  if (dark === null) {
    return {
      ...told,
      title: 'It does not get dark',
      text: `${came} So there is no alarm tonight.`,
    };
  }
  if (nowMs < dark.fromMs) {
    const text = `${came} It gets dark at ${formatClock(dark.fromMs)} UTC, in ${spanOf(dark.fromMs - nowMs)}. No alarm before.`;
    return { ...told, title: 'Waiting for the dark', text };
  }
  return {
    ...told,
    title: 'The night is over',
    text: `${came} It was dark until ${formatClock(dark.toMs)} UTC.`,
  };
}

/** `0.4 s`, `41 s`, `3 min`: how long a frame was on its way. */
export function formatDelay(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)}\u202fs`;
  return seconds < 90 ? `${Math.round(seconds)}\u202fs` : spanOf(ms);
}

/** The dark and the Moon, of the line below the clock. */
export function darkLine(
  sky: Night | undefined,
  nowMs: number,
): { lead: string; time: string; rest: string } {
  const dark = sky?.dark ?? null;
  if (dark === null) return { lead: sky?.word ?? '', time: '', rest: '' };
  if (nowMs < dark.fromMs) {
    const rest = `, in ${spanOf(dark.fromMs - nowMs)}`;
    return { lead: 'Dark from', time: formatClock(dark.fromMs), rest };
  }
  if (nowMs < dark.toMs) {
    const rest = `, ${spanOf(dark.toMs - nowMs)} left`;
    return { lead: 'Dark until', time: formatClock(dark.toMs), rest };
  }
  return { lead: 'Dark ended', time: formatClock(dark.toMs), rest: '' };
}

/** A stretch of time in whole minutes that have passed; seconds below one. @param ms at least 0 */
export function spanOf(ms: number): string {
  return formatDuration(ms < 60_000 ? ms / 1000 : Math.floor(ms / 60_000) * 60);
}
