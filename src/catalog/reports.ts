import type { Catalog } from './db.js';

/** How a report is sent. */
export type ReportWay = 'mail' | 'webhook';

/** A report that is to be sent one way. */
export interface ReportTask {
  /** `YYYY-MM-DD`. */
  readonly night: string;
  readonly way: ReportWay;
  /** This one among them. */
  readonly attempts: number;
}

/** Notes that the report of a night is due. One that was noted before, sent or not, stays as it is. */
export async function queueReport(
  catalog: Catalog,
  night: string,
  ways: readonly ReportWay[],
): Promise<void> {
  const known: { way: string }[] = await catalog.read('reports').where({ night }).select('way');
  const fresh = ways.filter((way) => known.every((each) => each.way !== way));
  for (const way of fresh) {
    const row = { night, way, state: 'waiting', due_ms: Date.now() };
    await catalog.write('reports').insert(row).onConflict(['night', 'way']).ignore();
  }
}

/**
 * Takes a report that is due, for `leaseMs`: if the process dies with it, it is due again, so that it is
 * rather sent twice than never.
 */
export async function claimReport(
  catalog: Catalog,
  leaseMs: number,
): Promise<ReportTask | undefined> {
  const now = Date.now();
  const due: { night: string; way: ReportWay } | undefined = await catalog
    .read('reports')
    .where({ state: 'waiting' })
    .andWhere('due_ms', '<=', now)
    .orderBy('night', 'desc')
    .first('night', 'way');
  if (due === undefined) return undefined;
  const rows: ReportTask[] = await catalog
    .write('reports')
    .where({ ...due, state: 'waiting' })
    .andWhere('due_ms', '<=', now)
    .update({ due_ms: now + leaseMs, attempts: catalog.write.raw('attempts + 1') })
    .returning(['night', 'way', 'attempts']);
  return rows[0];
}

/** How an attempt to send a report ended. */
export type ReportEnd =
  | { readonly state: 'sent' }
  | { readonly state: 'failed'; readonly error: string }
  /** To be tried again. */
  | { readonly state: 'waiting'; readonly error: string; readonly delayMs: number };

/** Writes down how an attempt ended. */
export async function endReport(
  catalog: Catalog,
  { night, way }: Pick<ReportTask, 'night' | 'way'>,
  end: ReportEnd,
): Promise<void> {
  const now = Date.now();
  await catalog
    .write('reports')
    .where({ night, way })
    .update({
      state: end.state,
      error: end.state === 'sent' ? null : end.error,
      ...(end.state === 'sent' ? { sent_ms: now } : {}),
      ...(end.state === 'waiting' ? { due_ms: now + end.delayMs } : {}),
    });
}
