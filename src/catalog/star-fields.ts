import type { Knex } from 'knex';
import type { Catalog } from './db.js';
import type { Frame } from './schema.js';
import { listNewestIn, type Cap } from './sky-index.js';

/**
 * How a frame stands whose stars were held against its WCS. `new`: not yet; `asked`: the solver is to
 * tell; `right`: it was solved, or agrees with one that was; `agrees`: with others, of which none was;
 * `alone`: there is none to compare it with; `wrong`: others have its stars elsewhere; `none`: it has
 * no WCS.
 */
export type StarState = 'new' | 'asked' | 'right' | 'agrees' | 'alone' | 'wrong' | 'none';

/** The brightest stars of a version of a frame. */
export interface StarField {
  readonly frameId: number;
  readonly versionId: number;
  readonly state: StarState;
  /** Whether the solver was ever asked about it. */
  readonly wasAsked: boolean;
  /** `[x, y, x, y, …]`, FITS pixels, the brightest first. */
  readonly stars: readonly number[];
}

interface StarRow {
  readonly frame_id: number;
  readonly version_id: number;
  readonly state: StarState;
  readonly asked_ms: number | null;
  readonly stars: Buffer;
}

const BYTES = 4;
/** Frames of an object, or of a part of the sky, that are looked through for some to compare with. */
const LOOKED_THROUGH = 200;
/** Of frames that lie there, those of so many that came before it. */
const NEAR_IDS = 20_000;
const DAY_MS = 86_400_000;

/** Half of a picture at least is to be seen in both. */
function middleOf({ raDeg, decDeg, radiusDeg }: Cap): Cap {
  return { raDeg, decDeg, radiusDeg: radiusDeg / 4 };
}

/** Frames of the same object, the nearest in time before and after. */
async function listSameObject(read: Knex, { id, object, dateObsMs }: Frame): Promise<number[]> {
  if (object === null) return [];
  const ofObject = (): Knex.QueryBuilder =>
    read('frames')
      .whereRaw('object_id = (select object_id from frames where id = ?)', [id])
      .limit(LOOKED_THROUGH / 2)
      .select('id');
  const at = dateObsMs ?? 0;
  const before: { id: number }[] = await ofObject()
    .andWhere('date_obs_ms', '<=', at)
    .orderBy('date_obs_ms', 'desc');
  const after: { id: number }[] = await ofObject()
    .andWhere('date_obs_ms', '>', at)
    .orderBy('date_obs_ms');
  return [...before, ...after].map((row) => row.id);
}

/** Keeps the stars of a frame that was measured; measured once more, it stays as it was judged. */
export async function keepStars(
  tx: Knex,
  { frameId, versionId, stars }: Pick<StarField, 'frameId' | 'versionId' | 'stars'>,
): Promise<void> {
  if (stars.length === 0) {
    await tx('star_fields').where({ frame_id: frameId }).delete();
    return;
  }
  const bytes = Buffer.alloc(stars.length * BYTES);
  for (const [index, value] of stars.entries()) bytes.writeFloatLE(value, index * BYTES);
  await tx.raw(
    `insert into star_fields (frame_id, version_id, stars, state) values (?, ?, ?, 'new')
     on conflict (frame_id) do update set stars = excluded.stars, version_id = excluded.version_id,
       state = case when version_id = excluded.version_id then state else 'new' end`,
    [frameId, versionId, bytes],
  );
}

function toField(row: StarRow): StarField {
  const { frame_id: frameId, version_id: versionId, state, stars } = row;
  const count = Math.floor(stars.length / BYTES);
  const values = Array.from({ length: count }, (_, index) => stars.readFloatLE(index * BYTES));
  return { frameId, versionId, state, wasAsked: row.asked_ms !== null, stars: values };
}

/** The frame that has waited longest for its stars to be held against its WCS. */
export async function findUncheckedField(catalog: Catalog): Promise<StarField | undefined> {
  const row: StarRow | undefined = await catalog
    .read('star_fields')
    .where({ state: 'new' })
    .orderBy('frame_id')
    .first();
  return row && toField(row);
}

/** Has a frame looked at once more, since what is known of it has changed. */
export async function checkStarsAnew(tx: Knex, frameIds: readonly number[]): Promise<void> {
  await tx('star_fields').whereIn('frame_id', frameIds).update({ state: 'new' });
}

/**
 * The same of frames of which a solver might have told more than others of their field did, but was not
 * asked.
 *
 * @param versions by their ids
 */
export async function checkUnasked(
  tx: Knex,
  { after, upTo }: { readonly after: number; readonly upTo: number },
): Promise<void> {
  await tx('star_fields')
    .whereRaw('frame_id in (select frame_id from versions where id > ? and id <= ?)', [after, upTo])
    .whereIn('state', ['alone', 'agrees', 'wrong'] satisfies StarState[])
    .whereNull('asked_ms')
    .update({ state: 'new' });
}

