import type { Knex } from 'knex';
import { inTransaction, type Catalog, type Transaction } from './db.js';
import { foundOut } from './touches.js';

/** Something about a frame that a person should know, in words. */
export interface StoredFinding {
  /** Stable word for filters: `trailed`, `clouds` … */
  readonly code: string;
  readonly level: 'note' | 'warning' | 'error';
  /** One sentence with the numbers. */
  readonly text: string;
}

/**
 * Who found something: its pixels, what is usual, the frames before and after it, the sky over the
 * site, its stars against a catalogue, the names that its bytes came under. What one source says of a
 * frame is replaced together.
 */
export type FindingSource = 'pixels' | 'usual' | 'sequence' | 'sky' | 'solving' | 'names';

/** Replaces all that one source has said of a frame, in the caller's transaction. */
export async function writeFindings(
  tx: Knex,
  frameId: number,
  source: FindingSource,
  findings: readonly StoredFinding[],
): Promise<void> {
  await tx('findings').where({ frame_id: frameId, source }).delete();
  const rows = new Map(findings.map(({ code, level, text }) => [code, { code, level, text }]));
  for (const row of rows.values())
    await tx('findings').insert({ frame_id: frameId, source, ...row });
}

/** Replaces what one source has said of a frame, if it says something else now. */
export async function saveFindings(
  catalog: Catalog,
  frameId: number,
  source: FindingSource,
  findings: readonly StoredFinding[],
): Promise<void> {
  const before: StoredFinding[] = await catalog
    .read('findings')
    .where({ frame_id: frameId, source })
    .select('code', 'level', 'text');
  if (isSameFindings(before, findings)) return;
  const work = async (tx: Transaction): Promise<void> => {
    const here: unknown = await tx('frames').where({ id: frameId }).first('id');
    if (here !== undefined) await writeFindings(tx, frameId, source, findings);
  };
  await inTransaction(catalog, work, () => foundOut([frameId]));
}

/** Whether two lists say the same, in any order. */
export function isSameFindings(
  some: readonly StoredFinding[],
  others: readonly StoredFinding[],
): boolean {
  const keys = (list: readonly StoredFinding[]): string =>
    JSON.stringify(list.map(({ code, level, text }) => JSON.stringify([code, level, text])).sort());
  return keys(some) === keys(others);
}

/** What is known of a frame that a person should know, the worst first. */
export async function listFindings(db: Knex, frameId: number): Promise<StoredFinding[]> {
  const rows: StoredFinding[] = await db('findings')
    .where({ frame_id: frameId })
    .orderByRaw(`case level when 'error' then 0 when 'warning' then 1 else 2 end, code`)
    .select('code', 'level', 'text');
  return rows;
}
