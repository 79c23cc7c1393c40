import type { Knex } from 'knex';
import type { Catalog } from './db.js';
import { readMark, writeMark } from './rebuild.js';
import { UNSOLVED } from './solutions.js';
import { enqueue, SEEN } from './solving-anew.js';
import { checkStarsAnew, checkUnasked, type StarField } from './star-fields.js';

/** Which frames are to be solved. */
export interface SolvingRequest {
  readonly frameId?: number;
  /** `YYYY-MM-DD`. */
  readonly night?: string;
  /** Taken at this instant or later, epoch ms. */
  readonly sinceMs?: number;
  /** True: also those whose header tells where they lie, and those that are solved. */
  readonly isForced: boolean;
}

/** How the queue stands. */
export interface SolvingCounts {
  readonly waiting: number;
  readonly solved: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Versions that are looked at in one transaction. */
const PIECE = 1_000;

/**
 * Looks at a piece of the versions that came since the last time, the oldest first, and queues the
 * frames that need it. Those whose WCS was held against their stars while there was no solver are held
 * against them once more.
 *
 * @returns false when all were looked at
 */
export async function queueNewFrames(catalog: Catalog): Promise<boolean> {
  const seen = (await readMark(catalog, SEEN)) ?? 0;
  const piece = catalog
    .read('versions')
    .where('id', '>', seen)
    .orderBy('id')
    .limit(PIECE)
    .select('id');
  const row: { last: number | null } | undefined = await catalog.read
    .from(piece.as('piece'))
    .max({ last: 'id' })
    .first();
  const last = row?.last ?? null;
  if (last === null) return false;
  await catalog.write.transaction(async (tx) => {
    await writeMark(tx, SEEN, last);
    const sql = `frames.version_id > ? and frames.version_id <= ? and frames.id in
      (select frame_id from versions where id > ? and id <= ?) and ${UNSOLVED}`;
    await enqueue(tx, { sql, values: [seen, last, seen, last] }, false);
    await checkUnasked(tx, { after: seen, upTo: last });
  });
  return true;
}

/** Queues frames that somebody asked for. @returns how many came into the queue */
export async function requestSolutions(catalog: Catalog, request: SolvingRequest): Promise<number> {
  const { isForced } = request;
  const needed = isForced ? 'frames.width > 1 and frames.height > 1' : UNSOLVED;
  const { sql, values } = framesOf(request);
  const where = { sql: `(${needed}) and ${sql}`, values };
  return catalog.write.transaction((tx) => enqueue(tx, where, isForced));
}

/** How many frames of a request are in the queue. */
export async function countWaiting({ read }: Catalog, request: SolvingRequest): Promise<number> {
  const row = await read('solutions')
    .where({ state: 'waiting' })
    .modify(keepOf, request)
    .count({ total: '*' })
    .first();
  return Number((row as { total?: unknown } | undefined)?.total ?? 0);
}

/** SQL over `frames` for those that a request names; all if it names none. */
function framesOf({ frameId, night, sinceMs }: SolvingRequest): {
  readonly sql: string;
  readonly values: readonly (string | number)[];
} {
  const conditions: [string, string | number][] = [];
  if (frameId !== undefined) conditions.push(['frames.id = ?', frameId]);
  if (night !== undefined) conditions.push(['frames.night = ?', night]);
  if (sinceMs !== undefined) conditions.push(['frames.date_obs_ms >= ?', sinceMs]);
  const texts = conditions.map(([text]) => `(${text})`);
  return { sql: ['1 = 1', ...texts].join(' and '), values: conditions.map(([, value]) => value) };
}

/** Leaves of the queue what a request names. */
function keepOf(query: Knex.QueryBuilder, request: SolvingRequest): void {
  const { sql, values } = framesOf(request);
  if (values.length === 0) return;
  void query.whereRaw(`frame_id in (select id from frames where ${sql})`, [...values]);
}

/** More than any date: what is to be checked is solved after all that has no place at all. */
const LATER_MS = 1e14;

/**
 * Queues a frame whose header says where it lies, since its stars do not tell that it is right, or tell
 * that it is wrong. It stays behind frames of which nothing is known.
 *
 * @param anew ids of frames that are looked at once more, as of `setStarState`
 */
export async function askSolver(
  catalog: Catalog,
  { frameId, versionId }: Pick<StarField, 'frameId' | 'versionId'>,
  { state, anew }: { readonly state: 'asked' | 'wrong'; readonly anew: readonly number[] },
): Promise<void> {
  await catalog.write.transaction(async (tx) => {
    await checkStarsAnew(tx, anew);
    const asked = await tx('star_fields')
      .where({ frame_id: frameId, version_id: versionId })
      .update({ state, asked_ms: Date.now() });
    if (asked === 0) return;
    const queued = await enqueue(tx, { sql: 'frames.id = ?', values: [frameId] }, true);
    if (queued === 0) return; // somebody else has asked for it
    await tx('solutions').where({ frame_id: frameId }).decrement('date_ms', LATER_MS);
  });
}

export interface SolvingTask {
  readonly frameId: number;
  /** This one among them. */
  readonly attempts: number;
  readonly isForced: boolean;
}

/**
 * Takes the newest frame that is due, for `leaseMs`: if nothing is heard of it until then, it is due again.
 *
 * @param among only those that this names
 */
export async function claimSolving(
  catalog: Catalog,
  leaseMs: number,
  among?: SolvingRequest,
): Promise<SolvingTask | undefined> {
  const now = Date.now();
  const due = (db: Knex): Knex.QueryBuilder =>
    db('solutions')
      .where({ state: 'waiting' })
      .andWhere('due_ms', '<=', now)
      .modify((query) => {
        if (among !== undefined) keepOf(query, among);
      })
      .orderBy('date_ms', 'desc')
      .limit(1)
      .select('frame_id');
  // Looking costs others nothing; taking needs the one connection that writes.
  const [first]: unknown[] = await due(catalog.read);
  if (first === undefined) return undefined;
  return catalog.write.transaction(async (tx) => {
    const rows: { frame_id: number; attempts: number; is_forced: number }[] = await tx('solutions')
      .whereIn('frame_id', due(tx))
      .update({ due_ms: now + leaseMs, attempts: tx.raw('attempts + 1') })
      .returning(['frame_id', 'attempts', 'is_forced']);
    const [row] = rows;
    if (row === undefined) return undefined;
    return { frameId: row.frame_id, attempts: row.attempts, isForced: row.is_forced === 1 };
  });
}

/** How an attempt ended without a new solution. */
export type SolvingEnd =
  | { readonly state: 'failed' | 'skipped'; readonly error: string }
  /** With the frames whose stars are looked at once more because of it. */
  | { readonly state: 'solved'; readonly anew: readonly number[] }
  /** To be tried again. */
  | { readonly state: 'waiting'; readonly error: string | null; readonly delayMs: number };

/** Writes down how an attempt ended. */
export async function endSolving(
  catalog: Catalog,
  frameId: number,
  end: SolvingEnd,
): Promise<void> {
  const error = end.state === 'solved' ? null : end.error;
  const due = end.state === 'waiting' ? { due_ms: Date.now() + end.delayMs } : {};
  await catalog.write.transaction(async (tx) => {
    await tx('solutions')
      .where({ frame_id: frameId })
      .update({ state: end.state, error, ...due });
    if (end.state === 'waiting') return;
    const field = tx('star_fields').where({ frame_id: frameId });
    if (end.state === 'solved') {
      await field.update({ state: 'right' });
      await checkStarsAnew(tx, end.anew);
    } else await field.where({ state: 'asked' }).update({ state: 'alone' });
  });
}

/** How many frames are in which state. */
export async function countSolving(catalog: Catalog): Promise<SolvingCounts> {
  const rows: { state: keyof SolvingCounts; total: number }[] = await catalog
    .read('solutions')
    .groupBy('state')
    .select('state')
    .count({ total: '*' });
  const of = (state: keyof SolvingCounts): number =>
    rows.find((row) => row.state === state)?.total ?? 0;
  return {
    waiting: of('waiting'),
    solved: of('solved'),
    failed: of('failed'),
    skipped: of('skipped'),
  };
}