/**
 * Writes down what came of it, if the stars are still those that were looked at.
 *
 * @param anew ids of frames that are looked at once more because of it: at once, as one that is looked
 *   at before it has nothing new to go by
 */
export async function setStarState(
  catalog: Catalog,
  { frameId, versionId }: Pick<StarField, 'frameId' | 'versionId'>,
  { state, anew = [] }: { readonly state: StarState; readonly anew?: readonly number[] },
): Promise<void> {
  await catalog.write.transaction(async (tx) => {
    await tx('star_fields').where({ frame_id: frameId, version_id: versionId }).update({ state });
    await checkStarsAnew(tx, anew);
  });
}

/**
 * Fields of the same camera that may show the same stars: of the same object, or where the WCS of the
 * frame has it. Those that were solved first, then the nearest in time.
 */
export async function listLikeFields(
  catalog: Catalog,
  frame: Frame,
  limit: number,
): Promise<StarField[]> {
  const rows: StarRow[] = await (
    await likeFrames(catalog.read, frame)
  ).query
    .join('star_fields', isOfFrame('star_fields'))
    .whereIn('star_fields.state', ['right', 'agrees', 'alone'])
    .orderByRaw(
      `case star_fields.state when 'right' then 0 when 'agrees' then 1 else 2 end,
       abs(coalesce(frames.date_obs_ms, 0) - ?), frames.id`,
      [frame.dateObsMs ?? 0],
    )
    .limit(limit)
    .select('star_fields.*');
  return rows.map(toField);
}

/** Whether such a frame was solved whose stars are still to be measured. */
export async function isSolvedUnmeasured({ read }: Catalog, frame: Frame): Promise<boolean> {
  const row: unknown = await (
    await likeFrames(read, frame)
  ).query
    .join('solutions', isOfFrame('solutions'))
    .leftJoin('star_fields', isOfFrame('star_fields'))
    .whereNull('star_fields.frame_id')
    .whereNotNull('solutions.solved_ms')
    .first('frames.id');
  return row !== undefined;
}

/** Rows of a table that are of the versions that frames show. */
function isOfFrame(table: string): (join: Knex.JoinClause) => void {
  return (join) => {
    join.on(`${table}.frame_id`, 'frames.id').andOn(`${table}.version_id`, 'frames.version_id');
  };
}

/** A query of the frames that may be like one; in an object, as a query is run by waiting for it. */
async function likeFrames(read: Knex, frame: Frame): Promise<{ query: Knex.QueryBuilder }> {
  const { footprint } = frame;
  const near = { fromId: frame.id - NEAR_IDS, limit: LOOKED_THROUGH };
  const there = footprint && (await listNewestIn(read, middleOf(footprint.cap), near));
  const ids = new Set([...(await listSameObject(read, frame)), ...(there ?? [])]);
  ids.delete(frame.id);
  const query = read('frames')
    .whereIn('frames.id', [...ids])
    .where({
      'frames.site_id': frame.siteId,
      'frames.telescope': frame.telescope,
      'frames.instrument': frame.instrument,
      'frames.binning_x': frame.binningX,
      'frames.binning_y': frame.binningY,
      'frames.width': frame.width,
      'frames.height': frame.height,
    });
  return { query };
}

/** Frames of a camera of which the solver could tell nothing, one after another: then it will not of others. */
const IN_VAIN = 3;
/** Frames of a camera that wait for the solver to check them; what comes beyond is left unchecked. */
const MOST_ASKED = 20;

/**
 * Whether it makes sense to ask the solver about one more frame of a camera. Where it could tell
 * nothing of several in a row, its catalogue does not know stars as faint, or fields as small: a day
 * later it is asked again.
 */
export async function mayAskSolver(
  catalog: Catalog,
  { siteId, telescope, instrument }: Frame,
): Promise<boolean> {
  const rows: { state: StarState; asked_ms: number }[] = await catalog
    .read('star_fields')
    .join('frames', 'frames.id', 'star_fields.frame_id')
    .whereNotNull('asked_ms')
    .where({ site_id: siteId, telescope, instrument })
    .orderBy('asked_ms', 'desc')
    .limit(MOST_ASKED + IN_VAIN)
    .select('state', 'asked_ms');
  const told = rows.filter(({ state }) => state !== 'asked').slice(0, IN_VAIN);
  if (rows.filter(({ state }) => state === 'asked').length >= MOST_ASKED) return false;
  const isHopeless = told.length === IN_VAIN && told.every(({ state }) => state === 'alone');
  return !isHopeless || (told[0]?.asked_ms ?? 0) < Date.now() - DAY_MS;
}
