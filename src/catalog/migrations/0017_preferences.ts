import type { Knex } from 'knex';

/** What a person has chosen for the pages (theme, letters as keys), to be found again elsewhere. */
export async function preferences(db: Knex): Promise<void> {
  await db.schema.alterTable('users', (table) => {
    table.text('preferences').notNullable().defaultTo('{}');
  });
}
