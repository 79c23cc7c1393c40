import type { Knex } from 'knex';
import { toUnitVector, type Footprint } from '../sky/index.js';

/** A circle on the sky, degrees; radius in [0, 180]. */
export type Cap = Footprint['cap'];

/** `[x0, x1, y0, y1, z0, z1]`: a box around directions, as unit vectors. */
export type SkyBox = readonly [number, number, number, number, number, number];

/** More than the rounding of the functions below, less than a milliarcsecond. */
const SLACK = 1e-9;
const RADIAN = Math.PI / 180;

/**
 * The box around a cap. A box has no special case at a pole or where right ascension begins anew,
 * which is why positions are searched in three dimensions.
 */
function boxOfCap({ raDeg, decDeg, radiusDeg }: Cap): SkyBox {
  const radius = radiusDeg * RADIAN;
  const [x, y, z] = toUnitVector({ raDeg, decDeg });
  return [...spanOf(x, radius), ...spanOf(y, radius), ...spanOf(z, radius)];
}

/** From the least to the greatest cosine of the angles to an axis within a circle around a point. */
function spanOf(cosine: number, radius: number): [number, number] {
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const least = Math.cos(Math.min(Math.PI, angle + radius));
  const greatest = Math.cos(Math.max(0, angle - radius));
  return [least - SLACK, greatest + SLACK];
}

/** What of a frame tells where it lies. */
export interface SkyPlace {
  readonly raDeg: number | null;
  readonly decDeg: number | null;
  readonly footprint: Pick<Footprint, 'cap'> | null;
}

/** The box around all that a frame shows and the point it was aimed at; undefined if it has neither. */
function boxOfFrame({ raDeg, decDeg, footprint }: SkyPlace): SkyBox | undefined {
  const boxes: SkyBox[] = [];
  if (raDeg !== null && decDeg !== null) boxes.push(boxOfCap({ raDeg, decDeg, radiusDeg: 0 }));
  if (footprint !== null) boxes.push(boxOfCap(footprint.cap));
  const [first, second] = boxes;
  if (first === undefined || second === undefined) return first;
  return [
    Math.min(first[0], second[0]),
    Math.max(first[1], second[1]),
    Math.min(first[2], second[2]),
    Math.max(first[3], second[3]),
    Math.min(first[4], second[4]),
    Math.max(first[5], second[5]),
  ];
}

/**
 * Leaves only frames whose box meets that of `cap`: a superset of those that show a point of it, or
 * were aimed at one. An exact test must follow. The R*Tree keeps 32-bit numbers and rounds them
 * outwards, so it never loses a frame.
 */
export function candidatesIn(query: Knex.QueryBuilder, cap: Cap): void {
  void query.whereRaw(`frames.id in (select id from sky_boxes where ${MEETS})`, [...boxOfCap(cap)]);
}

/** SQL: a box meets another one. */
const MEETS = 'x1 >= ? and x0 <= ? and y1 >= ? and y0 <= ? and z1 >= ? and z0 <= ?';

/** Ids of the newest frames whose box meets that of `cap`, none below `fromId`. */
export async function listNewestIn(
  db: Knex,
  cap: Cap,
  { fromId, limit }: { readonly fromId: number; readonly limit: number },
): Promise<number[]> {
  const rows: { id: number }[] = await db('sky_boxes')
    .whereRaw(MEETS, [...boxOfCap(cap)])
    .andWhere('id', '>=', fromId)
    .orderBy('id', 'desc')
    .limit(limit)
    .select('id');
  return rows.map(({ id }) => id);
}

/** Notes where a frame lies, in the transaction that writes it. */
export async function placeOnSky(tx: Knex, frameId: number, place: SkyPlace): Promise<void> {
  await tx('sky_boxes').where({ id: frameId }).delete();
  const box = boxOfFrame(place);
  if (box !== undefined) await tx.raw(INSERT_BOX, [frameId, ...box]);
}

/** Forgets where a frame lies. */
export async function removeFromSky(tx: Knex, frameId: number): Promise<void> {
  await tx('sky_boxes').where({ id: frameId }).delete();
}

/** Notes where many frames lie that are not in the index yet. */
export async function placeManyOnSky(
  tx: Knex,
  places: readonly (SkyPlace & { readonly id: number })[],
): Promise<void> {
  const rows = places.flatMap((place) => {
    const box = boxOfFrame(place);
    return box === undefined ? [] : [[place.id, ...box]];
  });
  if (rows.length === 0) return;
  await tx.raw(
    `insert into sky_boxes (id, x0, x1, y0, y1, z0, z1)
     select ${[0, 1, 2, 3, 4, 5, 6].map((at) => `value ->> ${at}`).join(', ')} from json_each(?)`,
    [JSON.stringify(rows)],
  );
}

const INSERT_BOX =
  'insert into sky_boxes (id, x0, x1, y0, y1, z0, z1) values (?, ?, ?, ?, ?, ?, ?)';
