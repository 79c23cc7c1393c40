import type { Knex } from 'knex';
import { FILL_OBJECT_SUMS } from '../object-sums.js';

const LEVEL = '(select reduction_level from facets where facets.id = old.facet_id)';

/**
 * What `sightings` comes to for each object, so that the list of all objects needs not read a row for
 * each of their nights: with a million frames these are half a million. It follows by itself.
 */
export async function objectSums(db: Knex): Promise<void> {
  await db.raw(`create table object_sums (
    object_id integer not null,
    reduction_level integer not null,
    frames integer not null,
    exposure_ms integer not null,
    first_night text,
    last_night text,
    primary key (object_id, reduction_level)
  ) without rowid`);
  await db.raw(FILL_OBJECT_SUMS);
  await db.raw(`create trigger object_sums_insert after insert on sightings begin
    insert into object_sums (object_id, reduction_level, frames, exposure_ms, first_night, last_night)
      select new.object_id, facets.reduction_level, new.frames, new.exposure_ms, nights.night, nights.night
        from facets join nights on nights.id = new.night_id where facets.id = new.facet_id
      on conflict (object_id, reduction_level) do update set
        frames = object_sums.frames + excluded.frames,
        exposure_ms = object_sums.exposure_ms + excluded.exposure_ms,
        first_night = min(coalesce(object_sums.first_night, excluded.first_night),
          coalesce(excluded.first_night, object_sums.first_night)),
        last_night = max(coalesce(object_sums.last_night, excluded.last_night),
          coalesce(excluded.last_night, object_sums.last_night));
  end`);
  await db.raw(`create trigger object_sums_update after update on sightings begin
    update object_sums set frames = frames + new.frames - old.frames,
        exposure_ms = exposure_ms + new.exposure_ms - old.exposure_ms
      where object_id = new.object_id and reduction_level = ${LEVEL};
  end`);
  // The nights that are left may be others: they are looked for among those of the object alone.
  await db.raw(`create trigger object_sums_delete after delete on sightings begin
    update object_sums set frames = frames - old.frames, exposure_ms = exposure_ms - old.exposure_ms,
        (first_night, last_night) = (select min(nights.night), max(nights.night) from sightings as rest
          join nights on nights.id = rest.night_id join facets on facets.id = rest.facet_id
          where rest.object_id = old.object_id
            and facets.reduction_level = object_sums.reduction_level)
      where object_id = old.object_id and reduction_level = ${LEVEL};
    delete from object_sums where object_id = old.object_id and frames <= 0;
  end`);
}
