import type { Knex } from 'knex';
import {
  FACET_COLUMNS,
  facetKeySql,
  nightKeySql,
  objectKeySql,
  publicDaySql,
} from '../cube-keys.js';
import { placeManyOnSky } from '../sky-index.js';

/**
 * What makes a list of millions of frames quick: tables of the facets, nights and objects there are,
 * with their numbers of frames, and the cube over them; an index of pieces of names; an index of
 * places on the sky. Frames that are there already are entered.
 */
export async function speed(db: Knex): Promise<void> {
  await createTables(db);
  await dropIndexes(db);
  await enterFrames(db);
  await createIndexes(db);
  await createTextIndex(db);
  await createSkyIndex(db);
}

async function createTables(db: Knex): Promise<void> {
  // One row for each combination that some frame has. Keys are texts, because NULLs are never equal.
  await db.schema.createTable('facets', (t) => {
    t.increments('id');
    t.text('key').notNullable().unique();
    t.string('site_id').notNullable();
    t.string('telescope').notNullable();
    t.string('instrument').notNullable();
    t.string('image_type');
    t.string('image_kind').notNullable();
    t.string('filter');
    t.integer('binning_x').notNullable();
    t.integer('binning_y').notNullable();
    t.integer('reduction_level').notNullable();
    t.string('proposal');
    t.bigInteger('frames').notNullable();
  });
  // Frames of one night with and without a date are two rows, so that dates can be counted by nights.
  await db.schema.createTable('nights', (t) => {
    t.increments('id');
    t.text('key').notNullable().unique();
    t.string('night', 10);
    // All dates of the night lie between these; they are bounds, and stay when a frame goes.
    t.bigInteger('first_ms');
    t.bigInteger('last_ms');
    t.bigInteger('frames').notNullable();
    t.index(['night', 'frames']);
  });
  await db.schema.createTable('objects', (t) => {
    t.increments('id');
    t.text('key').notNullable().unique();
    t.string('object').index();
    t.bigInteger('frames').notNullable();
  });
  // public_day: days since 1970-01-01; a number beyond all days for frames that never become public.
  await db.raw(`create table cube (
    night_id integer not null,
    facet_id integer not null,
    public_day integer not null,
    frames bigint not null,
    primary key (night_id, facet_id, public_day)
  ) without rowid`);
  await db.schema.alterTable('frames', (t) => {
    t.integer('facet_id');
    t.integer('night_id');
    t.integer('object_id');
    t.bigInteger('size_bytes'); // of the current version: lists are sorted by it
  });
}

/** Those whose work is done better now; the fewer there are, the quicker the frames are entered. */
async function dropIndexes(db: Knex): Promise<void> {
  await db.schema.alterTable('frames', (t) => {
    t.dropIndex(['date_obs_ms', 'id']);
    t.dropIndex(['night', 'date_obs_ms', 'id']);
    t.dropIndex(['dec_deg']);
    t.dropIndex(['object']);
    t.dropIndex(['proposal']);
  });
}

async function enterFrames(db: Knex): Promise<void> {
  const facets = FACET_COLUMNS.join(', ');
  await db.raw(`insert into facets (key, ${facets}, frames)
    select ${facetKeySql()}, ${facets}, count(*) from frames group by ${facets}`);
  await db.raw(`insert into nights (key, night, first_ms, last_ms, frames)
    select ${nightKeySql()}, night, min(date_obs_ms), max(date_obs_ms), count(*)
    from frames group by night, date_obs_ms is null`);
  await db.raw(`insert into objects (key, object, frames)
    select ${objectKeySql()}, object, count(*) from frames group by object`);
  await db.raw(`update frames set
    facet_id = (select id from facets where key = ${facetKeySql('frames.')}),
    night_id = (select id from nights where key = ${nightKeySql('frames.')}),
    object_id = (select id from objects where key = ${objectKeySql('frames.')}),
    size_bytes = (select size_bytes from versions where versions.id = frames.version_id)`);
  await db.raw(
    `insert into cube (night_id, facet_id, public_day, frames)
    select night_id, facet_id, ${publicDaySql('public_date_ms')} as day, count(*) from frames
    group by night_id, facet_id, day`,
  );
}

