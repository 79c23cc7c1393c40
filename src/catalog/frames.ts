import type { Knex } from 'knex';
import { inSnapshot, required, type Catalog } from './db.js';
import type { Condition } from './conditions.js';
import {
  toFrame,
  toVersion,
  VERSION_COLUMNS,
  type Frame,
  type Row,
  type Version,
} from './schema.js';
import { visibleTo, type Viewer } from './visibility.js';

export interface FrameOrder {
  readonly column: string;
  readonly descending: boolean;
}

export interface FrameQuery {
  readonly conditions: readonly Condition[];
  /** Ties are broken by id, ascending, so that pages never overlap. */
  readonly order: FrameOrder;
  readonly limit: number;
  readonly offset: number;
}

export interface Page<T> {
  readonly total: number;
  readonly items: readonly T[];
}

/** Names by which a list can be sorted → column: those of the reference archive's model, and ours. */
export const SORT_COLUMNS: Readonly<Record<string, string>> = {
  id: 'frames.id',
  basename: 'frames.basename',
  path: 'versions.key',
  SITEID: 'frames.site_id',
  TELID: 'frames.telescope',
  INSTRUME: 'frames.instrument',
  IMAGETYP: 'frames.image_type',
  OBSTYPE: 'frames.image_type',
  RLEVEL: 'frames.reduction_level',
  DATE_OBS: 'frames.date_obs_ms',
  night: 'frames.night',
  OBJECT: 'frames.object',
  TEL_RA: 'frames.ra_deg',
  TEL_DEC: 'frames.dec_deg',
  vec_x: 'frames.vec_x',
  vec_y: 'frames.vec_y',
  vec_z: 'frames.vec_z',
  TEL_ALT: 'frames.alt_deg',
  TEL_AZ: 'frames.az_deg',
  TEL_FOCU: 'frames.focus',
  SUNALT: 'frames.sun_alt_deg',
  SUNDIST: 'frames.sun_distance_deg',
  MOONALT: 'frames.moon_alt_deg',
  MOONFRAC: 'frames.moon_fraction',
  MOONDIST: 'frames.moon_distance_deg',
  EXPTIME: 'frames.exposure_sec',
  FILTER: 'frames.filter',
  binning: 'frames.binning_x',
  XBINNING: 'frames.binning_x',
  YBINNING: 'frames.binning_y',
  XORGSUBF: 'frames.origin_x',
  YORGSUBF: 'frames.origin_y',
  width: 'frames.width',
  height: 'frames.height',
  DATAMEAN: 'frames.data_mean',
  REQNUM: 'frames.request_number',
  OBSNUM: 'frames.obs_number',
  size: 'versions.size_bytes',
};

/** One page of the frames that `viewer` may see; count and page come from one snapshot. */
export async function listFrames(
  catalog: Catalog,
  query: FrameQuery,
  viewer: Viewer,
): Promise<Page<Frame>> {
  return inSnapshot(catalog, async (tx) => {
    const counted: { total: number } | undefined = await matching(tx, query.conditions, viewer)
      .count({ total: '*' })
      .first();
    const total = counted?.total ?? 0;
    if (query.limit === 0 || query.offset >= total) return { total, items: [] };
    const direction = query.order.descending ? 'desc' : 'asc';
    const rows: Row[] = await withVersion(matching(tx, query.conditions, viewer))
      // The column comes from SORT_COLUMNS; frames without a value stand last either way.
      .orderByRaw(
        `${query.order.column} is null, ${query.order.column} ${direction}, frames.id asc`,
      )
      .limit(query.limit)
      .offset(query.offset);
    return { total, items: await withRelations(tx, rows, viewer) };
  });
}

