import { SCIENCE_KINDS, type ImageKind } from '../../catalog/index.js';
import { groupBy } from '../../lib/groups.js';
import { FILTER_SLOTS, filterSlot, type FilterSlot } from '../render.js';
import { round, type Scale } from './scale.js';

/** A frame as far as its bar needs it: the rows that the catalogue gives of nights have all of it. */
export interface RollExposure {
  readonly id: number;
  /** Start, epoch ms UTC; those without one have no bar. */
  readonly dateObsMs: number | null;
  readonly exposureSec: number | null;
  readonly imageKind: ImageKind;
  readonly filter: string | null;
  readonly object: string | null;
  readonly siteId: string;
  readonly telescope: string;
  readonly instrument: string;
  readonly reductionLevel: number;
  /** What people found: `good`, `doubtful`, `bad`. */
  readonly flag: string | null;
}

/** How a bar is drawn: solid, hollow, grey, a tick. */
export type BarType = 'light' | 'flat' | 'dark' | 'bias' | 'test';

/** One exposure, or a run of them that would lie too close to be told apart. */
export interface RollBar<T extends RollExposure> {
  /** In the unit of the scale. */
  readonly x: number;
  readonly width: number;
  readonly type: BarType;
  readonly slot: FilterSlot;
  /** In order of time; one or more. */
  readonly exposures: readonly T[];
}

/** What was taken through one filter, or all that is no light of the sky. */
export interface RollRow<T extends RollExposure> {
  /** The name of the filter as the frames have it, `no filter`, or `cal`. */
  readonly label: string;
  readonly slot: FilterSlot;
  readonly isCal: boolean;
  readonly bars: readonly RollBar<T>[];
}

/** A camera with its rows from the shortest wavelength down to `cal`. */
export interface RollCamera<T extends RollExposure> {
  readonly siteId: string;
  readonly telescope: string;
  readonly instrument: string;
  /** Those that are shown: of raw and reduced frames of the same light the raw ones. In order of time. */
  readonly exposures: readonly T[];
  readonly rows: readonly RollRow<T>[];
}

/** In the unit of the scale. */
export interface RollOptions {
  /** Shortest bar. */
  readonly minWidth: number;
  /** Bars that lie closer than this become one, always; 0: only where a row has too many. */
  readonly mergeWithin: number;
  /** More bars in a row than this are put together. */
  readonly mostBars: number;
}

const BY_NAME = new Intl.Collator('en', { numeric: true });
const NO_FILTER = 'no filter';

/** Lays the frames of a night out as a piano roll: cameras in order of site and name. */
export function layOut<T extends RollExposure>(
  exposures: readonly T[],
  scale: Scale,
  options: RollOptions,
): RollCamera<T>[] {
  const dated = exposures.filter(({ dateObsMs }) => dateObsMs !== null);
  const keyOf = (each: T): string => [each.siteId, each.telescope, each.instrument].join('\n');
  const cameras = [...groupBy(dated, keyOf).values()].flatMap((some): RollCamera<T>[] => {
    const [first] = some;
    if (first === undefined) return [];
    const { siteId, telescope, instrument } = first;
    const level = some.reduce((least, each) => Math.min(least, each.reductionLevel), Infinity);
    const shown = some
      .filter(({ reductionLevel }) => reductionLevel === level)
      .sort((a, b) => startOf(a) - startOf(b) || a.id - b.id);
    return [
      { siteId, telescope, instrument, exposures: shown, rows: toRows(shown, scale, options) },
    ];
  });
  return cameras.sort(
    (a, b) =>
      BY_NAME.compare(a.siteId, b.siteId) ||
      BY_NAME.compare(a.instrument, b.instrument) ||
      BY_NAME.compare(a.telescope, b.telescope),
  );
}

/** How the bar of a frame looks. */
export function barType(kind: ImageKind): BarType {
  if (SCIENCE_KINDS.some((each) => each === kind)) return 'light';
  if (kind === 'flat' || kind === 'skyflat') return 'flat';
  return kind === 'dark' || kind === 'bias' ? kind : 'test';
}

/** When a frame ended, epoch ms; that it began is known of all that have a bar. */
export function endOf(exposure: RollExposure): number {
  return startOf(exposure) + Math.max(0, exposure.exposureSec ?? 0) * 1000;
}

/** When a frame began, epoch ms: of all that have a bar it is known. */
export function startOf({ dateObsMs }: RollExposure): number {
  return dateObsMs ?? 0;
}

function toRows<T extends RollExposure>(
  exposures: readonly T[],
  scale: Scale,
  options: RollOptions,
): RollRow<T>[] {
  const labelOf = ({ imageKind, filter }: T): string => {
    const type = barType(imageKind);
    return type === 'light' || type === 'flat' ? (filter ?? NO_FILTER) : '';
  };
  const rows = [...groupBy(exposures, labelOf)].map(([label, some]): RollRow<T> => {
    const isCal = label === '';
    const slot = isCal || label === NO_FILTER ? 'none' : filterSlot(label);
    const bars = toBars(some, scale, options);
    return { label: isCal ? 'cal' : label, slot, isCal, bars };
  });
  return rows.sort((a, b) => placeOf(a) - placeOf(b) || BY_NAME.compare(a.label, b.label));
}

/** Place of a row from the top: in order of wavelength, names that nobody knows after them, `cal` last. */
function placeOf({ slot, isCal }: Pick<RollRow<RollExposure>, 'slot' | 'isCal'>): number {
  if (isCal) return FILTER_SLOTS.length + 1;
  return slot === 'none' ? FILTER_SLOTS.length : FILTER_SLOTS.indexOf(slot);
}

function toBars<T extends RollExposure>(
  exposures: readonly T[],
  scale: Scale,
  { minWidth, mergeWithin, mostBars }: RollOptions,
): RollBar<T>[] {
  let within = mergeWithin;
  let bars = within > 0 ? toRuns(exposures, scale, within) : exposures.map((each) => [each]);
  while (bars.length > mostBars && within < scale.width) {
    within = within === 0 ? minWidth : within * 2;
    bars = toRuns(exposures, scale, within);
  }
  return bars.flatMap((run) => toBar(run, scale, minWidth));
}

/** Neighbours of one sort, and of one object, whose bars lie closer than `within`. */
function toRuns<T extends RollExposure>(
  exposures: readonly T[],
  scale: Scale,
  within: number,
): T[][] {
  const runs: T[][] = [];
  let last: T | undefined;
  for (const each of exposures) {
    const isNear =
      last !== undefined &&
      last.imageKind === each.imageKind &&
      last.object === each.object &&
      last.flag === each.flag &&
      scale.xOf(startOf(each)) - scale.xOf(endOf(last)) < within;
    if (isNear) runs.at(-1)?.push(each);
    else runs.push([each]);
    last = each;
  }
  return runs;
}

function toBar<T extends RollExposure>(
  run: readonly T[],
  scale: Scale,
  minWidth: number,
): RollBar<T>[] {
  const [first] = run;
  if (first === undefined) return [];
  const from = scale.xOf(startOf(first));
  const to = run.reduce((last, each) => Math.max(last, scale.xOf(endOf(each))), from);
  const width = round(Math.max(minWidth, to - from));
  // At the right edge a bar that is widened would be cut off.
  const x = round(Math.max(0, Math.min(from, scale.width - width)));
  const { filter, imageKind } = first;
  return [{ x, width, type: barType(imageKind), slot: filterSlot(filter), exposures: run }];
}
