import type { Knex } from 'knex';

/**
 * What the codec finds out about a file: where the frame lies on the sky, whether its checksums hold,
 * and, of a file that was packed at ingest, what had been uploaded.
 */
export async function codec(db: Knex): Promise<void> {
  await db.schema.alterTable('frames', (t) => {
    t.text('footprint'); // JSON; null if neither header nor pointing tell it
  });
  await db.schema.alterTable('hdus', (t) => {
    t.string('checksum'); // ok, absent or wrong; null for frames that were stored before
  });
  await db.schema.alterTable('versions', (t) => {
    t.bigInteger('original_size_bytes');
    // The same upload again must be known by what was sent, not by what was kept.
    t.string('original_sha256', 64);
    t.string('original_md5', 32);
    t.unique(['original_sha256']);
  });
}
