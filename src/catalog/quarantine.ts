import type { Knex } from 'knex';
import { recordDeed } from './audit.js';
import { inTransaction, required, type Catalog, type Transaction } from './db.js';
import type { CorrectionValue } from './corrections.js';
import { nightNumber, queueJudging } from './measures.js';
import { insertEvent } from './outbox.js';
import { foundOut } from './touches.js';
import { ARCHIVE, refusedFor, type Actor, type Viewer } from './visibility.js';

/** How somebody tried to have a refused file read. */
export interface Attempt {
  readonly overrides: Readonly<Record<string, CorrectionValue>>;
  readonly profile: string | null;
  /** What was said about it; absent if nothing was. */
  readonly why?: string;
}

/** A refused upload, kept as a file until someone mends or discards it. */
export interface Quarantined {
  readonly id: number;
  readonly uploadName: string;
  /** Name of the file in the quarantine folder. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly code: string;
  /** The sentence that the uploader was given, or whoever tried last. */
  readonly reason: string;
  /** The header value that stands in the way; null if it is something else. */
  readonly keyword: string | null;
  /** `YYYY-MM-DD`, the night that its header names; null if it names none, or cannot be read. */
  readonly night: string | null;
  readonly uploadedBy: number | null;
  /** How often it was tried again. */
  readonly attempts: number;
  /** What it was tried with last; null if it was not. */
  readonly attempt: Attempt | null;
  readonly createdMs: number;
}

/** A file as it is refused. */
export interface Refusal extends Omit<Quarantined, 'id' | 'attempts' | 'createdMs'> {
  /** When that was, if not now. */
  readonly createdMs?: number;
  /** True if it was waiting already, and somebody tried it again. */
  readonly isRetry?: boolean;
}

interface QuarantineRow {
  readonly id: number;
  readonly upload_name: string;
  readonly file: string;
  readonly size_bytes: number;
  readonly sha256: string;
  readonly code: string;
  readonly reason: string;
  readonly keyword: string | null;
  readonly night: string | null;
  readonly uploaded_by: number | null;
  readonly attempts: number;
  readonly overrides: string | null;
  readonly created_ms: number;
}

/**
 * Writes down that a file was refused, and why. The same bytes again are the same item, with the new
 * reason.
 *
 * @param isKept false if there is no room for it: then only the log tells of it
 */
export async function noteRefusal(
  catalog: Catalog,
  item: Refusal,
  by: Actor,
  isKept: boolean,
): Promise<void> {
  const { uploadName, sizeBytes, sha256, code, reason, keyword, attempt } = item;
  const work = async (tx: Transaction): Promise<void> => {
    let id: number | undefined;
    if (isKept) {
      id = await upsert(tx, item);
      await judgeAnew(tx, item.night);
      await insertEvent(tx, 'quarantine.added', { quarantineId: id });
    }
    await recordDeed(tx, by, {
      action: item.isRetry === true ? 'quarantine.retried' : 'upload.refused',
      subject: id === undefined ? `file:${sha256.slice(0, 12)}` : `quarantine:${id}`,
      outcome: 'refused',
      detail: { uploadName, sizeBytes, sha256, code, reason, keyword, attempt },
    });
  };
  await inTransaction(catalog, work, () => foundOut([]));
}

async function upsert(tx: Knex.Transaction, item: Refusal): Promise<number> {
  const { code, reason, keyword, night, attempt } = item;
  const why = { code, reason, keyword, night };
  const known: { id: number; attempts: number } | undefined = await tx('quarantine')
    .where({ sha256: item.sha256 })
    .first('id', 'attempts');
  if (known !== undefined) {
    const tried = { attempts: known.attempts + 1, overrides: JSON.stringify(attempt) };
    await tx('quarantine')
      .where({ id: known.id })
      .update({ ...why, ...(attempt === null ? {} : tried) });
    return known.id;
  }
  const [row]: { id: number }[] = await tx('quarantine')
    .insert({
      ...why,
      upload_name: item.uploadName,
      file: item.file,
      size_bytes: item.sizeBytes,
      sha256: item.sha256,
      uploaded_by: item.uploadedBy,
      overrides: attempt === null ? null : JSON.stringify(attempt),
      created_ms: item.createdMs ?? Date.now(),
    })
    .returning('id');
  return required(row).id;
}

/** Frames that come after one that is missing tell whether it is here. */
async function judgeAnew(tx: Knex.Transaction, night: string | null): Promise<void> {
  if (night !== null) await queueJudging(tx, nightNumber(night));
}

/** Names of uploads and frames, and where they are kept apart from the frames of the archive. */
export type Elsewhere = ReadonlyMap<string, 'quarantine' | 'trash'>;

/**
 * What came for a night and is no frame of it: refused, or deleted since. By names in lower case, those
 * of uploads without the ends that say what they are.
 */
export async function readElsewhere({ read }: Catalog, night: string): Promise<Elsewhere> {
  const refused: { upload_name: string }[] = await read('quarantine')
    .where({ night })
    .select('upload_name');
  const deleted: { basename: string }[] = await read('trash').where({ night }).select('basename');
  return new Map([
    ...refused.map((row) => [withoutEnd(row.upload_name), 'quarantine'] as const),
    // Of one that was refused and sent again, what was deleted is the whole one.
    ...deleted.map(({ basename }) => [basename.toLowerCase(), 'trash'] as const),
  ]);
}

/** `Folder/A-0004.fits.gz` → `a-0004` */
function withoutEnd(uploadName: string): string {
  const name = uploadName.toLowerCase().split('/').at(-1) ?? '';
  return name.replace(/(?:\.(?:fits?|fts|xisf|gz|fz|bz2|z))+$/, '');
}

