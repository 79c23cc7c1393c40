import type { ImageKind } from '../catalog/index.js';

/** Narrow blank that does not break: between thousands, and between a number and its unit. */
const THIN = '\u202f';
const MINUS = '\u2212';

/** Stands for "no value" in every table. */
export const NONE = '–';

/** `1 048 377` */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, THIN);
}

/** `134 frames`, `1 frame` */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes with a decimal unit and three figures at most: `20.3 MB`, `2.88 kB`, `640 B`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < SIZE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const decimals = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(decimals)}${THIN}${SIZE_UNITS[unit] ?? 'B'}`;
}

/** A number with a true minus; NONE for null. `decimals` undefined writes it as short as it is. */
export function formatNumber(value: number | null, decimals?: number): string {
  if (value === null) return NONE;
  const text =
    decimals === undefined ? String(Number(value.toPrecision(10))) : value.toFixed(decimals);
  return text.replace('-', MINUS);
}

/**
 * Exposure in seconds without its unit: one decimal, so that a column lines up; more only where a
 * short exposure needs them (`0.25`). NONE for null.
 */
export function formatExposure(seconds: number | null): string {
  if (seconds === null) return NONE;
  const isRound = Math.abs(seconds * 10 - Math.round(seconds * 10)) < 1e-6;
  if (isRound || seconds >= 10) return seconds.toFixed(1);
  return String(Number(seconds.toPrecision(3)));
}

/** `18:28:00` UTC; NONE for null. */
export function formatTime(ms: number | null): string {
  return ms === null ? NONE : new Date(ms).toISOString().slice(11, 19);
}

/** `2026-11-14 18:28:00` UTC; NONE for null. */
export function formatDateTime(ms: number | null): string {
  return ms === null ? NONE : new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** From January on. */
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
/** From Sunday on, as `Date` counts them. */
export const DAYS = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
] as const;
const DAY_MS = 86_400_000;

/** A night by its two days: `Saturday 14 → Sunday 15 November 2026`. The date itself if it is none. */
export function formatNight(night: string): string {
  const evening = new Date(`${night}T00:00:00Z`);
  if (Number.isNaN(evening.getTime())) return night;
  const morning = new Date(evening.getTime() + DAY_MS);
  const month = (date: Date): string => MONTHS[date.getUTCMonth()] ?? '';
  const day = (date: Date): string => `${DAYS[date.getUTCDay()] ?? ''} ${date.getUTCDate()}`;
  const isSame = month(evening) === month(morning);
  return `${day(evening)}${isSame ? '' : ` ${month(evening)}`} → ${day(morning)} ${month(morning)} ${morning.getUTCFullYear()}`;
}

const KIND_LABELS: Readonly<Record<ImageKind, string>> = {
  object: 'Object',
  bias: 'Bias',
  dark: 'Dark',
  flat: 'Flat',
  skyflat: 'Sky flat',
  focus: 'Focus',
  acquisition: 'Acquisition',
  guiding: 'Guiding',
  standard: 'Standard',
  arc: 'Arc',
  other: 'Other',
};

/** A kind of frame as observers say it. */
export function kindLabel(kind: string): string {
  return Object.hasOwn(KIND_LABELS, kind) ? KIND_LABELS[kind as ImageKind] : kind;
}

/** The slots of LOOK: each has one colour and one shape, whatever a site calls its filters. */
export const FILTER_SLOTS = ['U', 'B', 'V', 'R', 'I', 'clear', 'Ha', 'OIII', 'SII'] as const;
export type FilterSlot = (typeof FILTER_SLOTS)[number] | 'none';

/** Names in the wild, lower case without blanks and signs → slot. */
const FILTER_NAMES: readonly (readonly [RegExp, FilterSlot])[] = [
  [/^(?:u|up|uband|ultraviolet|uv)$/, 'U'],
  [/^(?:b|bp|g|gp|blue|bband)$/, 'B'],
  [/^(?:v|vp|green|vband|photv|vis)$/, 'V'],
  [/^(?:r|rp|rc|red|rband)$/, 'R'],
  [/^(?:i|ip|ic|z|zs|zp|y|iband|nir|ir)$/, 'I'],
  [
    /^(?:l|lum|lumi|luminance|c|clear|w|white|open|air|none|nofilter|empty|air\d?|luminosity)$/,
    'clear',
  ],
  [/^(?:ha|hα|halpha|h|hydrogenalpha|h_?a)\d*(?:nm)?$/, 'Ha'],
  [/^(?:oiii|o3|o)\d*(?:nm)?$/, 'OIII'],
  [/^(?:sii|s2|s)\d*(?:nm)?$/, 'SII'],
];

/** Words that say whose filter it is, not which. */
const MAKERS =
  /bessell?|johnson|cousins|sloan|sdss|astrodon|baader|chroma|optolong|antlia|filter|phot/g;

/** Which mark a filter gets; `none` for a name nobody knows, which is then shown without one. */
export function filterSlot(name: string | null): FilterSlot {
  if (name === null) return 'none';
  const known = knownSlots.get(name);
  if (known !== undefined) return known;
  const word = name
    .toLowerCase()
    .replace(/[^a-zα0-9]/g, '')
    .replace(MAKERS, '');
  const slot = FILTER_NAMES.find(([pattern]) => pattern.test(word))?.[1] ?? 'none';
  // Headers may hold anything: what does not come again must not stay.
  if (knownSlots.size >= MOST_KNOWN) knownSlots.clear();
  knownSlots.set(name, slot);
  return slot;
}

/** Lists ask for the same few names over and over. */
const knownSlots = new Map<string, FilterSlot>();
const MOST_KNOWN = 500;

/** The value of a header card as text; strings in quotes as in the file. */
export function formatCardValue(card: {
  readonly kind: string;
  readonly value: string | number | boolean | readonly [number, number] | null;
}): string {
  const { kind, value } = card;
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (typeof value === 'string') return kind === 'string' ? `'${value}'` : value;
  if (typeof value === 'number') return String(value);
  return `(${value[0]}, ${value[1]})`;
}

/** The first two letters by which a person is shown in the top bar. */
export function initials(username: string): string {
  const words = username.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  const letters = words.length > 1 ? words.map((word) => word.charAt(0)).join('') : username;
  return letters.slice(0, 2).toUpperCase();
}

/**
 * A path of ours to go to after a form, or `otherwise`. Anything that a browser could read as
 * another host (`//host`, `/\host`, a scheme, control characters) is not one.
 */
