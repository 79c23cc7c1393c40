import type { KeptUsual, NightRow } from '../catalog/index.js';
import { groupBy } from '../lib/groups.js';

/** Medians of what was measured in a night, beside what is usual. */
export interface NightMedians {
  readonly instrument: string;
  readonly filter: string | null;
  readonly binning: string;
  /** Frames that were measured. */
  readonly frames: number;
  readonly fwhmArcsec: number | null;
  readonly fwhmPx: number | null;
  /** Of the nights before; null if there were too few. */
  readonly usualFwhmArcsec: number | null;
  readonly usualFwhmPx: number | null;
  readonly hfrPx: number | null;
  readonly usualHfrPx: number | null;
  readonly elongation: number | null;
  readonly usualElongation: number | null;
  readonly background: number | null;
  /** Of frames exposed as long; null too where exposures of the night differ. */
  readonly usualBackground: number | null;
  readonly stars: number | null;
  readonly usualStars: number | null;
  readonly transparency: number | null;
  readonly usualTransparency: number | null;
}

/** A frame as far as its measures matter. */
export type MeasuredRow = Pick<
  NightRow,
  | 'siteId'
  | 'telescope'
  | 'instrument'
  | 'reductionLevel'
  | 'filter'
  | 'exposureSec'
  | 'binningX'
  | 'binningY'
  | 'stars'
  | 'fwhmArcsec'
  | 'fwhmPx'
  | 'hfrPx'
  | 'elongation'
  | 'background'
  | 'transparency'
  | 'groupId'
>;

/** What is usual for a group; of frames exposed so long, or of all. */
export type UsualOf = (
  groupId: number,
  exposureSec: number | null,
) => Promise<KeptUsual | undefined>;

/** By camera, filter and binning, of frames of the sky: of the raw ones, where there are both. */
export async function mediansOf(
  rows: readonly MeasuredRow[],
  usualOf: UsualOf,
): Promise<NightMedians[]> {
  const measured = rows.filter(({ groupId, fwhmPx, stars }) => {
    return groupId !== null && (fwhmPx !== null || stars !== null);
  });
  const setups = [...groupBy(measured, setupOf).values()].map((some) => {
    const level = Math.min(...some.map(({ reductionLevel }) => reductionLevel));
    return some.filter(({ reductionLevel }) => reductionLevel === level);
  });
  // Of frames whose filter was corrected the group is another one as soon as they are measured again.
  const groups = setups.flatMap((some) => [...groupBy(some, ({ groupId }) => groupId)]);
  const told = await Promise.all(
    groups.map(async ([groupId, some]) => {
      const exposureSec = commonExposure(some);
      return toMedians(some, {
        ofAny: await usualOf(groupId ?? -1, null),
        ofSame: exposureSec === null ? undefined : await usualOf(groupId ?? -1, exposureSec),
      });
    }),
  );
  return told.flat();
}

function setupOf(row: MeasuredRow): string {
  const { siteId, telescope, instrument, filter, binningX, binningY } = row;
  return JSON.stringify([siteId, telescope, instrument, filter, binningX, binningY]);
}

/** Exposures are the same within this part, as for ranks. */
const SAME_EXPOSURE = 0.01;

/** How long all of some frames were exposed; null if they differ. */
function commonExposure(rows: readonly MeasuredRow[]): number | null {
  const first = rows[0]?.exposureSec ?? null;
  if (first === null) return null;
  const isSame = rows.every(
    ({ exposureSec }) =>
      exposureSec !== null && Math.abs(exposureSec - first) <= SAME_EXPOSURE * first,
  );
  return isSame ? first : null;
}

interface Usual {
  readonly ofAny: KeptUsual | undefined;
  readonly ofSame: KeptUsual | undefined;
}

function toMedians(rows: readonly MeasuredRow[], { ofAny: usual, ofSame }: Usual): NightMedians[] {
  const [first] = rows;
  if (first === undefined) return [];
  const of = (valueOf: (row: MeasuredRow) => number | null): number | null =>
    median(rows.flatMap((row) => valueOf(row) ?? []));
  const fwhmPx = of((row) => row.fwhmPx);
  const fwhmArcsec = of((row) => row.fwhmArcsec);
  const usualFwhmPx = middleOf(usual, 'fwhm');
  // What is usual is kept in pixels; the scale is the same for all of a group.
  const scale = fwhmPx === null || fwhmArcsec === null ? null : fwhmArcsec / fwhmPx;
  return [
    {
      instrument: first.instrument,
      filter: first.filter,
      binning: `${first.binningX}x${first.binningY}`,
      frames: rows.length,
      fwhmArcsec,
      fwhmPx,
      usualFwhmArcsec: scale === null || usualFwhmPx === null ? null : usualFwhmPx * scale,
      usualFwhmPx,
      hfrPx: of((row) => row.hfrPx),
      usualHfrPx: middleOf(usual, 'hfr'),
      elongation: of((row) => row.elongation),
      usualElongation: middleOf(usual, 'elongation'),
      background: of((row) => row.background),
      usualBackground: middleOf(ofSame, 'background'),
      stars: of((row) => row.stars),
      usualStars: middleOf(ofSame, 'stars'),
      transparency: of((row) => row.transparency),
      usualTransparency: middleOf(usual, 'transparency'),
    },
  ];
}

function middleOf(usual: KeptUsual | undefined, name: string): number | null {
  const quantiles = usual?.quantiles[name];
  return quantiles?.[Math.floor(quantiles.length / 2)] ?? null;
}

/** The middle of some values, of an even number of them between the two in the middle. */
function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
