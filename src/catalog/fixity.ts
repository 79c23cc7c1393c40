import type { Knex } from 'knex';
import type { Catalog } from './db.js';
import { toVersion, VERSION_COLUMNS, type Row, type Version } from './schema.js';

/** What was found when a file was read, or looked for, and compared with its row. */
export const CHECK_RESULTS = ['ok', 'missing', 'size', 'content', 'unreadable'] as const;
export type CheckResult = (typeof CHECK_RESULTS)[number];

/** A version with the name of its frame, and what was found when it was last looked at. */
export interface KeptVersion extends Version {
  readonly basename: string;
  /** Epoch ms; null if its bytes were never read again since they came. */
  readonly checkedMs: number | null;
  readonly checkResult: CheckResult | null;
}

/** One share of many: all of them together are everything, and no version is in two. */
export interface Share {
  /** 1…of. */
  readonly number: number;
  readonly of: number;
}

const BATCH = 500;
const COLUMNS = [...VERSION_COLUMNS, 'versions.checked_ms', 'versions.check_result'];

/** Every version of the share, in order of id; for `check`, which sees everything. */
export async function* eachKept(
  catalog: Catalog,
  share: Share = { number: 1, of: 1 },
): AsyncIterable<KeptVersion[]> {
  for (let after = 0; ;) {
    const rows: Row[] = await catalog
      .read('versions')
      .join('frames', 'frames.id', 'versions.frame_id')
      .where('versions.id', '>', after)
      .whereRaw('versions.id % ? = ?', [share.of, share.number % share.of])
      .select('frames.basename', ...COLUMNS)
      .orderBy('versions.id')
      .limit(BATCH);
    if (rows.length === 0) return;
    yield rows.map(toKept);
    after = Number(rows.at(-1)?.v_id);
  }
}

/** A version as it is now; undefined if it has gone. */
export async function findKept(catalog: Catalog, id: number): Promise<KeptVersion | undefined> {
  return findKeptBy(catalog, { 'versions.id': id });
}

/** The version whose file lies under a key; undefined if there is none. */
export async function findKeptByKey(
  catalog: Catalog,
  key: string,
): Promise<KeptVersion | undefined> {
  return findKeptBy(catalog, { 'versions.key': key });
}

async function findKeptBy(
  catalog: Catalog,
  what: Readonly<Record<string, number | string>>,
): Promise<KeptVersion | undefined> {
  const row: Row | undefined = await catalog
    .read('versions')
    .join('frames', 'frames.id', 'versions.frame_id')
    .where(what)
    .first('frames.basename', ...COLUMNS);
  return row === undefined ? undefined : toKept(row);
}

/** How many versions there are in a share, and how long they are together. */
export async function countKept(
  catalog: Catalog,
  share: Share = { number: 1, of: 1 },
): Promise<{ files: number; bytes: number }> {
  const row = await catalog
    .read('versions')
    .whereRaw('id % ? = ?', [share.of, share.number % share.of])
    .count({ files: '*' })
    .sum({ bytes: 'size_bytes' })
    .first();
  return { files: Number(row?.files ?? 0), bytes: Number(row?.bytes ?? 0) };
}

/**
 * Frames whose current version has no headers here, in order of id. Every file has some: these could
 * not be read when the catalogue was made anew.
 */
