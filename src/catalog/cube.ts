import type { Knex } from 'knex';
import {
  FACET_COLUMNS,
  facetKey,
  nightKey,
  objectKey,
  publicDaySql,
  toPublicDay,
  type CubeColumns,
} from './cube-keys.js';
import type { Catalog } from './db.js';
import { required } from './db.js';
import { OBJECT_SUM_CLAIMS } from './object-sums.js';
import { enterSightings, leaveSightings, SIGHTING_CLAIMS } from './sightings.js';

/** Rows of `facets`, `nights` and `objects` that a frame belongs to. */
export interface Place {
  readonly facet_id: number;
  readonly night_id: number;
  readonly object_id: number;
}

/** Counts one more frame, in the transaction that writes it. @returns what the frame has to keep */
export async function enterCube(tx: Knex, row: CubeColumns): Promise<Place> {
  return required((await enterManyIntoCube(tx, [row]))[0]);
}

/** What tells, besides its places, where a frame was counted. */
const LEAVING = ['public_date_ms', 'object', 'image_kind', 'exposure_sec', 'exposure_odd'] as const;

async function findCounted(
  tx: Knex,
  frameId: number,
): Promise<(Place & Pick<CubeColumns, (typeof LEAVING)[number]>) | undefined> {
  return tx('frames')
    .where({ id: frameId })
    .first('facet_id', 'night_id', 'object_id', ...LEAVING);
}

/** Counts one frame less: before its row is changed or removed. */
export async function leaveCube(tx: Knex, frameId: number): Promise<void> {
  const row = await findCounted(tx, frameId);
  if (row === undefined) return;
  await leaveSightings(tx, row);
  const { facet_id, night_id } = row;
  await decrease(tx, 'facets', { id: facet_id });
  await decrease(tx, 'nights', { id: night_id });
  await decrease(tx, 'objects', { id: row.object_id });
  const public_day = toPublicDay(row.public_date_ms);
  await decrease(tx, 'cube', { facet_id, night_id, public_day });
}

/**
 * Whether the exposure of a frame is left out of all sums, because it cannot be what its header says.
 * In the caller's transaction; nothing if it has gone.
 */
export async function markExposure(tx: Knex, frameId: number, isOdd: boolean): Promise<void> {
  const row = await findCounted(tx, frameId);
  if (row === undefined) return;
  const exposure_odd = isOdd ? 1 : 0;
  await leaveSightings(tx, row);
  await tx('frames').where({ id: frameId }).update({ exposure_odd });
  await enterSightings(tx, [{ ...row, exposure_odd }], [row]);
}

/**
 * Counts many frames with one statement for each table.
 *
 * @returns one place for each row, in order
 */
export async function enterManyIntoCube(tx: Knex, rows: readonly CubeColumns[]): Promise<Place[]> {
  const facets = await count(tx, FACETS, rows);
  const nights = await count(tx, NIGHTS, rows);
  const objects = await count(tx, OBJECTS, rows);
  const cells = new Map<string, Cell>();
  const places = rows.map((row, at) => {
    const place = {
      facet_id: required(facets[at]),
      night_id: required(nights[at]),
      object_id: required(objects[at]),
    };
    const day = toPublicDay(row.public_date_ms);
    const key = `${place.night_id} ${place.facet_id} ${day}`;
    const [, , , frames] = cells.get(key) ?? [0, 0, 0, 0];
    cells.set(key, [place.night_id, place.facet_id, day, frames + 1]);
    return place;
  });
  await tx.raw(
    `insert into cube (night_id, facet_id, public_day, frames)
     select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?) where true
     on conflict (night_id, facet_id, public_day)
     do update set frames = cube.frames + excluded.frames`,
    [JSON.stringify([...cells.values()])],
  );
  await enterSightings(tx, rows, places);
  return places;
}

/** Night, facet, public day, frames. */
type Cell = readonly [number, number, number, number];

/** A table with one row for each value that frames have, and their number. */
interface Counted {
  readonly table: 'facets' | 'nights' | 'objects';
  readonly keyOf: (row: CubeColumns) => string;
  /** Columns that are taken from the frame as they are. */
  readonly columns: readonly (keyof CubeColumns)[];
  /** True if the table knows between which dates its frames lie. */
  readonly hasDates: boolean;
}

const FACETS: Counted = {
  table: 'facets',
  keyOf: facetKey,
  columns: FACET_COLUMNS,
  hasDates: false,
};
const NIGHTS: Counted = { table: 'nights', keyOf: nightKey, columns: ['night'], hasDates: true };
const OBJECTS: Counted = {
  table: 'objects',
  keyOf: objectKey,
  columns: ['object'],
  hasDates: false,
};

interface Sum {
  readonly row: CubeColumns;
  frames: number;
  firstMs: number | null;
  lastMs: number | null;
}

/** Adds frames to the rows with their keys, which are made when absent. @returns the id for each */
async function count(
  tx: Knex,
  { table, keyOf, columns, hasDates }: Counted,
  rows: readonly CubeColumns[],
): Promise<number[]> {
  const sums = new Map<string, Sum>();
  const keys = rows.map((row) => {
    const key = keyOf(row);
    addTo(sums, key, row);
    return key;
  });
  const names = ['key', ...columns, 'frames', ...(hasDates ? ['first_ms', 'last_ms'] : [])];
  const values = [...sums].map(([key, { row, frames, firstMs, lastMs }]) => [
    key,
    ...columns.map((column) => row[column]),
    frames,
    ...(hasDates ? [firstMs, lastMs] : []),
  ]);
  const counted = await tx.raw<{ id: number; key: string }[]>(
    `insert into ${table} (${names.join(', ')})
     select ${names.map((_, at) => `value ->> ${at}`).join(', ')} from json_each(?) where true
     on conflict (key) do update set frames = ${table}.frames + excluded.frames
     ${hasDates ? WIDER : ''} returning id, key`,
    [JSON.stringify(values)],
  );
  const ids = new Map(counted.map(({ id, key }) => [key, id]));
  return keys.map((key) => required(ids.get(key)));
}

