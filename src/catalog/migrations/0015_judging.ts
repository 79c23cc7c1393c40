import type { Knex } from 'knex';

/** Nights are days since 1970-01-01 to those who judge them. */
const NIGHT_NO = 'cast(julianday(:row.night) - 2440587.5 as integer)';

/**
 * What frames say of each other must go when one of them goes, or comes to lie elsewhere in time; and
 * the rest of what is measured can be searched and sorted by.
 */
export async function judging(db: Knex): Promise<void> {
  const judge = (row: 'old' | 'new'): string => `
    insert into judge_queue (night_no)
      select ${NIGHT_NO.replace(':row', row)} where ${row}.night is not null
      on conflict (night_no) do update set changes = changes + 1;`;
  await db.raw(`create trigger judge_delete after delete on frames begin ${judge('old')} end`);
  await db.raw(`create trigger judge_update after update of night, date_obs_ms, exposure_sec on frames
    when new.night is not old.night or new.date_obs_ms is not old.date_obs_ms
      or new.exposure_sec is not old.exposure_sec
    begin ${judge('old')} ${judge('new')} end`);
  for (const name of COLUMNS) {
    await db.raw(`create index measures_${name} on measures (${name}) where ${name} is not null`);
  }
  // The findings of sequences named frames that not everybody may see.
  await db.raw(`insert into judge_queue (night_no)
    select distinct ${NIGHT_NO.replace(':row', 'frames')} from findings
      join frames on frames.id = findings.frame_id
      where findings.source = 'sequence' and frames.night is not null
    on conflict (night_no) do update set changes = changes + 1`);
  await db('findings').where({ source: 'sequence' }).delete();
}

const COLUMNS = [
  'hfr_px',
  'noise',
  'saturated_fraction',
  'hot_pixels',
  'background_gradient',
  'transparency',
] as const;
