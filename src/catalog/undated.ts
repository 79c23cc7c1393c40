import type { Knex } from 'knex';
import type { Catalog } from './db.js';
import { readComparable, type NightFrame } from './judging.js';
import { UNDATED } from './measures.js';

/** A frame without a night that is to be judged, and how often it was queued. */
export interface UnjudgedFrame {
  readonly frame: NightFrame;
  readonly changes: number;
}

/** The next frames without a night that are to be judged. */
export async function listUndated({ read }: Catalog, limit: number): Promise<UnjudgedFrame[]> {
  const queued: { id: number; changes: number }[] = await read('undated_queue')
    .orderBy('frame_id')
    .limit(limit)
    .select({ id: 'frame_id', changes: 'changes' });
  const changes = new Map(queued.map((row) => [row.id, row.changes]));
  const frames = await readComparable(read, (query) => {
    void query.whereIn('frames.id', [...changes.keys()]).orderBy('frames.id');
  });
  return frames.map((frame) => ({ frame, changes: changes.get(frame.id) ?? 0 }));
}

/** Takes frames off the list, unless they have changed since they were listed. */
export async function endUndated(
  { write }: Catalog,
  judged: readonly UnjudgedFrame[],
): Promise<void> {
  const pairs = judged.map(({ frame, changes }) => [frame.id, changes]);
  await write.raw(
    `delete from undated_queue where (frame_id, changes) in
      (select value ->> 0, value ->> 1 from json_each(?))`,
    [JSON.stringify(pairs)],
  );
}

/**
 * Has all frames without a night judged again that are compared by a distribution.
 *
 * @param exposureSec only those that were exposed as long; null for all
 */
export async function queueUndatedOf(
  { write }: Catalog,
  { groupId, exposureSec }: { readonly groupId: number; readonly exposureSec: number | null },
): Promise<void> {
  await write.raw(
    `insert or ignore into undated_queue (frame_id)
      select frame_id from measures indexed by measures_usual
        where group_id = ? and night_no = ?${exposureSec === null ? '' : ' and exposure_sec between ? and ?'}`,
    [groupId, UNDATED, ...(exposureSec === null ? [] : [exposureSec * 0.99, exposureSec * 1.01])],
  );
}

/** Puts all frames without a night on the list. */
export async function queueAllUndated(tx: Knex): Promise<void> {
  await tx.raw(
    'insert or ignore into undated_queue (frame_id) select frame_id from measures where night_no = ?',
    [UNDATED],
  );
}
