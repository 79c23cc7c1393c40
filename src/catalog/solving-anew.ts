import type { Knex } from 'knex';
import { UNSOLVED } from './solutions.js';
import { checkStarsAnew } from './star-fields.js';

/** Counter: versions up to this id were looked at. */
export const SEEN = 'solving_seen';

/** Frames come into the queue, or back into it, unless they wait there already. */
export async function enqueue(
  tx: Knex,
  chosen: { readonly sql: string; readonly values: readonly (string | number)[] },
  isForced: boolean,
): Promise<number> {
  const now = Date.now();
  const rows: unknown[] = await tx.raw(
    `insert into solutions (frame_id, state, is_forced, due_ms, date_ms)
     select frames.id, 'waiting', ?, ?, coalesce(frames.date_obs_ms, frames.created_ms)
       from frames where ${chosen.sql}
     on conflict (frame_id) do update set state = 'waiting', is_forced = excluded.is_forced,
       due_ms = excluded.due_ms, date_ms = excluded.date_ms, attempts = 0, error = null
       where state <> 'waiting'
     returning frame_id`,
    [isForced ? 1 : 0, now, ...chosen.values],
  );
  return rows.length;
}

/**
 * What is known of a frame has changed, in the transaction that changes it: it is looked at again,
 * with the solution of its pixels if there is one.
 */
export async function solveAnew(tx: Knex, frameId: number): Promise<void> {
  await checkStarsAnew(tx, [frameId]);
  const known: unknown = await tx('solutions').where({ frame_id: frameId }).first('state');
  // Where nothing was ever solved, nobody waits for it.
  if (
    known === undefined &&
    (await tx('counters').where({ name: SEEN }).first('name')) === undefined
  )
    return;
  const sql = known === undefined ? `frames.id = ? and ${UNSOLVED}` : 'frames.id = ?';
  await enqueue(tx, { sql, values: [frameId] }, false);
}
