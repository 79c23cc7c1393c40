import type { Knex } from 'knex';

/** Lists are sorted by where frames point as often as by exposure: no more reading of all of them. */
export async function sorting(db: Knex): Promise<void> {
  for (const column of ['ra_deg', 'dec_deg', 'alt_deg']) {
    await db.raw(`create index frames_${column} on frames (${column})`);
  }
}
