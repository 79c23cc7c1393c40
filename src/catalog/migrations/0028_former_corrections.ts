import type { Knex } from 'knex';

/**
 * Why a header value was set right, and the settings that hold no more. What holds stays in `corrections`
 * alone: most frames are never corrected twice, and their history is that one row.
 */
export async function formerCorrections(db: Knex): Promise<void> {
  await db.schema.alterTable('corrections', (t) => {
    t.text('why'); // null if nobody said
  });
  // Append only, in the order in which they happened. A row of `corrections` comes here as it was when
  // another takes its place; that it goes is what triggers of `corrections` tell the journal.
  await db.schema.createTable('former_corrections', (t) => {
    t.increments('id');
    t.integer('frame_id').notNullable().references('frames.id').onDelete('CASCADE').index();
    t.string('keyword').notNullable();
    t.text('value'); // JSON, as that of a correction; null: from then on as in the file
    t.string('made_by').notNullable();
    t.bigInteger('made_ms').notNullable();
    t.integer('rule_id');
    t.text('why');
  });
}
