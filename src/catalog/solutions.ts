import type { Knex } from 'knex';
import { toUnitVector, type Footprint, type UnitVector } from '../sky/index.js';
import { inTransaction, type Catalog } from './db.js';
import { PROVISIONAL_SQL } from './footprint-text.js';
import { insertEvent } from './outbox.js';
import { toFrameRow, type Frame, type FrameFacts, type ImageKind } from './schema.js';
import { placeOnSky } from './sky-index.js';

/** A card of a WCS. */
export type SolutionCard = readonly [keyword: string, value: string | number];

/** Where an image lies by its stars, as a program found it. */
export interface Solution {
  /** Name of the program. */
  readonly solver: string;
  /** The WCS, of FITS pixels of the whole main image. */
  readonly cards: readonly SolutionCard[];
  readonly footprint: Footprint;
  /** Whether the position of the frame is its centre, since the header tells none. */
  readonly fillsPointing: boolean;
  readonly solvedMs: number;
}

/** `waiting` is also what is being solved; `skipped` has nothing that can be solved. */
export type SolutionState = 'waiting' | 'solved' | 'failed' | 'skipped';

/** How things stand with the plate-solving of a frame. */
export interface SolutionStatus {
  /** `none`: nobody has asked for it. */
  readonly state: SolutionState | 'none';
  readonly attempts: number;
  /** Why it could not be solved the last time; null if nothing went wrong. */
  readonly error: string | null;
  /** Of the pixels of the current version. */
  readonly solution: Solution | null;
}

/** Solutions as the journal keeps them. */
export interface SolutionRecord extends Solution {
  /** Number of the version whose pixels were solved. */
  readonly version: number;
}

/** Kinds of frames that show stars. */
const STARRY: readonly ImageKind[] = ['object', 'focus', 'acquisition', 'guiding', 'standard'];

interface SolutionRow {
  readonly frame_id: number;
  readonly state: SolutionState;
  readonly attempts: number;
  readonly error: string | null;
  readonly solver: string | null;
  readonly cards: string | null;
  readonly footprint: string | null;
  readonly fills_pointing: number;
  readonly version_id: number | null;
  readonly solved_ms: number | null;
}

function toSolution(row: SolutionRow | undefined): Solution | undefined {
  const footprint = row?.footprint;
  const solvedMs = row?.solved_ms;
  if (row === undefined || typeof footprint !== 'string' || typeof solvedMs !== 'number') {
    return undefined;
  }
  return {
    solver: row.solver ?? '',
    cards: JSON.parse(row.cards ?? '[]') as SolutionCard[],
    footprint: JSON.parse(footprint) as Footprint,
    fillsPointing: row.fills_pointing === 1,
    solvedMs,
  };
}

/** The solution of the pixels of a version. @param db a transaction, or `catalog.read` */
export async function findSolution(
  db: Knex,
  frameId: number,
  versionId: number,
): Promise<Solution | undefined> {
  return toSolution(
    await db<SolutionRow>('solutions').where({ frame_id: frameId, version_id: versionId }).first(),
  );
}

/** How things stand with a frame. @param frame as a viewer was given it */
export async function readSolutionStatus(
  catalog: Catalog,
  frame: Pick<Frame, 'id' | 'version'>,
): Promise<SolutionStatus> {
  const row = await catalog.read<SolutionRow>('solutions').where({ frame_id: frame.id }).first();
  const solution = await findSolution(catalog.read, frame.id, frame.version.id);
  return {
    state: row?.state ?? 'none',
    attempts: row?.attempts ?? 0,
    error: row?.error ?? null,
    solution: solution ?? null,
  };
}

/** Facts under a solution: it says better than the header where the image lies, and at what it was aimed if nobody does. */
export function withSolution<F extends Pick<FrameFacts, 'raDeg' | 'decDeg' | 'footprint'>>(
  facts: F,
  solution: Pick<Solution, 'footprint'> | undefined,
): F {
  if (solution === undefined) return facts;
  const { footprint } = solution;
  const isAimed = facts.raDeg !== null && facts.decDeg !== null;
  const { raDeg, decDeg } = (isAimed ? null : footprint.center) ?? facts;
  return { ...facts, raDeg, decDeg, footprint };
}

/** The direction by which a cone finds a frame: where its stars are, else where it was aimed; null for neither. */
export function directionOf(
  { raDeg, decDeg }: Pick<FrameFacts, 'raDeg' | 'decDeg'>,
  solution?: Pick<Solution, 'footprint'>,
): UnitVector | null {
  const center = solution?.footprint.center ?? null;
  if (center !== null) return toUnitVector(center);
  return raDeg === null || decDeg === null ? null : toUnitVector({ raDeg, decDeg });
}

/**
 * What a file says of frame `frameId` under its solution, in the transaction that writes it down: if the
 * frame shows this version, and it was solved. Notes whether the header tells the pointing.
 */