export function localPath(text: string, otherwise: string): string {
  if (!/^\/(?![/\\])[^\\\u0000-\u0020]*$/.test(text)) return otherwise;
  return text;
}

/** How thumbnails are drawn, everywhere alike, so that each is made once. */
export const THUMBNAIL_WIDTH_PX = 200;
export const THUMBNAIL_LIMITS = 'limits=zscale';
export const THUMBNAIL_QUERY = `width=${THUMBNAIL_WIDTH_PX}&${THUMBNAIL_LIMITS}`;

/**
 * Address of the small picture of a frame. It names the bytes it is of, so that browsers keep it for
 * ever: other bytes have another address.
 *
 * @param query how it is drawn; without it as everywhere
 */
export function thumbnailUrl(
  base: string,
  frame: { readonly id: number; readonly version: { readonly sha256: string } },
  query = THUMBNAIL_QUERY,
): string {
  return `${base}/frames/${frame.id}/preview/?${query}&v=${frame.version.sha256.slice(0, 12)}`;
}

/** How long: `12 h 02 min`, `40 min`, `25 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 59.5) return `${Math.round(seconds)}${THIN}s`;
  const minutes = Math.round(seconds / 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (hours === 0) return `${rest}${THIN}min`;
  return `${formatCount(hours)}${THIN}h\u00a0${String(rest).padStart(2, '0')}${THIN}min`;
}

/** The same for columns whose head names the unit: `6:11`. */
export function formatHourMinutes(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
}

/** The number by which people call a frame of a night: the last three to six digits of its name; else its end. */
export function shortName(basename: string): string {
  const runs = basename.match(/(?<!\d)\d{3,6}(?!\d)/g);
  return runs?.at(-1) ?? basename.slice(-8);
}
