import { LRUCache } from 'lru-cache';
import type { Place } from '../almanac/index.js';
import { listNightRows, type Viewer } from '../catalog/index.js';
import { findSite } from '../config/index.js';
import { placeIn, skyOver, type SiteNight, type SkyParts } from './sky.js';

/** The skies of many nights, each worked out once. */
export interface Skies {
  /** The sky of a night over those of some sites whose coordinates are known. */
  over(night: string, siteIds: readonly string[], viewer: Viewer): Promise<SiteNight[]>;
  /** The same over all sites of the settings. */
  overSites(night: string): SiteNight[];
}

/** Nights of some years; each is a few hundred bytes. */
const KEPT_SKIES = 4000;
const KEPT_PLACES = 200;
/** How long a site that no header told the place of is not asked for again. */
const FORGET_PLACES_MS = 600_000;

/**
 * Sun and Moon of a night over a place never change, and take milliseconds; where a site is that the
 * settings do not know is read from headers, and kept for a while.
 */
export function createSkies(parts: SkyParts): Skies {
  const { sites } = parts.config;
  const kept = new LRUCache<string, SiteNight>({ max: KEPT_SKIES });
  const places = new LRUCache<string, { readonly place: Place | undefined }>({
    max: KEPT_PLACES,
    ttl: FORGET_PLACES_MS,
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
    viewer: Viewer,
  ): Promise<Place | undefined> => {
    const site = findSite(sites, siteId);
    if (site !== undefined) return site;
    const known = places.get(siteId);
    if (known !== undefined) return known.place;
    const rows = await listNightRows(parts.catalog, night, viewer);
    const place = await placeIn(
      parts,
      rows.filter((row) => row.siteId === siteId),
    );
    places.set(siteId, { place });
    return place;
  };

  return {
    async over(night, siteIds, viewer) {
      const skies: SiteNight[] = [];
      for (const siteId of [...siteIds].sort()) {
        const place = await placeOf(night, siteId, viewer);
        if (place !== undefined) skies.push(keep(night, siteId, place));
      }
      return skies;
    },
    overSites: (night) => sites.map((site) => keep(night, site.id, site)),
  };
}
