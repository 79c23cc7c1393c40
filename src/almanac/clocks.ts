import { wrapHalf } from '../sky/index.js';

/** A way in which a clock is wrong. */
export interface Clock {
  /** What must be added to what it says. */
  readonly shiftMs: number;
  /** `2 h later`, `1 day earlier`. */
  readonly words: string;
  readonly isOfDays: boolean;
  /** By how many degrees of longitude the place would be wrong instead; null for clocks of people. */
  readonly turnDeg: number | null;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Zones have full or half hours, but for a few with three quarters. */
const ZONES_H = [...Array.from({ length: 28 }, (_, i) => (i + 1) / 2), 5.75, 8.75, 12.75];
/** Days by which calendars are set wrong: a few, a month, a year. */
const DAYS = [1, 2, 3, 4, 5, 6, 7, 28, 29, 30, 31, 365, 366];
/** Of a sidereal second, in seconds of a clock. */
const SIDEREAL = 0.99726956633;

/**
 * Ways in which clocks are wrong: by a time zone, by days, and by what sidereal time tells.
 *
 * @param siderealOffDeg what the sidereal time of the header is ahead; null if it has none
 */
export function clocks(siderealOffDeg: number | null): Clock[] {
  const both = (shifts: readonly number[]): number[] => shifts.flatMap((ms) => [ms, -ms]);
  const made = (shiftMs: number, isOfDays: boolean, turnDeg: number | null = null): Clock => ({
    shiftMs,
    words: wordsOf(shiftMs),
    isOfDays,
    turnDeg,
  });
  const found = [
    ...both(ZONES_H.map((hours) => hours * HOUR_MS)).map((ms) => made(ms, false)),
    ...both(DAYS.map((days) => days * DAY_MS)).map((ms) => made(ms, true)),
  ];
  if (siderealOffDeg === null) return found;
  const turnDeg = wrapHalf(siderealOffDeg);
  return [...found, made((turnDeg / 15) * HOUR_MS * SIDEREAL, false, turnDeg)];
}

function wordsOf(shiftMs: number): string {
  const size = Math.abs(shiftMs);
  const side = shiftMs < 0 ? 'earlier' : 'later';
  const days = size / DAY_MS;
  if (Number.isInteger(days)) return `${days} day${days === 1 ? '' : 's'} ${side}`;
  if (size < 90_000) return `${Math.round(size / 1000)} s ${side}`;
  const minutes = Math.round(size / 60_000);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  const parts = [hours > 0 ? `${hours} h` : '', rest > 0 ? `${rest} min` : ''];
  return `${parts.filter((part) => part !== '').join(' ')} ${side}`;
}
