import type { Knex } from 'knex';

/** What the sky was like, as something to choose and sort by. */
const COLUMNS = [
  'az_deg',
  'sidereal_hours',
  'hour_angle_hours',
  'sun_alt_deg',
  'sun_distance_deg',
  'moon_alt_deg',
  'moon_fraction',
  'moon_distance_deg',
];

/**
 * Sidereal time and hour angle of frames. Those that are there have none until `reindex`, as with all that
 * is worked out from place and time: the catalogue does not keep the place of a frame.
 */
export async function skyFilters(db: Knex): Promise<void> {
  await db.schema.alterTable('frames', (t) => {
    t.double('sidereal_hours');
    t.double('hour_angle_hours');
  });
  for (const column of COLUMNS) {
    await db.raw(`create index frames_${column} on frames (${column})`);
  }
}
