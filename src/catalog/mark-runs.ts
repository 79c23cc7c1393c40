import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import { inTransaction, type Catalog } from './db.js';
import { parseFlag, setFlag, setTag } from './marks.js';
import type { Flag } from './filters/quality.js';
import type { Row } from './schema.js';
import type { Viewer } from './visibility.js';

/** What one deed says of many frames: a flag, none any more, or a tag. */
export type MarkChange =
  | { readonly kind: 'flag'; readonly flag: Flag | null }
  | { readonly kind: 'tag'; readonly tag: string };

/**
 * The marks that one deed has written, to find them again: those of one person and instant between two
 * ids. What the frames were before stands in the marks before these.
 */
export interface MarkRun {
  /** Epoch ms. */
  readonly atMs: number;
  readonly firstId: number;
  readonly lastId: number;
  /** How many frames it has changed. */
  readonly marks: number;
}

/** Frames of one transaction: others want to write too. */
const SLICE = 100;

/** How long a deed can be undone at one go, ms: later it is no slip any more, and much rests on it. */
const UNDO_MS = 3_600_000;

/**
 * Says the same of many frames. Broken off it can be done anew: what changes nothing is not written.
 *
 * @returns where its marks stand; undefined if it has changed nothing
 * @throws 'bad_request' if a frame has too many tags
 */
export async function markMany(
  catalog: Catalog,
  frameIds: readonly number[],
  change: MarkChange,
  by: Viewer,
): Promise<MarkRun | undefined> {
  const atMs = Date.now();
  const before = await catalog.read('marks').max({ id: 'id' }).first();
  for (let at = 0; at < frameIds.length; at += SLICE) {
    await inTransaction(catalog, async (tx) => {
      for (const id of frameIds.slice(at, at + SLICE)) {
        if (change.kind === 'flag') await setFlag(tx, id, change.flag, by, atMs);
        else await setTag(tx, id, change.tag, { isSet: true, by, atMs });
      }
    });
  }
  const row: Row | undefined = await catalog
    .read('marks')
    .where('id', '>', Number(before?.id ?? 0))
    .andWhere({ made_by: by.username, made_ms: atMs, kind: change.kind })
    .min({ first: 'id' })
    .max({ last: 'id' })
    .count({ total: '*' })
    .first();
  const marks = Number(row?.total ?? 0);
  if (marks === 0) return undefined;
  return { atMs, firstId: Number(row?.first), lastId: Number(row?.last), marks };
}

/** The frames of a run that are still there. */
export async function framesOfRun(
  { read }: Catalog,
  run: MarkRun,
  by: Viewer,
): Promise<readonly number[]> {
  const rows: Row[] = await read('marks').modify(ofRun, run, by).select('frame_id');
  return rows.map((row) => Number(row.frame_id));
}

/**
 * Gives each frame of a run back what it had before: all of them, or none. Written as marks, deeds and
 * events like any other.
 *
 * @param by who made the run: marks of others are not found
 * @returns how many frames that were
 * @throws 'gone' if that is too long ago, or a frame has gone or was marked otherwise since
 */
export async function undoRun(catalog: Catalog, run: MarkRun, by: Viewer): Promise<number> {
  if (Date.now() - run.atMs > UNDO_MS) {
    const message =
      'That was more than an hour ago, so it is not undone at one go any more. Nothing was changed: select the frames and mark them anew.';
    throw new AppError('gone', message);
  }
  return inTransaction(catalog, async (tx) => {
    const marks = await readFormer(tx, run, by);
    requireUntouched(run, marks);
    const atMs = Date.now();
    for (const { frameId, kind, value, former } of marks) {
      if (kind === 'tag') await setTag(tx, frameId, value, { isSet: false, by, atMs });
      else await setFlag(tx, frameId, former === null ? null : parseFlag(former), by, atMs);
    }
    return marks.length;
  });
}

interface FormerMark {
  readonly frameId: number;
  readonly kind: string;
  readonly value: string;
  /** The flag that it had; null for none. */
  readonly former: string | null;
  /** Who has marked it otherwise since; null for nobody. */
  readonly since: string | null;
}

async function readFormer(tx: Knex, run: MarkRun, by: Viewer): Promise<FormerMark[]> {
  const sameWord = `other.frame_id = marks.frame_id and other.kind = marks.kind`;
  const rows: Row[] = await tx('marks')
    .modify(ofRun, run, by)
    .orderBy('id')
    .select('frame_id', 'kind', 'value', {
      former: tx.raw(`(select case when other.is_set then other.value end from marks as other
        where ${sameWord} and other.id < marks.id order by other.id desc limit 1)`),
      since: tx.raw(`(select other.made_by from marks as other
        where ${sameWord} and other.id > marks.id
          and (other.kind = 'flag' or other.value = marks.value)
        order by other.id desc limit 1)`),
    });
  return rows.map((row) => ({
    frameId: Number(row.frame_id),
    kind: String(row.kind),
    value: String(row.value),
    former: row.former === null ? null : String(row.former),
    since: row.since === null ? null : String(row.since),
  }));
}

function ofRun(query: Knex.QueryBuilder, run: MarkRun, by: Viewer): void {
  void query
    .whereBetween('marks.id', [run.firstId, run.lastId])
    .andWhere({ 'marks.made_by': by.username, 'marks.made_ms': run.atMs });
}

function requireUntouched(run: MarkRun, marks: readonly FormerMark[]): void {
  const changed = marks.filter(({ since }) => since !== null);
  const names = [...new Set(changed.map(({ since }) => since))].join(', ');
  const missing = run.marks - marks.length;
  if (changed.length === 0 && missing === 0 && marks.length > 0) return;
  const what =
    changed.length > 0
      ? `${changed.length} of the ${run.marks} frames ${changed.length === 1 ? 'was' : 'were'} marked otherwise since, by ${names}`
      : `${missing} of the ${run.marks} frames ${missing === 1 ? 'is' : 'are'} not there any more`;
  throw new AppError(
    'gone',
    `${what}. Nothing was undone: select the frames that matter and mark them anew.`,
  );
}
