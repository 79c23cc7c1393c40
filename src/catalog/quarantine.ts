import { inTransaction, uniqueViolation, type Catalog } from './db.js';

/** A refused upload, kept as a file until someone mends or discards it. */
export interface Quarantined {
  readonly id: number;
  readonly uploadName: string;
  /** Name of the file in the quarantine folder. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly code: string;
  /** The sentence that the uploader was given. */
  readonly reason: string;
  readonly uploadedBy: number | null;
  readonly createdMs: number;
}

interface QuarantineRow {
  id: number;
  upload_name: string;
  file: string;
  size_bytes: number;
  sha256: string;
  code: string;
  reason: string;
  uploaded_by: number | null;
  created_ms: number;
}

/** @returns false if the same bytes lie in quarantine already */
export async function insertQuarantined(
  catalog: Catalog,
  item: Omit<Quarantined, 'id' | 'createdMs'>,
): Promise<boolean> {
  try {
    await inTransaction(catalog, (tx) =>
      tx('quarantine').insert({
        upload_name: item.uploadName,
        file: item.file,
        size_bytes: item.sizeBytes,
        sha256: item.sha256,
        code: item.code,
        reason: item.reason,
        uploaded_by: item.uploadedBy,
        created_ms: Date.now(),
      }),
    );
    return true;
  } catch (error) {
    if (uniqueViolation(error) === undefined) throw error;
    return false;
  }
}

/** Newest first. */
export async function listQuarantined(catalog: Catalog, limit = 1000): Promise<Quarantined[]> {
  const rows: QuarantineRow[] = await catalog.read('quarantine').orderBy('id', 'desc').limit(limit);
  return rows.map((row) => ({
    id: row.id,
    uploadName: row.upload_name,
    file: row.file,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    code: row.code,
    reason: row.reason,
    uploadedBy: row.uploaded_by,
    createdMs: row.created_ms,
  }));
}

export async function countQuarantined(
  catalog: Catalog,
): Promise<{ files: number; bytes: number }> {
  const row = await catalog
    .read('quarantine')
    .count({ files: '*' })
    .sum({ bytes: 'size_bytes' })
    .first();
  return { files: Number(row?.files ?? 0), bytes: Number(row?.bytes ?? 0) };
}

/** Removes the oldest rows until at most `files` and `bytes` are left. @returns their file names */
export async function trimQuarantine(
  catalog: Catalog,
  files: number,
  bytes: number,
): Promise<string[]> {
  return inTransaction(catalog, async (tx) => {
    const rows: { id: number; file: string; size_bytes: number }[] = await tx('quarantine')
      .orderBy('id', 'desc')
      .select('id', 'file', 'size_bytes');
    let count = 0;
    let size = 0;
    const surplus = rows.filter((row) => {
      count += 1;
      size += row.size_bytes;
      return count > files || size > bytes;
    });
    for (const row of surplus) await tx('quarantine').where({ id: row.id }).delete();
    return surplus.map((row) => row.file);
  });
}
