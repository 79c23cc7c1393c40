import type { Knex } from 'knex';
import { FILL_SIGHTINGS } from '../sightings.js';

/**
 * How long the shutter can have been open, by all that is known: exposures that cannot be what their
 * headers say count in no sum.
 */
export async function openShutter(db: Knex): Promise<void> {
  // 1 if the frames around it say that it was not exposed as long.
  await db.raw('alter table frames add column exposure_odd integer not null default 0');
  await db.raw(`alter table frames add column open_sec real generated always as (
    case when exposure_odd = 0 and exposure_sec between 0 and 1000000 then exposure_sec end) virtual`);
  // Whoever takes that back has the frames around it asked once more.
  await db.raw(`create trigger judge_exposure after update of exposure_odd on frames
    when old.exposure_odd = 1 and new.exposure_odd = 0 and new.night is not null begin
      insert into judge_queue (night_no)
        values (cast(julianday(new.night) - 2440587.5 as integer))
        on conflict (night_no) do update set changes = changes + 1;
    end`);
  const wrong: unknown = await db('frames').where('exposure_sec', '>', 1_000_000).first('id');
  if (wrong === undefined) return;
  await db('sightings').delete();
  await db.raw(FILL_SIGHTINGS);
}
