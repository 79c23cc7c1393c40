import { LRUCache } from 'lru-cache';
import { findNightsAround, readChanges, type Condition, type Viewer } from '../catalog/index.js';
import { describeNight, type NightOptions, type NightParts, type NightReport } from './night.js';
import { createLacking, type Lacking } from './lacking.js';
import { describeNights, type NightOverview, type OverviewQuery } from './overview.js';
import { listNightPage, type NightPage } from './page.js';
import { createSights } from './sights.js';
import { createSkies } from './skies.js';

/** Which nights are asked for. */
export interface NightQuery {
  readonly conditions: readonly Condition[];
  readonly limit: number;
  readonly offset: number;
}

/** What is to be told of nights. */
export interface Nights {
  /** Nights of the frames that match, newest first. */
  list(query: NightQuery, viewer: Viewer): Promise<NightPage>;
  /** Some nights, in the order in which they are asked for, as an overview of many shows them. */
  describe(asked: OverviewQuery, viewer: Viewer): Promise<NightOverview[]>;
  /** What calibrations nights lack: only for those who see every frame. */
  readonly lacking: Lacking;
  /** One night whole; undefined if the viewer sees nothing of it. */
  find(night: string, options: NightOptions, viewer: Viewer): Promise<NightReport | undefined>;
  /** The nights with frames before and after one. */
  around(
    night: string,
    viewer: Viewer,
  ): Promise<{ readonly previous: string | null; readonly next: string | null }>;
}

/** Puts together what the catalogue, the sky and the rules of calibration say of nights. */
export function createNights(parts: NightParts): Nights {
  const { catalog } = parts;
  const calibrations = remembering(parts);
  const skies = createSkies(parts);
  const sights = createSights(parts);
  return {
    list: (query, viewer) => listNightPage(catalog, query, viewer),
    describe: (asked, viewer) => describeNights({ ...parts, skies, sights }, asked, viewer),
    lacking: createLacking({ catalog, calibrations, sights }),
    find: (night, options, viewer) =>
      describeNight({ ...parts, calibrations, skies }, night, viewer, options),
    around: (night, viewer) => findNightsAround(catalog, night, viewer),
  };
}

/** Nights whose missing calibrations are kept. */
const KEPT = 200;

/**
 * What is missing is the most of the work, and the same until the catalogue changes; but not for those
 * to whom the clock shows more.
 */
function remembering({ catalog, calibrations }: NightParts): NightParts['calibrations'] {
  type Answer = ReturnType<NightParts['calibrations']['findMissing']>;
  const kept = new LRUCache<string, Answer>({ max: KEPT });
  return {
    async findMissing(frameIds, viewer) {
      if (!viewer.seesAll) return calibrations.findMissing(frameIds, viewer);
      const key = `${await readChanges(catalog)} ${frameIds.join(' ')}`;
      const known = kept.get(key);
      if (known !== undefined) return known;
      const asked = calibrations.findMissing(frameIds, viewer);
      kept.set(key, asked);
      asked.catch(() => kept.delete(key)); // whoever asked is told
      return asked;
    },
  };
}
