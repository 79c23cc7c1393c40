import { formatNumber, kindLabel } from '../render.js';
import type { NightFrameRow } from './data.js';

const THIN = '\u202f';
/** Doubts that a card has room for. */
const MOST_DOUBTS = 2;

/** `300 s`, `0.25 s`, `60–300 s`; `–` if no frame says. */
export function formatSeconds(exposures: readonly (number | null)[]): string {
  const known = exposures.filter((each) => each !== null);
  if (known.length === 0) return '–';
  const short = (value: number): string => formatNumber(Number(value.toPrecision(4)));
  const [least, most] = [
    known.reduce((a, b) => Math.min(a, b)),
    known.reduce((a, b) => Math.max(a, b)),
  ];
  return short(least) === short(most)
    ? `${short(least)}${THIN}s`
    : `${short(least)}–${short(most)}${THIN}s`;
}

/**
 * A bar in words, parted by ` · `: number, target or kind, filter and exposure, start, what is odd. The
 * card over a bar shows the same.
 *
 * @param run in order of time, one or more
 */
export function barWords(run: readonly NightFrameRow[]): string {
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined) return '';
  const isOne = run.length === 1;
  const clock = ({ dateObsMs }: NightFrameRow): string =>
    dateObsMs === null ? '' : new Date(dateObsMs).toISOString().slice(11, 19);
  const kind = kindLabel(first.imageKind);
  const of = first.isScience && first.target !== '' ? first.target : kind;
  const what = [first.filter, formatSeconds(run.map(({ exposureSec }) => exposureSec))];
  const air = isOne && first.airmass !== null ? `, airmass ${formatNumber(first.airmass, 2)}` : '';
  const doubts = first.doubts.slice(0, isOne ? MOST_DOUBTS : 0).map(({ text }) => text);
  return [
    isOne ? first.number : `${run.length} frames`,
    of,
    `${what.filter((each) => each !== null).join(' ')}${air}`,
    isOne ? `${clock(first)} UTC` : `${clock(first)}–${clock(last)} UTC`,
    ...(first.flag === null || !isOne ? [] : [`flagged ${first.flag}`]),
    ...doubts,
  ].join(' · ');
}
