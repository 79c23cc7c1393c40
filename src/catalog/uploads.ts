import type { Catalog } from './db.js';

/** Files that an account sent without a long break. */
export interface UploadBatch {
  /** When the first and the last of them came, epoch ms. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Files that are in the archive, frames in the trash not counted. */
  readonly stored: number;
  readonly sizeBytes: number;
  /** Of these, new frames: ids of the first and the last; null if all were versions of older ones. */
  readonly ids: { readonly first: number; readonly last: number; readonly count: number } | null;
  /** How often a file was refused, those that were tried again later as well. */
  readonly refused: number;
  /** Of what was refused then, files that wait in quarantine still. */
  readonly waiting: number;
  /** True of a last batch of which more came before `fromMs`, too much to be read at once. */
  readonly goesOn?: true;
}

/** After so long without a file, what comes next is another upload. */
const BREAK_MS = 30 * 60_000;
/** Rows that are read at once, and for one answer: a robot may send for years without a break. */
const PIECE = 5_000;
const MOST_READ = 50_000;

/** One file as it came. */
interface Sent {
  readonly atMs: number;
  readonly sizeBytes: number;
  /** Of a new frame; null for another version of one. */
  readonly frameId: number | null;
  readonly kind: 'stored' | 'refused' | 'waiting';
}

/**
 * What an account has sent, the newest batch first.
 *
 * @param beforeMs only what came before: `fromMs` of the last batch of the page before
 */
export async function listUploads(
  catalog: Catalog,
  userId: number,
  { limit, beforeMs = Number.MAX_SAFE_INTEGER }: { limit: number; beforeMs?: number },
): Promise<UploadBatch[]> {
  const batches: UploadBatch[] = [];
  let files = 0;
  for (let before = beforeMs; ;) {
    const piece = await readPiece(catalog, userId, before);
    for (const each of piece.sent) {
      const last = batches.at(-1);
      if (last !== undefined && last.fromMs - each.atMs <= BREAK_MS) {
        batches[batches.length - 1] = withFile(last, each);
      } else if (batches.length === limit) {
        return batches;
      } else {
        batches.push(withFile(undefined, each));
      }
    }
    if (piece.next === undefined) return batches;
    before = piece.next;
    files += piece.sent.length;
    const last = batches.at(-1);
    if (files >= MOST_READ && last !== undefined) {
      return [...batches.slice(0, -1), { ...last, goesOn: true }];
    }
  }
}

/**
 * What came before an instant, the newest first, as far as one reading goes.
 *
 * @returns `next` where the following piece begins; undefined if that is all
 */
async function readPiece(
  { read }: Catalog,
  userId: number,
  beforeMs: number,
): Promise<{ sent: readonly Sent[]; next: number | undefined }> {
  const stored: StoredRow[] = await read('versions')
    .where({ uploaded_by: userId })
    .where('created_ms', '<', beforeMs)
    .orderBy('created_ms', 'desc')
    .limit(PIECE)
    .select('created_ms as at_ms', 'size_bytes', 'frame_id', 'number');
  const refused: { at_ms: number; is_waiting: number }[] = await read('audit')
    .where({ user_id: userId, action: 'upload.refused' })
    .where('at_ms', '<', beforeMs)
    .orderBy('at_ms', 'desc')
    .limit(PIECE)
    .select('at_ms', read.raw(IS_WAITING));
  // What one of the two has not been read of yet must not be passed by in the other.
  const ends = [stored, refused].flatMap((rows) =>
    rows.length === PIECE ? [rows.at(-1)?.at_ms ?? 0] : [],
  );
  const end = Math.max(0, ...ends);
  // Of the last instant there may be more: it is read again, unless it is all that was read.
  const from = ends.length > 0 && end + 1 < beforeMs ? end + 1 : end;
  const sent = [...stored.map(toStored), ...refused.map(toRefused)]
    .filter(({ atMs }) => atMs >= from)
    .sort((a, b) => b.atMs - a.atMs);
  return { sent, next: ends.length === 0 ? undefined : from };
}

/** The first time that a file was refused, and it waits still. */
const IS_WAITING = `exists (select 1 from quarantine
  where 'quarantine:' || quarantine.id = audit.subject
    and abs(quarantine.created_ms - audit.at_ms) < 60000) as is_waiting`;

interface StoredRow {
  readonly at_ms: number;
  readonly size_bytes: number;
  readonly frame_id: number;
  readonly number: number;
}

function toStored(row: StoredRow): Sent {
  const frameId = row.number === 1 ? row.frame_id : null;
  return { atMs: row.at_ms, sizeBytes: row.size_bytes, frameId, kind: 'stored' };
}

function toRefused(row: { at_ms: number; is_waiting: number }): Sent {
  const kind = row.is_waiting === 1 ? 'waiting' : 'refused';
  return { atMs: row.at_ms, sizeBytes: 0, frameId: null, kind };
}

function withFile(batch: UploadBatch | undefined, file: Sent): UploadBatch {
  const { atMs, frameId, kind, sizeBytes } = file;
  const isRefused = kind !== 'stored';
  const ids = batch?.ids ?? null;
  const wider =
    frameId === null
      ? ids
      : {
          first: Math.min(frameId, ids?.first ?? frameId),
          last: Math.max(frameId, ids?.last ?? frameId),
          count: (ids?.count ?? 0) + 1,
        };
  return {
    fromMs: atMs,
    untilMs: batch?.untilMs ?? atMs,
    stored: (batch?.stored ?? 0) + (isRefused ? 0 : 1),
    sizeBytes: (batch?.sizeBytes ?? 0) + sizeBytes,
    ids: wider,
    refused: (batch?.refused ?? 0) + (isRefused ? 1 : 0),
    waiting: (batch?.waiting ?? 0) + (kind === 'waiting' ? 1 : 0),
  };
}
