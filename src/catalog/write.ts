import type { Knex } from 'knex';
import { createPace } from '../lib/pace.js';
import { toUnitVector } from '../sky/index.js';
import { enterCube, enterManyIntoCube, leaveCube } from './cube.js';
import type { CubeColumns } from './cube-keys.js';
import { inTransaction, required, type Catalog } from './db.js';
import { removeHeaderValues, writeHeaderValues, writeManyHeaderValues } from './header-values.js';
import {
  toFrameRow,
  toVersionRow,
  type FrameFacts,
  type NewVersion,
  type StoredHdu,
} from './schema.js';
import { placeManyOnSky, placeOnSky, removeFromSky } from './sky-index.js';
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
  const changed = of === undefined ? {} : columns;
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

/** Rows of one transaction: many, because each commit waits for the disk. */
const BATCH = 10_000;
/** Frames at once: their rows are garbage again before they have grown old. */
const SLICE = 500;

/**
 * Writes many new frames, tens of thousands each second, in transactions of 10 000: for a catalogue
 * that is made anew. Neither jobs nor events are written. A UNIQUE error undoes the transaction that
 * it happens in, not those before it.
 *
 * @returns how many were written
 */
export async function insertFramesInBulk(
  catalog: Catalog,
  frames: AsyncIterable<NewFrame> | Iterable<NewFrame>,
): Promise<number> {
  let written = 0;
  let batch: NewFrame[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    await inTransaction(catalog, async (tx) => {
      for (let at = 0; at < batch.length; at += SLICE) {
        await insertBatch(tx, batch.slice(at, at + SLICE));
      }
    });
    written += batch.length;
    batch = [];
  };
  for await (const frame of frames) {
    batch.push(frame);
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  return written;
}

/** All ids are known beforehand: nobody else writes while this transaction runs. */
async function insertBatch(tx: Knex, batch: readonly NewFrame[]): Promise<void> {
  const now = Date.now();
  const firstFrame = await nextId(tx, 'frames');
  const firstVersion = await nextId(tx, 'versions');
  const facts = batch.map(factColumns);
  const places = await enterManyIntoCube(tx, facts);
  await insertRows(
    tx,
    'frames',
    batch.map((frame, at) => ({
      ...facts[at],
      ...places[at],
      id: firstFrame + at,
      version_id: firstVersion + at,
      basename: frame.basename,
      size_bytes: frame.version.sizeBytes,
      created_ms: now,
      updated_ms: now,
    })),
  );
  await insertRows(
    tx,
    'versions',
    batch.map(({ version }, at) => ({
      ...toVersionRow(version),
      id: firstVersion + at,
      frame_id: firstFrame + at,
      number: 1,
      created_ms: now,
    })),
  );
  await placeManyOnSky(
    tx,
    batch.map((frame, at) => ({ ...frame.facts, id: firstFrame + at })),
  );
  const hdus: Record<string, unknown>[] = [];
  for (const [at, frame] of batch.entries()) {
    hdus.push(...(await toHduRows(frame, firstVersion + at)));
  }
  await insertRows(tx, 'hdus', hdus);
  await writeManyHeaderValues(
    tx,
    batch.map((frame, at) => ({ id: firstFrame + at, hdus: frame.hdus })),
  );
  await insertRows(
    tx,
    'relations',
    batch.flatMap((frame, at) => toRelationRows(frame, firstFrame + at)),
  );
}

/** Ids are never given twice, also not after the last frame was removed. */
async function nextId(tx: Knex, table: string): Promise<number> {
  const rows: { seq: number }[] = await tx('sqlite_sequence').where('name', table).select('seq');
  return (rows[0]?.seq ?? 0) + 1;
}

/** Characters of one statement: fewer statements are no quicker from here on. */
const STATEMENT = 400_000;

/** Values as text of SQL: the database reads that twice as fast as it takes bound values one by one. */
async function insertRows(
  tx: Knex,
  table: string,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const columns = Object.keys(first);
  const head = `insert into ${table} (${columns.join(', ')}) values `;
  let values: string[] = [];
  let length = 0;
  for (const row of rows) {
    const text = `(${columns.map((column) => toLiteral(row[column])).join(',')})`;
    values.push(text);
    length += text.length;
    if (length < STATEMENT) continue;
    await tx.raw(head + values.join(','));
    values = [];
    length = 0;
  }
  if (values.length > 0) await tx.raw(head + values.join(','));
}

/** A value as SQL. What may not stand in a text of SQL, or means something to knex, goes as bytes. */
function toLiteral(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value !== 'string') return 'null';
  if (/[\u0000\\?]/.test(value)) return `cast(x'${Buffer.from(value).toString('hex')}' as text)`;
  return `'${value.replaceAll("'", "''")}'`;
}

/** The columns of `frames` that come from the facts. */
function factColumns({ facts }: NewFrame): Record<string, unknown> & CubeColumns {
  const { raDeg, decDeg } = facts;
  const vector = raDeg === null || decDeg === null ? null : toUnitVector({ raDeg, decDeg });
  return toFrameRow(facts, vector);
}

async function toHduRows(
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

function toRelationRows({ facts }: NewFrame, frameId: number): Record<string, unknown>[] {
  return facts.relations.map(({ key, name }) => ({ frame_id: frameId, keyword: key, name }));
}
