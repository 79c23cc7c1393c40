import type { Knex } from 'knex';
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
  /** Of a mail that others have got already, those who have not; null for everybody. */
  readonly recipients: readonly string[] | null;
}

/** A report that went out, as the journal tells it. */
export interface SentReport {
  readonly night: string;
  readonly way: ReportWay;
  readonly sentMs: number;
}

/**
 * When the archive was made, epoch ms: nights before it are not its own. Undefined as long as nothing at
 * all has come into it, be it refused.
 */
export async function readBeginning({ read }: Catalog): Promise<number | undefined> {
  for (const table of ['frames', 'trash', 'quarantine']) {
    const one: unknown = await read(table).first(read.raw('1'));
    if (one === undefined) continue;
    const row: { created_ms: number } | undefined = await read('archive').first('created_ms');
    return row?.created_ms ?? 0;
  }
  return undefined;
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
    const now = Date.now();
    const row = { night, way, state: 'waiting', due_ms: now, noted_ms: now };
    await catalog.write('reports').insert(row).onConflict(['night', 'way']).ignore();
  }
}

/** The nights whose reports wait to be sent for the first time, and since when, epoch ms. */
export async function listFreshReports({
  read,
}: Catalog): Promise<{ readonly night: string; readonly notedMs: number }[]> {
  const rows: { night: string; noted_ms: number | null }[] = await read('reports')
    .where({ state: 'waiting', attempts: 0 })
    .groupBy('night')
    .select('night')
    .min({ noted_ms: 'noted_ms' });
  return rows.map(({ night, noted_ms }) => ({ night, notedMs: noted_ms ?? 0 }));
}

/**
 * Takes a report that is due, for `leaseMs`: if the process dies with it, it is due again, so that it is
 * rather sent twice than never.
 *
 * @param except nights that are not ready yet
 */
export async function claimReport(
  catalog: Catalog,
  leaseMs: number,
  except: readonly string[] = [],
): Promise<ReportTask | undefined> {
  const now = Date.now();
  const due: { night: string; way: ReportWay } | undefined = await catalog
    .read('reports')
    .where({ state: 'waiting' })
    .andWhere('due_ms', '<=', now)
    .whereNotIn('night', except)
    .orderBy('night', 'desc')
    .first('night', 'way');
  if (due === undefined) return undefined;
  const rows: (Omit<ReportTask, 'recipients'> & { readonly recipients: string | null })[] =
    await catalog
      .write('reports')
      .where({ ...due, state: 'waiting' })
      .andWhere('due_ms', '<=', now)
      .update({ due_ms: now + leaseMs, attempts: catalog.write.raw('attempts + 1') })
      .returning(['night', 'way', 'attempts', 'recipients']);
  const [row] = rows;
  if (row === undefined) return undefined;
  const { recipients, ...task } = row;
  const asked = recipients === null ? null : (JSON.parse(recipients) as string[]);
  return { ...task, recipients: asked };
}

/** How an attempt to send a report ended. */
export type ReportEnd =
  | { readonly state: 'sent' }
  | { readonly state: 'failed'; readonly error: string }
  /** To be tried again, by mail for some alone if only they have not got it. */
  | {
      readonly state: 'waiting';
      readonly error: string;
      readonly delayMs: number;
      readonly recipients: readonly string[] | null;
    };

/** Writes down how an attempt ended. */
export async function endReport(
  catalog: Catalog,
  { night, way }: Pick<ReportTask, 'night' | 'way'>,
  end: ReportEnd,
): Promise<void> {
  const now = Date.now();
  const again = (waiting: Extract<ReportEnd, { state: 'waiting' }>) => ({
    due_ms: now + waiting.delayMs,
    recipients: waiting.recipients === null ? null : JSON.stringify(waiting.recipients),
  });
  await catalog
    .write('reports')
    .where({ night, way })
    .update({
      state: end.state,
      error: end.state === 'sent' ? null : end.error,
      ...(end.state === 'sent' ? { sent_ms: now } : {}),
      ...(end.state === 'waiting' ? again(end) : {}),
    });
}

/** Reports that the journal tells of: only those of the last nights could be sent again. */
const MOST_TOLD = 14;

/** The reports that went out last, the newest night first. */
export async function listSentReports(db: Knex): Promise<SentReport[]> {
  const rows: { night: string; way: ReportWay; sent_ms: number | null }[] = await db('reports')
    .where({ state: 'sent' })
    .orderBy([{ column: 'night', order: 'desc' }, { column: 'way' }])
    .limit(MOST_TOLD)
    .select('night', 'way', 'sent_ms');
  return rows.map(({ night, way, sent_ms }) => ({ night, way, sentMs: sent_ms ?? 0 }));
}

/** Writes back that reports went out; of those that are here nothing is changed. */
export async function insertSentReports(
  tx: Knex.Transaction,
  sent: readonly SentReport[],
): Promise<void> {
  for (const { night, way, sentMs } of sent) {
    const row = { night, way, state: 'sent', due_ms: sentMs, sent_ms: sentMs };
    await tx('reports').insert(row).onConflict(['night', 'way']).ignore();
  }
}
