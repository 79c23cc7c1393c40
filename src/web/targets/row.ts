import { SCIENCE_KINDS, type Frame } from '../../catalog/index.js';
import type { ObjectReport, ObjectSummary, ObjectTotal } from '../../objects/index.js';
import { filterQuery } from '../frames/list-state.js';
import { widthOf } from '../nights/rows.js';
import {
  FILTER_SLOTS,
  filterSlot,
  formatCount,
  formatHourMinutes,
  NONE,
  thumbnailUrl,
  type FilterSlot,
} from '../render.js';
import { targetUrl, type TargetsState } from './state.js';

/** Years that a row has room for. */
const YEARS = 3;

/** The light of a filter, `6:11`. */
export interface FilterHours {
  readonly name: string;
  readonly slot: FilterSlot;
  readonly hours: string;
}

/** A target in the list. */
export interface TargetRow {
  readonly name: string;
  readonly url: string;
  /** What it is, or else what its frames call it. */
  readonly second: string;
  readonly frames: string;
  readonly framesUrl: string;
  readonly hours: string;
  readonly filters: readonly FilterHours[];
  /** The latest last. */
  readonly years: readonly { readonly year: string; readonly hours: string }[];
  readonly earlierYears: string;
  readonly fwhm: string;
  readonly best: { readonly url: string; readonly thumbnail: string; readonly name: string } | null;
  readonly lastNight: string;
  readonly nightUrl: string;
}

/** @param more.sample the frame with the smallest stars */
export function toTargetRow(
  base: string,
  report: ObjectReport,
  more: { readonly state: TargetsState; readonly sample: Frame | undefined },
): TargetRow {
  const { summary, best } = report;
  const { sample, state } = more;
  const { lastNight } = summary;
  const years = report.years.filter(({ key }) => key !== null);
  return {
    name: summary.merged.name,
    url: targetUrl(base, summary.merged.name, state),
    second: secondName(summary),
    frames: formatCount(summary.frames),
    framesUrl: framesUrl(base, summary, state),
    hours: formatHourMinutes(summary.exposureSec),
    filters: toFilterHours(report.filters),
    years: years.slice(-YEARS).map((total) => ({
      year: total.key ?? NONE,
      hours: formatHourMinutes(total.exposureSec),
    })),
    earlierYears: years.length > YEARS ? `and ${years.length - YEARS} earlier` : '',
    fwhm: widthOf(best),
    best:
      sample === undefined
        ? null
        : {
            url: `${base}/frames/${sample.id}/`,
            thumbnail: thumbnailUrl(base, sample),
            name: sample.basename,
          },
    lastNight: lastNight ?? NONE,
    nightUrl: lastNight === null ? '' : `${base}/nights/${lastNight}/`,
  };
}

/** The type and another name that is known everywhere; or the spellings of the frames. */
export function secondName({ merged: { name, names, target } }: ObjectSummary): string {
  if (target !== undefined) {
    const other = target.aliases.find((alias) => /^(?:M|NGC|IC) \d|^[A-Z][a-z]/.test(alias));
    return [target.type, ...(other === undefined ? [] : [other])].join(' · ');
  }
  const others = names.filter((each) => each !== name);
  return others.length === 0 ? 'not in the catalogue of names' : `also ${others.join(', ')}`;
}

/** The frames of a target in the list of frames, under the conditions of the list of targets. */
export function framesUrl(
  base: string,
  { merged }: ObjectSummary,
  { frames }: Pick<TargetsState, 'frames'>,
): string {
  // A flat may name an object too: it is no light of it.
  const kinds = frames.filters.has('IMAGETYPE') ? '' : `&IMAGETYPE=${SCIENCE_KINDS.join(',')}`;
  const target = `target=${encodeURIComponent(merged.name)}${kinds}`;
  const query = filterQuery(frames);
  return `${base}/frames/?${query === '' ? target : `${target}&${query}`}`;
}

/** Filters with light, in the order of the spectrum as far as their names tell. */
export function toFilterHours(totals: readonly ObjectTotal[]): FilterHours[] {
  return inSpectrum(totals, ({ key }) => key).map(({ key, exposureSec }) => ({
    name: key ?? 'no filter',
    slot: filterSlot(key),
    hours: formatHourMinutes(exposureSec),
  }));
}

/** Things of filters in the order of the spectrum; those of unknown ones follow as they came. */
export function inSpectrum<T>(items: readonly T[], filterOf: (item: T) => string | null): T[] {
  const rank = (item: T): number => {
    const slot = filterSlot(filterOf(item));
    return slot === 'none' ? FILTER_SLOTS.length : FILTER_SLOTS.indexOf(slot);
  };
  return [...items].sort((a, b) => rank(a) - rank(b));
}
