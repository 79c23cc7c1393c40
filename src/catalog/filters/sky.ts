import { setImmediate } from 'node:timers/promises';
import type { Knex } from 'knex';
import { AppError } from '../../lib/errors.js';
import {
  capOf,
  covers,
  footprintRegion,
  intersects,
  parseAngularSize,
  parseDec,
  parseRa,
  parseRegion,
  toUnitVector,
  type Region,
} from '../../sky/index.js';
import { onCells, onIndex, type Condition } from '../conditions.js';
import { parseFootprint, type FootprintColumns } from '../footprint-text.js';
import { cellsIn } from '../sky-cells.js';
import { candidatesIn } from '../sky-index.js';
import type { Asked } from './types.js';
import { badValue, lastOf } from './values.js';

/** Radius of the pyobs cone, degrees: 10′, as its documents say. */
export const DEFAULT_RADIUS_DEG = 10 / 60;

/** Parameters of a cone: they work together. */
export const CONE_PARAMETERS = ['RA', 'DEC', 'radius'] as const;

/** Frames whose footprints one search looks at: about three seconds of work. */
const MAX_CANDIDATES = 250_000;
/** Footprints read at once, and how long judging them may hold the event loop. */
const SLICE = 200;
const SLICE_MS = 8;

/** A cone around RA/DEC; with only one of the two, no filter (as the reference archive does). */
export function coneCondition({ other }: Asked): Condition | undefined {
  const [raText, decText, radiusText] = [other('RA'), other('DEC'), other('radius')];
  if (raText === '' || decText === '') return undefined;
  const raDeg = parseRa(raText, { numbersAre: 'degrees' });
  if (raDeg === undefined) throw badValue('RA', raText, 'degrees from 0 to 360, or hh:mm:ss');
  const decDeg = parseDec(decText);
  if (decDeg === undefined) throw badValue('DEC', decText, 'degrees from −90 to 90, or ±dd:mm:ss');
  const radiusDeg = radiusText === '' ? DEFAULT_RADIUS_DEG : parseAngularSize(radiusText);
  if (radiusDeg === undefined || radiusDeg > 180) {
    throw badValue('radius', radiusText, 'degrees from 0 to 180, or with a unit as 10\' or 30"');
  }
  return cone(raDeg, decDeg, radiusDeg);
}

/**
 * The cells of the sky that the cone holds, and those across its edge with the exact test on the chord.
 * Of a cone with very many cells, the boxes of the index of the sky.
 */
function cone(raDeg: number, decDeg: number, radiusDeg: number): Condition {
  const [x, y, z] = toUnitVector({ raDeg, decDeg });
  const chord = 2 * Math.sin((radiusDeg / 2) * (Math.PI / 180));
  // A hair more, so that a frame exactly on the edge is in, whatever the last bit says.
  const limit = chord * chord * (1 + 1e-12) + 1e-24;
  const test = (query: Knex.QueryBuilder): void => {
    void query.whereRaw(
      '(frames.vec_x - ?) * (frames.vec_x - ?) + (frames.vec_y - ?) * (frames.vec_y - ?) + (frames.vec_z - ?) * (frames.vec_z - ?) <= ?',
      [x, x, y, y, z, z, limit],
    );
  };
  const cap = { raDeg, decDeg, radiusDeg };
  const byBoxes = onIndex((query) => {
    candidatesIn(query, cap);
    test(query);
  }, test);
  return {
    ...byBoxes,
    async prepare(db) {
      const cells = await cellsIn(db, cap);
      if (cells === undefined) return byBoxes;
      return onCells(cells.ids, cells.areInside ? undefined : test);
    },
  };
}

/** What the shapes of a region are to look like; anything else is taken for a point. */
const SHAPES: Readonly<Record<string, string>> = {
  POLYGON:
    "Polygon must be specified as 'POLYGON((RA DEC, RA DEC, …))', closed, without holes, of at most 500 corners and within half of the sky",
  LINESTRING:
    "Line must be specified as 'LINESTRING(RA DEC, RA DEC, …)', of 2 to 500 points and within half of the sky",
  CIRCLE: "Circle must be specified as 'CIRCLE(RA DEC RADIUS)', the radius from 0 to 180 degrees",
};

function regionError(relation: string, name: string, text: string): AppError {
  const shape = /^\s*(?:SRID\s*=\s*\d+\s*;)?\s*([A-Z]+)/i.exec(text)?.[1]?.toUpperCase() ?? '';
  // The very words of the OCS archive for a point, which its clients know.
  const words = SHAPES[shape] ?? "Point must be specified with exact format 'POINT(RA DEC)'";
  const message = `Error with ${relation} query: ${words}`;
  return new AppError('bad_request', message, { parameter: name, value: text, bare: true });
}

/** Frames whose footprint holds a region, or meets it. Frames without a footprint never do. */
export function footprintCondition(relation: 'covers' | 'intersects'): (asked: Asked) => Condition {
  return (asked) => {
    const text = lastOf(asked);
    const region = parseRegion(text);
    if (region === undefined) throw regionError(relation, asked.name, text);
    const holds = relation === 'covers' ? covers : intersects;
    return {
      about: 'frame',
      apply() {
        throw new Error('A condition about footprints must be prepared first.');
      },
      prepare: async (db) => withIds(await framesWhere(db, asked.name, region, holds)),
    };
  };
}

/** The frames of a list of ids. */
function withIds(ids: readonly number[]): Condition {
  const list = JSON.stringify(ids);
  return onIndex(
    (query) => void query.whereRaw('frames.id in (select value from json_each(?))', [list]),
    (query) => void query.whereRaw('+frames.id in (select value from json_each(?))', [list]),
  );
}

/** Ids of the frames whose footprint stands the test, found in slices that let others have their turn. */
async function framesWhere(
  db: Knex,
  name: string,
  region: Region,
  holds: typeof covers,
): Promise<number[]> {
  const candidates = await findCandidates(db, name, region);
  const found: number[] = [];
  let since = performance.now();
  for (let at = 0; at < candidates.length; at += SLICE) {
    const rows: ({ id: number } & FootprintColumns)[] = await db('frames')
      .whereRaw('id in (select value from json_each(?))', [
        JSON.stringify(candidates.slice(at, at + SLICE)),
      ])
      .select('id', 'footprint', 'ring');
    for (const { id, ...columns } of rows) {
      const footprint = parseFootprint(columns);
      if (footprint !== null && holds(footprintRegion(footprint), region)) found.push(id);
      if (performance.now() - since < SLICE_MS) continue;
      await setImmediate();
      since = performance.now();
    }
  }
  return found;
}

/** @throws 'bad_request' if there are more than one search may look at */
async function findCandidates(db: Knex, name: string, region: Region): Promise<number[]> {
  const near = db('frames')
    .modify(candidatesIn, capOf(region))
    .whereNotNull('frames.footprint')
    .limit(MAX_CANDIDATES + 1)
    .select('frames.id');
  // One text instead of as many objects, which would all be made at once on the way here.
  const row: { ids: string } | undefined = await db
    .from(near.as('near'))
    .first(db.raw('json_group_array(id) as ids'));
  const ids = JSON.parse(row?.ids ?? '[]') as number[];
  if (ids.length > MAX_CANDIDATES) {
    throw badValue(name, '', `a region with at most ${MAX_CANDIDATES} frames near it`);
  }
  return ids;
}
