import type { Knex } from 'knex';

/** What was measured of frames, what is usual for them, and what people and program say of them. */
export async function quality(db: Knex): Promise<void> {
  await makeMeasures(db);
  await makeQueue(db);
  await makeMarks(db);
}

/** Numbers only, and none that can be had from elsewhere: there are as many rows as frames. */
async function makeMeasures(db: Knex): Promise<void> {
  await db.schema.createTable('measure_groups', (t) => {
    t.increments('id');
    t.string('instrument').notNullable();
    t.string('filter').notNullable(); // '' for none
    t.integer('binning_x').notNullable();
    t.integer('binning_y').notNullable();
    t.string('kind').notNullable();
    t.unique(['instrument', 'filter', 'binning_x', 'binning_y', 'kind']);
  });

  await db.schema.createTable('measures', (t) => {
    t.integer('frame_id').primary().references('frames.id').onDelete('CASCADE');
    t.integer('version_id').notNullable(); // the version whose pixels these are
    t.integer('method').notNullable();
    t.string('kind').notNullable();
    t.integer('stars');
    t.double('fwhm_px');
    t.double('fwhm_arcsec');
    t.double('hfr_px');
    t.double('elongation');
    t.double('elongation_angle_deg');
    t.double('background');
    t.double('background_gradient');
    t.double('noise');
    t.double('saturated_fraction');
    t.integer('hot_pixels');
    t.double('instrumental_mag');
    t.double('transparency'); // against the same field, 1 for as clear as it gets there
    // Percent of the usual values that are smaller.
    for (const name of ['fwhm', 'elongation', 'background', 'noise', 'stars']) {
      t.integer(`${name}_rank`);
    }
    t.integer('group_id').notNullable();
    t.integer('night_no'); // days since 1970-01-01, so that ninety nights are a difference
    t.double('exposure_sec');
    t.bigInteger('measured_ms').notNullable();
  });
  await db.raw('create index measures_usual on measures (group_id, night_no)');
  for (const name of ['fwhm_arcsec', 'fwhm_px', 'stars', 'background', 'elongation']) {
    await db.raw(`create index measures_${name} on measures (${name}) where ${name} is not null`);
  }
  // Of a frame that gets another scale, the stars stay as wide in pixels.
  await db.raw(`create trigger measures_scale after update of footprint on frames
    when new.footprint is not old.footprint begin
      update measures set fwhm_arcsec = fwhm_px * (new.footprint ->> '$.pixelScaleArcsec')
        where frame_id = new.id;
    end`);

  // How the values of a group were distributed in the nights before one.
  await db.schema.createTable('usual', (t) => {
    t.integer('group_id').notNullable();
    t.integer('night_no').notNullable();
    t.double('exposure_sec').notNullable(); // -1 for what does not depend on it
    t.integer('frames').notNullable();
    t.text('quantiles').notNullable(); // JSON: by name of the measure
    t.primary(['group_id', 'night_no', 'exposure_sec']);
  });

  await db.raw(`create table findings (
    frame_id integer not null references frames (id) on delete cascade,
    source text not null, -- who found it: all of one source are replaced together
    code text not null,
    level text not null,
    text text not null,
    primary key (frame_id, source, code)
  ) without rowid`);
  await db.raw('create index findings_code on findings (code)');
}

/** Name → when a frame is measured anew, and its id: its kind, filter or time may be another one then. */
const MEASURED_ANEW: Readonly<Record<string, readonly [when: string, id: string]>> = {
  frame: [
    `update of version_id, image_kind, chosen_profile on frames
      when new.version_id is not old.version_id or new.image_kind is not old.image_kind
        or new.chosen_profile is not old.chosen_profile`,
    'new.id',
  ],
  correction_insert: ['insert on corrections', 'new.frame_id'],
  correction_update: ['update on corrections', 'new.frame_id'],
  correction_delete: ['delete on corrections', 'old.frame_id'],
};

/** Filled by the database itself, so that nothing that changes a frame can forget it. */
async function makeQueue(db: Knex): Promise<void> {
  await db.schema.createTable('measure_queue', (t) => {
    t.integer('frame_id').primary().references('frames.id').onDelete('CASCADE');
    t.integer('attempts').notNullable().defaultTo(0);
    t.bigInteger('due_ms').notNullable().defaultTo(0);
    t.text('error');
    t.bigInteger('queued_ms').notNullable().defaultTo(0);
  });
  // Frames that are loaded in bulk get their version as they are written, and are found by the sweep.
  for (const [name, [when, id]] of Object.entries(MEASURED_ANEW)) {
    // A correction goes with its frame: then there is nothing to be measured any more.
    await db.raw(`create trigger measure_${name} after ${when} begin
      insert or replace into measure_queue (frame_id, queued_ms)
        select id, cast(unixepoch('subsec') * 1000 as integer) from frames where id = ${id};
    end`);
  }
  // What was told of other pixels, or by another measure, is not told of these.
  await db.raw(`create trigger measures_version after update of version_id, image_kind on frames
    when new.version_id is not old.version_id or new.image_kind is not old.image_kind begin
      delete from measures where frame_id = new.id;
      delete from findings where frame_id = new.id and source in ('pixels', 'usual');
    end`);
  // Nights whose frames are to be compared with each other, and with what is usual, once more.
  await db.schema.createTable('judge_queue', (t) => {
    t.integer('night_no').primary();
    t.integer('changes').notNullable().defaultTo(1); // tells what came while it was being judged
  });
}

async function makeMarks(db: Knex): Promise<void> {
  // Append only: what a frame has now is in the two tables below.
  await db.schema.createTable('marks', (t) => {
    t.increments('id');
    t.integer('frame_id').notNullable().references('frames.id').onDelete('CASCADE').index();
    t.string('kind').notNullable(); // flag, tag
    t.string('value').notNullable();
    t.boolean('is_set').notNullable(); // false: withdrawn
    t.string('made_by').notNullable();
    t.bigInteger('made_ms').notNullable();
  });
  await db.schema.createTable('flags', (t) => {
    t.integer('frame_id').primary().references('frames.id').onDelete('CASCADE');
    t.string('flag').notNullable(); // good, doubtful, bad
    t.string('made_by').notNullable();
    t.bigInteger('made_ms').notNullable();
  });
  await db.raw('create index flags_flag on flags (flag)');
  await db.raw(`create table tags (
    frame_id integer not null references frames (id) on delete cascade,
    tag text not null,
    made_by text not null,
    made_ms integer not null,
    primary key (frame_id, tag)
  ) without rowid`);
  await db.raw('create index tags_tag on tags (tag)');
  await db.raw(`create trigger journal_mark_insert after insert on marks begin
    insert into journal_queue (subject) values ('frame:' || new.frame_id);
  end`);
}
