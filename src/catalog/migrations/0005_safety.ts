import type { Knex } from 'knex';

/** What is needed to prove that nothing was lost, to undo what people do, and to know who did it. */
export async function safety(db: Knex): Promise<void> {
  // The archive whose tree the catalogue belongs to; one row, as in the marker file of the root.
  await db.schema.createTable('archive', (t) => {
    t.string('id').primary();
    t.bigInteger('created_ms').notNullable();
  });

  // When the bytes of a version were last read and compared, and what was found then.
  await db.schema.alterTable('versions', (t) => {
    t.bigInteger('checked_ms');
    t.string('check_result'); // ok, missing, size, content, unreadable; null before the first time
  });
  await db.raw('create index versions_checked on versions (checked_ms, id)');

  // Frames that were deleted: out of every list and count, until they are restored or purged.
  await db.schema.createTable('trash', (t) => {
    t.integer('frame_id').primary();
    t.string('basename').notNullable().index();
    t.text('record').notNullable(); // JSON, FrameRecord: all that the frame's files do not say
    // JSON, facts and headers as they were; null if only the tree told of it: then the file is read.
    t.text('content');
    t.bigInteger('size_bytes').notNullable();
    t.string('night', 10);
    t.string('trashed_by').notNullable();
    t.bigInteger('trashed_ms').notNullable().index();
    t.text('reason').notNullable();
    t.bigInteger('moved_ms'); // null until the files have left the tree
    t.bigInteger('purged_ms'); // set before the files are removed: what was begun is finished
  });

  // Header values that a person set right. The file is not touched: they lie over its headers.
  await db.schema.createTable('corrections', (t) => {
    t.integer('frame_id').notNullable().references('frames.id').onDelete('CASCADE');
    t.string('keyword').notNullable();
    t.text('value').notNullable(); // JSON: text, number, boolean, or null for "take it as absent"
    t.string('made_by').notNullable();
    t.bigInteger('made_ms').notNullable();
    t.primary(['frame_id', 'keyword']);
  });
  // The rules that the frame is read by when a person chose them; null for those that fit its header.
  await db.schema.alterTable('frames', (t) => {
    t.string('chosen_profile');
  });

  // Append only: the newest of a subject is the one that is shown.
  await db.schema.createTable('notes', (t) => {
    t.increments('id');
    t.string('subject').notNullable().index(); // frame:<id>, night:<date>
    t.text('text').notNullable();
    t.string('made_by').notNullable();
    t.bigInteger('made_ms').notNullable();
  });

  // Append only: every change and every refusal.
  await db.schema.createTable('audit', (t) => {
    t.increments('id');
    t.bigInteger('at_ms').notNullable().index();
    t.integer('user_id'); // no reference: the log outlives the account
    t.string('actor').notNullable();
    t.string('address').notNullable();
    t.string('action').notNullable();
    t.string('subject').notNullable().index();
    t.string('outcome').notNullable();
    t.text('old'); // JSON: what was there before
    t.text('detail'); // JSON
  });
  await keepLog(db);

  // Attempts to mend a refused upload.
  await db.schema.alterTable('quarantine', (t) => {
    t.integer('attempts').notNullable().defaultTo(0);
    t.text('overrides'); // JSON: header values and profile of the last attempt
    t.string('keyword'); // the header value that stands in the way; null if it is something else
  });

  await db.schema.createTable('backups', (t) => {
    t.increments('id');
    t.string('name').notNullable();
    t.string('target').notNullable();
    t.bigInteger('started_ms').notNullable();
    t.bigInteger('ended_ms');
    t.string('state').notNullable(); // running, done, failed
    t.integer('files').notNullable().defaultTo(0); // copied by this one
    t.bigInteger('bytes').notNullable().defaultTo(0);
    t.text('error');
  });
}

/**
 * The database itself refuses to change the log. Only what is older than the counter says may go: the
 * retention raises it first, and nothing else writes it.
 */
async function keepLog(db: Knex): Promise<void> {
  await db('counters').insert({ name: 'audit_kept_from_ms', value: 0 });
  await db.raw(`create trigger audit_unchanged before update on audit begin
    select raise(abort, 'the audit log is append-only');
  end`);
  await db.raw(`create trigger audit_kept before delete on audit
    when old.at_ms >= coalesce((select value from counters where name = 'audit_kept_from_ms'), 0) begin
    select raise(abort, 'the audit log is append-only');
  end`);
}
