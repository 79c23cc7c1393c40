import type { Knex } from 'knex';
import { toUnitVector, type SkyPoint } from '../../sky/index.js';

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
 * Sidereal time and hour angle of frames, and cones that find solved frames where their stars are. Frames
 * that are there have no sidereal time until `reindex`, as with all that
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
  await turnToSolutions(db);
}

async function turnToSolutions(db: Knex): Promise<void> {
  const rows: { id: number; footprint: string }[] = await db('solutions')
    .join('frames', 'frames.version_id', 'solutions.version_id')
    .whereNotNull('solutions.solved_ms')
    .whereNotNull('solutions.footprint')
    .select('frames.id', 'solutions.footprint');
  for (const { id, footprint } of rows) {
    const { center } = JSON.parse(footprint) as { center?: SkyPoint | null };
    if (center === undefined || center === null) continue;
    const [vec_x, vec_y, vec_z] = toUnitVector(center);
    await db('frames').where({ id }).update({ vec_x, vec_y, vec_z });
  }
}
