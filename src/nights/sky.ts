import { lookFrom, nightAt, type Night, type Place } from '../almanac/index.js';
import {
  findChosenProfile,
  listCorrections,
  listHeaders,
  toOverrides,
  type Catalog,
  type SunRow,
} from '../catalog/index.js';
import type { Config, Site } from '../config/index.js';
import { placeOfStored, siteDefaults, type Reader } from '../ingest/index.js';

/** The sky of a night over a site whose coordinates are known. */
export interface SiteNight {
  /** As the frames have it. */
  readonly siteId: string;
  readonly name: string;
  /** Of the IANA; null if nobody said. */
  readonly timeZone: string | null;
  readonly place: Place;
  readonly sky: Night;
}

/** Frames whose headers are asked for a place; if the first of them agree, or tell none, no others. */
const ASKED = 20;
const ASKED_FIRST = 5;
/** The Sun moves by it in a quarter of an hour: that far exposures are long. */
const SAME_SUN_DEG = 4;
const ASTRONOMICAL = -18;

/** What tells where frames were taken. */
export interface SkyParts {
  readonly catalog: Catalog;
  readonly config: Config;
  readonly reader: Pick<Reader, 'profiles'>;
}

/** The sky of a night over a place. @param site what the settings say of it, if they do */
export function skyOver(night: string, siteId: string, place: Place, site?: Site): SiteNight {
  const sky = nightAt(night, place, site?.darkSunAltDeg ?? ASTRONOMICAL);
  return { siteId, name: site?.name ?? '', timeZone: site?.timeZone ?? null, place, sky };
}

/** The place that most of some frames of a site tell: a header may be wrong. */
export async function placeIn(
  parts: SkyParts,
  rows: readonly SunRow[],
): Promise<Place | undefined> {
  const votes = new Map<string, { readonly place: Place; readonly frames: number }>();
  const asked = spread(rows, ASKED);
  const first = spread(asked, ASKED_FIRST);
  const rest = asked.filter((row) => !first.includes(row));
  for (const [index, row] of [...first, ...rest].entries()) {
    if (index === first.length) {
      const [only] = votes.values();
      if (only === undefined || only.frames === first.length) return only?.place;
    }
    const place = await placeOfRow(parts, row);
    if (place === undefined) continue;
    const key = `${place.latitudeDeg.toFixed(1)} ${place.longitudeDeg.toFixed(1)}`;
    const before = votes.get(key);
    const frames = (before?.frames ?? 0) + 1;
    votes.set(key, { place: before?.place ?? place, frames });
    if (frames > ASKED / 2) return place; // the others cannot outvote it
  }
  return [...votes.values()].sort((a, b) => b.frames - a.frames)[0]?.place;
}

/** Some, at most, from all over a night: those at its start may share their fault. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  const step = Math.max(1, all.length / most);
  return all.filter((_, index) => index % step < 1);
}

/** False if the Sun of which some frames tell did not stand so over a place. */
export function canBeAt(place: Place, [row]: readonly SunRow[]): boolean {
  return row === undefined || isUnderItsSun(place, row);
}

function isUnderItsSun(place: Place, { dateObsMs, sunAltDeg }: SunRow): boolean {
  return Math.abs(lookFrom(place, dateObsMs).sun.altDeg - sunAltDeg) < SAME_SUN_DEG;
}

/** Where a header says that its frame was taken, if the Sun that the frame tells of stood there so. */
async function placeOfRow(
  { catalog, config, reader }: SkyParts,
  row: SunRow,
): Promise<Place | undefined> {
  const stored = await listHeaders(catalog, { id: row.versionId });
  const reading = {
    overrides: toOverrides(await listCorrections(catalog.read, row.id)),
    profile: await findChosenProfile(catalog.read, row.id),
  };
  const place = placeOfStored(stored, reading, reader.profiles, siteDefaults(config));
  return place !== undefined && isUnderItsSun(place, row) ? place : undefined;
}
