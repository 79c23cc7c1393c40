import {
  listNotesOfNights,
  listQuarantined,
  listUsual,
  nightNumber,
  type Condition,
  type KeptUsual,
  type NightExposure,
  type Note,
  type Viewer,
} from '../catalog/index.js';
import { remember } from '../lib/remember.js';
import { mediansOf, type NightMedians } from './medians.js';
import type { NightOptions, NightParts } from './night.js';
import { refusedIn } from './refused.js';
import type { InstrumentUse } from './shutter.js';
import type { NightSight, Sights } from './sights.js';
import type { Skies } from './skies.js';
import type { SiteNight } from './sky.js';
import { useOf } from './use.js';

/** A night as an overview of many shows it. Instants are epoch ms UTC. */
export interface NightOverview extends Pick<NightSight, 'exposures' | 'targets'> {
  readonly night: string;
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

/** What overviews are made with. */
interface OverviewParts extends Pick<NightParts, 'catalog' | 'config'> {
  readonly skies: Skies;
  readonly sights: Sights;
}

/** Which nights an overview is of. */
export interface OverviewQuery extends NightOptions {
  readonly nights: readonly string[];
  readonly conditions: readonly Condition[];
}

/** What is to be told of some nights, in their order: read together, without what only one night shows. */
export async function describeNights(
  { catalog, config, skies, sights }: OverviewParts,
  asked: OverviewQuery,
  viewer: Viewer,
): Promise<NightOverview[]> {
  const { nights, conditions, seesRefused, seesNotes, now = Date.now() } = asked;
  const [seen, refused, notes] = await Promise.all([
    sights.read(nights, conditions, viewer),
    seesRefused && nights.length > 0
      ? listQuarantined(catalog, { limit: MAX_REFUSED }, viewer)
      : [],
    seesNotes ? listNotesOfNights(catalog, nights, viewer) : [],
  ]);
  const usual = await readUsual(catalog, nights, seen);
  const leastMs = config.NIGHT_GAP_MINUTES * MINUTE_MS;
  return Promise.all(
    seen.map(async ({ exposures, targets, siteIds, leading }, at) => {
      const night = nights[at] ?? '';
      const over =
        exposures.length === 0 ? skies.overSites(night) : await skies.over(night, siteIds, viewer);
      return {
        night,
        exposures,
        targets,
        skies: over,
        instruments: useUntil(exposures, leastMs, Math.min(now, endOf(over)), ...over),
        leading: (
          await mediansOf(leading, (_group, exposureSec) =>
            // What depends on the exposure is told of one night alone.
            Promise.resolve(exposureSec === null ? usual[at] : undefined),
          )
        )[0],
        refused: seesRefused ? refusedIn(refused, night, over).length : null,
        notes: seesNotes ? (notes[at] ?? []) : null,
      };
    }),
  );
}

/** Nights that are over were used as they were. */
const useUntil = remember(
  (rows: readonly NightExposure[], leastMs: number, now: number, ...skies: readonly SiteNight[]) =>
    useOf(rows, cloudyIn(rows), skies, { leastMs, now }),
);

/** When it is no longer dark anywhere, epoch ms. */
function endOf(skies: readonly SiteNight[]): number {
  return Math.max(...skies.map(({ sky }) => sky.dark?.toMs ?? -Infinity));
}

function cloudyIn(rows: readonly NightExposure[]): ReadonlySet<number> {
  return new Set(rows.filter(({ doubts }) => doubts.includes('clouds')).map(({ id }) => id));
}

/** What was usual of the leading group of each night. */
async function readUsual(
  catalog: NightParts['catalog'],
  nights: readonly string[],
  sights: readonly NightSight[],
): Promise<(KeptUsual | undefined)[]> {
  const asked = sights.flatMap(({ leading }, at) => {
    const groupId = leading[0]?.groupId ?? null;
    return groupId === null ? [] : [{ at, groupId, nightNo: nightNumber(nights[at] ?? '') }];
  });
  const found = await listUsual(catalog, asked);
  const usual = new Map(asked.map(({ at }, place) => [at, found[place]]));
  return sights.map((_, at) => usual.get(at));
}
