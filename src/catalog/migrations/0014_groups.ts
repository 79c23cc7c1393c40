import type { Knex } from 'knex';

/**
 * Frames are compared with those of their own site and telescope: cameras of two may bear one name.
 * Nights are judged again when what their history is told by came in later.
 */
export async function groups(db: Knex): Promise<void> {
  await regroup(db);
  await forgetLight(db);
  // By night and group, of how many frames the night was judged.
  await db.raw(`create table judged_groups (
    night_no integer not null,
    group_id integer not null,
    frames integer not null,
    primary key (night_no, group_id)
  ) without rowid`);
  // Nights that are to be judged again once nothing else waits.
  await db.schema.createTable('judge_later', (t) => {
    t.integer('night_no').primary();
  });
}

const KEY = ['site_id', 'telescope', 'instrument', 'filter', 'binning_x', 'binning_y', 'kind'];

async function regroup(db: Knex): Promise<void> {
  await db.schema.dropTable('measure_groups');
  await db.schema.createTable('measure_groups', (t) => {
    t.increments('id');
    for (const name of ['site_id', 'telescope', 'instrument']) t.string(name).notNullable();
    t.string('filter').notNullable(); // '' for none
    t.integer('binning_x').notNullable();
    t.integer('binning_y').notNullable();
    t.string('kind').notNullable();
    t.unique(KEY);
  });
  const own = `frames.site_id, frames.telescope, frames.instrument, coalesce(frames.filter, ''),
    frames.binning_x, frames.binning_y, measures.kind`;
  await db.raw(`insert into measure_groups (${KEY.join(', ')})
    select distinct ${own} from measures join frames on frames.id = measures.frame_id`);
  await db.raw(`update measures set group_id = (
    select measure_groups.id from measure_groups join frames on frames.id = measures.frame_id
    where (${KEY.map((name) => `measure_groups.${name}`).join(', ')}) = (${own}))`);
  await db('usual').delete(); // of groups that were others
}

/** The light of a field is measured in another way from here on, and was least in the sharpest frames. */
async function forgetLight(db: Knex): Promise<void> {
  await db('measures').update({ instrumental_mag: null, transparency: null });
  await db('findings').where({ source: 'usual', code: 'clouds' }).delete();
}
