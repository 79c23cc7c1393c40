import { LONGEST_EXPOSURE_SEC } from '../almanac/index.js';
import { SCIENCE_KINDS, type NightRow } from '../catalog/index.js';
import { groupBy } from '../lib/groups.js';
import { cameraKey } from './cameras.js';
import { findGaps, openMs, type Exposure, type InstrumentUse, type Stretches } from './shutter.js';
import type { SiteNight } from './sky.js';

/** A frame as far as it tells of the use of a night. */
export type UsedRow = Pick<
  NightRow,
  | 'id'
  | 'siteId'
  | 'telescope'
  | 'instrument'
  | 'imageKind'
  | 'reductionLevel'
  | 'dateObsMs'
  | 'exposureSec'
>;

const NONE: Stretches = { gaps: [], unused: [] };

/** Whether a frame shows the sky for its own sake. */
export function isScience({ imageKind }: Pick<NightRow, 'imageKind'>): boolean {
  return SCIENCE_KINDS.some((kind) => kind === imageKind);
}

/**
 * What each camera did, in order of site and name.
 *
 * @param rows in order of time
 * @param cloudy frames of which it was found that clouds went over them
 */
export function useOf(
  rows: readonly UsedRow[],
  cloudy: ReadonlySet<number>,
  skies: readonly SiteNight[],
  { leastMs, now }: { readonly leastMs: number; readonly now: number },
): InstrumentUse[] {
  const groups = [...groupBy(rows, cameraKey).values()].flatMap((some) => {
    const [first] = some;
    if (first === undefined) return [];
    const { siteId, telescope, instrument } = first;
    // Of frames that were only brought reduced, these are all that tells of the shutter.
    const level = Math.min(...some.map(({ reductionLevel }) => reductionLevel));
    const raw = some.filter(({ reductionLevel }) => reductionLevel === level);
    const exposures = raw.flatMap((row) => toExposure(row, cloudy));
    const dark = skies.find((each) => each.siteId === siteId)?.sky.dark ?? null;
    const past = dark === null ? null : { ...dark, toMs: Math.min(dark.toMs, now) };
    const hasScience = exposures.some((each) => each.isScience);
    const open = openMs(exposures, dark);
    // A camera that was not meant to look at the sky leaves no gap in it.
    const found = past === null || !hasScience ? NONE : findGaps(exposures, past, leastMs);
    return [
      {
        siteId,
        telescope,
        instrument,
        frames: raw.length,
        openSec: open / 1000,
        used: dark === null ? null : open / (dark.toMs - dark.fromMs),
        gaps: past === null ? null : found.gaps,
        unused: past === null ? null : found.unused,
      },
    ];
  });
  const byName = new Intl.Collator('en', { numeric: true }).compare;
  return groups.sort((a, b) => byName(a.siteId, b.siteId) || byName(a.instrument, b.instrument));
}

function toExposure(row: UsedRow, cloudy: ReadonlySet<number>): Exposure[] {
  const { id, dateObsMs, exposureSec } = row;
  if (dateObsMs === null) return [];
  // When the exposures of a sum were, nobody knows.
  const isOne = exposureSec !== null && exposureSec < LONGEST_EXPOSURE_SEC;
  const toMs = dateObsMs + (isOne ? Math.max(0, exposureSec) * 1000 : 0);
  return [{ id, fromMs: dateObsMs, toMs, isScience: isScience(row), isCloudy: cloudy.has(id) }];
}
