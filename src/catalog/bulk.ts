import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Knex } from 'knex';
import { isFresh, putOffIndexes } from './bulk-fresh.js';
import { enterManyIntoCube } from './cube.js';
import type { CubeColumns } from './cube-keys.js';
import { inTransaction, WRITER_CACHE_KIB, type Catalog } from './db.js';
import { writeManyHeaderValues } from './header-values.js';
import { toVersionRow } from './schema.js';
import { placeManyOnSky } from './sky-index.js';
import { factColumns, toHduRows, toRelationRows, type NewFrame } from './write.js';

/** Rows of one transaction: many, because each commit waits for the disk. */
const BATCH = 10_000;
/** Frames at once: their rows are garbage again before they have grown old. */
const SLICE = 500;
/** Frames that are made ready between two looks at what the database has done. */
const STEP = 50;

/** New rows go to all places of some twenty indices: what does not fit is read and written again and again. */
const BULK_CACHE_KIB = 524_288;

/**
 * Writes many new frames, some thousands each second, in transactions of 10 000: for a catalogue that is
 * made anew. Neither jobs nor events are written. A UNIQUE error undoes the transaction that it happens
 * in, not those before it; if more than one transaction is written into a catalogue without frames, its
 * indices are made at the end, and the error comes then and leaves a catalogue that has to be removed.
 *
 * @returns how many were written
 */
export async function insertFramesInBulk(
  catalog: Catalog,
  frames: AsyncIterable<NewFrame> | Iterable<NewFrame>,
): Promise<number> {
  let written = 0;
  let batch: NewFrame[] = [];
  let makeIndexes: (() => Promise<void>) | undefined;
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    await inTransaction(catalog, (tx) => insertBatch(tx, batch));
    written += batch.length;
    batch = [];
  };
  await setCache(catalog, BULK_CACHE_KIB);
  try {
    for await (const frame of frames) {
      batch.push(frame);
      if (batch.length < BATCH) continue;
      if (written === 0 && (await isFresh(catalog))) makeIndexes = await putOffIndexes(catalog);
      await flush();
    }
    await flush();
    await makeIndexes?.();
  } finally {
    await setCache(catalog, WRITER_CACHE_KIB);
  }
  return written;
}

async function setCache({ write }: Catalog, kib: number): Promise<void> {
  await write.raw(`pragma cache_size = -${kib}`);
}

/**
 * While the database writes a slice, the next one is made ready. All ids are known beforehand: nobody
 * else writes while this transaction runs.
 */
async function insertBatch(tx: Knex, batch: readonly NewFrame[]): Promise<void> {
  const frameId = await nextId(tx, 'frames');
  const versionId = await nextId(tx, 'versions');
  let writing: Promise<void> = Promise.resolve();
  try {
    for (let at = 0; at < batch.length; at += SLICE) {
      const first = { frameId: frameId + at, versionId: versionId + at };
      const slice = await prepare(batch.slice(at, at + SLICE), first);
      await writing;
      writing = insertSlice(tx, slice);
      writing.catch(() => undefined); // told by the next `await writing`
    }
  } finally {
    await writing;
  }
}

type RowValues = Readonly<Record<string, unknown>>;

/** Rows that only lack their places in the cube, in the order of the frames. */
interface Slice {
  readonly frames: readonly NewFrame[];
  readonly firstFrameId: number;
  readonly facts: readonly (Record<string, unknown> & CubeColumns)[];
  readonly versions: readonly RowValues[];
  readonly hdus: readonly RowValues[];
  readonly relations: readonly RowValues[];
}

async function prepare(
  frames: readonly NewFrame[],
  first: { readonly frameId: number; readonly versionId: number },
): Promise<Slice> {
  const now = Date.now();
  const facts: Slice['facts'][number][] = [];
  const versions: RowValues[] = [];
  const hdus: RowValues[] = [];
  const relations: RowValues[] = [];
  for (const [at, frame] of frames.entries()) {
    const frameId = first.frameId + at;
    const versionId = first.versionId + at;
    const { sizeBytes } = frame.version;
    facts.push(
      Object.assign(factColumns(frame), {
        id: frameId,
        version_id: versionId,
        basename: frame.basename,
        size_bytes: sizeBytes,
        created_ms: now,
        updated_ms: now,
      }),
    );
    versions.push(
      Object.assign(toVersionRow(frame.version), {
        id: versionId,
        frame_id: frameId,
        number: 1,
        created_ms: now,
      }),
    );
    hdus.push(...(await toHduRows(frame, versionId)));
    relations.push(...toRelationRows(frame, frameId));
    if (at % STEP === STEP - 1) await nextTurn();
  }
  return { frames, firstFrameId: first.frameId, facts, versions, hdus, relations };
}

async function insertSlice(tx: Knex, slice: Slice): Promise<void> {
  const { frames, firstFrameId, facts } = slice;
  const places = await enterManyIntoCube(tx, facts);
  for (const [at, row] of facts.entries()) Object.assign(row, places[at]);
  await insertRows(tx, 'frames', facts);
  await insertRows(tx, 'versions', slice.versions);
  const numbered = frames.map((frame, at) => ({ frame, id: firstFrameId + at }));
  await placeManyOnSky(
    tx,
    numbered.map(({ frame, id }) => ({ ...frame.facts, id })),
  );
  await insertRows(tx, 'hdus', slice.hdus);
  await writeManyHeaderValues(
    tx,
    numbered.map(({ frame: { hdus }, id }) => ({ id, hdus })),
  );
  await insertRows(tx, 'relations', slice.relations);
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
