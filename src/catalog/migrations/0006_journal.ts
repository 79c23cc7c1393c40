import { randomInt } from 'node:crypto';
import type { Knex } from 'knex';

/**
 * What the journal in the tree has not been told yet. The database itself keeps the list, so that no
 * change can be forgotten by the code that makes it: a row is written by the same transaction. Frames
 * that are there already are the first entries.
 */
export async function journal(db: Knex): Promise<void> {
  await db.schema.createTable('journal_queue', (t) => {
    t.increments('id'); // never given twice: states of one subject are in order by it
    t.string('subject').notNullable(); // frame:<id>, night:<date>, users
  });
  // Tells the journal of this catalogue from one that was lost: ids start again with each.
  await db('counters').insert({ name: 'epoch', value: randomInt(2 ** 47) });
  for (const [name, [when, subject]] of Object.entries(TRIGGERS)) {
    await db.raw(`create trigger journal_${name} after ${when} begin
      insert into journal_queue (subject) values (${subject});
    end`);
  }
  await db.raw("insert into journal_queue (subject) select 'frame:' || id from frames order by id");
  await db.raw("insert into journal_queue (subject) values ('users')");
}

/** Name → when, and the subject that has another state then. */
const TRIGGERS: Readonly<Record<string, readonly [when: string, subject: string]>> = {
  // A new frame has no version yet; that it gets one is a change that is seen.
  frame_insert: ['insert on frames when new.version_id is not null', "'frame:' || new.id"],
  frame_update: ['update on frames', "'frame:' || new.id"],
  frame_delete: ['delete on frames', "'frame:' || old.id"],
  // Not the time of the last check: that changes all the time, and nobody misses it.
  version_update: [
    'update of number, key, size_bytes, sha256, md5, crc32 on versions',
    "'frame:' || new.frame_id",
  ],
  version_delete: ['delete on versions', "'frame:' || old.frame_id"],
  correction_insert: ['insert on corrections', "'frame:' || new.frame_id"],
  correction_update: ['update on corrections', "'frame:' || new.frame_id"],
  correction_delete: ['delete on corrections', "'frame:' || old.frame_id"],
  note_insert: ['insert on notes', 'new.subject'],
  note_delete: ['delete on notes', 'old.subject'],
  trash_insert: ['insert on trash', "'frame:' || new.frame_id"],
  trash_update: ['update of moved_ms, purged_ms on trash', "'frame:' || new.frame_id"],
  trash_delete: ['delete on trash', "'frame:' || old.frame_id"],
  user_insert: ['insert on users', "'users'"],
  user_update: ['update of username, role, disabled on users', "'users'"],
  user_delete: ['delete on users', "'users'"],
};
