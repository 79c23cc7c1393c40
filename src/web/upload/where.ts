import { getFrame, getQuarantined, type Viewer } from '../../catalog/index.js';
import type { Foreseen } from '../../ingest/index.js';
import type { Mend } from '../../keeping/index.js';
import { AppError, hasCode } from '../../lib/errors.js';
import type { Web } from '../page.js';
import { formatNight, kindLabel } from '../render.js';

/** Where one file would go, in words. */
export interface Place {
  readonly name: string;
  /** Path below the root of the archive; '' if it can go nowhere yet. */
  readonly path: string;
  /** What the header is read as: night, camera, kind, filter. */
  readonly readAs: string;
  /** What stands in its way, as a sentence; '' if nothing does. */
  readonly trouble: string;
  /** Keywords that are missing, if that is the trouble. */
  readonly missing: readonly string[];
  /** What is odd, but keeps nothing from being filed. */
  readonly notes: readonly string[];
  /** A frame that is concerned, if the viewer may see it. */
  readonly frame: { readonly url: string; readonly words: string } | undefined;
}

/** Where the chosen files would go. */
export interface Whereabouts {
  readonly places: readonly Place[];
  /** Chosen files that were not looked at. */
  readonly more: number;
}

export const NOWHERE: Whereabouts = { places: [], more: 0 };

/** Files that are looked at: their headers are read each time that something is typed. */
const MOST = 12;

/**
 * Where `retry` would file the chosen files, and which of them get in each other's way.
 *
 * @param mendOf gives what would be tried with a file
 */
export async function whereabouts(
  { services, base }: Web,
  ids: readonly number[],
  mendOf: (item: Awaited<ReturnType<typeof getQuarantined>>) => Mend,
  viewer: Viewer,
): Promise<Whereabouts> {
  const { catalog, mending } = services;
  const places: Place[] = [];
  const taken = new Map<string, Foreseen & { readonly name: string }>();
  for (const id of ids.slice(0, MOST)) {
    const item = await getQuarantined(catalog, id, viewer).catch(ignoreGone);
    if (item === undefined) continue;
    const name = item.uploadName;
    try {
      const found = await mending.foresee(id, mendOf(item), viewer);
      const frame = await findConcerned({ services, base }, found, viewer);
      places.push({ ...toPlace(name, found, taken.get(found.key)), frame });
      if (!taken.has(found.key)) taken.set(found.key, { ...found, name });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const missing = missingOf(error);
      places.push({ ...NO_PLACE, name, missing, trouble: tell(error, missing) });
    }
  }
  return { places, more: Math.max(0, ids.length - MOST) };
}

const NO_PLACE = { path: '', readAs: '', notes: [], frame: undefined } as const;

function ignoreGone(error: unknown): undefined {
  if (!hasCode(error, 'not_found')) throw error;
  return undefined;
}

function missingOf({ code, data }: AppError): string[] {
  const { keywords } = data;
  return code === 'header_missing' && Array.isArray(keywords) ? keywords.map(String) : [];
}

/** What is missing is named all at once, as a person would say it. */
function tell({ message }: AppError, names: readonly string[]): string {
  const last = names.at(-1);
  if (last === undefined) return message;
  if (names.length === 1) return `${last} is still missing.`;
  return `${names.slice(0, -1).join(', ')} and ${last} are still missing.`;
}

function toPlace(
  name: string,
  found: Foreseen,
  before: (Foreseen & { readonly name: string }) | undefined,
): Omit<Place, 'frame'> {
  const { facts, warnings } = found;
  const about = [
    facts.night === null ? 'no night' : `night of ${formatNight(facts.night)}`,
    facts.instrument,
    facts.imageType ?? kindLabel(facts.imageKind),
    ...(facts.filter === null ? [] : [facts.filter]),
  ];
  const notes = before === undefined ? warnings : [...warnings, tellClash(found, before)];
  return { name, path: found.key, readAs: about.join(' · '), trouble: '', missing: [], notes };
}

/** Two of the chosen ones want the same place: the later one goes by the rule for names. */
function tellClash({ facts }: Foreseen, before: Foreseen & { readonly name: string }): string {
  const isSame =
    facts.dateObsMs === before.facts.dateObsMs && facts.instrument === before.facts.instrument;
  return isSame
    ? `${before.name} has the same name, time and camera: this one becomes the next version of the same frame.`
    : `${before.name} would get the same name: here the time is added to it.`;
}

/** The frame that a file is, or becomes a version of. Others' frames are not linked. */
async function findConcerned(
  { services, base }: Pick<Web, 'services' | 'base'>,
  { frameId, version, basename, isStored }: Foreseen,
  viewer: Viewer,
): Promise<Place['frame']> {
  if (frameId === undefined) return undefined;
  const frame = await getFrame(services.catalog, frameId, viewer).catch(ignoreGone);
  if (frame === undefined) return undefined;
  const words = isStored
    ? `These very bytes are in the archive: ${basename}`
    : `Becomes version ${version} of ${basename}`;
  return { url: `${base}/frames/${frameId}/`, words };
}
