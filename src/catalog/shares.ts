import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import { recordDeed } from './audit.js';
import { inTransaction, required, type Catalog } from './db.js';
import type { StoredFile } from './selection.js';
import { visibleTo, type Viewer } from './visibility.js';

/** A selection under a link. */
export interface FrameShare {
  readonly id: number;
  readonly title: string;
  readonly madeBy: { readonly id: number; readonly username: string };
  readonly madeMs: number;
  readonly expiresMs: number;
  readonly revokedMs: number | null;
  readonly frames: number;
  readonly sizeBytes: number;
}

export interface NewShare {
  readonly title: string;
  readonly tokenHash: string;
  readonly expiresMs: number;
  /** Each once. */
  readonly frameIds: readonly number[];
}

/** Most frames of one share. */
export const MAX_SHARED = 5000;

const FROZEN = [
  'share_id',
  'number',
  'frame_id',
  'version_id',
  'basename',
  'extension',
  'size_bytes',
  'sha256',
];

/**
 * Freezes the frames as they are now, in order of time.
 *
 * @returns its id
 * @throws 'not_found' if one of the frames is not there or not shown to `viewer`; 'bad_request' for none;
 *         'too_large' beyond MAX_SHARED
 */
export async function insertShare(
  catalog: Catalog,
  { title, tokenHash, expiresMs, frameIds }: NewShare,
  viewer: Viewer & { readonly userId: number },
): Promise<number> {
  if (frameIds.length === 0) throw new AppError('bad_request', 'There is no frame to share.');
  if (frameIds.length > MAX_SHARED) {
    throw new AppError('too_large', `At most ${MAX_SHARED} frames can be shared under one link.`);
  }
  return inTransaction(catalog, async (tx) => {
    const kept = { title, token_hash: tokenHash, expires_ms: expiresMs, made_ms: Date.now() };
    const row = { ...kept, made_by: viewer.userId, frames: 0, size_bytes: 0 };
    const [id] = await tx('shares').insert(row);
    const shareId = required(id);
    const chosen = tx('frames')
      .join('versions', 'versions.id', 'frames.version_id')
      .whereRaw('frames.id in (select value from json_each(?))', [JSON.stringify(frameIds)])
      .modify(visibleTo, viewer)
      .select(
        tx.raw('? as share_id', [shareId]),
        tx.raw(
          'row_number() over (order by frames.date_obs_ms is null, frames.date_obs_ms, frames.id)',
        ),
        ...['frames.id', 'versions.id', 'frames.basename', 'versions.extension'],
        ...['versions.size_bytes', 'versions.sha256'],
      );
    await tx.from(tx.raw(`share_files (${FROZEN.join(', ')})`)).insert(chosen);
    const frozen: { frames: number; bytes: number | null } | undefined = await tx('share_files')
      .where({ share_id: shareId })
      .first(tx.raw('count(*) as frames, sum(size_bytes) as bytes'));
    const { frames, bytes } = required(frozen);
    if (frames < frameIds.length) {
      const missing = frameIds.length - frames;
      const message = `Not found: ${missing} of ${frameIds.length} frames are not there (any more). Nothing was shared.`;
      throw new AppError('not_found', message);
    }
    await tx('shares')
      .where({ id: shareId })
      .update({ frames, size_bytes: bytes ?? 0 });
    const expires = new Date(expiresMs).toISOString();
    await recordDeed(tx, viewer, {
      action: 'share.made',
      subject: `share:${shareId}`,
      outcome: 'done',
      detail: { title, frames, expires },
    });
    return shareId;
  });
}

/** All shares of an account, the newest first. @param userId undefined for those of everybody */
export async function listShares(catalog: Catalog, userId?: number): Promise<FrameShare[]> {
  const rows = await selectShares(catalog.read)
    .modify((query) => {
      if (userId !== undefined) void query.where('shares.made_by', userId);
    })
    .orderBy('shares.id', 'desc');
  return (rows as ShareRow[]).map(toShare);
}

/** The share of a token, also when it has ended; undefined if there never was one. */
export async function findShare(
  catalog: Catalog,
  tokenHash: string,
): Promise<FrameShare | undefined> {
  const rows = await selectShares(catalog.read).where('shares.token_hash', tokenHash);
  return (rows as ShareRow[]).map(toShare)[0];
}

/**
 * Ends a share for good. Of one that has ended nothing is changed.
 *
 * @param ownerId only if it is of this account; undefined for anybody's
 * @throws 'not_found'
 */
export async function revokeShare(
  catalog: Catalog,
  id: number,
  ownerId: number | undefined,
  viewer: Viewer,
): Promise<void> {
  await inTransaction(catalog, async (tx) => {
    const rows = (await selectShares(tx).where('shares.id', id)) as ShareRow[];
    const share = toShare(required(rows[0]));
    if (ownerId !== undefined && share.madeBy.id !== ownerId) required(undefined);
    if (share.revokedMs !== null) return;
    await tx('shares').where({ id }).update({ revoked_ms: Date.now() });
    await recordDeed(tx, viewer, {
      action: 'share.revoked',
      subject: `share:${id}`,
      outcome: 'done',
      detail: { title: share.title, madeBy: share.madeBy.username },
    });
  });
}

