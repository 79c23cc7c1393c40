import type { Knex } from 'knex';
import { publicDaySql, toPublicDay, type CubeColumns } from './cube-keys.js';
import type { ImageKind } from './schema.js';

/** Kinds of frames that show something of the sky for its own sake. */
export const SCIENCE_KINDS = ['object', 'standard'] as const satisfies ImageKind[];

const KINDS = SCIENCE_KINDS.map((kind) => `'${kind}'`).join(', ');
export const IS_SIGHTING = `object is not null and image_kind in (${KINDS})`;
export const EXPOSURE_MS = 'cast(round(coalesce(open_sec, 0) * 1000) as integer)';

/** Seconds: whatever was added up, more is a slip of the header. `open_sec` of frames goes by it too. */
export const LONGEST_SUM_SEC = 1_000_000;

/** What `sightings` says, worked out from the frames. */
const FROM_FRAMES = `select object_id, night_id, facet_id, ${publicDaySql('public_date_ms')} as day,
  count(*) as frames, sum(${EXPOSURE_MS}) as exposure_ms from frames where ${IS_SIGHTING}
  group by object_id, night_id, facet_id, day`;

/** Fills the empty table. */
export const FILL_SIGHTINGS = `insert into sightings
  (object_id, night_id, facet_id, public_day, frames, exposure_ms) ${FROM_FRAMES}`;

/** Claims of the check, as in `cube.ts`: rows that say something else than the frames. */
export const SIGHTING_CLAIMS = [
  {
    text: 'sightings that count wrongly',
    sql: `select count(*) as wrong from (select * from sightings except ${FROM_FRAMES})`,
  },
  {
    text: 'sightings that are missing',
    sql: `select count(*) as wrong from (${FROM_FRAMES} except select * from sightings)`,
  },
];

/** Where a frame stands in the tables around the cube. */
interface Place {
  readonly facet_id: number;
  readonly night_id: number;
  readonly object_id: number;
}

/** A row of `sightings`: object, night, facet, public day, frames, exposure in ms. */
type Cell = readonly [number, number, number, number, number, number];

/** Of a frame, what tells how it is counted. */
type Counted = Pick<
  CubeColumns,
  'public_date_ms' | 'exposure_sec' | 'exposure_odd' | 'object' | 'image_kind'
>;

/** Counts many frames, in the transaction that writes them. @param places one for each row */
export async function enterSightings(
  tx: Knex,
  rows: readonly Counted[],
  places: readonly Place[],
): Promise<void> {
  const cells = new Map<string, Cell>();
  for (const [at, row] of rows.entries()) {
    const place = places[at];
    if (place === undefined || !isSighting(row)) continue;
    const day = toPublicDay(row.public_date_ms);
    const key = `${place.object_id} ${place.night_id} ${place.facet_id} ${day}`;
    const [, , , , frames, ms] = cells.get(key) ?? [0, 0, 0, 0, 0, 0];
    const { object_id, night_id, facet_id } = place;
    cells.set(key, [object_id, night_id, facet_id, day, frames + 1, ms + toMs(row)]);
  }
  if (cells.size === 0) return;
  await tx.raw(
    `insert into sightings (object_id, night_id, facet_id, public_day, frames, exposure_ms)
     select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
     from json_each(?) where true
     on conflict (object_id, night_id, facet_id, public_day)
     do update set frames = sightings.frames + excluded.frames,
       exposure_ms = sightings.exposure_ms + excluded.exposure_ms`,
    [JSON.stringify([...cells.values()])],
  );
}

/** Counts one frame less: a frame that was none of them changes nothing. */
export async function leaveSightings(tx: Knex, row: Place & Counted): Promise<void> {
  if (!isSighting(row)) return;
  const { object_id, night_id, facet_id } = row;
  const public_day = toPublicDay(row.public_date_ms);
  const cell = tx('sightings').where({ object_id, night_id, facet_id, public_day });
  await cell.clone().decrement('frames', 1).decrement('exposure_ms', toMs(row));
  await cell.clone().where('frames', '<=', 0).delete();
}

function isSighting({ object, image_kind }: Pick<CubeColumns, 'object' | 'image_kind'>): boolean {
  return object !== null && SCIENCE_KINDS.some((kind) => kind === image_kind);
}

/** As EXPOSURE_MS. */
function toMs({ exposure_sec: sec, exposure_odd: isOdd = 0 }: Counted): number {
  const isOpen = sec !== null && sec >= 0 && sec <= LONGEST_SUM_SEC && isOdd === 0;
  return isOpen ? Math.round(sec * 1000) : 0;
}

/** Frames of the sky of one object at one reduction level. */
export interface ObjectSum {
  readonly objectId: number;
  readonly object: string;
  readonly reductionLevel: number;
  readonly frames: number;
  readonly exposureSec: number;
  /** Null if none of them has a night. */
  readonly firstNight: string | null;
  readonly lastNight: string | null;
}
