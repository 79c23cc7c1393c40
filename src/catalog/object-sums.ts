/** What `object_sums` says, worked out from `sightings`. */
const FROM_SIGHTINGS = `select sightings.object_id, facets.reduction_level,
  sum(sightings.frames) as frames, sum(sightings.exposure_ms) as exposure_ms,
  min(nights.night) as first_night, max(nights.night) as last_night
  from sightings join facets on facets.id = sightings.facet_id
  join nights on nights.id = sightings.night_id
  group by sightings.object_id, facets.reduction_level`;

/** Fills the empty table. */
export const FILL_OBJECT_SUMS = `insert into object_sums
  (object_id, reduction_level, frames, exposure_ms, first_night, last_night) ${FROM_SIGHTINGS}`;

/** Claims of the check, as in `cube.ts`: rows that say something else than `sightings`. */
export const OBJECT_SUM_CLAIMS = [
  {
    text: 'sums of objects that are wrong',
    sql: `select count(*) as wrong from (select * from object_sums except ${FROM_SIGHTINGS})`,
  },
  {
    text: 'sums of objects that are missing',
    sql: `select count(*) as wrong from (${FROM_SIGHTINGS} except select * from object_sums)`,
  },
];
