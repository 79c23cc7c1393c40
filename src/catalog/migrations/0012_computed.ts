import type { Knex } from 'knex';

/** Which facts of a frame no header says: the almanac gave them, with place and time. */
export async function computed(db: Knex): Promise<void> {
  await db.schema.alterTable('frames', (t) => {
    t.text('computed'); // JSON list of keywords; null for none
  });
}
