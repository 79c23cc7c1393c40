import type { Knex } from 'knex';

/**
 * Selections that are shown to whoever has the link. What a frame was is kept in the row, so that a frame
 * which is deleted later can still be told by its name.
 */
export async function shares(db: Knex): Promise<void> {
  await db.schema.createTable('shares', (t) => {
    t.increments('id');
    t.string('token_hash').notNullable().unique(); // the token itself is told once, and not kept
    t.string('title').notNullable();
    t.integer('made_by').notNullable().references('users.id').onDelete('CASCADE').index();
    t.integer('made_ms').notNullable();
    t.integer('expires_ms').notNullable();
    t.integer('revoked_ms');
    t.integer('frames').notNullable();
    t.integer('size_bytes').notNullable();
  });
  // No foreign keys to frames and versions: these may go, the row stays and says so.
  await db.raw(`create table share_files (
    share_id integer not null references shares (id) on delete cascade,
    number integer not null,
    frame_id integer not null,
    version_id integer not null,
    basename text not null,
    extension text not null,
    size_bytes integer not null,
    sha256 text not null,
    primary key (share_id, number)
  ) without rowid`);
}
