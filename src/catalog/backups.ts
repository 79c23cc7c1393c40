import type { Catalog } from './db.js';

/** One back-up that was begun from this catalogue. Instants are epoch ms. */
export interface BackupRun {
  readonly id: number;
  /** Name of the snapshot; '' as long as it has none. */
  readonly name: string;
  readonly target: string;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly state: 'running' | 'done' | 'failed';
  /** Copied by this one. */
  readonly files: number;
  readonly bytes: number;
  readonly error: string | null;
}

interface BackupRow {
  readonly id: number;
  readonly name: string;
  readonly target: string;
  readonly started_ms: number;
  readonly ended_ms: number | null;
  readonly state: string;
  readonly files: number;
  readonly bytes: number;
  readonly error: string | null;
}

/**
 * Notes that a back-up begins. Others that seem to run still have died: there is one at a time.
 *
 * @returns its id
 */
export async function insertBackup(catalog: Catalog, target: string): Promise<number> {
  return catalog.write.transaction(async (tx) => {
    const died = { state: 'failed', ended_ms: Date.now(), error: 'It was broken off.' };
    await tx('backups').where({ state: 'running' }).update(died);
    const row = { name: '', target, started_ms: Date.now(), state: 'running' };
    const [id] = await tx('backups').insert(row);
    return Number(id);
  });
}

/** Notes how far a back-up has come, or how it ended. */
export async function updateBackup(
  catalog: Catalog,
  id: number,
  change: Partial<Pick<BackupRun, 'name' | 'state' | 'files' | 'bytes' | 'error'>>,
): Promise<void> {
  const hasEnded = change.state === 'done' || change.state === 'failed';
  const ended = hasEnded ? { ended_ms: Date.now() } : {};
  await catalog
    .write('backups')
    .where({ id })
    .update({ ...change, ...ended });
}

/** Back-ups begun from this catalogue, newest first. */
export async function listBackups(catalog: Catalog, limit: number): Promise<BackupRun[]> {
  const rows: BackupRow[] = await catalog.read('backups').orderBy('id', 'desc').limit(limit);
  return rows.map(toRun);
}

/** The newest back-up that was completed, to any target or to one. */
export async function findLastBackup(
  catalog: Catalog,
  target?: string,
): Promise<BackupRun | undefined> {
  const row: BackupRow | undefined = await catalog
    .read('backups')
    .where({ state: 'done', ...(target === undefined ? {} : { target }) })
    .orderBy('id', 'desc')
    .first();
  return row === undefined ? undefined : toRun(row);
}

function toRun(row: BackupRow): BackupRun {
  return {
    id: row.id,
    name: row.name,
    target: row.target,
    startedMs: row.started_ms,
    endedMs: row.ended_ms,
    state: row.state === 'running' || row.state === 'done' ? row.state : 'failed',
    files: row.files,
    bytes: row.bytes,
    error: row.error,
  };
}
