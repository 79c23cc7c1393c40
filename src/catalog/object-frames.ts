import type { Knex } from 'knex';
import type { SkyPoint } from '../sky/index.js';
import type { Catalog } from './db.js';
import { SCIENCE_KINDS } from './sightings.js';
import { seesNothing, visibleTo, type Viewer } from './visibility.js';

/** Where a frame of an object lies. */
export interface ObjectField {
  readonly frameId: number;
  readonly basename: string;
  /** Its edge, ICRS degrees, not closed. */
  readonly polygon: readonly SkyPoint[];
}

/**
 * The fields of the frames of an object, newest first.
 *
 * @param objectIds of all its names
 * @param limit most frames; older ones are left out
 */
export async function listObjectFields(
  { read }: Catalog,
  objectIds: readonly number[],
  limit: number,
  viewer: Viewer,
): Promise<ObjectField[]> {
  if (objectIds.length === 0 || seesNothing(viewer)) return [];
  const rows: { frameId: number; basename: string; ring: string }[] = await ofObjects(
    read,
    objectIds,
    viewer,
  )
    .whereNotNull('frames.ring')
    .orderBy('frames.date_obs_ms', 'desc')
    .limit(limit)
    .select({ frameId: 'frames.id', basename: 'frames.basename', ring: 'frames.ring' });
  return rows.map(({ frameId, basename, ring }) => {
    const pairs = JSON.parse(ring) as (readonly [number, number])[];
    const polygon = pairs.slice(0, -1).map(([raDeg, decDeg]) => ({ raDeg, decDeg }));
    return { frameId, basename, polygon };
  });
}

/** A frame of an object that is worth a look. */
export interface ObjectFrame {
  readonly id: number;
  readonly basename: string;
  readonly filter: string | null;
  readonly exposureSec: number | null;
  readonly night: string | null;
  readonly dateObsMs: number | null;
  /** Null if it was not measured, or its scale is not known. */
  readonly fwhmArcsec: number | null;
  readonly fwhmPx: number | null;
  readonly version: { readonly sha256: string };
}

/** The frames of an object with the smallest stars, none that is flagged bad; then those not measured, newest first. */
export async function listBestFrames(
  { read }: Catalog,
  objectIds: readonly number[],
  limit: number,
  viewer: Viewer,
): Promise<ObjectFrame[]> {
  if (objectIds.length === 0 || seesNothing(viewer)) return [];
  const rows: (Omit<ObjectFrame, 'version'> & { sha256: string })[] = await ofObjects(
    read,
    objectIds,
    viewer,
  )
    .join('versions', 'versions.id', 'frames.version_id')
    .leftJoin('measures', 'measures.frame_id', 'frames.id')
    .whereRaw(`not exists (select 1 from flags where flags.frame_id = frames.id and flag = 'bad')`)
    .orderByRaw(
      'measures.fwhm_arcsec is null, measures.fwhm_arcsec, measures.fwhm_px is null, measures.fwhm_px, frames.date_obs_ms desc',
    )
    .limit(limit)
    .select({
      id: 'frames.id',
      basename: 'frames.basename',
      filter: 'frames.filter',
      exposureSec: 'frames.exposure_sec',
      night: 'frames.night',
      dateObsMs: 'frames.date_obs_ms',
      fwhmArcsec: 'measures.fwhm_arcsec',
      fwhmPx: 'measures.fwhm_px',
      sha256: 'versions.sha256',
    });
  return rows.map(({ sha256, ...frame }) => ({ ...frame, version: { sha256 } }));
}

/** Frames of the sky of some names of objects. */
function ofObjects(read: Knex, objectIds: readonly number[], viewer: Viewer): Knex.QueryBuilder {
  return read
    .from(read.raw('frames indexed by frames_object_date'))
    .whereRaw('frames.object_id in (select value from json_each(?))', [JSON.stringify(objectIds)])
    .whereIn('frames.image_kind', SCIENCE_KINDS)
    .modify(visibleTo, viewer);
}
