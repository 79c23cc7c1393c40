import type { Knex } from 'knex';
import { cellsOf } from './cells.js';
import type { Condition } from './conditions.js';
import { askOnce, inSnapshot, readChanges, type Catalog } from './db.js';
import { findsNothing, narrow, questionOf, resolveSearch, type Search } from './search.js';
import type { ObjectSum } from './sightings.js';
import { seesNothing, visibleTo, type Viewer } from './visibility.js';

/** Frames of the sky of one object, by how and when they were taken. */
export interface ObjectPart {
  readonly objectId: number;
  readonly object: string;
  readonly reductionLevel: number;
  readonly filter: string | null;
  readonly instrument: string;
  readonly night: string | null;
  readonly frames: number;
  readonly exposureSec: number;
}

/** A place that the frames of an object point at, ICRS degrees. */
export interface ObjectPlace {
  readonly objectId: number;
  readonly raDeg: number;
  readonly decDeg: number;
}

/**
 * Every object that frames of the sky name, among those that match. The same array as long as the answer
 * is the same. What visitors see of the clock they see a minute late.
 */
export async function listObjects(
  catalog: Catalog,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<readonly ObjectSum[]> {
  if (seesNothing(viewer)) return [];
  const isAll = conditions.length === 0;
  const ask = (): Promise<readonly ObjectSum[]> =>
    inSnapshot(catalog, async (tx) => {
      if (isAll && viewer.seesAll) {
        const question = ['objects', await readChanges(catalog, tx)];
        return askOnce(catalog.knownObjects, question, () => readSums(tx));
      }
      const search = await resolveSearch(tx, conditions, viewer);
      // Without a range of dates it is taken for a question that needs not be kept: of frames it is.
      const asked =
        isAll && viewer.role === 'anonymous'
          ? ['public objects', search.changes, Math.floor(search.now / MINUTE_MS)]
          : questionOf(tx, { ...search, dates: search.dates ?? {} });
      const read = (): Promise<readonly ObjectSum[]> => readObjects(tx, search);
      return asked === undefined ? read() : askOnce(catalog.knownObjects, asked, read);
    });
  return catalog.heavy(ask);
}

const MINUTE_MS = 60_000;

/** All objects of all frames, as the table of sums has them. */
async function readSums(tx: Knex): Promise<ObjectSum[]> {
  const rows: ObjectSum[] = await tx('object_sums')
    .join('objects', 'objects.id', 'object_sums.object_id')
    .select({
      objectId: 'object_sums.object_id',
      object: 'objects.object',
      reductionLevel: 'object_sums.reduction_level',
      frames: 'object_sums.frames',
      firstNight: 'object_sums.first_night',
      lastNight: 'object_sums.last_night',
    })
    .select(tx.raw('object_sums.exposure_ms / 1000.0 as exposureSec'));
  return rows;
}

async function readObjects(tx: Knex, search: Search): Promise<ObjectSum[]> {
  const seen = cellsOf(tx, search, 'sightings').as('seen');
  const rows: ObjectSum[] = await tx
    .from(seen)
    .join('facets', 'facets.id', 'seen.facet_id')
    .join('nights', 'nights.id', 'seen.night_id')
    .join('objects', 'objects.id', 'seen.object_id')
    .groupBy('seen.object_id', 'facets.reduction_level')
    .select(
      'seen.object_id as objectId',
      'objects.object as object',
      'facets.reduction_level as reductionLevel',
      tx.raw('sum(seen.frames) as frames'),
      tx.raw('sum(seen.exposure_ms) / 1000.0 as exposureSec'),
      tx.raw('min(nights.night) as firstNight'),
      tx.raw('max(nights.night) as lastNight'),
    );
  return rows;
}

/** How and when objects were observed. @param objectIds only these; undefined for all */
export async function listObjectParts(
  catalog: Catalog,
  objectIds: readonly number[] | undefined,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<ObjectPart[]> {
  if (seesNothing(viewer) || objectIds?.length === 0) return [];
  return inSnapshot(catalog, async (tx) => {
    const search = await resolveSearch(tx, conditions, viewer);
    const parts: ObjectPart[] = await tx
      .from(cellsOf(tx, search, 'sightings', objectIds).as('seen'))
      .join('facets', 'facets.id', 'seen.facet_id')
      .join('nights', 'nights.id', 'seen.night_id')
      .join('objects', 'objects.id', 'seen.object_id')
      .groupBy('seen.object_id', 'facets.reduction_level', 'facets.filter', 'facets.instrument')
      .groupBy('nights.night')
      .select(
        'seen.object_id as objectId',
        'objects.object as object',
        'facets.reduction_level as reductionLevel',
        'facets.filter as filter',
        'facets.instrument as instrument',
        'nights.night as night',
        tx.raw('sum(seen.frames) as frames'),
        tx.raw('sum(seen.exposure_ms) / 1000.0 as exposureSec'),
      );
    return parts;
  });
}

/** Objects that are looked at in one statement. */
const SLICE = 500;

/** Where some objects are: as one frame of each says, of those that have a pointing. */
export async function findObjectPlaces(
  { read }: Catalog,
  objectIds: readonly number[],
  viewer: Viewer,
): Promise<Map<number, ObjectPlace>> {
  const places = new Map<number, ObjectPlace>();
  for (let at = 0; at < objectIds.length; at += SLICE) {
    const one = read
      .from(read.raw('frames indexed by frames_object_date'))
      .whereRaw('frames.object_id = wanted.value and frames.ra_deg is not null')
      .whereNotNull('frames.dec_deg')
      .modify(visibleTo, viewer)
      .orderBy('frames.date_obs_ms', 'desc')
      .limit(1)
      .select('frames.id');
    const rows: ObjectPlace[] = await read
      .from(read.raw('json_each(?) as wanted', [JSON.stringify(objectIds.slice(at, at + SLICE))]))
      .join('frames', 'frames.id', read.raw('?', [one]))
      .select('frames.object_id as objectId', 'frames.ra_deg as raDeg', 'frames.dec_deg as decDeg');
    for (const row of rows) places.set(row.objectId, row);
  }
  return places;
}

/** A frame whose stars are as small as any of its object. */
export interface SharpFrame {
  readonly objectId: number;
  readonly frameId: number;
  /** Null if its scale is not known: then no frame of the object has one. */
  readonly fwhmArcsec: number | null;
  readonly fwhmPx: number | null;
}

/** Sizes of stars in one order: those in arc seconds, and after them those that are known in pixels only. */
const WIDTH = 'coalesce(measures.fwhm_arcsec, 1e6 + measures.fwhm_px)';

/** Of each of some objects the frame with the smallest stars, of those that were measured. */
export async function findSharpest(
  catalog: Catalog,
  objectIds: readonly number[],
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<SharpFrame[]> {
  if (objectIds.length === 0 || seesNothing(viewer)) return [];
  // A bare column beside min() is that of the row with the minimum: SQLite, select, §2.5.
  return inSnapshot(catalog, async (tx) => {
    const search = await resolveSearch(tx, conditions, viewer);
    if (findsNothing(search)) return [];
    const rows: (SharpFrame & { readonly least: number })[] = await tx
      .from(tx.raw('frames indexed by frames_object_date'))
      .join('measures', 'measures.frame_id', 'frames.id')
      .whereRaw('frames.object_id in (select value from json_each(?))', [JSON.stringify(objectIds)])
      .whereRaw(`${WIDTH} is not null`)
      .whereRaw(
        `not exists (select 1 from flags where flags.frame_id = frames.id and flag = 'bad')`,
      )
      .modify(narrow, tx, search, {})
      .groupBy('frames.object_id')
      .select('frames.object_id as objectId', 'frames.id as frameId')
      .select({ fwhmArcsec: 'measures.fwhm_arcsec', fwhmPx: 'measures.fwhm_px' })
      .select(tx.raw(`min(${WIDTH}) as least`));
    return rows.map(({ least: _, ...frame }) => frame);
  });
}
