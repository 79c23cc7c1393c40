import type { Knex } from 'knex';
import { fillHeaderValues } from '../header-values.js';

/**
 * Header values that can be searched: a dictionary of keywords, and their values by type. Each table is
 * nothing but its key, so that a comparison reads one range of it and writing it touches one tree. There
 * is no key by frame: what a frame has is in its headers.
 */
export async function headers(db: Knex): Promise<void> {
  await db.schema.createTable('header_keywords', (t) => {
    t.increments('id');
    t.string('name').notNullable().unique();
  });
  for (const [table, column, type] of [
    ['header_numbers', 'number', 'real'],
    ['header_texts', 'text', 'text'],
  ] as const) {
    await db.raw(
      `create table ${table} (
        keyword_id integer not null,
        ${column} ${type} not null,
        frame_id integer not null,
        primary key (keyword_id, ${column}, frame_id)
      ) without rowid`,
    );
  }
  await fillHeaderValues(db);
}
