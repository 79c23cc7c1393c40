import type { Place } from '../almanac/index.js';
import { findSite, type Site } from '../config/index.js';

/** What is true of every frame of this archive unless its header says otherwise. */
export interface SiteDefaults {
  readonly siteId: string;
  readonly telescope: string;
  readonly instrument: string;
  /** Sites whose place is known; that of `siteId` may be one of them. */
  readonly sites?: readonly Site[];
}

/** What a header says of the place where a frame was taken. */
export interface SaidSite {
  readonly siteId: string | null;
  readonly latitudeDeg: number | null;
  /** Positive east. */
  readonly longitudeDeg: number | null;
  readonly elevationM: number | null;
}

/** Where a frame was taken. */
export interface FrameSite {
  readonly siteId: string;
  /** Undefined if neither the header nor a site of the archive tells it. */
  readonly place: Place | undefined;
  /** The site of the archive that it is. */
  readonly site: Site | undefined;
  /** For the night: that of the place, else of the header, else of the archive. */
  readonly longitudeDeg: number;
}

/** Coordinates of one site in different headers are rounded differently, or of different domes. */
const SAME_PLACE_DEG = 0.1;

/**
 * Where a frame was taken: at the site that its header names; else at the coordinates of its header, and
 * then at the site of the archive that is there; else at that of the archive, if the header names no other.
 */
export function siteOf(said: SaidSite, { siteId, sites = [] }: SiteDefaults): FrameSite {
  const named = said.siteId === null ? undefined : findSite(sites, said.siteId);
  if (named !== undefined) return at(named);
  const home = findSite(sites, siteId);
  const here = placeOf(said);
  const longitudeDeg = said.longitudeDeg ?? home?.longitudeDeg ?? 0;
  if (here !== undefined) {
    const site = sites.find((each) => isNear(each, here));
    if (site !== undefined && said.siteId === null) return at(site);
    return { siteId: said.siteId ?? siteId, place: site ?? here, site, longitudeDeg };
  }
  const isElsewhere =
    said.siteId !== null ||
    (said.longitudeDeg !== null && home !== undefined && !isNear(home, said));
  if (home !== undefined && !isElsewhere) return at(home);
  return { siteId: said.siteId ?? siteId, place: undefined, site: undefined, longitudeDeg };
}

function at(site: Site): FrameSite {
  return { siteId: site.id, place: site, site, longitudeDeg: site.longitudeDeg };
}

/** Exactly zero in both is what software writes that knows no place. */
function placeOf({ latitudeDeg, longitudeDeg, elevationM }: SaidSite): Place | undefined {
  if (latitudeDeg === null || longitudeDeg === null) return undefined;
  if (latitudeDeg === 0 && longitudeDeg === 0) return undefined;
  return { latitudeDeg, longitudeDeg, elevationM: elevationM ?? 0 };
}

function isNear(
  site: Place,
  said: { readonly latitudeDeg: number | null; readonly longitudeDeg: number | null },
): boolean {
  const { latitudeDeg, longitudeDeg } = said;
  const north = Math.abs((latitudeDeg ?? site.latitudeDeg) - site.latitudeDeg);
  const east = Math.abs((longitudeDeg ?? site.longitudeDeg) - site.longitudeDeg);
  return north < SAME_PLACE_DEG && Math.min(east, 360 - east) < SAME_PLACE_DEG;
}
