import { lookFrom, nightAt, type Night, type Place } from '../almanac/index.js';
import { readKeywords, type Catalog, type NightRow } from '../catalog/index.js';
import { findSite, type Site } from '../config/index.js';
import { groupBy } from '../lib/groups.js';
import { parseLatitude, parseLongitude } from '../sky/index.js';

/** The sky of a night over a site whose coordinates are known. */
export interface SiteNight {
  /** As the frames have it. */
  readonly siteId: string;
  readonly name: string;
  /** Of the IANA; null if nobody said. */
  readonly timeZone: string | null;
  readonly sky: Night;
}

/** Keywords of coordinates: latitude, longitude, height. */
const KEYWORDS = [
  ['LATITUDE', 'LONGITUD', 'HEIGHT'],
  ['SITELAT', 'SITELONG', 'SITEELEV'],
] as const;
/** The Sun moves by it in a quarter of an hour: that far exposures are long. */
const SAME_SUN_DEG = 4;
const ASTRONOMICAL = -18;

/**
 * The sky of a night over the sites of its frames: those of the settings, and others whose coordinates
 * a header has. The rest is left out.
 *
 * @param rows frames of the night
 */
export async function skiesOf(
  catalog: Catalog,
  night: string,
  rows: readonly NightRow[],
  sites: readonly Site[],
): Promise<SiteNight[]> {
  const skies: SiteNight[] = [];
  for (const [siteId, some] of groupBy(rows, (row) => row.siteId)) {
    const site = findSite(sites, siteId);
    const place = site ?? (await placeIn(catalog, some));
    if (place === undefined) continue;
    const sky = nightAt(night, place, site?.darkSunAltDeg ?? ASTRONOMICAL);
    skies.push({ siteId, name: site?.name ?? '', timeZone: site?.timeZone ?? null, sky });
  }
  return skies.sort((a, b) => (a.siteId < b.siteId ? -1 : 1));
}

/** Where a header says that its frame was taken, if the Sun that the frame tells of stood there so. */
async function placeIn(catalog: Catalog, rows: readonly NightRow[]): Promise<Place | undefined> {
  const row = rows.find(({ dateObsMs, sunAltDeg }) => dateObsMs !== null && sunAltDeg !== null);
  if (row?.dateObsMs === undefined || row.dateObsMs === null || row.sunAltDeg === null) {
    return undefined;
  }
  const words = await readKeywords(catalog, [row.versionId], KEYWORDS.flat());
  const said = words.get(row.versionId) ?? new Map<string, string>();
  for (const [latitude, longitude, height] of KEYWORDS) {
    const latitudeDeg = parseLatitude(said.get(latitude) ?? '');
    const longitudeDeg = parseLongitude(said.get(longitude) ?? '');
    if (latitudeDeg === undefined || longitudeDeg === undefined) continue;
    const elevationM = Number(said.get(height) ?? 0) || 0;
    const place = { latitudeDeg, longitudeDeg, elevationM };
    // Else its longitude grows to the west, or one of the three is wrong.
    const sunAltDeg = lookFrom(place, row.dateObsMs).sun.altDeg;
    if (Math.abs(sunAltDeg - row.sunAltDeg) < SAME_SUN_DEG) return place;
  }
  return undefined;
}
