import type { MoonFace } from '../../almanac/index.js';
import { DAYS, filterSlot, FILTER_SLOTS, MONTHS, type FilterSlot } from '../render.js';

const THIN = '\u202f';

/** `HH:MM` UTC. */
export function formatClock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 16);
}

/** Part of a whole: `27 %`. */
export function formatPercent(share: number): string {
  return `${Math.round(share * 100)}${THIN}%`;
}

/** `Sun`, `Nov` */
const SHORT = 3;

/** A day in pieces, as lists and calendars show it. @param date `YYYY-MM-DD` */
export function partsOfDay(date: string): {
  readonly day: string;
  readonly weekday: string;
  readonly month: string;
  readonly year: string;
} {
  const at = new Date(`${date}T00:00:00Z`);
  return {
    day: String(at.getUTCDate()),
    weekday: (DAYS[at.getUTCDay()] ?? '').slice(0, SHORT),
    month: (MONTHS[at.getUTCMonth()] ?? '').slice(0, SHORT),
    year: String(at.getUTCFullYear()),
  };
}

/** Time through one filter. */
export interface FilterTime {
  readonly slot: FilterSlot;
  readonly name: string;
  readonly seconds: number;
}

/** Sums by filter in order of wavelength; names that nobody knows after them. */
export function sumFilters(
  sums: readonly { readonly filter: string | null; readonly exposureSec: number }[],
): FilterTime[] {
  const seconds = new Map<string, number>();
  for (const { filter, exposureSec } of sums) {
    const name = filter ?? 'no filter';
    seconds.set(name, (seconds.get(name) ?? 0) + exposureSec);
  }
  const rank = ({ slot }: FilterTime): number =>
    slot === 'none' ? FILTER_SLOTS.length : FILTER_SLOTS.indexOf(slot);
  return [...seconds]
    .map(([name, sum]) => ({ slot: filterSlot(name), name, seconds: sum }))
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/** The Moon as a small drawing: 12 × 12, its lit part as a path. */
export interface MoonIcon {
  readonly d: string;
  /** `27 %` */
  readonly percent: string;
  /** `Moon 27 % lit, waxing` */
  readonly label: string;
}

const RADIUS = 5;

/** Lit on the right while it waxes, as seen from the north. */
export function moonIcon({ fraction, isWaxing }: MoonFace): MoonIcon {
  const percent = formatPercent(fraction);
  // The edge between light and dark is half an ellipse: flat at half, a circle at new and full.
  const width = Math.round(Math.abs(1 - 2 * fraction) * RADIUS * 100) / 100;
  const outer = isWaxing ? 1 : 0;
  const inner = fraction < 0.5 ? 1 - outer : outer;
  const d = `M6 1A${RADIUS} ${RADIUS} 0 0 ${outer} 6 11A${width} ${RADIUS} 0 0 ${inner} 6 1z`;
  return { d, percent, label: `Moon ${percent} lit, ${isWaxing ? 'waxing' : 'waning'}` };
}