export async function* eachWithoutHeaders(
  catalog: Catalog,
): AsyncIterable<{ readonly key: string; readonly basename: string }> {
  for (let after = -1; ;) {
    const rows: { id: number; key: string; basename: string }[] = await catalog
      .read('frames')
      .join('versions', 'versions.id', 'frames.version_id')
      .where('frames.id', '>', after)
      .whereRaw('not exists (select 1 from hdus where hdus.version_id = versions.id)')
      .orderBy('frames.id')
      .limit(BATCH)
      .select('frames.id', 'versions.key', 'frames.basename');
    for (const { key, basename } of rows) yield { key, basename };
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

/** What a back-up has to know of a stored file. */
export type FileByKey = Pick<Version, 'key' | 'sizeBytes' | 'sha256'>;

/** The files of all versions in the order of the bytes of their keys. */
export async function* eachFileByKey(catalog: Catalog): AsyncIterable<FileByKey> {
  for (let after = ''; ;) {
    const rows: { key: string; size_bytes: number; sha256: string }[] = await catalog
      .read('versions')
      .where('key', '>', after)
      .orderBy('key')
      .limit(BATCH)
      .select('key', 'size_bytes', 'sha256');
    for (const { key, size_bytes, sha256 } of rows) yield { key, sizeBytes: size_bytes, sha256 };
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.key;
  }
}

/** The file under a key, if some version has it. */
export async function findFileByKey(catalog: Catalog, key: string): Promise<FileByKey | undefined> {
  const row: { size_bytes: number; sha256: string } | undefined = await catalog
    .read('versions')
    .where({ key })
    .first('size_bytes', 'sha256');
  return row === undefined ? undefined : { key, sizeBytes: row.size_bytes, sha256: row.sha256 };
}

/** Something found out about a version. */
export interface CheckRecord {
  readonly versionId: number;
  readonly atMs: number;
  readonly result: CheckResult;
}

/**
 * Writes down what was found, all in one short statement. The change counter stays: no list and no
 * page depends on it.
 */
export async function recordChecks(
  catalog: Catalog,
  records: readonly CheckRecord[],
): Promise<void> {
  if (records.length === 0) return;
  await catalog.write.raw(
    `update versions set checked_ms = found.at_ms, check_result = found.result
     from (select value ->> 0 as id, value ->> 1 as at_ms, value ->> 2 as result from json_each(?)) as found
     where versions.id = found.id`,
    [JSON.stringify(records.map(({ versionId, atMs, result }) => [versionId, atMs, result]))],
  );
}

/** Bounds of one round of the audit: every version from before it is to be read once. Epoch ms. */
export interface AuditRound {
  readonly startedMs: number;
  readonly nowMs: number;
}

/**
 * The versions whose turn it is in a round: those that were never read, in order of id, then those
 * whose last reading lies back farthest. A reading that seems to lie in the future, because a clock
 * was wrong then or is now, does not count as one.
 *
 * @param without folders, by key, whose files are left out
 */
export async function listDue(
  catalog: Catalog,
  { startedMs, nowMs }: AuditRound,
  limit: number,
  without: readonly string[] = [],
): Promise<KeptVersion[]> {
  const leaveOut = (query: Knex.QueryBuilder): void => {
    for (const folder of without) {
      void query.whereRaw('substr(versions.key, 1, ?) <> ?', [folder.length + 1, `${folder}/`]);
    }
  };
  const due = (condition: string, bindings: number[], order: string): Promise<Row[]> =>
    catalog
      .read('versions')
      .join('frames', 'frames.id', 'versions.frame_id')
      .whereRaw(condition, bindings)
      .where('versions.created_ms', '<=', startedMs)
      .modify(leaveOut)
      .select('frames.basename', ...COLUMNS)
      .orderByRaw(order)
      .limit(limit);
  const old = await due(
    '(versions.checked_ms is null or versions.checked_ms < ?)',
    [startedMs],
    'versions.checked_ms, versions.id',
  );
  if (old.length > 0) return old.map(toKept);
  const future = await due('versions.checked_ms > ?', [nowMs], 'versions.checked_ms desc');
  return future.map(toKept);
}

/** How far the audit has come. */
export interface AuditProgress {
  readonly files: number;
  readonly bytes: number;
  /** Of them, read in this round. */
  readonly doneFiles: number;
  readonly doneBytes: number;
  /** Still to be read in this round. */
  readonly dueFiles: number;
  readonly dueBytes: number;
  /** Never read since they came. */
  readonly neverRead: number;
  /** Time of the reading that lies back farthest; null if there is none. */
  readonly oldestMs: number | null;
}

/** Sums over all versions. */
export async function readAuditProgress(
  catalog: Catalog,
  { startedMs, nowMs }: AuditRound,
): Promise<AuditProgress> {
  const [row] = await catalog.read.raw<Record<string, number | null>[]>(
    `with seen as (select size_bytes,
         coalesce(checked_ms between ? and ?, 0) as done,
         checked_ms is null as never, checked_ms, created_ms <= ? as counts from versions)
     select count(*) as files, sum(size_bytes) as bytes,
       sum(done) as done_files, sum(done * size_bytes) as done_bytes,
       sum(counts and not done) as due_files, sum((counts and not done) * size_bytes) as due_bytes,
       sum(never) as never_read, min(checked_ms) as oldest_ms from seen`,
    [startedMs, nowMs, startedMs],
  );
  return {
    files: row?.files ?? 0,
    bytes: row?.bytes ?? 0,
    doneFiles: row?.done_files ?? 0,
    doneBytes: row?.done_bytes ?? 0,
    dueFiles: row?.due_files ?? 0,
    dueBytes: row?.due_bytes ?? 0,
    neverRead: row?.never_read ?? 0,
    oldestMs: row?.oldest_ms ?? null,
  };
}

/** Versions whose file was not what it should be when it was last looked at. */
export async function listDamaged(catalog: Catalog, limit = 1000): Promise<KeptVersion[]> {
  const rows: Row[] = await catalog
    .read('versions')
    .join('frames', 'frames.id', 'versions.frame_id')
    .whereNotNull('versions.check_result')
    .where('versions.check_result', '<>', 'ok')
    .select('frames.basename', ...COLUMNS)
    .orderBy('versions.checked_ms', 'desc')
    .limit(limit);
  return rows.map(toKept);
}

function toKept(row: Row): KeptVersion {
  const result = CHECK_RESULTS.find((each) => each === row.check_result);
  return {
    ...toVersion(row),
    basename: String(row.basename),
    checkedMs: typeof row.checked_ms === 'number' ? row.checked_ms : null,
    checkResult: result ?? null,
  };
}
