import type { Knex } from 'knex';

/** Lists whose values fall are read along the index of those that rise (`ties.ts`). */
export async function oneWay(db: Knex): Promise<void> {
  await db.raw('drop index if exists frames_exposure_down');
}