/** Which refused files. */
export interface QuarantineFilter {
  /** Only these; undefined for all. */
  readonly ids?: readonly number[];
  readonly code?: string;
  readonly keyword?: string;
}

/** Some of the refused files that `by` may see, newest first. */
export async function listQuarantined(
  catalog: Catalog,
  query: QuarantineFilter & { readonly limit?: number; readonly offset?: number },
  by: Actor | Viewer,
): Promise<Quarantined[]> {
  const { limit = 1000, offset = 0, ...filter } = query;
  const rows: QuarantineRow[] = await catalog
    .read('quarantine')
    .modify(applyFilter, filter)
    .modify(refusedFor, by)
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset);
  return rows.map(toQuarantined);
}

/** @throws 'not_found' if there is no such file, or `by` may not see it */
export async function getQuarantined(
  catalog: Catalog,
  id: number,
  by: Actor | Viewer,
): Promise<Quarantined> {
  const row: QuarantineRow | undefined = await catalog
    .read('quarantine')
    .where({ id })
    .modify(refusedFor, by)
    .first();
  return toQuarantined(required(row));
}

/** How many of the refused files that `by` may see, and their bytes. */
export async function countQuarantined(
  catalog: Catalog,
  filter: QuarantineFilter,
  by: Actor | Viewer,
): Promise<{ files: number; bytes: number }> {
  const [row]: { files: number; bytes: number | null }[] = await catalog
    .read('quarantine')
    .modify(applyFilter, filter)
    .modify(refusedFor, by)
    .select(catalog.read.raw('count(*) as files, sum(size_bytes) as bytes'));
  return { files: row?.files ?? 0, bytes: row?.bytes ?? 0 };
}

/** The reasons there are, and how many files wait for each. */
export async function listQuarantineCodes(
  catalog: Catalog,
  by: Actor | Viewer,
): Promise<{ code: string; files: number }[]> {
  return catalog
    .read('quarantine')
    .modify(refusedFor, by)
    .select('code', catalog.read.raw('count(*) as files'))
    .groupBy('code')
    .orderBy('code');
}

/** Whether a file of the quarantine folder is on the list. */
export async function isQuarantined(catalog: Catalog, file: string): Promise<boolean> {
  return (await catalog.read('quarantine').where({ file }).first('id')) !== undefined;
}

/**
 * Takes a file off the list that is in the archive now, in the transaction that stores it. One that
 * is not on the list is passed over.
 */
export async function releaseQuarantined(
  tx: Knex.Transaction,
  sha256: string,
  frameId: number,
  by: Actor,
): Promise<void> {
  const row: QuarantineRow | undefined = await tx('quarantine').where({ sha256 }).first();
  if (row === undefined) return;
  await tx('quarantine').where({ id: row.id }).delete();
  await recordDeed(tx, by, {
    action: 'quarantine.fixed',
    subject: `quarantine:${row.id}`,
    outcome: 'done',
    old: { code: row.code, reason: row.reason },
    detail: { frameId, uploadName: row.upload_name, sha256 },
  });
  await insertEvent(tx, 'quarantine.fixed', { quarantineId: row.id, frameId, by: by.username });
}

/** Takes a file off the list for good. @throws 'not_found' */
export async function discardQuarantined(
  tx: Knex.Transaction,
  id: number,
  by: Actor,
  why: string,
): Promise<void> {
  const found: QuarantineRow | undefined = await tx('quarantine').where({ id }).first();
  const row = required(found);
  await tx('quarantine').where({ id }).delete();
  await judgeAnew(tx, row.night);
  const { upload_name: uploadName, size_bytes: sizeBytes, sha256, code, reason } = row;
  await recordDeed(tx, by, {
    action: 'quarantine.discarded',
    subject: `quarantine:${id}`,
    outcome: 'done',
    old: { uploadName, sizeBytes, sha256, code, reason },
    detail: { why },
  });
  await insertEvent(tx, 'quarantine.discarded', { quarantineId: id, sha256, by: by.username });
}

/** Removes the oldest rows until at most `files` and `bytes` are left. @returns their file names */
export async function trimQuarantine(
  catalog: Catalog,
  files: number,
  bytes: number,
): Promise<string[]> {
  const there = await countQuarantined(catalog, {}, ARCHIVE);
  if (there.files <= files && there.bytes <= bytes) return [];
  return inTransaction(catalog, async (tx) => {
    const rows: { id: number; file: string; size_bytes: number }[] = await tx('quarantine')
      .orderBy('id', 'desc')
      .select('id', 'file', 'size_bytes');
    let count = 0;
    let size = 0;
    const surplus = rows.filter((row) => {
      count += 1;
      size += row.size_bytes;
      return count > files || size > bytes;
    });
    const why = `Quarantine holds at most ${files} files and ${bytes} bytes.`;
    for (const row of surplus) await discardQuarantined(tx, row.id, ARCHIVE, why);
    return surplus.map((row) => row.file);
  });
}

function applyFilter(query: Knex.QueryBuilder, { ids, code, keyword }: QuarantineFilter): void {
  if (ids !== undefined)
    void query.whereRaw('id in (select value from json_each(?))', [JSON.stringify(ids)]);
  if (code !== undefined) void query.where({ code });
  if (keyword !== undefined) void query.where({ keyword });
}

function toQuarantined(row: QuarantineRow): Quarantined {
  return {
    id: row.id,
    uploadName: row.upload_name,
    file: row.file,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    code: row.code,
    reason: row.reason,
    keyword: row.keyword,
    night: row.night,
    uploadedBy: row.uploaded_by,
    attempts: row.attempts,
    attempt: row.overrides === null ? null : (JSON.parse(row.overrides) as Attempt),
    createdMs: row.created_ms,
  };
}
