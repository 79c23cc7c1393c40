import type { Knex } from 'knex';
import type { Condition } from './conditions.js';
import { inSnapshot, readChanges, type Catalog } from './db.js';
import { framesTouched } from './touches.js';

/**
 * Whether an answer about the frames under `conditions` that was made at change `since` is still the
 * same: if none of the frames that were touched since is among them.
 *
 * @param conditions of someone who sees everything; nothing else may play a part in the answer but the
 *        order of the frames and what is told of them
 * @returns the change up to which it holds, at least the last one before the call; else undefined
 */
export async function holdsUntil(
  catalog: Catalog,
  since: number,
  conditions: readonly Condition[],
): Promise<number | undefined> {
  return inSnapshot(catalog, async (tx) => {
    const now = await readChanges(catalog, tx);
    const touched = framesTouched(catalog.touches, { since, now }, conditions);
    if (touched === undefined) return undefined;
    const isAmong = touched.length > 0 && (await hasAny(tx, touched, conditions));
    return isAmong ? undefined : now;
  });
}

async function hasAny(
  tx: Knex,
  ids: readonly number[],
  conditions: readonly Condition[],
): Promise<boolean> {
  const query = tx('frames').whereRaw(`frames.id in (${ids.join(', ')})`);
  for (const condition of conditions) {
    const { apply, test } = (await condition.prepare?.(tx)) ?? condition;
    if (test === undefined) apply(query, 'frames');
    else test(query);
  }
  return (await query.first('frames.id')) !== undefined;
}
