import type { Frame, NightRow } from '../../catalog/index.js';
import { groupBy } from '../../lib/groups.js';
import { formatClock } from '../nights/words.js';
import { filterSlot, formatNumber, kindLabel, type FilterSlot } from '../render.js';
import { barType } from '../roll/lanes.js';
import { spanOf } from './state.js';

/** What a camera does, in two lines and its count. */
export interface CameraLine {
  readonly name: string;
  readonly count: number;
  /** The first words, bold: the target, or `idle`. */
  readonly lead: string;
  readonly filter: string;
  readonly slot: FilterSlot;
  readonly rest: string;
  readonly second: string;
}

interface Moment {
  readonly nowMs: number;
  /** After so long without a frame a camera is idle. */
  readonly idleMs: number;
  /** The dark until now; null if it is not known or has not begun. */
  readonly dark: { readonly fromMs: number; readonly toMs: number } | null;
}

const BY_NAME = new Intl.Collator('en', { numeric: true }).compare;
const THIN = '\u202f';

/**
 * The cameras of a night in order of name.
 *
 * @param rows in order of time
 * @param frameOf more of the last frame of each
 */
export function cameraLines(
  rows: readonly NightRow[],
  frameOf: (id: number) => Frame | undefined,
  moment: Moment,
): CameraLine[] {
  const groups = groupBy(rows, ({ telescope, instrument }) => `${telescope}\n${instrument}`);
  const lines = [...groups.values()].flatMap((some) => {
    const last = some.at(-1);
    return last === undefined ? [] : [toLine(some, last, frameOf(last.id), moment)];
  });
  return lines.sort((a, b) => BY_NAME(a.name, b.name));
}

/** The last frame of each camera. @param rows in order of time */
export function lastOfCameras(rows: readonly NightRow[]): NightRow[] {
  const groups = groupBy(rows, ({ telescope, instrument }) => `${telescope}\n${instrument}`);
  return [...groups.values()].flatMap((some) => some.at(-1) ?? []);
}

/** What a frame is of, in a word or two. */
export function subjectOf({ object, imageKind }: Pick<NightRow, 'object' | 'imageKind'>): string {
  return isSky({ imageKind }) ? (object ?? kindLabel(imageKind)) : kindLabel(imageKind);
}

function isSky({ imageKind }: Pick<NightRow, 'imageKind'>): boolean {
  return barType(imageKind) === 'light' || barType(imageKind) === 'test';
}

/** When a frame ended; undefined if it does not say when it began. */
export function endOf({ dateObsMs, exposureSec }: NightRow): number | undefined {
  return dateObsMs === null ? undefined : dateObsMs + Math.max(0, exposureSec ?? 0) * 1000;
}

function toLine(
  rows: readonly NightRow[],
  last: NightRow,
  frame: Frame | undefined,
  moment: Moment,
): CameraLine {
  const subject = subjectOf(last);
  const about = { name: last.instrument, count: rows.length };
  const { nowMs, idleMs, dark } = moment;
  const endMs = endOf(last) ?? last.createdMs;
  const since = Math.max(endMs, last.createdMs);
  if (nowMs - since >= idleMs) {
    const unusedMs = dark === null ? 0 : Math.min(nowMs, dark.toMs) - Math.max(endMs, dark.fromMs);
    const second = unusedMs >= 60_000 ? `${spanOf(unusedMs)} of dark not used` : '';
    const rest = `since ${formatClock(endMs)} UTC, after ${subject}`;
    return { ...about, lead: 'idle', filter: '', slot: 'none', rest, second };
  }
  const isSame = (row: NightRow): boolean =>
    row.object === last.object && row.imageKind === last.imageKind;
  const exposure = last.exposureSec === null ? '' : `${formatNumber(last.exposureSec)}${THIN}s · `;
  const same = rows.filter(isSame).length;
  return {
    ...about,
    lead: subject,
    filter: last.filter ?? '',
    slot: filterSlot(last.filter),
    rest: `${exposure}${same} ${same === 1 ? 'frame' : 'frames'}`,
    second: qualityOf(last, frame),
  };
}

function qualityOf(row: NightRow, frame: Frame | undefined): string {
  const airmass = frame?.airmass ?? null;
  const parts = [
    fwhmOf(row) === '' ? '' : `FWHM ${fwhmOf(row)}`,
    airmass === null ? '' : `airmass ${airmass.toFixed(2)}`,
    row.background === null
      ? ''
      : `${isSky(row) ? 'sky' : 'level'} ${Math.round(row.background)}${THIN}ct`,
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

/** `2.0″`, in pixels without a scale; '' if it was not measured. */
export function fwhmOf({ fwhmArcsec, fwhmPx }: Pick<NightRow, 'fwhmArcsec' | 'fwhmPx'>): string {
  if (fwhmArcsec !== null) return `${fwhmArcsec.toFixed(1)}″`;
  return fwhmPx === null ? '' : `${fwhmPx.toFixed(1)}${THIN}px`;
}
