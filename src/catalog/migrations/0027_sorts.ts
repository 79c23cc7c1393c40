import type { Knex } from 'knex';

/** Columns of the pages' table that a list could not be sorted by. */
export async function sorts(db: Knex): Promise<void> {
  await db.raw('create index frames_airmass on frames (airmass)');
  await db.raw('create index frames_ccd_temp_c on frames (ccd_temp_c)');
}