/**
 * Whatever a list is sorted and chosen by stands in one index, so that frames are only read when they
 * are shown. The first four hold the same columns in four orders.
 */
async function createIndexes(db: Knex): Promise<void> {
  await db.raw(`create index frames_date on frames
    (date_obs_ms, id, facet_id, night_id, object_id, public_date_ms)`);
  await db.raw(`create index frames_facet_date on frames
    (facet_id, date_obs_ms, id, night_id, object_id, public_date_ms)`);
  await db.raw(`create index frames_night_date on frames
    (night_id, date_obs_ms, id, facet_id, object_id, public_date_ms)`);
  await db.raw(`create index frames_object_date on frames
    (object_id, date_obs_ms, id, facet_id, night_id, public_date_ms)`);
  await db.raw('create index frames_facet on frames (facet_id, id, night_id, public_date_ms)');
  await db.raw(
    'create index frames_public on frames (public_date_ms, facet_id, night_id) where public_date_ms is not null',
  );
  await db.raw('create index frames_object on frames (object)');
  await db.raw('create index frames_night on frames (night)');
  await db.raw('create index frames_exposure on frames (exposure_sec)');
  // Many frames share an exposure time, and ties stand in order of id whichever way it is sorted.
  await db.raw('create index frames_exposure_down on frames (exposure_sec desc)');
  await db.raw('create index frames_size on frames (size_bytes)');
  await db.raw('create index frames_data_mean on frames (data_mean)');
  // For everything that is sorted by once in a while: read through, but without the frames themselves.
  await db.raw(`create index frames_measures on frames
    (id, facet_id, night_id, object_id, public_date_ms, ra_deg, dec_deg, vec_x, vec_y, vec_z,
     alt_deg, az_deg, focus, sun_alt_deg, sun_distance_deg, moon_alt_deg, moon_fraction,
     moon_distance_deg, origin_x, origin_y, width, height, request_number, obs_number)`);
}

/** Pieces of three characters of all names, kept up by the database itself. */
async function createTextIndex(db: Knex): Promise<void> {
  await db.raw(`create virtual table frame_names using fts5
    (basename, content = '', contentless_delete = 1, tokenize = 'trigram')`);
  await db.raw('insert into frame_names (rowid, basename) select id, basename from frames');
  await db.raw(`create trigger frame_names_insert after insert on frames begin
    insert into frame_names (rowid, basename) values (new.id, new.basename);
  end`);
  await db.raw(`create trigger frame_names_delete after delete on frames begin
    delete from frame_names where rowid = old.id;
  end`);
  await db.raw(`create trigger frame_names_update after update of basename on frames begin
    delete from frame_names where rowid = old.id;
    insert into frame_names (rowid, basename) values (new.id, new.basename);
  end`);
}

async function createSkyIndex(db: Knex): Promise<void> {
  await db.raw('create virtual table sky_boxes using rtree (id, x0, x1, y0, y1, z0, z1)');
  for (let after = 0; ;) {
    const rows: PlaceRow[] = await db('frames')
      .where('id', '>', after)
      .orderBy('id')
      .limit(10_000)
      .select('id', 'ra_deg', 'dec_deg', 'footprint');
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    await placeManyOnSky(
      db,
      rows.map(({ id, ra_deg, dec_deg, footprint }) => ({
        id,
        raDeg: ra_deg,
        decDeg: dec_deg,
        footprint: footprint === null ? null : (JSON.parse(footprint) as StoredFootprint),
      })),
    );
  }
}

interface PlaceRow {
  id: number;
  ra_deg: number | null;
  dec_deg: number | null;
  footprint: string | null;
}

interface StoredFootprint {
  readonly cap: { readonly raDeg: number; readonly decDeg: number; readonly radiusDeg: number };
}