export async function underSolution(
  tx: Knex.Transaction,
  facts: FrameFacts,
  { frameId, versionId }: { readonly frameId: number; readonly versionId: number },
): Promise<{ readonly facts: FrameFacts; readonly direction: UnitVector | null }> {
  const solution = await findSolution(tx, frameId, versionId);
  if (solution === undefined) return { facts, direction: directionOf(facts) };
  const fills = facts.raDeg === null || facts.decDeg === null;
  await tx('solutions').where({ frame_id: frameId }).update({ fills_pointing: fills });
  return { facts: withSolution(facts, solution), direction: directionOf(facts, solution) };
}

/** Writes a solution down, and where its frame lies by it. @returns false if another version is shown by now */
export async function recordSolution(
  catalog: Catalog,
  frame: Frame,
  solved: Omit<Solution, 'fillsPointing' | 'solvedMs'>,
): Promise<boolean> {
  const { id: frameId, version } = frame;
  return inTransaction(catalog, async (tx) => {
    const now: Place | undefined = await tx<Place>('frames').where({ id: frameId }).first();
    if (now?.version_id !== version.id) return false;
    const former = await findSolution(tx, frameId, version.id);
    const isAimed = now.ra_deg !== null && now.dec_deg !== null;
    const fillsPointing = former?.fillsPointing === true || !isAimed;
    const aimed: Pick<FrameFacts, 'raDeg' | 'decDeg'> = fillsPointing
      ? { raDeg: null, decDeg: null }
      : { raDeg: now.ra_deg, decDeg: now.dec_deg };
    const facts = withSolution({ ...frame, ...aimed, relations: [] }, solved);
    await tx('solutions')
      .where({ frame_id: frameId })
      .update({
        ...toRow({ ...solved, fillsPointing, solvedMs: Date.now() }),
        state: 'solved',
        is_forced: false,
        error: null,
        version_id: version.id,
      });
    const vector = directionOf(facts, solved);
    const { ra_deg, dec_deg, vec_x, vec_y, vec_z, footprint, ring } = toFrameRow(facts, vector);
    const updated_ms = Math.max(Date.now(), now.updated_ms + 1);
    await tx('frames')
      .where({ id: frameId })
      .update({ ra_deg, dec_deg, vec_x, vec_y, vec_z, footprint, ring, updated_ms });
    await placeOnSky(tx, frameId, facts);
    await insertEvent(tx, 'frame.solved', { frameId, solver: solved.solver });
    return true;
  });
}

interface Place {
  readonly id: number;
  readonly version_id: number;
  readonly updated_ms: number;
  readonly ra_deg: number | null;
  readonly dec_deg: number | null;
}

function toRow({ solver, cards, footprint, fillsPointing, solvedMs }: Solution): object {
  return {
    solver,
    cards: JSON.stringify(cards),
    footprint: JSON.stringify(footprint),
    fills_pointing: fillsPointing,
    solved_ms: solvedMs,
  };
}

/** Writes back what the journal tells; the frame was written under it by `withSolution`. */
export async function insertSolution(
  tx: Knex.Transaction,
  frame: { readonly frameId: number; readonly versionId: number; readonly dateMs: number },
  solution: Solution,
): Promise<void> {
  await tx('solutions').insert({
    ...toRow(solution),
    frame_id: frame.frameId,
    version_id: frame.versionId,
    date_ms: frame.dateMs,
    due_ms: 0,
    state: 'solved',
  });
  const direction = directionOf({ raDeg: null, decDeg: null }, solution);
  if (direction === null) return;
  const [vec_x, vec_y, vec_z] = direction;
  await tx('frames').where({ id: frame.frameId }).update({ vec_x, vec_y, vec_z });
}

/** Solutions of the versions that these frames show, by id of the frame. */
export async function readSolutionsOf(
  db: Knex,
  frameIds: readonly number[],
): Promise<ReadonlyMap<number, Solution>> {
  const rows: SolutionRow[] = await db('solutions')
    .join('frames', 'frames.version_id', 'solutions.version_id')
    .whereIn('solutions.frame_id', [...frameIds])
    .whereNotNull('solutions.solved_ms')
    .select('solutions.*');
  return new Map(rows.flatMap((row) => pairOf(row.frame_id, toSolution(row))));
}

function pairOf<T>(id: number, value: T | undefined): [number, T][] {
  return value === undefined ? [] : [[id, value]];
}

/** SQL: a frame with stars whose place on the sky is not known, or guessed. */
export const UNSOLVED = `frames.image_kind in (${STARRY.map((kind) => `'${kind}'`).join(', ')})
  and frames.width > 1 and frames.height > 1
  and (frames.footprint is null or ${PROVISIONAL_SQL})`;