/** Frames by id, in the order of `ids`; those that are unknown or hidden are left out. */
export async function findFrames(
  catalog: Catalog,
  ids: readonly number[],
  viewer: Viewer,
): Promise<Frame[]> {
  return inSnapshot(catalog, async (tx) => {
    const found = new Map<number, Frame>();
    for (let at = 0; at < ids.length; at += 500) {
      const part = ids.slice(at, at + 500);
      const rows: Row[] = await withVersion(matching(tx, [], viewer)).whereIn('frames.id', part);
      for (const frame of await withRelations(tx, rows, viewer)) found.set(frame.id, frame);
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  });
}

/** @throws 'not_found' if there is no such frame, or `viewer` may not see it */
export async function getFrame(catalog: Catalog, id: number, viewer: Viewer): Promise<Frame> {
  const [frame] = await findFrames(catalog, [id], viewer);
  return required(frame);
}

/** Every frame that matches, as its current version alone, in order of time: for a zip of thousands. */
export async function listVersions(
  catalog: Catalog,
  conditions: readonly Condition[],
  limit: number,
  viewer: Viewer,
): Promise<(Version & { readonly basename: string })[]> {
  const rows: Row[] = await matching(catalog.read, conditions, viewer)
    .join('versions', 'versions.id', 'frames.version_id')
    .select('frames.basename', ...VERSION_COLUMNS)
    .orderByRaw('frames.date_obs_ms is null, frames.date_obs_ms, frames.id')
    .limit(limit);
  return rows.map((row) => ({ ...toVersion(row), basename: String(row.basename) }));
}

/** Ids of the frames whose headers name `basename`. */
export async function findUsers(
  catalog: Catalog,
  basename: string,
  viewer: Viewer,
): Promise<number[]> {
  const rows: { id: number }[] = await matching(catalog.read, [], viewer)
    .join('relations', 'relations.frame_id', 'frames.id')
    .where('relations.name', basename)
    .distinct('frames.id')
    .orderBy('frames.id')
    .limit(1000);
  return rows.map((row) => row.id);
}

/** Facts needed to decide whether an upload is a new version of a frame. No access control: for ingest. */
export interface Namesake {
  readonly id: number;
  readonly basename: string;
  readonly instrument: string;
  readonly dateObsMs: number | null;
  readonly versions: number;
}

/** The frame with this basename, if any. For ingest, inside its transaction. */
export async function findNamesake(db: Knex, basename: string): Promise<Namesake | undefined> {
  const row: Row | undefined = await db('frames')
    .where({ basename })
    .select('id', 'basename', 'instrument', 'date_obs_ms')
    .select({ versions: db('versions').max('number').whereRaw('frame_id = frames.id') })
    .first();
  if (row === undefined) return undefined;
  return {
    id: Number(row.id),
    basename: String(row.basename),
    instrument: String(row.instrument),
    dateObsMs:
      row.date_obs_ms === null || row.date_obs_ms === undefined ? null : Number(row.date_obs_ms),
    versions: Number(row.versions),
  };
}

/** Where bytes are that have been stored before. */
export interface KnownBytes {
  readonly frameId: number;
  readonly basename: string;
  readonly version: number;
  /** Number of the version that the frame shows. */
  readonly currentVersion: number;
  readonly key: string;
  /** Length of the stored file. */
  readonly sizeBytes: number;
  /** True if these bytes were packed: the stored file holds other ones. */
  readonly isPacked: boolean;
}

/** The frame and version that hold exactly these bytes, or were made from them, if any. For ingest. */
export async function findBySha256(db: Knex, sha256: string): Promise<KnownBytes | undefined> {
  const row: Row | undefined = await db('versions')
    .join('frames', 'frames.id', 'versions.frame_id')
    .join('versions as current', 'current.id', 'frames.version_id')
    .where('versions.sha256', sha256)
    .orWhere('versions.original_sha256', sha256)
    .select('frames.id', 'frames.basename', 'versions.number', 'versions.key')
    .select('versions.size_bytes', 'versions.original_sha256')
    .select({ current_number: 'current.number' })
    .first();
  if (row === undefined) return undefined;
  return {
    frameId: Number(row.id),
    basename: String(row.basename),
    version: Number(row.number),
    currentVersion: Number(row.current_number),
    key: String(row.key),
    sizeBytes: Number(row.size_bytes),
    isPacked: row.original_sha256 === sha256,
  };
}

/** Every stored version, in order of id; for `check`, which sees everything. */
export async function* eachVersion(
  catalog: Catalog,
): AsyncIterable<Version & { readonly basename: string }> {
  for (let after = 0; ;) {
    const rows: Row[] = await catalog
      .read('versions')
      .join('frames', 'frames.id', 'versions.frame_id')
      .where('versions.id', '>', after)
      .select('frames.basename', ...VERSION_COLUMNS)
      .orderBy('versions.id')
      .limit(1000);
    if (rows.length === 0) return;
    for (const row of rows) yield { ...toVersion(row), basename: String(row.basename) };
    after = Number(rows.at(-1)?.v_id);
  }
}

/** True if some version lies under `key`. */
export async function hasKey(catalog: Catalog, key: string): Promise<boolean> {
  const row: unknown = await catalog.read('versions').where({ key }).first('id');
  return row !== undefined;
}

/** The frames that `viewer` may see under `conditions`; the start of every reading query. */
export function matching(
  db: Knex,
  conditions: readonly Condition[],
  viewer: Viewer,
): Knex.QueryBuilder {
  const query = db('frames').modify(visibleTo, viewer);
  for (const { apply } of conditions) apply(query, 'frames');
  return query;
}

function withVersion(query: Knex.QueryBuilder): Knex.QueryBuilder {
  return query
    .join('versions', 'versions.id', 'frames.version_id')
    .select('frames.*', ...VERSION_COLUMNS);
}

/** Resolves the names in the headers of all rows in one query. */
async function withRelations(db: Knex, rows: readonly Row[], viewer: Viewer): Promise<Frame[]> {
  const related = new Map<number, number[]>();
  const pairs: { frame_id: number; id: number }[] = await db('relations')
    .join('frames', 'frames.basename', 'relations.name')
    .modify(visibleTo, viewer)
    .whereIn(
      'relations.frame_id',
      rows.map((row) => Number(row.id)),
    )
    .whereRaw('frames.id <> relations.frame_id')
    .distinct('relations.frame_id', 'frames.id')
    .orderBy('frames.id');
  for (const pair of pairs) {
    const list = related.get(pair.frame_id);
    if (list === undefined) related.set(pair.frame_id, [pair.id]);
    else list.push(pair.id);
  }
  return rows.map((row) => toFrame(row, related.get(Number(row.id)) ?? []));
}

/** A version by its id, whoever asks: for jobs. */
export async function findVersion(catalog: Catalog, id: number): Promise<Version | undefined> {
  const row: Row | undefined = await catalog
    .read('versions')
    .where({ id })
    .select(VERSION_COLUMNS)
    .first();
  return row === undefined ? undefined : toVersion(row);
}
