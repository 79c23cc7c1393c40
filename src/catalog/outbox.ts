import type { Knex } from 'knex';
import type { Catalog } from './db.js';

/** Writes down an event in the caller's transaction: it is told if and only if the change is kept. */
export async function insertEvent(
  tx: Knex.Transaction,
  kind: string,
  payload: object,
): Promise<void> {
  await tx('outbox').insert({ kind, payload: JSON.stringify(payload), created_ms: Date.now() });
}

/** Forgets events older than `beforeMs`, told or not. */
export async function pruneEvents(catalog: Catalog, beforeMs: number): Promise<void> {
  await catalog.write('outbox').where('created_ms', '<', beforeMs).delete();
}
