import type { Knex } from 'knex';

/**
 * Where the brightest stars of frames lie in their pixels, and whether their WCS has been held against
 * those of other frames of the field. Frames that were measured before have none: `platevault measure`
 * makes them.
 */
export async function starFields(db: Knex): Promise<void> {
  await db.schema.createTable('star_fields', (t) => {
    t.integer('frame_id').primary().references('frames.id').onDelete('CASCADE');
    t.integer('version_id').notNullable(); // the version whose pixels these are
    t.binary('stars').notNullable(); // float32, little endian: x, y, x, y …, FITS pixels
    // new, asked (of the solver), right (by a solved frame), agrees, alone, wrong, none (no WCS)
    t.string('state').notNullable();
    t.bigInteger('asked_ms'); // when the solver was asked
  });
  await db.raw("create index star_fields_new on star_fields (frame_id) where state = 'new'");
  await db.raw(
    'create index star_fields_asked on star_fields (asked_ms) where asked_ms is not null',
  );
}
