import type { Knex } from 'knex';
import type { Fingerprint } from '../lib/hash.js';
import type { Catalog } from './db.js';
import { findOwner } from './ownership.js';
import { toVersion, VERSION_COLUMNS, type Frame, type Row, type Version } from './schema.js';
import { isTheirs, type Viewer } from './visibility.js';

/** Facts needed to decide whether an upload is a new version of a frame. No access control: for ingest. */
export interface Namesake {
  readonly id: number;
  readonly basename: string;
  readonly instrument: string;
  readonly dateObsMs: number | null;
  readonly versions: number;
  /** As `findOwner`. */
  readonly owner: number | null;
}

/** The frame with this basename, if any. For ingest, inside its transaction. */
export async function findNamesake(db: Knex, basename: string): Promise<Namesake | undefined> {
  const row: Row | undefined = await db('frames')
    .where({ basename })
    .select('frames.id', 'basename', 'instrument', 'date_obs_ms')
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
    owner: await findOwner(db, Number(row.id)),
  };
}

/** Where bytes are that have been stored before. */
export interface KnownBytes {
  readonly frameId: number;
  readonly versionId: number;
  readonly basename: string;
  readonly version: number;
  /** Number of the version that the frame shows. */
  readonly currentVersion: number;
  readonly key: string;
  /** Length and hash of the stored file. */
  readonly sizeBytes: number;
  readonly sha256: string;
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
    .select('versions.size_bytes', 'versions.sha256', 'versions.original_sha256')
    .select({ version_id: 'versions.id', current_number: 'current.number' })
    .first();
  if (row === undefined) return undefined;
  return {
    frameId: Number(row.id),
    versionId: Number(row.version_id),
    basename: String(row.basename),
    version: Number(row.number),
    currentVersion: Number(row.current_number),
    key: String(row.key),
    sizeBytes: Number(row.size_bytes),
    sha256: String(row.sha256),
    isPacked: row.original_sha256 === sha256,
  };
}

/** Writes down that a version was packed anew and came out as other bytes. In the caller's transaction. */
export async function changeFingerprint(
  tx: Knex.Transaction,
  versionId: number,
  { sizeBytes, sha256, md5, crc32 }: Fingerprint,
): Promise<void> {
  const columns = { size_bytes: sizeBytes, sha256, md5, crc32 };
  await tx('versions').where({ id: versionId }).update(columns);
  await tx('frames').where({ version_id: versionId }).update({ updated_ms: Date.now() });
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

/** A version by its id, whoever asks: for jobs. */
export async function findVersion(catalog: Catalog, id: number): Promise<Version | undefined> {
  const row: Row | undefined = await catalog
    .read('versions')
    .where({ id })
    .select(VERSION_COLUMNS)
    .first();
  return row === undefined ? undefined : toVersion(row);
}

/** All versions of a frame with the names of their uploaders, the first one first. No access control. */
export async function listVersions(
  catalog: Catalog,
  frameId: number,
): Promise<(Version & { readonly uploader: string | null })[]> {
  const rows: Row[] = await catalog
    .read('versions')
    .leftJoin('users', 'users.id', 'versions.uploaded_by')
    .where('versions.frame_id', frameId)
    .orderBy('versions.number')
    .select(...VERSION_COLUMNS, 'users.username');
  return rows.map((row) => ({
    ...toVersion(row),
    uploader: typeof row.username === 'string' ? row.username : null,
  }));
}

/**
 * The versions of a frame that `viewer` may see, the first one first: all, or the current one alone for
 * those who see the frame only because it is public. What it was before may be from when it was hidden.
 *
 * @param frame as `viewer` was given it
 */
export async function listVisibleVersions(
  catalog: Catalog,
  { id, proposal, version }: Pick<Frame, 'id' | 'proposal' | 'version'>,
  viewer: Viewer,
): Promise<Awaited<ReturnType<typeof listVersions>>> {
  const versions = await listVersions(catalog, id);
  const first = versions.find(({ number }) => number === 1);
  const isWhole = isTheirs(viewer, { proposal, broughtBy: first?.uploadedBy ?? null });
  return isWhole ? versions : versions.filter(({ number }) => number === version.number);
}
