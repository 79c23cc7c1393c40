import type { Knex } from 'knex';

/** Lists can be searched and sorted by every rank, and by the measures that have none. */
export async function ranks(db: Knex): Promise<void> {
  for (const name of COLUMNS) {
    await db.raw(`create index measures_${name} on measures (${name}) where ${name} is not null`);
  }
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
