import type { Knex } from 'knex';

/**
 * Where frames point, in cells of 3′, and how many frames each cell has: a cone is a choice of cells, as
 * a night is one of nights, and costs no more the more frames it has. The cell of a frame is worked out
 * by the database, and the numbers are kept up by it, so that nothing that moves a frame can forget them,
 * in whatever process.
 */
export async function skyCells(db: Knex): Promise<void> {
  await db.raw(`alter table frames add column cell_id integer as (${CELL}) virtual`);
  await db.raw(`create index frames_cell_date on frames
    (cell_id, date_obs_ms, id, facet_id, night_id, object_id, public_date_ms)`);
  await db.raw('create table sky_cells (id integer primary key, frames integer not null)');
  await db.raw(`insert into sky_cells (id, frames) select cell_id, count(*)
    from frames indexed by frames_cell_date where cell_id is not null group by cell_id`);
  await db.raw(`create trigger sky_cell_insert after insert on frames when new.cell_id is not null
    begin ${MORE} end`);
  await db.raw(`create trigger sky_cell_delete after delete on frames when old.cell_id is not null
    begin ${LESS} end`);
  await db.raw(`create trigger sky_cell_update after update of vec_x, vec_y, vec_z on frames
    when old.cell_id is not new.cell_id begin ${LESS} ${MORE} end`);
}

const MORE = `insert into sky_cells (id, frames) select new.cell_id, 1 where new.cell_id is not null
  on conflict (id) do update set frames = frames + 1;`;
const LESS = `update sky_cells set frames = frames - 1 where id = old.cell_id;
  delete from sky_cells where id = old.cell_id and frames <= 0;`;

/** Bands of 3′ from the south pole on; each has as many cells around it as there is room for. */
const BAND = 'min(3599, cast((degrees(asin(max(-1, min(1, vec_z)))) + 90) * 20 as integer))';
const AROUND = `max(1, cast(7200 * cos(radians((${BAND} + 0.5) / 20.0 - 90)) as integer))`;
const TURN = 'atan2(vec_y, vec_x) / (2 * pi())';
const CELL = `${BAND} * 10000
  + min(${AROUND} - 1, cast((${TURN} - floor(${TURN})) * ${AROUND} as integer))`;
