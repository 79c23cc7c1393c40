import type { Knex } from 'knex';
import { recordDeed } from './audit.js';
import type { Catalog } from './db.js';
import type { Actor } from './visibility.js';

export interface Job {
  readonly id: number;
  readonly kind: string;
  readonly payload: unknown;
  readonly attempts: number;
}

/** Adds work to be done after the caller's transaction has been committed. */
export async function insertJob(
  tx: Knex.Transaction,
  kind: string,
  payload: object,
): Promise<void> {
  const now = Date.now();
  await tx('jobs').insert({ kind, payload: JSON.stringify(payload), due_ms: now, created_ms: now });
}

/**
 * Takes the oldest job that is due, for `leaseMs`: if it is neither finished nor put off until then
 * (because the process died), it is due again.
 */
export async function claimJob(catalog: Catalog, leaseMs: number): Promise<Job | undefined> {
  const now = Date.now();
  const due = await catalog.read('jobs').where('due_ms', '<=', now).first('id');
  if (due === undefined) return undefined;
  return catalog.write.transaction(async (tx) => {
    const rows: { id: number; kind: string; payload: string; attempts: number }[] = await tx('jobs')
      .whereIn(
        'id',
        tx('jobs').where('due_ms', '<=', now).orderBy(['due_ms', 'id']).limit(1).select('id'),
      )
      .update({ due_ms: now + leaseMs, attempts: tx.raw('attempts + 1') })
      .returning(['id', 'kind', 'payload', 'attempts']);
    const [row] = rows;
    return row === undefined ? undefined : { ...row, payload: JSON.parse(row.payload) as unknown };
  });
}

export async function finishJob(catalog: Catalog, id: number): Promise<void> {
  await catalog.write('jobs').where({ id }).delete();
}

/** Puts a failed job off; it stays visible with its error. */
export async function delayJob(
  catalog: Catalog,
  id: number,
  delayMs: number,
  error: string,
): Promise<void> {
  await catalog
    .write('jobs')
    .where({ id })
    .update({ due_ms: Date.now() + delayMs, error });
}

/** Puts all jobs off by `ms`, or forward if below 0: for when the clock was set by as much. */
export async function shiftJobs(catalog: Catalog, ms: number): Promise<void> {
  await catalog.write('jobs').increment('due_ms', Math.round(ms));
}

/**
 * Makes jobs due that would not be for longer than any delay is: the clock was set back while the
 * archive was not running.
 */
export async function pullJobs(catalog: Catalog, longestMs: number): Promise<void> {
  const now = Date.now();
  await catalog
    .write('jobs')
    .where('due_ms', '>', now + longestMs)
    .update({ due_ms: now });
}

export async function countJobs(catalog: Catalog): Promise<number> {
  const row = await catalog.read('jobs').count({ total: '*' }).first();
  return Number(row?.total ?? 0);
}

/** How the queue stands. */
export interface QueueState {
  readonly total: number;
  /** Jobs that could be done now. */
  readonly due: number;
  /** Since when the one that waits longest could be, epoch ms; null if none waits. */
  readonly oldestDueMs: number | null;
  /** Jobs that failed when they were last tried. */
  readonly failed: number;
}

export async function readQueue(catalog: Catalog): Promise<QueueState> {
  const [row] = await catalog.read.raw<Record<string, number | null>[]>(
    `select count(*) as total, coalesce(sum(due_ms <= :now), 0) as due,
       min(due_ms) filter (where due_ms <= :now) as oldest,
       coalesce(sum(error is not null), 0) as failed from jobs`,
    { now: Date.now() },
  );
  return {
    total: row?.total ?? 0,
    due: row?.due ?? 0,
    oldestDueMs: row?.oldest ?? null,
    failed: row?.failed ?? 0,
  };
}

/** A job that failed when it was last tried. Instants are epoch ms. */
export interface FailedJob extends Job {
  readonly error: string;
  readonly createdMs: number;
  /** When it is tried again by itself. */
  readonly dueMs: number;
}

/** Jobs that failed, those that were tried most often first. */
export async function listFailedJobs(catalog: Catalog, limit: number): Promise<FailedJob[]> {
  const rows: FailedJobRow[] = await catalog
    .read('jobs')
    .whereNotNull('error')
    .orderBy([{ column: 'attempts', order: 'desc' }, { column: 'id' }])
    .limit(limit);
  return rows.map(({ id, kind, payload, attempts, error, created_ms, due_ms }) => ({
    id,
    kind,
    payload: JSON.parse(payload) as unknown,
    attempts,
    error,
    createdMs: created_ms,
    dueMs: due_ms,
  }));
}

interface FailedJobRow {
  readonly id: number;
  readonly kind: string;
  readonly payload: string;
  readonly attempts: number;
  readonly error: string;
  readonly created_ms: number;
  readonly due_ms: number;
}

/**
 * Makes jobs that failed due at once, with all their attempts before them.
 *
 * @param ids of the jobs; those that are done meanwhile are passed over
 * @returns how many
 */
export async function retryJobs(
  catalog: Catalog,
  ids: readonly number[],
  by: Actor,
): Promise<number> {
  return catalog.write.transaction(async (tx) => {
    const retried = await tx('jobs')
      .whereIn('id', [...ids])
      .whereNotNull('error')
      .update({ due_ms: Date.now(), attempts: 0 });
    if (retried > 0) {
      await recordDeed(tx, by, {
        action: 'job.retried',
        subject: 'archive',
        outcome: 'done',
        detail: { jobs: ids },
      });
    }
    return retried;
  });
}
