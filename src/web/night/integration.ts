import { groupBy } from '../../lib/groups.js';
import { cameraKey } from '../../nights/index.js';
import { targetSegment } from '../../targets/index.js';
import { FILTER_SLOTS, filterSlot, formatHourMinutes, formatNumber, NONE } from '../render.js';
import { listOf, type NightData, type NightFrameRow } from './data.js';
import { camerasOf, filtersOf, type Camera } from './timeline.js';
import { formatSeconds } from './words.js';

/** A filter as the head of a column. */
export interface FilterHead {
  readonly name: string;
  readonly slot: string;
}

/** What was taken of each target through each filter: finished texts. */
export interface Integration {
  readonly filters: readonly FilterHead[];
  readonly rows: readonly IntegrationRow[];
  readonly totals: { readonly cells: readonly string[]; readonly sum: string };
  /** Only rows that lack something are shown. */
  readonly isOnly: boolean;
  /** The other way; '' if nothing is lacking. */
  readonly onlyUrl: string;
}

interface IntegrationRow {
  readonly target: string;
  readonly url: string;
  readonly camera: string;
  readonly cells: readonly {
    readonly minutes: string;
    readonly what: string;
    readonly url: string;
    /** What it cannot be reduced without; '' if there is everything. */
    readonly lacks: string;
    readonly slot: string;
    readonly filter: string;
  }[];
  readonly sum: string;
  readonly fwhm: string;
  readonly altitude: string;
  readonly moon: string;
}

const BY_NAME = new Intl.Collator('en', { numeric: true });
const NO_FILTER = 'none';
const NO_TARGET = 'no target';

/**
 * The integration table; null if no light of the sky was taken.
 *
 * @param isAsked whether only what lacks calibrations is to be shown
 */
export function toIntegration(data: NightData, isAsked: boolean): Integration | null {
  const science = data.shown.filter(({ isScience }) => isScience);
  if (science.length === 0) return null;
  const filters = filterHeads(science);
  const cameras = camerasOf(science);
  const cameraOf = new Map(cameras.map((camera) => [camera.key, camera]));
  const groups = [...groupBy(science, (row) => `${cameraKey(row)}\n${row.target}`).values()];
  const places = new Map(cameras.map(({ key }, place) => [key, place]));
  const placeOf = (row: NightFrameRow): number => places.get(cameraKey(row)) ?? 0;
  groups.sort(([a], [b]) => (a && b ? placeOf(a) - placeOf(b) : 0) || timeOf(a) - timeOf(b));
  const rows = groups.flatMap((some) => {
    const [first] = some;
    const camera = first === undefined ? undefined : cameraOf.get(cameraKey(first));
    return camera === undefined ? [] : [toRow(data, some, filters, camera)];
  });
  const lacking = rows.filter(({ cells }) => cells.some(({ lacks }) => lacks !== ''));
  const isOnly = isAsked && lacking.length > 0;
  const url = `${data.base}/nights/${data.night}/`;
  return {
    filters,
    rows: isOnly ? lacking : rows,
    isOnly,
    onlyUrl: lacking.length === 0 ? '' : isOnly ? url : `${url}?only=missing`,
    totals: {
      cells: filters.map(({ name }) =>
        minutesOf(science.filter((row) => nameOfFilter(row) === name)),
      ),
      sum: formatHourMinutes(secondsOf(science)),
    },
  };
}

/** The filters of some frames, in order of wavelength. */
export function filterHeads(rows: readonly NightFrameRow[]): FilterHead[] {
  const names = [...new Set(rows.map(nameOfFilter))];
  const place = (name: string): number => {
    const slot = filterSlot(name);
    const at = FILTER_SLOTS.findIndex((each) => each === slot);
    return at === -1 || name === NO_FILTER ? FILTER_SLOTS.length : at;
  };
  names.sort((a, b) => place(a) - place(b) || BY_NAME.compare(a, b));
  return names.map((name) => ({ name, slot: name === NO_FILTER ? 'none' : filterSlot(name) }));
}

