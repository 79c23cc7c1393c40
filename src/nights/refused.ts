import type { Quarantined } from '../catalog/index.js';
import { parseInstant } from '../lib/time.js';
import type { SiteNight } from './sky.js';

const DAY_MS = 86_400_000;
/** `2026-03-01`, `20260301`, `2026_03_01`, with or without a time of day behind it: `T013000`. */
const DATE =
  /(?<!\d)(\d{4})[-_]?(0[1-9]|1[0-2])[-_]?([0-2]\d|3[01])(?:[T_-]([01]\d|2[0-3])[-_:]?([0-5]\d)[-_:]?([0-5]\d))?(?!\d)/i;

/** A refused file as far as it tells of its night. */
export type RefusedRow = Pick<Quarantined, 'night' | 'uploadName' | 'createdMs'>;

/**
 * Refused files of a night: by what their headers say; of those that do not say it, by a date in their
 * names, and an instant after midnight belongs to the evening before; and of all others those that came
 * between the noons around it.
 *
 * @param all refused files, in the order in which they are to be told
 */
export function refusedIn<T extends RefusedRow>(
  all: readonly T[],
  night: string,
  skies: readonly SiteNight[],
): T[] {
  const noonMs = Date.parse(`${night}T12:00:00Z`);
  const own = skies.map(({ sky }) => sky);
  const fromMs = Math.min(noonMs, ...own.map((sky) => sky.fromMs));
  const toMs = Math.max(noonMs + DAY_MS, ...own.map((sky) => sky.toMs));
  const isWithin = (ms: number): boolean => ms >= fromMs && ms < toMs;
  return all.filter((row) => {
    if (row.night !== null) return row.night === night;
    const told = DATE.exec(row.uploadName);
    if (told === null) return isWithin(row.createdMs);
    const [, year, month, day, hours, minutes, seconds] = told;
    const date = `${year}-${month}-${day}`;
    const ms =
      hours === undefined ? undefined : parseInstant(`${date}T${hours}:${minutes}:${seconds}`);
    return ms === undefined ? date === night : isWithin(ms);
  });
}
