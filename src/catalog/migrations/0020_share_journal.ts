import type { Knex } from 'knex';

/** Shares are told to the journal in the tree, as frames are: a catalogue that is lost has them again. */
export async function shareJournal(db: Knex): Promise<void> {
  // A share gets its frames and its sums in the transaction that makes it: its insert is enough.
  const TRIGGERS = { insert: 'new', update: 'new', delete: 'old' };
  for (const [when, row] of Object.entries(TRIGGERS)) {
    await db.raw(`create trigger journal_share_${when} after ${when} on shares begin
      insert into journal_queue (subject) values ('share:' || ${row}.id);
    end`);
  }
  await db.raw("insert into journal_queue (subject) select 'share:' || id from shares order by id");
}
