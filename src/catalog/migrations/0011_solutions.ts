import type { Knex } from 'knex';

/**
 * Where frames lie by their stars, and which of them wait for that. One row of a frame: what was found
 * for its former version stays until there is something better, but is told of that version alone.
 * And which reports of which nights are to be sent.
 */
export async function solutions(db: Knex): Promise<void> {
  await db.schema.createTable('solutions', (t) => {
    t.integer('frame_id').primary().references('frames.id').onDelete('CASCADE');
    t.string('state').notNullable(); // waiting, solved, failed, skipped
    t.boolean('is_forced').notNullable().defaultTo(false); // asked for, whatever its header says
    t.integer('attempts').notNullable().defaultTo(0);
    t.bigInteger('due_ms').notNullable(); // of one that is being solved: when its lease ends
    t.bigInteger('date_ms').notNullable(); // when it was taken: the newest goes first
    t.text('error');
    t.string('solver');
    t.text('cards'); // JSON list of [keyword, value]
    t.text('footprint'); // JSON, as that of the frame
    t.boolean('fills_pointing').notNullable().defaultTo(false); // the header has none
    t.integer('version_id'); // the version whose pixels were solved
    t.bigInteger('solved_ms');
  });
  await db.raw("create index solutions_waiting on solutions (date_ms) where state = 'waiting'");
  for (const [name, [when, id]] of Object.entries(TRIGGERS)) {
    await db.raw(`create trigger journal_solution_${name} after ${when} begin
      insert into journal_queue (subject) values ('frame:' || ${id});
    end`);
  }
  // What the stars said of other pixels is no finding about these.
  await db.raw(`create trigger solution_version after update of version_id on frames
    when new.version_id is not old.version_id begin
      delete from findings where frame_id = new.id and source = 'solving';
    end`);

  await db.schema.createTable('reports', (t) => {
    t.string('night', 10).notNullable();
    t.string('way').notNullable(); // mail, webhook
    t.string('state').notNullable(); // waiting, sent, failed
    t.integer('attempts').notNullable().defaultTo(0);
    t.bigInteger('due_ms').notNullable();
    t.bigInteger('sent_ms');
    t.text('error');
    t.primary(['night', 'way']);
  });
}

const TRIGGERS: Readonly<Record<string, readonly [when: string, id: string]>> = {
  insert: ['insert on solutions when new.solved_ms is not null', 'new.frame_id'],
  update: ['update of solved_ms on solutions', 'new.frame_id'],
};
