import type { Knex } from 'knex';
import { fillOtherValues } from '../header-values.js';

/**
 * Values of a keyword behind the first that a frame has, such as those of a second HDU: a frame is found
 * by each of them, and stands in a list by the first. Hardly any keyword has some.
 */
export async function headerOthers(db: Knex): Promise<void> {
  await db.raw(
    `create table header_others (
      keyword_id integer not null,
      value not null,
      frame_id integer not null,
      primary key (keyword_id, frame_id, value)
    ) without rowid`,
  );
  await fillOtherValues(db);
}
