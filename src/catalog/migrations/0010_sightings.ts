import type { Knex } from 'knex';
import { publicDaySql } from '../cube-keys.js';

/**
 * Which objects were observed in which nights, and for how long: beside the cube, which does not know
 * objects. Only frames of the sky that name one are in it.
 */
export async function sightings(db: Knex): Promise<void> {
  await db.raw(`create table sightings (
    object_id integer not null,
    night_id integer not null,
    facet_id integer not null,
    public_day integer not null,
    frames integer not null,
    exposure_ms integer not null, -- a whole number, so that it comes back to 0 as frames go
    primary key (object_id, night_id, facet_id, public_day)
  ) without rowid`);
  await db.raw('create index sightings_night on sightings (night_id)');
  await db.raw(`insert into sightings
    (object_id, night_id, facet_id, public_day, frames, exposure_ms)
    select object_id, night_id, facet_id, ${publicDaySql('public_date_ms')} as day, count(*),
      sum(cast(round(max(coalesce(exposure_sec, 0), 0) * 1000) as integer))
    from frames where object is not null and image_kind in ('object', 'standard')
    group by object_id, night_id, facet_id, day`);
}
