import { nightAt } from '../almanac/index.js';
import type { Config } from '../config/index.js';
import { formatDate } from '../lib/time.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A report that could not be made in time is made this much later at most. */
const LATEST_MS = DAY_MS;

/**
 * When the report of a night is due, epoch ms; undefined if none is to be sent. After sunrise at the
 * last of the sites, or at the first time of day (UTC) after midnight there.
 */
export function reportDueMs(
  night: string,
  { REPORT_AT, sites }: Pick<Config, 'REPORT_AT' | 'sites'>,
): number | undefined {
  if (REPORT_AT === 'off') return undefined;
  const nights = sites.map((site) => nightAt(night, site, site.darkSunAltDeg));
  const evening = Date.parse(`${night}T00:00:00Z`);
  const [, hours, minutes] = /^(\d\d):(\d\d)$/.exec(REPORT_AT) ?? [];
  if (hours !== undefined && minutes !== undefined) {
    const midnight = Math.max(...nights.map(({ midnightMs }) => midnightMs), 0) || evening + DAY_MS;
    const timeOfDay = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
    const first = Math.floor(midnight / DAY_MS) * DAY_MS + timeOfDay;
    return first >= midnight ? first : first + DAY_MS;
  }
  const after = Number(/^sunrise([+-]\d+)$/.exec(REPORT_AT)?.[1] ?? 0) * MINUTE_MS;
  // Without a sunrise, or a place for it, the night ends at noon.
  const mornings = nights.map(({ sunset, toMs }) => sunset.morningMs ?? toMs);
  return (mornings.length === 0 ? evening + 1.5 * DAY_MS : Math.max(...mornings)) + after;
}

/** The nights whose reports are due, and not yet too old, the oldest first. */
export function dueNights(
  config: Pick<Config, 'REPORT_AT' | 'sites'>,
  nowMs: number,
): readonly string[] {
  const nights = [3, 2, 1, 0].map((days) => formatDate(nowMs - days * DAY_MS));
  return nights.filter((night) => {
    const dueMs = reportDueMs(night, config);
    return dueMs !== undefined && dueMs <= nowMs && nowMs - dueMs <= LATEST_MS;
  });
}
