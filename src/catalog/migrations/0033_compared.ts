import type { Knex } from 'knex';

/** What is told of frames that were compared can be searched, and copies are found wherever they are. */
export async function compared(db: Knex): Promise<void> {
  // Lists are searched and sorted by every rank, and by the measures that have none.
  for (const name of COLUMNS) {
    await db.raw(`create index measures_${name} on measures (${name}) where ${name} is not null`);
  }
  await keepOtherNames(db);
}

const COLUMNS = [
  'elongation_angle_deg',
  'instrumental_mag',
  'fwhm_rank',
  'hfr_rank',
  'elongation_rank',
  'stars_rank',
  'background_rank',
  'background_gradient_rank',
  'noise_rank',
  'saturated_rank',
  'hot_pixels_rank',
  'transparency_rank',
] as const;

/** Names under which the bytes of a frame came once more. */
async function keepOtherNames(db: Knex): Promise<void> {
  await db.raw(`create table other_names (
    frame_id integer not null references frames (id) on delete cascade,
    name text not null,
    made_by text not null,
    made_ms integer not null,
    primary key (frame_id, name)
  ) without rowid`);
  await db.raw(`create trigger journal_other_name after insert on other_names begin
    insert into journal_queue (subject) values ('frame:' || new.frame_id);
  end`);
}
