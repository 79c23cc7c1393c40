import type { Knex } from 'knex';
import { createPace } from '../lib/pace.js';
import { enterCube, leaveCube } from './cube.js';
import type { CubeColumns } from './cube-keys.js';
import { required } from './db.js';
import { removeHeaderValues, writeHeaderValues } from './header-values.js';
import {
  toFrameRow,
  toVersionRow,
  type FrameFacts,
  type NewVersion,
  type StoredHdu,
} from './schema.js';
import { directionOf } from './solutions.js';
import { placeOnSky, removeFromSky } from './sky-index.js';
import { formatCards } from './write-cards.js';

/** Everything of one upload that the catalogue keeps. */
export interface NewFrame {
  readonly basename: string;
  readonly facts: FrameFacts;
  readonly version: NewVersion;
  readonly hdus: readonly StoredHdu[];
}

/** Times, and ids where they are known, of a frame that was here before. */
export interface FormerFrame {
  readonly frameId?: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly version: { readonly id?: number; readonly number: number; readonly createdMs: number };
}

/**
 * Writes a frame, or a further version of frame `frameId`, in the caller's transaction.
 * A UNIQUE error on `versions.sha256`, `versions.key` or `frames.basename` means a race was lost.
 *
 * @param as for a frame that is written back: without it, it gets new ids, and now is its time
 */
export async function insertFrame(
  tx: Knex.Transaction,
  frame: NewFrame,
  of: { frameId: number; number: number } | undefined,
  as?: FormerFrame,
): Promise<{ frameId: number; versionId: number }> {
  const now = Date.now();
  const facts = factColumns(frame);
  // The place that is left may be the one that is entered: entered first, its row keeps its id.
  const place = await enterCube(tx, facts);
  if (of !== undefined) {
    await leaveCube(tx, of.frameId);
    await removeHeaderValues(tx, of.frameId);
  }
  const updated = { size_bytes: frame.version.sizeBytes, updated_ms: as?.updatedMs ?? now };
  const columns = { ...facts, ...place, ...updated };
  const frameId =
    of?.frameId ??
    (await insertRow(tx, 'frames', {
      ...columns,
      ...(as?.frameId === undefined ? {} : { id: as.frameId }),
      basename: frame.basename,
      created_ms: as?.createdMs ?? now,
    }));
  const versionId = await insertRow(tx, 'versions', {
    ...toVersionRow(frame.version),
    ...(as?.version.id === undefined ? {} : { id: as.version.id }),
    frame_id: frameId,
    number: as?.version.number ?? of?.number ?? 1,
    created_ms: as?.version.createdMs ?? now,
  });
  // What the frames around it said was of the version before.
  const changed = of === undefined ? {} : { ...columns, exposure_odd: 0 };
  await tx('frames')
    .where({ id: frameId })
    .update({ ...changed, version_id: versionId });
  await placeOnSky(tx, frameId, frame.facts);
  await writeHeaderValues(tx, frameId, frame.hdus);
  await insertHdus(tx, versionId, frame.hdus);
  if (of !== undefined) {
    // Those without a keyword come from elsewhere than a header.
    await tx('relations').where({ frame_id: frameId }).whereNot({ keyword: '' }).delete();
  }
  const relations = toRelationRows(frame, frameId);
  if (relations.length > 0) await tx.batchInsert('relations', relations, 100);
  return { frameId, versionId };
}

/** Writes the headers of one version, which has none in the catalogue yet. */
export async function insertHdus(
  tx: Knex.Transaction,
  versionId: number,
  hdus: readonly StoredHdu[],
): Promise<void> {
  await tx.batchInsert('hdus', await toHduRows({ hdus }, versionId), 50);
}

/** Removes a frame with all its versions; the caller then removes the files of the keys returned. */
export async function deleteFrame(tx: Knex.Transaction, id: number): Promise<string[]> {
  const rows: { key: string }[] = await tx('versions').where({ frame_id: id }).select('key');
  await leaveCube(tx, id);
  await removeFromSky(tx, id);
  await removeHeaderValues(tx, id);
  const gone = await tx('frames').where({ id }).delete();
  required(gone > 0 ? gone : undefined);
  return rows.map((row) => row.key);
}

/** Inserts one row and gives its id; knex's return value differs between dialects without this. */
export async function insertRow(
  db: Knex,
  table: string,
  row: Record<string, unknown>,
): Promise<number> {
  const [inserted]: { id: number }[] = await db(table).insert(row).returning('id');
  return required(inserted).id;
}

/** The columns of `frames` that come from the facts. */
export function factColumns({ facts }: NewFrame): Record<string, unknown> & CubeColumns {
  return toFrameRow(facts, directionOf(facts));
}

/** The rows of `hdus` of one version. */
export async function toHduRows(
  { hdus }: Pick<NewFrame, 'hdus'>,
  versionId: number,
): Promise<Record<string, unknown>[]> {
  const pace = createPace();
  const rows: Record<string, unknown>[] = [];
  for (const hdu of hdus) {
    rows.push({
      version_id: versionId,
      hdu: hdu.hdu,
      name: hdu.name,
      kind: hdu.kind,
      bitpix: hdu.bitpix,
      axes: JSON.stringify(hdu.axes),
      checksum: hdu.checksum,
      cards: await formatCards(hdu.cards, pace),
    });
  }
  return rows;
}

/** The rows of `relations` of a frame. */
export function toRelationRows({ facts }: NewFrame, frameId: number): Record<string, unknown>[] {
  return facts.relations.map(({ key, name }) => ({ frame_id: frameId, keyword: key, name }));
}
