import type { Knex } from 'knex';

/**
 * The first schema. Instants are integer milliseconds since 1970-01-01 UTC, nights ISO dates, sky
 * positions degrees with their unit vector beside them so that a cone needs no trigonometry in SQL.
 */
export async function initial(db: Knex): Promise<void> {
  await db.schema.createTable('counters', (t) => {
    t.string('name').primary();
    t.bigInteger('value').notNullable();
  });
  // Raised by every writing transaction: tells readers whether an answer is still the same.
  await db('counters').insert({ name: 'changes', value: 0 });

  await db.schema.createTable('users', (t) => {
    t.increments('id');
    t.string('username').notNullable();
    t.string('username_key').notNullable().unique(); // lower case: two spellings are one person
    t.string('password_hash').notNullable();
    t.string('role').notNullable();
    t.boolean('disabled').notNullable().defaultTo(false);
    // Raised when a token that can be made again is revoked, so that it is not made again.
    t.integer('token_serial').notNullable().defaultTo(0);
    t.bigInteger('created_ms').notNullable();
  });

  await db.schema.createTable('tokens', (t) => {
    t.increments('id');
    t.integer('user_id').notNullable().references('users.id').onDelete('CASCADE').index();
    t.string('name').notNullable();
    t.string('token_hash').notNullable().unique();
    t.string('hint').notNullable(); // first characters, to tell tokens apart in a list
    t.string('scope').notNullable();
    t.bigInteger('created_ms').notNullable();
    t.bigInteger('expires_ms');
    t.bigInteger('used_ms');
  });

  await db.schema.createTable('sessions', (t) => {
    t.string('id_hash').primary();
    t.integer('user_id').references('users.id').onDelete('CASCADE').index();
    t.text('data').notNullable();
    t.bigInteger('expires_ms').notNullable().index();
  });

  await db.schema.createTable('frames', (t) => {
    t.increments('id');
    t.string('basename').notNullable().unique();
    t.integer('version_id'); // the current version; null only inside the transaction that makes it
    t.string('profile').notNullable();
    t.string('site_id').notNullable();
    t.string('telescope').notNullable();
    t.string('instrument').notNullable();
    t.string('image_type'); // as in the file
    t.string('image_kind').notNullable(); // object, bias, dark, flat, …
    t.bigInteger('date_obs_ms');
    t.string('night', 10);
    t.string('object');
    t.string('filter');
    t.double('exposure_sec');
    t.integer('reduction_level').notNullable();
    t.string('request_number');
    t.string('request_key').index(); // without leading zeros: how both dialects compare it
    t.string('obs_number').index();
    t.string('proposal').index();
    t.bigInteger('public_date_ms');
    t.integer('binning_x').notNullable();
    t.integer('binning_y').notNullable();
    t.integer('width').notNullable();
    t.integer('height').notNullable();
    for (const name of DOUBLES) t.double(name);
    t.text('warnings').notNullable(); // JSON list: what the profile could not make sense of
    t.bigInteger('created_ms').notNullable();
    t.bigInteger('updated_ms').notNullable();
    t.index(['date_obs_ms', 'id']);
    t.index(['night', 'date_obs_ms', 'id']);
    t.index(['dec_deg']);
    t.index(['object']);
  });

  await db.schema.createTable('versions', (t) => {
    t.increments('id');
    t.integer('frame_id').notNullable().references('frames.id').onDelete('CASCADE');
    t.integer('number').notNullable();
    t.string('key').notNullable().unique();
    t.string('extension').notNullable();
    t.string('container').notNullable();
    t.bigInteger('size_bytes').notNullable();
    t.string('sha256', 64).notNullable().unique(); // decides a race between two uploads of one file
    t.string('md5', 32).notNullable().index();
    t.bigInteger('crc32').notNullable();
    t.string('upload_name').notNullable();
    t.integer('uploaded_by').references('users.id').onDelete('SET NULL');
    t.bigInteger('created_ms').notNullable();
    t.unique(['frame_id', 'number']);
  });

  await db.schema.createTable('hdus', (t) => {
    t.integer('version_id').notNullable().references('versions.id').onDelete('CASCADE');
    t.integer('hdu').notNullable();
    t.string('name').notNullable();
    t.string('kind').notNullable();
    t.integer('bitpix').notNullable();
    t.string('axes').notNullable(); // JSON list, NAXIS1 first
    t.text('cards').notNullable(); // JSON list of [keyword, kind, value, comment], in order
    t.primary(['version_id', 'hdu']);
  });

  // By name, not by id: the frame that is named may come later, and is found when it is read.
  await db.schema.createTable('relations', (t) => {
    t.integer('frame_id').notNullable().references('frames.id').onDelete('CASCADE');
    t.string('keyword').notNullable();
    t.string('name').notNullable().index();
    t.index(['frame_id']);
  });

  await db.schema.createTable('jobs', (t) => {
    t.increments('id');
    t.string('kind').notNullable();
    t.text('payload').notNullable();
    t.integer('attempts').notNullable().defaultTo(0);
    t.bigInteger('due_ms').notNullable().index();
    t.bigInteger('created_ms').notNullable();
    t.text('error');
  });

  await db.schema.createTable('outbox', (t) => {
    t.increments('id');
    t.string('kind').notNullable();
    t.text('payload').notNullable();
    t.bigInteger('created_ms').notNullable().index();
  });

  await db.schema.createTable('quarantine', (t) => {
    t.increments('id');
    t.string('upload_name').notNullable();
    t.string('file').notNullable().unique();
    t.bigInteger('size_bytes').notNullable();
    t.string('sha256', 64).notNullable().unique();
    t.string('code').notNullable();
    t.text('reason').notNullable();
    t.integer('uploaded_by').references('users.id').onDelete('SET NULL');
    t.bigInteger('created_ms').notNullable().index();
  });
}

const DOUBLES = [
  'ra_deg',
  'dec_deg',
  'vec_x',
  'vec_y',
  'vec_z',
  'alt_deg',
  'az_deg',
  'focus',
  'sun_alt_deg',
  'sun_distance_deg',
  'moon_alt_deg',
  'moon_fraction',
  'moon_distance_deg',
  'origin_x',
  'origin_y',
  'data_mean',
  'airmass',
  'ccd_temp_c',
  'gain',
];