/** Median of some numbers; null of none. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [
    sorted[Math.ceil(sorted.length / 2) - 1],
    sorted[Math.floor(sorted.length / 2)],
  ];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** The filter of a frame as columns name it. */
export function nameOfFilter({ filter }: Pick<NightFrameRow, 'filter'>): string {
  return filter ?? NO_FILTER;
}

function timeOf(row: NightFrameRow | undefined): number {
  return row?.dateObsMs ?? Infinity;
}

function toRow(
  data: NightData,
  rows: readonly NightFrameRow[],
  filters: readonly FilterHead[],
  camera: Camera,
): IntegrationRow {
  const [first] = rows;
  const target = first?.target ?? '';
  const moon = median(rows.flatMap(({ moonDistanceDeg }) => moonDistanceDeg ?? []));
  return {
    target: target === '' ? NO_TARGET : target,
    url: target === '' ? '' : `${data.base}/targets/${targetSegment(target)}/`,
    camera: camera.name,
    cells: filters.map(({ name, slot }) => {
      const some = rows.filter((row) => nameOfFilter(row) === name);
      const of = some.map(({ exposureSec }) => exposureSec);
      const what =
        some.length === 0 ? '' : `${some.length}×${formatSeconds(of).replace(/\u202fs$/, '')}`;
      const filter = { ...filtersOf(camera), FILTER: name, ...(target === '' ? {} : { target }) };
      return {
        minutes: some.length === 0 ? NONE : minutesOf(some),
        what,
        url: some.length === 0 ? '' : listOf(data, filter),
        lacks: some.length === 0 ? '' : lacksOf(data, camera, name, some),
        slot,
        filter: name,
      };
    }),
    sum: formatHourMinutes(secondsOf(rows)),
    fwhm: fwhmOf(rows),
    altitude: rangeOf(rows.flatMap(({ altDeg }) => altDeg ?? [])),
    moon: moon === null ? NONE : `${formatNumber(moon, 0)}°`,
  };
}

/** Cause and effect in one table: what the frames of a cell lack. */
function lacksOf(
  { report }: NightData,
  camera: Camera,
  filter: string,
  rows: readonly NightFrameRow[],
): string {
  if (report.missing.length === 0) return '';
  const exposures = new Set(rows.map(({ exposureSec }) => `${exposureSec ?? ''} s`));
  const lacking = report.missing.filter((missing) => {
    const { kind, of } = missing;
    if (cameraKey(missing) !== camera.key) return false;
    if (kind === 'flat') return of.includes(filter === NO_FILTER ? 'no filter' : filter);
    return kind === 'dark' && of.some((each) => exposures.has(each));
  });
  return [...new Set(lacking.map(({ kind }) => `${kind}s`))].join(' and ');
}

function fwhmOf(rows: readonly NightFrameRow[]): string {
  const arcsec = median(rows.flatMap(({ fwhmArcsec }) => fwhmArcsec ?? []));
  if (arcsec !== null) return `${formatNumber(arcsec, 1)}″`;
  const pixels = median(rows.flatMap(({ fwhmPx }) => fwhmPx ?? []));
  return pixels === null ? NONE : `${formatNumber(pixels, 1)}\u202fpx`;
}

function rangeOf(degrees: readonly number[]): string {
  if (degrees.length === 0) return NONE;
  const least = formatNumber(Math.min(...degrees), 0);
  const most = formatNumber(Math.max(...degrees), 0);
  return least === most ? `${least}°` : `${least}–${most}°`;
}

function secondsOf(rows: readonly NightFrameRow[]): number {
  return rows.reduce((sum, { exposureSec }) => sum + (exposureSec ?? 0), 0);
}

function minutesOf(rows: readonly NightFrameRow[]): string {
  const minutes = secondsOf(rows) / 60;
  if (rows.length === 0) return NONE;
  return formatNumber(minutes, minutes < 9.95 && minutes % 1 > 0.05 ? 1 : 0);
}
