import {
  listNightExposures,
  listNightNotes,
  listQuarantined,
  listUsual,
  nightNumber,
  type Condition,
  type KeptUsual,
  type NightExposure,
  type Note,
  type Viewer,
} from '../catalog/index.js';
import { groupBy } from '../lib/groups.js';
import { mediansOf, type NightMedians } from './medians.js';
import type { NightOptions, NightParts } from './night.js';
import { observedIn, partsOf, type NightTarget } from './observed.js';
import { refusedIn } from './refused.js';
import type { InstrumentUse } from './shutter.js';
import type { Skies } from './skies.js';
import type { SiteNight } from './sky.js';
import { isScience, useOf } from './use.js';

/** A night as an overview of many shows it. Instants are epoch ms UTC. */
export interface NightOverview {
  readonly night: string;
  /** In order of time. */
  readonly exposures: readonly NightExposure[];
  readonly targets: readonly NightTarget[];
  readonly skies: readonly SiteNight[];
  readonly instruments: readonly InstrumentUse[];
  /** Of the frames of the sky that were taken most often in one way: what is usual is told of those. */
  readonly leading: NightMedians | undefined;
  /** Refused files that belong to it; null for those who may not see them. */
  readonly refused: number | null;
  /** As in `NightReport`. */
  readonly notes: readonly Note[] | null;
}

const MINUTE_MS = 60_000;
const MAX_REFUSED = 10_000;

/** What is to be told of some nights, in their order: read together, without what only one night shows. */
export async function describeNights(
  { catalog, config, skies }: Pick<NightParts, 'catalog' | 'config'> & { readonly skies: Skies },
  asked: NightOptions & {
    readonly nights: readonly string[];
    readonly conditions: readonly Condition[];
  },
  viewer: Viewer,
): Promise<NightOverview[]> {
  const { nights, conditions, seesRefused, seesNotes, now = Date.now() } = asked;
  const [exposures, refused] = await Promise.all([
    listNightExposures(catalog, nights, conditions, viewer),
    seesRefused && nights.length > 0
      ? listQuarantined(catalog, { limit: MAX_REFUSED }, viewer)
      : [],
  ]);
  const byNight = groupBy(exposures, ({ night }) => night);
  const usualOf = await readUsual(catalog, nights, byNight);
  const leastMs = config.NIGHT_GAP_MINUTES * MINUTE_MS;
  return Promise.all(
    nights.map(async (night) => {
      const rows = byNight.get(night) ?? [];
      const sites = [...new Set(rows.map(({ siteId }) => siteId))];
      const over =
        rows.length === 0 ? skies.overSites(night) : await skies.over(night, sites, viewer);
      const notes = seesNotes ? await listNightNotes(catalog, night, viewer) : null;
      return {
        night,
        exposures: rows,
        targets: observedIn(partsOf(rows)),
        skies: over,
        instruments: useOf(rows, cloudyIn(rows), over, { leastMs, now }),
        leading: (
          await mediansOf(leadingOf(rows), (_group, exposureSec) =>
            // What depends on the exposure is told of one night alone.
            Promise.resolve(exposureSec === null ? usualOf.get(night) : undefined),
          )
        )[0],
        refused: seesRefused ? refusedIn(refused, night, over).length : null,
        notes,
      };
    }),
  );
}

function cloudyIn(rows: readonly NightExposure[]): ReadonlySet<number> {
  return new Set(rows.filter(({ doubts }) => doubts.includes('clouds')).map(({ id }) => id));
}

/** The measured frames of the sky of the largest group: one camera, filter and binning. */
function leadingOf(rows: readonly NightExposure[]): readonly NightExposure[] {
  const measured = rows.filter((row) => {
    return row.groupId !== null && row.fwhmPx !== null && isScience(row);
  });
  const groups = [...groupBy(measured, ({ groupId }) => groupId).values()];
  return groups.sort((a, b) => b.length - a.length)[0] ?? [];
}

async function readUsual(
  catalog: NightParts['catalog'],
  nights: readonly string[],
  byNight: ReadonlyMap<string, readonly NightExposure[]>,
): Promise<ReadonlyMap<string, KeptUsual | undefined>> {
  const leading = nights.flatMap((night) => {
    const groupId = leadingOf(byNight.get(night) ?? [])[0]?.groupId ?? null;
    return groupId === null ? [] : [{ night, groupId, nightNo: nightNumber(night) }];
  });
  const usual = await listUsual(catalog, leading);
  return new Map(leading.map(({ night }, at) => [night, usual[at]]));
}
