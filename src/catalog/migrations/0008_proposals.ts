import type { Knex } from 'knex';

/**
 * Who sees which frames: accounts that see everything, as all did before, and accounts that see what is
 * public, what belongs to their proposals, and what they have uploaded themselves.
 */
export async function proposals(db: Knex): Promise<void> {
  await db.schema.alterTable('users', (t) => {
    t.boolean('sees_all').notNullable().defaultTo(true);
  });
  await db.schema.createTable('user_proposals', (t) => {
    t.integer('user_id').notNullable().references('users.id').onDelete('CASCADE');
    t.string('proposal').notNullable(); // as in the column of frames: PROPID
    t.primary(['user_id', 'proposal']);
  });
  // Whoever brought the first version of a frame: one entry for a frame, and none for those that
  // nobody uploaded.
  await db.raw(`create index versions_first on versions (uploaded_by, frame_id)
    where number = 1 and uploaded_by is not null`);
  // What an account may see must come back from the journal with the account.
  for (const [name, when] of Object.entries(TRIGGERS)) {
    await db.raw(`create trigger journal_${name} after ${when} begin
      insert into journal_queue (subject) values ('users');
    end`);
  }
}

const TRIGGERS: Readonly<Record<string, string>> = {
  user_sees: 'update of sees_all on users',
  proposal_insert: 'insert on user_proposals',
  proposal_delete: 'delete on user_proposals',
};
