import type { Knex } from 'knex';

/**
 * Values that uploads to come are given where their headers lack them. A correction that came from a
 * rule names it; the rule may be gone by then.
 */
export async function rules(db: Knex): Promise<void> {
  await db.schema.createTable('repair_rules', (t) => {
    t.increments('id'); // never given twice: corrections name it for good
    t.string('keyword').notNullable();
    t.text('value').notNullable(); // JSON, as that of a correction
    t.string('instrument'); // in lower case; null for any
    t.string('name_pattern'); // in lower case, with * and ?; null for any
    t.string('made_by').notNullable();
    t.integer('made_ms').notNullable();
  });
  await db.schema.alterTable('corrections', (t) => {
    t.integer('rule_id');
  });
  await db.raw('create index corrections_rule on corrections (rule_id) where rule_id is not null');
  for (const when of ['insert', 'delete']) {
    await db.raw(`create trigger journal_rule_${when} after ${when} on repair_rules begin
      insert into journal_queue (subject) values ('rules');
    end`);
  }
}
