import type { Knex } from 'knex';

/**
 * Since when a report waits, so that it does not wait for ever; who is still to get a mail that others
 * have; and that the journal in the tree is told which reports went out: a catalogue that is lost does
 * not send them again. And of a refused file the night that its own header names.
 */
export async function reportState(db: Knex): Promise<void> {
  await db.schema.alterTable('reports', (t) => {
    t.bigInteger('noted_ms'); // null of those before this
    t.text('recipients'); // JSON, a list of addresses; null: all of the settings
  });
  for (const when of ['insert', 'update']) {
    await db.raw(`create trigger journal_report_${when} after ${when} on reports
      when new.state = 'sent' begin
      insert into journal_queue (subject) values ('reports');
    end`);
  }
  await db.raw(
    "insert into journal_queue (subject) select 'reports' where exists (select 1 from reports where state = 'sent')",
  );
  await db.schema.alterTable('quarantine', (t) => {
    t.string('night'); // YYYY-MM-DD; null where its header tells none
  });
}
