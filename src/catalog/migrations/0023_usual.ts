import type { Knex } from 'knex';

/**
 * Every measure has a rank, and it is known when what is usual was worked out from other numbers than
 * there are: counts of frames stay the same when one is measured anew.
 */
export async function usual(db: Knex): Promise<void> {
  // Integers of one byte: percent of the usual values that are smaller.
  for (const name of RANKS) {
    await db.schema.alterTable('measures', (t) => {
      t.integer(`${name}_rank`);
    });
  }
  await partReduced(db);
  await countChanges(db);
  await db.schema.alterTable('usual', (t) => {
    t.integer('changes').notNullable().defaultTo(-1); // of none that is there already: they lack measures
  });
  // By night and group, how often it had changed when the night was judged.
  await db.schema.dropTable('judged_groups');
  await db.raw(`create table judged_groups (
    night_no integer not null,
    group_id integer not null,
    changes integer not null,
    primary key (night_no, group_id)
  ) without rowid`);
  // All nights get the new ranks, after what is more urgent.
  await db.raw(`insert or ignore into judge_later (night_no)
    select distinct night_no from measures where night_no is not null`);
}

const SETUP = ['site_id', 'telescope', 'instrument', 'filter', 'binning_x', 'binning_y', 'kind'];

/** Levels and noise of reduced frames are others than those of raw ones: they get groups of their own. */
async function partReduced(db: Knex): Promise<void> {
  await db.schema.alterTable('measure_groups', (t) => {
    t.boolean('is_reduced').notNullable().defaultTo(false);
    t.dropUnique(SETUP);
    t.unique([...SETUP, 'is_reduced']);
  });
  const ofReduced = `select measures.frame_id from measures
    join frames on frames.id = measures.frame_id where frames.reduction_level > 0`;
  const setup = SETUP.join(', ');
  await db.raw(`insert into measure_groups (${setup}, is_reduced)
    select ${setup}, 1 from measure_groups
      where id in (select group_id from measures where frame_id in (${ofReduced}))`);
  await db.raw(`update measures set group_id = (
      select parted.id from measure_groups as parted join measure_groups as own
        on (${SETUP.map((name) => `parted.${name}`).join(', ')}) = (${SETUP.map((name) => `own.${name}`).join(', ')})
      where own.id = measures.group_id and parted.is_reduced = 1)
    where frame_id in (${ofReduced})`);
  await db.raw('delete from measure_groups where id not in (select group_id from measures)');
}

const RANKS = ['hfr', 'background_gradient', 'saturated', 'hot_pixels', 'transparency'] as const;

/** What makes up the distribution of a group in a night, without the light that came through. */
const VALUES = [
  ...['group_id', 'night_no', 'exposure_sec', 'fwhm_px', 'hfr_px', 'elongation', 'stars'],
  ...['background', 'background_gradient', 'noise', 'saturated_fraction', 'hot_pixels'],
  'instrumental_mag',
];

/**
 * By group and night, how often the measures of its frames have changed, and how often the light that came
 * through. They only ever grow, so that a sum over nights that is the same says that nothing has changed.
 * That light is told by comparing frames: it makes no night worth to be judged again.
 */
async function countChanges(db: Knex): Promise<void> {
  await db.raw(`create table group_nights (
    group_id integer not null,
    night_no integer not null,
    changes integer not null,
    light_changes integer not null,
    primary key (group_id, night_no)
  ) without rowid`);
  await db.raw('create index group_nights_night on group_nights (night_no)');
  await db.raw(`insert into group_nights (group_id, night_no, changes, light_changes)
    select group_id, night_no, 1, 0 from measures where night_no is not null group by 1, 2`);
  const count = (row: 'old' | 'new', changes: 0 | 1): string => `
    insert into group_nights (group_id, night_no, changes, light_changes)
      select ${row}.group_id, ${row}.night_no, ${changes}, ${1 - changes}
        where ${row}.night_no is not null
      on conflict (group_id, night_no) do update set
        changes = changes + excluded.changes,
        light_changes = light_changes + excluded.light_changes;`;
  const differ = VALUES.map((name) => `new.${name} is not old.${name}`).join(' or ');
  await db.raw(`create trigger usual_insert after insert on measures begin
    ${count('new', 1)} end`);
  await db.raw(`create trigger usual_delete after delete on measures begin
    ${count('old', 1)} end`);
  await db.raw(`create trigger usual_update after update of ${VALUES.join(', ')} on measures
    when ${differ} begin ${count('old', 1)} ${count('new', 1)} end`);
  await db.raw(`create trigger usual_light after update of transparency on measures
    when new.transparency is not old.transparency begin ${count('new', 0)} end`);
}
