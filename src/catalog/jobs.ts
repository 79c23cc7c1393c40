import type { Knex } from 'knex';
import type { Catalog } from './db.js';

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