/** All dates of a row of `nights` are NULL, or none is: its key says which. */
const WIDER = `,
  first_ms = case when excluded.first_ms < nights.first_ms then excluded.first_ms else nights.first_ms end,
  last_ms = case when excluded.last_ms > nights.last_ms then excluded.last_ms else nights.last_ms end`;

function addTo(sums: Map<string, Sum>, key: string, row: CubeColumns): void {
  const ms = row.date_obs_ms;
  const sum = sums.get(key);
  if (sum === undefined) {
    sums.set(key, { row, frames: 1, firstMs: ms, lastMs: ms });
    return;
  }
  sum.frames += 1;
  if (ms === null) return;
  sum.firstMs = Math.min(ms, sum.firstMs ?? ms);
  sum.lastMs = Math.max(ms, sum.lastMs ?? ms);
}

/** One frame less; a row that counts none is of no more use. */
async function decrease(
  tx: Knex,
  table: Counted['table'] | 'cube',
  key: Readonly<Record<string, number>>,
): Promise<void> {
  await tx(table).where(key).decrement('frames', 1);
  await tx(table).where(key).where('frames', '<=', 0).delete();
}

/** A sum over frames beside what the tables that should know it say; no rows if they agree. */
interface Claim {
  readonly text: string;
  readonly sql: string;
}

const CLAIMS: readonly Claim[] = [
  {
    text: 'frames with a wrong facet',
    sql: `select count(*) as wrong from frames left join facets on facets.id = frames.facet_id
      where facets.id is null or ${FACET_COLUMNS.map((column) => `frames.${column} is not facets.${column}`).join(' or ')}`,
  },
  {
    text: 'frames with a wrong night',
    sql: `select count(*) as wrong from frames left join nights on nights.id = frames.night_id
      where nights.id is null or frames.night is not nights.night
        or (frames.date_obs_ms is null) <> (nights.first_ms is null)
        or frames.date_obs_ms < nights.first_ms or frames.date_obs_ms > nights.last_ms`,
  },
  {
    text: 'frames with a wrong object',
    sql: `select count(*) as wrong from frames left join objects on objects.id = frames.object_id
      where objects.id is null or frames.object is not objects.object`,
  },
  ...(['facet', 'night', 'object'] as const).map((name) => ({
    text: `rows of ${name}s that count wrongly`,
    sql: `select count(*) as wrong from (
        select id, frames from ${name}s
        except select ${name}_id, count(*) from frames group by ${name}_id)`,
  })),
  {
    text: 'rows of the cube that count wrongly',
    sql: `select count(*) as wrong from (
        select night_id, facet_id, public_day, frames from cube
        except select night_id, facet_id, ${publicDaySql('public_date_ms')} as day, count(*)
          from frames group by night_id, facet_id, day)`,
  },
  {
    text: 'frames that the cube does not count',
    sql: `select abs((select count(*) from frames) - (select coalesce(sum(frames), 0) from cube)) as wrong`,
  },
  ...SIGHTING_CLAIMS,
  ...OBJECT_SUM_CLAIMS,
  {
    text: 'frames with a wrong size',
    sql: `select count(*) as wrong from frames join versions on versions.id = frames.version_id
      where versions.size_bytes is not frames.size_bytes`,
  },
  {
    text: 'cells of the sky that count wrongly',
    sql: `select count(*) as wrong from (
        select id, frames from sky_cells
        except select cell_id, count(*) from frames group by cell_id)`,
  },
  {
    text: 'frames in a cell of the sky that nobody knows',
    sql: `select count(*) as wrong from frames
      where cell_id is not null and cell_id not in (select id from sky_cells)`,
  },
  {
    text: 'positions that the index of the sky does not have',
    sql: `select count(*) as wrong from frames where (ra_deg is not null and dec_deg is not null
      or footprint is not null) <> (id in (select id from sky_boxes))`,
  },
  {
    text: 'boxes on the sky without a frame',
    sql: `select count(*) as wrong from sky_boxes where id not in (select id from frames)`,
  },
];

/**
 * Proves that everything that is counted or found beside the frames is what the frames say.
 * Reads all of them.
 *
 * @returns a sentence for each disagreement; none if all is well
 */
export async function checkCube(catalog: Catalog): Promise<string[]> {
  return catalog.read.transaction(async (tx) => {
    const faults: string[] = [];
    for (const { text, sql } of CLAIMS) {
      const [row] = await tx.raw<{ wrong: number }[]>(sql);
      if (row !== undefined && row.wrong > 0) faults.push(`${row.wrong} ${text}`);
    }
    const [names] = await tx.raw<{ frames: number; names: number }[]>(
      'select (select count(*) from frames) as frames, (select count(*) from frame_names_docsize) as names',
    );
    if (names?.frames !== names?.names) faults.push('the index of names has not all frames');
    return faults;
  });
}
