/**
 * Instants are UTC epoch milliseconds; nothing here depends on the machine's zone. Leap seconds do
 * not exist in epoch time: second 60 is the first of the next minute.
 */

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Julian date, and modified Julian date, of 1970-01-01T00:00Z. */
const JD_OF_EPOCH = 2_440_587.5;
const MJD_OF_EPOCH = 40_587;

const ISO_DATE = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/;
const BASIC_DATE = /^(\d{4})(\d{2})(\d{2})$/;
const OLD_FITS_DATE = /^(\d{1,2})\/(\d{1,2})\/(\d{1,2})$/;
const TIME_OF_DAY = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d*))?)?$/;
const ZONE = /\s*(?:(Z|UTC?|GMT)|([+-])(\d{2}):?(\d{2})?)$/i;
const DATE_AND_TIME = /^([\d/-]+)(?:(?:T|\s)\s*(\d.*))?$/i;
const DATE_IN_UTC = /^([\d/-]+)(?:\s*(?:Z|UTC?|GMT))?$/i;

/** Before the first photographs of the sky: a clock that was not set. */
const FIRST_YEAR = 1840;

/** Epoch ms of midnight UTC; undefined if the calendar has no such day. */
function dayMs(year: number, month: number, day: number): number | undefined {
  if (year < FIRST_YEAR) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isSame = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isSame && date.getUTCFullYear() === year ? date.getTime() : undefined;
}

function dateMs(text: string): number | undefined {
  const match = ISO_DATE.exec(text) ?? BASIC_DATE.exec(text);
  if (match !== null) return dayMs(Number(match[1]), Number(match[2]), Number(match[3]));
  const old = OLD_FITS_DATE.exec(text);
  if (old === null) return undefined;
  const [first, month, last] = [Number(old[1]), Number(old[2]), Number(old[3])];
  // FITS Standard 4.0 §4.4.2.1: two digits of a year always belong to the 1900s. No day is beyond
  // 31, so a larger number in front can only be the year, as some writers had it.
  return first > 31 ? dayMs(1900 + first, month, last) : dayMs(1900 + last, month, first);
}

/** Cuts a time zone off the end. The offset is what local time is ahead of UTC, ms. */
function splitZone(text: string): { local: string; offsetMs: number } | undefined {
  const match = ZONE.exec(text);
  if (match === null) return { local: text, offsetMs: 0 };
  const local = text.slice(0, match.index).trimEnd();
  if (match[1] !== undefined) return { local, offsetMs: 0 };
  const hours = Number(match[3]);
  const minutes = Number(match[4] ?? 0);
  if (hours > 14 || minutes > 59) return undefined;
  const size = hours * HOUR_MS + minutes * MINUTE_MS;
  return { local, offsetMs: match[2] === '-' ? -size : size };
}

/**
 * Time of day in ms after midnight. `02:45:1.875`, `20:01` and second 60 are accepted; digits
 * beyond milliseconds are cut. Undefined if the text is not a time.
 */
export function parseTimeOfDay(text: string): number | undefined {
  const zoned = splitZone(text.trim());
  const match = zoned?.offsetMs === 0 ? TIME_OF_DAY.exec(zoned.local) : null;
  if (match === null) return undefined;
  const hour = Number(match[1]);
  const minute = Number(match[2]);
  const second = Number(match[3] ?? 0);
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const milli = Number((match[4] ?? '').slice(0, 3).padEnd(3, '0'));
  return hour * HOUR_MS + minute * MINUTE_MS + second * 1000 + milli;
}

/**
 * An instant as headers and people write it → epoch ms UTC: ISO 8601 with `T` or blank, with or
 * without seconds, fraction and zone (none = UTC); a plain date, also `YYYYMMDD`, is midnight;
 * `dd/mm/yy` and `yy/mm/dd` are of 19yy.
 * FITS Standard 4.0 §9.1.1. Undefined if it cannot be read or the calendar has no such day.
 */
export function parseInstant(text: string): number | undefined {
  const match = DATE_IN_UTC.exec(text.trim()) ?? DATE_AND_TIME.exec(text.trim());
  const day = dateMs(match?.[1] ?? '');
  const timeText = match?.[2];
  if (day === undefined || timeText === undefined) return day;
  const zoned = splitZone(timeText);
  const time = zoned === undefined ? undefined : parseTimeOfDay(zoned.local);
  return zoned === undefined || time === undefined ? undefined : day + time - zoned.offsetMs;
}

/** `2024-03-01T02:03:04.567Z`; milliseconds only if they are not zero. */
export function formatInstant(ms: number): string {
  return new Date(Math.floor(ms)).toISOString().replace('.000Z', 'Z');
}

/**
 * A date without a time → `YYYY-MM-DD`. Reads `YYYY-MM-DD`, `YYYYMMDD`, `YYYY/MM/DD` and the old
 * FITS `dd/mm/yy`. Undefined for anything else, also for an instant with a time.
 */
export function parseDate(text: string): string | undefined {
  const ms = dateMs(DATE_IN_UTC.exec(text.trim())?.[1] ?? '');
  return ms === undefined ? undefined : formatDate(ms);
}

/** `YYYY-MM-DD`, the UTC date of an instant. */
export function formatDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/**
 * The night an instant belongs to: the local civil date of the last noon before it, `YYYY-MM-DD`.
 * Local means mean solar time, so no zone rules are needed.
 *
 * @param longitudeDeg degrees, positive east; -180…180 or 0…360
 */
export function nightOf(ms: number, longitudeDeg: number): string {
  const east = longitudeDeg > 180 ? longitudeDeg - 360 : longitudeDeg;
  return formatDate(ms + (east / 15) * HOUR_MS - 12 * HOUR_MS);
}

/** Modified Julian date (UTC) → epoch ms, rounded. */
export function mjdToMs(mjd: number): number {
  return Math.round((mjd - MJD_OF_EPOCH) * DAY_MS);
}

/** Julian date (UTC) → epoch ms, rounded; a double holds a JD to about 0.04 ms. */
export function jdToMs(jd: number): number {
  return Math.round((jd - JD_OF_EPOCH) * DAY_MS);
}
