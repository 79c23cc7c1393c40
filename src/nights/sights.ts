import { LRUCache } from 'lru-cache';
import {
  conditionsKey,
  listNightExposures,
  readNightStates,
  type Catalog,
  type Condition,
  type NightExposure,
  type Viewer,
} from '../catalog/index.js';
import { groupBy } from '../lib/groups.js';
import { observedIn, partsOf, type NightTarget } from './observed.js';
import { isScience } from './use.js';

/** What the frames of a night tell by themselves: the same until one of them changes. */
export interface NightSight {
  /** In order of time. */
  readonly exposures: readonly NightExposure[];
  readonly targets: readonly NightTarget[];
  readonly siteIds: readonly string[];
  /** The measured frames of the sky of the largest group: one camera, filter and binning. */
  readonly leading: readonly NightExposure[];
}

/** What the frames of many nights tell, each read once. */
export interface Sights {
  /** Of some nights, in their order: read together, as far as they are not kept. */
  read(
    nights: readonly string[],
    conditions: readonly Condition[],
    viewer: Viewer,
  ): Promise<NightSight[]>;
}

/** Frames of all nights that are kept: some ten megabytes. */
const KEPT_FRAMES = 50_000;

/**
 * Keeps what was read for those who see everything until something about a frame of the night changes:
 * while a camera fills one night, the others need not be read again. What others see depends on the
 * clock and on who they are, and is read each time.
 */
export function createSights({ catalog }: { readonly catalog: Catalog }): Sights {
  const kept = new LRUCache<string, { readonly state: string; readonly sight: NightSight }>({
    maxSize: KEPT_FRAMES,
    sizeCalculation: ({ sight }) => Math.max(1, sight.exposures.length),
  });
  /** Those that are being read, by night, state and conditions. */
  const reading = new Map<string, Promise<NightSight>>();

  const readAll = async (
    nights: readonly string[],
    conditions: readonly Condition[],
    viewer: Viewer,
  ): Promise<(night: string) => NightSight> => {
    const rows = await listNightExposures(catalog, nights, conditions, viewer);
    const byNight = groupBy(rows, ({ night }) => night);
    return (night) => toSight(byNight.get(night) ?? []);
  };

  return {
    async read(nights, conditions, viewer) {
      const key = viewer.seesAll ? conditionsKey(catalog, conditions) : undefined;
      if (key === undefined) return nights.map(await readAll(nights, conditions, viewer));
      // Read before the frames: a change in between makes what is kept old, never what is told.
      const states = await readNightStates(catalog, nights);
      const asked = nights.map((night, at) => {
        const [about, state] = [`${night} ${key}`, states[at] ?? ''];
        const known = kept.get(about);
        const sight = known?.state === state ? known.sight : reading.get(`${state} ${about}`);
        return { night, about, state, sight };
      });
      const missing = asked.filter(({ sight }) => sight === undefined);
      const read = readAll(
        missing.map(({ night }) => night),
        conditions,
        viewer,
      );
      return Promise.all(
        asked.map(async ({ night, about, state, sight }) => {
          if (sight !== undefined) return sight;
          const made = read.then((sightOf) => {
            const fresh = sightOf(night);
            kept.set(about, { state, sight: fresh });
            return fresh;
          });
          const place = `${state} ${about}`;
          reading.set(place, made);
          return made.finally(() => reading.delete(place));
        }),
      );
    },
  };
}

function toSight(exposures: readonly NightExposure[]): NightSight {
  return {
    exposures,
    targets: observedIn(partsOf(exposures)),
    siteIds: [...new Set(exposures.map(({ siteId }) => siteId))],
    leading: leadingOf(exposures),
  };
}

function leadingOf(rows: readonly NightExposure[]): readonly NightExposure[] {
  const measured = rows.filter((row) => {
    return row.groupId !== null && row.fwhmPx !== null && isScience(row);
  });
  const groups = [...groupBy(measured, ({ groupId }) => groupId).values()];
  return groups.sort((a, b) => b.length - a.length)[0] ?? [];
}
