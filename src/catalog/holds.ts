import type { Knex } from 'knex';
import type { Condition } from './conditions.js';
import { CHANGES, inSnapshot, type Catalog } from './db.js';
import { framesTouched } from './touches.js';

/** While it is looked, more may change. */
const TRIES = 3;

/**
 * Whether an answer about the frames under `conditions` that was made at change `since` is still the
 * same: if none of the frames that were touched since is among them.
 *
 * @param known      the last change that the caller knows of
 * @param conditions of someone who sees everything; nothing else may play a part in the answer but the
 *        order of the frames and what is told of them
 * @returns the change up to which it holds, at least `known`; else undefined
 */
export async function holdsUntil(
  catalog: Catalog,
  { since, known }: { readonly since: number; readonly known: number },
  conditions: readonly Condition[],
): Promise<number | undefined> {
  const isOne = conditions.every(
    ({ prepare, test }) => prepare === undefined || test !== undefined,
  );
  let now = known;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const touched = framesTouched(catalog.touches, { since, now }, conditions);
    if (touched === undefined) return undefined;
    if (touched.length === 0) return now;
    const look = (db: Knex): Promise<Look> => lookFor(db, touched, conditions);
    const { isAmong, changes } = await (isOne ? look(catalog.read) : inSnapshot(catalog, look));
    if (isAmong) return undefined;
    if (changes === now) return now;
    now = changes;
  }
  return undefined;
}

interface Look {
  readonly isAmong: boolean;
  /** Of the view in which it was looked. */
  readonly changes: number;
}

/** Whether any of some frames is among those under `conditions`. */
async function lookFor(
  db: Knex,
  ids: readonly number[],
  conditions: readonly Condition[],
): Promise<Look> {
  const query = db('frames')
    .whereRaw('frames.id in (select value from json_each(?))', [JSON.stringify(ids)])
    .select('frames.id')
    .limit(1);
  for (const condition of conditions) {
    const isReady = condition.test !== undefined;
    const { apply, test } = isReady ? condition : ((await condition.prepare?.(db)) ?? condition);
    if (test === undefined) apply(query, 'frames');
    else test(query);
  }
  const row: { id: number | null; changes: number } = await db.first(
    db.raw(CHANGES),
    query.as('id'),
  );
  return { isAmong: row.id !== null, changes: row.changes };
}