/** Why a frame of a share cannot be had any more. */
export type Withdrawn = 'deleted' | 'hidden' | 'changed';

/** A frame of a share: as it was frozen, and what is there of it. */
export interface SharedFrame {
  /** From 1 on, in order of time. */
  readonly number: number;
  readonly frameId: number;
  readonly basename: string;
  readonly extension: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** The file; or why there is none. */
  readonly file: StoredFile | Withdrawn;
  /** What is known of the frame; all null once it has gone. */
  readonly object: string | null;
  readonly filter: string | null;
  readonly imageKind: string | null;
  readonly exposureSec: number | null;
  readonly dateObsMs: number | null;
  readonly fwhmArcsec: number | null;
}

/**
 * The frames of a share.
 *
 * @param sharer who made it, with the rights that are theirs now: of what they may not see any more
 *        nothing but the name is told
 * @param range only these numbers
 */
export async function listSharedFrames(
  { read }: Catalog,
  shareId: number,
  sharer: Viewer,
  range: { readonly first: number; readonly last: number } = { first: 1, last: MAX_SHARED },
): Promise<SharedFrame[]> {
  const seen = read('frames')
    .modify(visibleTo, sharer)
    .whereRaw('frames.id = frozen.frame_id')
    .select('frames.id');
  const rows: SharedRow[] = await read('share_files as frozen')
    .where('frozen.share_id', shareId)
    .whereBetween('frozen.number', [range.first, range.last])
    .leftJoin('frames as any_frame', 'any_frame.id', 'frozen.frame_id')
    .leftJoin('frames as seen', 'seen.id', read.raw('?', [seen]))
    .leftJoin('versions', (join) =>
      join
        .on('versions.id', 'frozen.version_id')
        .on('versions.frame_id', 'seen.id')
        .on('versions.sha256', 'frozen.sha256'),
    )
    .leftJoin('measures', 'measures.frame_id', 'seen.id')
    .orderBy('frozen.number')
    .select('frozen.*', 'any_frame.id as any_id', 'seen.id as seen_id', 'versions.key')
    .select('versions.container', 'versions.crc32', 'versions.created_ms')
    .select('versions.original_sha256', 'seen.object', 'seen.filter', 'seen.image_kind')
    .select('seen.exposure_sec', 'seen.date_obs_ms', 'measures.fwhm_arcsec');
  return rows.map(toSharedFrame);
}

interface ShareRow {
  readonly id: number;
  readonly title: string;
  readonly made_by: number;
  readonly username: string;
  readonly made_ms: number;
  readonly expires_ms: number;
  readonly revoked_ms: number | null;
  readonly frames: number;
  readonly size_bytes: number;
}

function selectShares(db: Knex): Knex.QueryBuilder {
  return db('shares')
    .join('users', 'users.id', 'shares.made_by')
    .select('shares.*', 'users.username');
}

function toShare(row: ShareRow): FrameShare {
  return {
    id: row.id,
    title: row.title,
    madeBy: { id: row.made_by, username: row.username },
    madeMs: row.made_ms,
    expiresMs: row.expires_ms,
    revokedMs: row.revoked_ms,
    frames: row.frames,
    sizeBytes: row.size_bytes,
  };
}

interface SharedRow {
  readonly number: number;
  readonly frame_id: number;
  readonly basename: string;
  readonly extension: string;
  readonly size_bytes: number;
  readonly sha256: string;
  readonly any_id: number | null;
  readonly seen_id: number | null;
  readonly key: string | null;
  readonly container: string;
  readonly crc32: number;
  readonly created_ms: number;
  readonly original_sha256: string | null;
  readonly object: string | null;
  readonly filter: string | null;
  readonly image_kind: string | null;
  readonly exposure_sec: number | null;
  readonly date_obs_ms: number | null;
  readonly fwhm_arcsec: number | null;
}

function toSharedFrame(row: SharedRow): SharedFrame {
  return {
    number: row.number,
    frameId: row.frame_id,
    basename: row.basename,
    extension: row.extension,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    file: fileOf(row),
    object: row.object,
    filter: row.filter,
    imageKind: row.image_kind,
    exposureSec: row.exposure_sec,
    dateObsMs: row.date_obs_ms,
    fwhmArcsec: row.fwhm_arcsec,
  };
}

function fileOf(row: SharedRow): StoredFile | Withdrawn {
  if (row.any_id === null) return 'deleted';
  if (row.seen_id === null) return 'hidden';
  if (row.key === null) return 'changed';
  return {
    frameId: row.frame_id,
    basename: row.basename,
    extension: row.extension,
    container: row.container,
    key: row.key,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    crc32: row.crc32,
    createdMs: row.created_ms,
    isPacked: row.original_sha256 !== null,
  };
}
