import { LRUCache } from 'lru-cache';
import type { Place } from '../almanac/index.js';
import { listSunRows, type NightRow, type SunRow, type Viewer } from '../catalog/index.js';
import { findSite } from '../config/index.js';
import { canBeAt, placeIn, skyOver, type SiteNight, type SkyParts } from './sky.js';

/** The skies of many nights, each worked out once. */
export interface Skies {
  /** The sky of a night over those of some sites whose coordinates are known. */
  over(night: string, siteIds: readonly string[], viewer: Viewer): Promise<SiteNight[]>;
  /** The same over the sites of all frames of a night; of a night without any, of the settings. */
  overFrames(night: string, rows: readonly NightRow[]): Promise<SiteNight[]>;
  /** The same over all sites of the settings. */
  overSites(night: string): SiteNight[];
}

/** What the headers of a night told of the place of a site. */
interface KnownPlace {
  readonly place: Place | undefined;
  readonly night: string;
}

/** Nights of some years; each is a few hundred bytes. */
const KEPT_SKIES = 4000;
const KEPT_PLACES = 200;
/** How long a site is not asked for again: telescopes travel, and headers are corrected. */
const KEEP_PLACE_MS = 86_400_000;
/** The same of one that no header told the place of. */
const KEEP_NONE_MS = 600_000;

/**
 * Sun and Moon of a night over a place never change, and take milliseconds; where a site is that the
 * settings do not know is read from headers, and kept for a while.
 */
export function createSkies(parts: SkyParts): Skies {
  const { sites } = parts.config;
  const kept = new LRUCache<string, SiteNight>({ max: KEPT_SKIES });
  const places = new LRUCache<string, KnownPlace>({
    max: KEPT_PLACES,
    ttl: KEEP_PLACE_MS,
  });

  const keep = (night: string, siteId: string, place: Place): SiteNight => {
    const { latitudeDeg, longitudeDeg, elevationM } = place;
    const key = [night, siteId, latitudeDeg, longitudeDeg, elevationM].join(' ');
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = skyOver(night, siteId, place, findSite(sites, siteId));
    kept.set(key, made);
    return made;
  };

  const placeOf = async (
    night: string,
    siteId: string,
    listRows: () => Promise<readonly SunRow[]>,
  ): Promise<Place | undefined> => {
    const site = findSite(sites, siteId);
    if (site !== undefined) return site;
    const known = places.get(siteId);
    if (known !== undefined) return known.place;
    const rows = await listRows();
    const place = await placeIn(
      parts,
      rows.filter((row) => row.siteId === siteId),
    );
    places.set(siteId, { place, night }, place === undefined ? { ttl: KEEP_NONE_MS } : {});
    return place;
  };

  const overAll = async (
    night: string,
    siteIds: Iterable<string>,
    listRows: () => Promise<readonly SunRow[]>,
  ): Promise<SiteNight[]> => {
    const skies: SiteNight[] = [];
    for (const siteId of [...siteIds].sort()) {
      const place = await placeOf(night, siteId, listRows);
      if (place !== undefined) skies.push(keep(night, siteId, place));
    }
    return skies;
  };

  const overSites: Skies['overSites'] = (night) => sites.map((site) => keep(night, site.id, site));

  return {
    over: (night, siteIds, viewer) =>
      overAll(night, siteIds, () => listSunRows(parts.catalog, night, viewer)),
    async overFrames(night, rows) {
      if (rows.length === 0) return overSites(night);
      const sites = new Set(rows.map(({ siteId }) => siteId));
      const underSun = rows.filter(isUnderSun);
      for (const siteId of sites) {
        const known = places.get(siteId);
        const some = underSun.filter((row) => row.siteId === siteId);
        if (known !== undefined && !isOf(known, night, some)) places.delete(siteId);
      }
      return overAll(night, sites, () => Promise.resolve(underSun));
    },
    overSites,
  };
}

/** A telescope that travels has its own place each time; and a night may tell what others did not. */
function isOf(known: KnownPlace, night: string, rows: readonly SunRow[]): boolean {
  return known.place === undefined ? known.night === night : canBeAt(known.place, rows);
}

function isUnderSun(row: NightRow): row is NightRow & SunRow {
  return row.dateObsMs !== null && row.sunAltDeg !== null;
}
