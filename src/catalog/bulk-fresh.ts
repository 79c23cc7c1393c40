import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import type { Catalog } from './db.js';

/** Tables that many rows go into, and whose indices are made of all rows at once. */
const FILLED = ['frames', 'versions', 'hdus', 'relations'];

/**
 * Trees that are kept in an order of their own. Rows for them wait in tables of the same names that only
 * this connection sees, and go into the trees in an order in which neighbours follow each other.
 */
const WAITING: Readonly<Record<string, string>> = {
  header_numbers: 'keyword_id, number, frame_id',
  header_texts: 'keyword_id, text, frame_id',
  header_others: 'keyword_id, frame_id, value',
  sky_boxes: 'cast(x0 * 16 as integer), cast(y0 * 16 as integer), cast(z0 * 16 as integer), id',
};

/** Bytes of pieces of names that are put in order before they are written. Default: one megabyte. */
const PIECES_AT_ONCE = 256 * 1024 * 1024;

const UNFINISHED = 'unfinished_load';

/** True if no frame was ever written. */
export async function isFresh({ write }: Catalog): Promise<boolean> {
  const row: unknown = await write('sqlite_sequence').where('name', 'frames').first('seq');
  return row === undefined;
}

/**
 * Prepares a catalogue without frames for very many: a row that goes to its places in thirty indices
 * one by one costs more reading and writing the more rows there are, one that is sorted in does not.
 * Until the answer is called, lists are slow and incomplete, and a loss of power loses everything: a
 * catalogue in which this was broken off is refused from then on.
 *
 * @returns ends it; throws if two frames have the same name, file or key
 */
export async function putOffIndexes({ write }: Catalog): Promise<() => Promise<void>> {
  await write('counters').insert({ name: UNFINISHED, value: 1 });
  const indexes: { name: string; sql: string }[] = await write('sqlite_master')
    .where('type', 'index')
    .whereIn('tbl_name', FILLED)
    .whereNotNull('sql')
    .select('name', 'sql');
  for (const { name } of indexes) await write.raw('drop index ??', [name]);
  await write.raw('pragma temp_store = file'); // what waits is as large as what is made of it
  await write.raw('pragma synchronous = off');
  await setPieces(write, PIECES_AT_ONCE);
  for (const table of Object.keys(WAITING)) {
    await write.raw(`create temp table ${table} as select * from main.${table} limit 0`);
  }
  return async () => {
    for (const [table, order] of Object.entries(WAITING)) {
      await write.raw(
        `insert into main.${table} select distinct * from temp.${table} order by ${order}`,
      );
      await write.raw(`drop table temp.${table}`);
    }
    for (const { sql } of indexes) await write.raw(sql);
    await setPieces(write, 1024 * 1024);
    await write.raw('pragma temp_store = memory');
    await write.raw('pragma synchronous = full');
    await write.raw('pragma wal_checkpoint(truncate)');
    await write('counters').where({ name: UNFINISHED }).delete();
  };
}

async function setPieces(write: Knex, bytes: number): Promise<void> {
  await write.raw("insert into frame_names (frame_names, rank) values ('hashsize', ?)", [bytes]);
}

/** @throws 'damaged' if a load of very many frames was broken off here */
export async function requireWhole(db: Knex): Promise<void> {
  const row: unknown = await db('counters').where({ name: UNFINISHED }).first('value');
  if (row === undefined) return;
  throw new AppError(
    'damaged',
    'This catalogue was being filled with very many frames and that was broken off. Remove it, and fill a new one.',
  );
}
