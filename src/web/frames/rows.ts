import type { Frame, ListedMore } from '../../catalog/index.js';
import { groupBy } from '../../lib/groups.js';
import {
  countOf,
  filterSlot,
  formatBytes,
  formatDateTime,
  formatExposure,
  formatNumber,
  formatTime,
  kindLabel,
  NONE,
  THUMBNAIL_LIMITS,
  THUMBNAIL_WIDTH_PX,
  thumbnailUrl,
  type FilterSlot,
} from '../render.js';
import type { Cell, Column } from './column.js';
import { flagCell } from './columns.js';
import { fwhmCell } from './measure-columns.js';

/** One frame as a row of the table and as a card of the sheet. */
export interface FrameRow {
  readonly id: number;
  readonly name: string;
  readonly url: string;
  readonly thumbnail: string;
  readonly start: string;
  readonly time: string;
  readonly target: string;
  readonly kind: string;
  readonly filter: string;
  readonly slot: FilterSlot;
  readonly exposure: string;
  readonly exposureWithUnit: string;
  readonly camera: string;
  readonly size: string;
  readonly sizeBytes: number;
  readonly warnings: readonly string[];
}

/** A row with all that a list shows beside the facts. */
export interface ListedRow extends FrameRow {
  /** In the order of the columns. */
  readonly cells: readonly Cell[];
  /** What tells it apart at a glance: the figure at the end of its name, else all of it. */
  readonly number: string;
  readonly fwhm: Cell;
  readonly flag: Cell;
}

/** Frames as the pages show them. `back` is the query of the list that one comes from. */
export function toRows(base: string, frames: readonly Frame[], back = ''): FrameRow[] {
  const from = back === '' ? '' : `?from=${encodeURIComponent(back)}`;
  return frames.map((frame) => ({
    id: frame.id,
    name: frame.basename,
    url: `${base}/frames/${frame.id}/${from}`,
    thumbnail: thumbnailUrl(base, frame),
    start: formatDateTime(frame.dateObsMs),
    time: formatTime(frame.dateObsMs),
    target: frame.object ?? NONE,
    kind: kindLabel(frame.imageKind),
    filter: frame.filter ?? NONE,
    slot: filterSlot(frame.filter),
    exposure: formatExposure(frame.exposureSec),
    exposureWithUnit:
      frame.exposureSec === null ? NONE : `${formatNumber(frame.exposureSec)}\u202fs`,
    camera: frame.instrument === '' ? NONE : frame.instrument,
    size: formatBytes(frame.version.sizeBytes),
    sizeBytes: frame.version.sizeBytes,
    warnings: frame.warnings,
  }));
}

/** What the rows of a list need beside their frames. */
export interface ListedOptions {
  readonly base: string;
  /** Query of the list. */
  readonly back: string;
  readonly columns: readonly Column[];
  readonly more: ReadonlyMap<number, ListedMore>;
  /** True: the pictures of one target are drawn with the same cuts. */
  readonly sameStretch: boolean;
  /** Width of the pictures, pixels; undefined: as everywhere. */
  readonly plateWidthPx?: number | undefined;
}

/** Frames as rows of a list. */
export function toListedRows(frames: readonly Frame[], options: ListedOptions): ListedRow[] {
  const { base, back, columns, more } = options;
  const sized = options.plateWidthPx ?? THUMBNAIL_WIDTH_PX;
  const stretches = options.sameStretch ? commonStretches(frames, more) : undefined;
  return toRows(base, frames, back).flatMap((row, index) => {
    const frame = frames[index];
    if (frame === undefined) return [];
    const own = more.get(frame.id);
    const look = `width=${sized}&${stretches?.get(frame.id) ?? THUMBNAIL_LIMITS}`;
    return {
      ...row,
      thumbnail: thumbnailUrl(base, frame, look),
      cells: columns.map((column) => column.cell(frame, own)),
      number: /\d+$/.exec(frame.basename)?.[0] ?? frame.basename,
      fwhm: fwhmCell(own),
      flag: flagCell(own),
    };
  });
}

/** Darkest and brightest in widths of the noise around the sky: where zscale cuts a field of stars. */
const BELOW_SKY = 3;
const ABOVE_SKY = 7;
/** Fewer frames of a kind have nothing to be compared with. */
const LEAST_ALIKE = 2;

/**
 * How to draw frames of one target alike, so that a veiled one looks veiled: with cuts around the
 * median sky of those that were taken in the same way. Frames that were not measured have none.
 */
function commonStretches(
  frames: readonly Frame[],
  more: ReadonlyMap<number, ListedMore>,
): ReadonlyMap<number, string> {
  const stretches = new Map<number, string>();
  const measured = frames.filter(({ id }) => isMeasured(more.get(id)));
  for (const alike of groupBy(measured, wayOf).values()) {
    if (alike.length < LEAST_ALIKE) continue;
    const sky = median(alike.map(({ id }) => more.get(id)?.measures?.background ?? 0));
    const noise = median(alike.map(({ id }) => more.get(id)?.measures?.noise ?? 0));
    if (noise <= 0) continue;
    // Rounded, so that one frame more does not change the addresses of all the others.
    const step = 10 ** Math.floor(Math.log10(noise));
    const cut = (widths: number): number =>
      Number((Math.round((sky + widths * noise) / step) * step).toPrecision(10));
    const query = `min=${cut(-BELOW_SKY)}&max=${cut(ABOVE_SKY)}`;
    for (const { id } of alike) stretches.set(id, query);
  }
  return stretches;
}

function isMeasured(more: ListedMore | undefined): boolean {
  const { background = null, noise = null } = more?.measures ?? {};
  return background !== null && noise !== null;
}

function wayOf(frame: Frame): string {
  const { object, imageKind, instrument, filter, exposureSec, binningX, reductionLevel } = frame;
  return JSON.stringify([
    ...[object, imageKind, instrument, filter],
    ...[exposureSec, binningX, reductionLevel],
  ]);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Rows by target in the order in which they first come up; frames without one by type, after them. */
export function groupByTarget(rows: readonly ListedRow[]) {
  const groups = groupBy(rows, ({ target, kind }) => (target === NONE ? kind : target));
  const isAimed = ([row]: readonly FrameRow[]): number => (row?.target === NONE ? 1 : 0);
  return [...groups]
    .sort(([, a], [, b]) => isAimed(a) - isAimed(b))
    .map(([title, members]) => ({
      title,
      rows: members,
      summary: [
        countOf(members.length, 'frame'),
        [...new Set(members.map((row) => row.camera))].join(', '),
        [...new Set(members.map((row) => row.filter))].filter((name) => name !== NONE).join(' '),
      ]
        .filter((part) => part !== '')
        .join(' · '),
    }));
}
