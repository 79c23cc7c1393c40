import type { Knex } from 'knex';
import { required } from './db.js';

/** A share as the journal tells it: all of it but the token itself, which nobody keeps. */
export interface ShareRecord {
  readonly id: number;
  readonly title: string;
  readonly tokenHash: string;
  /** Name of the account: names outlive a catalogue. */
  readonly madeBy: string;
  readonly madeMs: number;
  readonly expiresMs: number;
  readonly revokedMs: number | null;
  /** In order of their numbers, from 1 on. */
  readonly files: readonly SharedFile[];
}

/** A frame as it was shared. */
export interface SharedFile {
  readonly frameId: number;
  readonly versionId: number;
  readonly basename: string;
  readonly extension: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Shares by their ids, as far as they are there. */
export async function readShareRecords(
  db: Knex,
  ids: readonly number[],
): Promise<ReadonlyMap<number, ShareRecord>> {
  const records = new Map<number, ShareRecord>();
  if (ids.length === 0) return records;
  const rows: ShareRow[] = await db('shares')
    .join('users', 'users.id', 'shares.made_by')
    .whereIn('shares.id', ids)
    .select('shares.*', 'users.username');
  for (const row of rows) {
    const files: FileRow[] = await db('share_files').where({ share_id: row.id }).orderBy('number');
    records.set(row.id, {
      id: row.id,
      title: row.title,
      tokenHash: row.token_hash,
      madeBy: row.username,
      madeMs: row.made_ms,
      expiresMs: row.expires_ms,
      revokedMs: row.revoked_ms,
      files: files.map(toSharedFile),
    });
  }
  return records;
}

/**
 * Writes a share back, under its old id if that is free. Its frames are found by their bytes, since they
 * may have other ids now; those that are not there keep theirs. One whose token is known stays as it is.
 *
 * @returns true if all of it is as it was
 */
export async function insertShareRecord(
  tx: Knex.Transaction,
  record: ShareRecord,
): Promise<boolean> {
  const { id, title, tokenHash, madeMs, expiresMs, revokedMs } = record;
  const known: unknown = await tx('shares').where({ token_hash: tokenHash }).first('id');
  if (known !== undefined) return false;
  const owner: { id: number } | undefined = await tx('users')
    .where({ username_key: record.madeBy.toLowerCase() })
    .first('id');
  if (owner === undefined) return false;
  const taken: unknown = await tx('shares').where({ id }).first('id');
  const files = await findFiles(tx, record.files);
  const [newId] = await tx('shares').insert({
    ...(taken === undefined ? { id } : {}),
    title,
    token_hash: tokenHash,
    made_by: owner.id,
    made_ms: madeMs,
    expires_ms: expiresMs,
    revoked_ms: revokedMs,
    frames: files.length,
    size_bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  });
  const shareId = required(newId);
  const rows = files.map((file, index) => ({ share_id: shareId, ...toFileRow(file, index + 1) }));
  if (rows.length > 0) await tx.batchInsert('share_files', rows, 100);
  const isSame = files.every((file, index) => file === record.files[index]);
  return isSame && taken === undefined;
}

/** The same files under the ids that they have now. */
async function findFiles(db: Knex, files: readonly SharedFile[]): Promise<SharedFile[]> {
  const rows: { id: number; frame_id: number; sha256: string }[] = await db('versions')
    .whereRaw('sha256 in (select value from json_each(?))', [
      JSON.stringify(files.map(({ sha256 }) => sha256)),
    ])
    .select('id', 'frame_id', 'sha256');
  const places = new Map(rows.map((row) => [row.sha256, row]));
  return files.map((file) => {
    const place = places.get(file.sha256);
    const isSame = place === undefined || place.id === file.versionId;
    return isSame ? file : { ...file, frameId: place.frame_id, versionId: place.id };
  });
}

interface ShareRow {
  readonly id: number;
  readonly title: string;
  readonly token_hash: string;
  readonly username: string;
  readonly made_ms: number;
  readonly expires_ms: number;
  readonly revoked_ms: number | null;
}

interface FileRow {
  readonly number: number;
  readonly frame_id: number;
  readonly version_id: number;
  readonly basename: string;
  readonly extension: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

function toSharedFile(row: FileRow): SharedFile {
  return {
    frameId: row.frame_id,
    versionId: row.version_id,
    basename: row.basename,
    extension: row.extension,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
  };
}

function toFileRow(file: SharedFile, number: number): FileRow {
  return {
    number,
    frame_id: file.frameId,
    version_id: file.versionId,
    basename: file.basename,
    extension: file.extension,
    size_bytes: file.sizeBytes,
    sha256: file.sha256,
  };
}
