import type { Catalog } from './db.js';
import type { FrameRecord } from './records.js';

/** A file that the archive keeps beside those of its frames. */
export interface AsideFile {
  /** `quarantine`: a refused upload; `trash`: a version of a frame that was deleted. */
  readonly area: 'quarantine' | 'trash';
  /** Of quarantine the name of the file; of trash the key that it had, and gets back. */
  readonly key: string;
  /** The deleted frame; null in quarantine. */
  readonly frameId: number | null;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** False for a deleted frame whose files may still lie in their old places. */
  readonly isMoved: boolean;
}

const BATCH = 200;

/** Every refused upload that is kept. */
export async function* eachQuarantineFile(catalog: Catalog): AsyncIterable<AsideFile> {
  for (let after = 0; ;) {
    const rows: { id: number; file: string; size_bytes: number; sha256: string }[] = await catalog
      .read('quarantine')
      .where('id', '>', after)
      .orderBy('id')
      .limit(BATCH)
      .select('id', 'file', 'size_bytes', 'sha256');
    for (const { file, size_bytes, sha256 } of rows) {
      const bytes = { sizeBytes: size_bytes, sha256 };
      yield { area: 'quarantine', key: file, frameId: null, ...bytes, isMoved: true };
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

/** Every file of a frame in the trash; those that are being removed for good are left out. */
export async function* eachTrashFile(catalog: Catalog): AsyncIterable<AsideFile> {
  for (let after = 0; ;) {
    const rows: TrashRow[] = await catalog
      .read('trash')
      .where('frame_id', '>', after)
      .whereNull('purged_ms')
      .orderBy('frame_id')
      .limit(BATCH)
      .select('frame_id', 'record', 'moved_ms');
    for (const row of rows) yield* filesOf(row);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.frame_id;
  }
}

/** True if a frame in the trash has this key, and its files need not have left their places yet. */
export async function isBeingTrashed(catalog: Catalog, key: string): Promise<boolean> {
  const rows: TrashRow[] = await catalog
    .read('trash')
    .whereRaw('(moved_ms is null or purged_ms is not null)')
    .select('frame_id', 'record', 'moved_ms');
  return rows.some((row) => filesOf(row).some((file) => file.key === key));
}

/** Whether a deleted frame had a version with this key; also one that is being removed for good. */
export async function isOfTrashed(
  catalog: Catalog,
  frameId: number,
  key: string,
): Promise<boolean> {
  const row: TrashRow | undefined = await catalog
    .read('trash')
    .where({ frame_id: frameId })
    .first('frame_id', 'record', 'moved_ms');
  return row !== undefined && filesOf(row).some((file) => file.key === key);
}

/** True if such a file is still to be kept. */
export async function isKeptAside(catalog: Catalog, file: AsideFile): Promise<boolean> {
  const row: unknown =
    file.area === 'quarantine'
      ? await catalog.read('quarantine').where({ file: file.key }).first('id')
      : await catalog
          .read('trash')
          .where({ frame_id: file.frameId })
          .whereNull('purged_ms')
          .first('frame_id');
  return row !== undefined;
}

interface TrashRow {
  readonly frame_id: number;
  readonly record: string;
  readonly moved_ms: number | null;
}

function filesOf({ frame_id, record, moved_ms }: TrashRow): AsideFile[] {
  const { versions } = JSON.parse(record) as FrameRecord;
  return versions.map(({ key, sizeBytes, sha256 }) => ({
    area: 'trash',
    key,
    frameId: frame_id,
    sizeBytes,
    sha256,
    isMoved: moved_ms !== null,
  }));
}
