import type { Knex } from 'knex';

/** Frames with the same pixels are told by sums of these; what was measured before has none. */
export async function contentSums(db: Knex): Promise<void> {
  for (const name of ['content_sum', 'data_sum']) {
    await db.schema.alterTable('measures', (t) => {
      t.integer(name); // of 32 bits, unsigned
    });
  }
}
