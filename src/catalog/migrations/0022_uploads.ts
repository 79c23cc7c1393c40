import type { Knex } from 'knex';

/** What an account has sent lately, and what of it was refused, without reading all that it ever sent. */
export async function uploads(db: Knex): Promise<void> {
  await db.raw(`create index versions_sent on versions (uploaded_by, created_ms)
    where uploaded_by is not null`);
  await db.raw(`create index audit_refused on audit (user_id, at_ms)
    where action = 'upload.refused'`);
}
