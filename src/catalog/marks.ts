import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import { hasOddText } from '../lib/unseen.js';
import { recordDeed } from './audit.js';
import { FLAGS, type Flag } from './filters/quality.js';
import { insertEvent } from './outbox.js';
import type { Row } from './schema.js';
import type { Catalog } from './db.js';
import { isTheirFrame, type Actor, type Viewer } from './visibility.js';

/** Something that a person said of a frame in a word: never changed, only followed by others. */
export interface Mark {
  readonly kind: 'flag' | 'tag';
  /** good, doubtful or bad; or the tag. */
  readonly value: string;
  /** False: it was withdrawn. */
  readonly isSet: boolean;
  readonly by: string;
  readonly atMs: number;
}

/** A flag or tag that a frame has now. */
export type CurrentMark = Pick<Mark, 'value' | 'by' | 'atMs'>;

/** What people say of a frame in a word, now. */
export interface CurrentMarks {
  readonly flag: CurrentMark | null;
  /** In order of the alphabet. */
  readonly tags: readonly CurrentMark[];
}

/** Longest tag, characters, and most tags of one frame. */
export const MAX_TAG = 50;
export const MAX_TAGS = 50;

/** Reads a flag as it comes from outside. @throws 'bad_request' */
export function parseFlag(text: string): Flag {
  const flag = FLAGS.find((each) => each === text.trim().toLowerCase());
  if (flag !== undefined) return flag;
  const message = 'Invalid value for flag: expected good, doubtful or bad.';
  throw new AppError('bad_request', message, { parameter: 'flag' });
}

/** Reads a tag: words of small letters, so that one that is typed otherwise is the same. @throws 'bad_request' */
export function parseTag(text: string): string {
  const tag = text.trim().replace(/\s+/g, ' ').toLowerCase();
  const problem = problemOf(tag);
  if (problem === '') return tag;
  throw new AppError('bad_request', `Invalid tag: ${problem}.`, { parameter: 'tag' });
}

function problemOf(tag: string): string {
  if (tag === '') return 'it is empty';
  if (tag.length > MAX_TAG) return `it has ${tag.length} characters, and ${MAX_TAG} fit`;
  if (hasOddText(tag)) return 'it has characters that cannot be shown, or that turn its direction';
  if (/[,/\\]/.test(tag)) return 'commas and slashes part tags from each other';
  if (tag === 'none' || tag === 'all') return `'${tag}' means something else in filters`;
  return '';
}

/**
 * Gives a frame a flag in place of the one it had, or withdraws it, in the caller's transaction, with
 * deed and event. What changes nothing is not written down.
 *
 * @param atMs epoch ms; marks of one deed on many frames have the same
 */
export async function setFlag(
  tx: Knex.Transaction,
  frameId: number,
  flag: Flag | null,
  by: Actor,
  atMs = Date.now(),
): Promise<void> {
  const before = (await readMarks(tx, frameId)).flag?.value ?? null;
  if (before === flag) return;
  const mark = { kind: 'flag', value: flag ?? before ?? '', isSet: flag !== null } as const;
  await addMark(tx, frameId, mark, { by, atMs, old: { flag: before }, detail: { flag } });
}

/** Whether a tag is given or taken away, by whom and when (epoch ms; default: now). */
export interface TagChange {
  readonly isSet: boolean;
  readonly by: Actor;
  readonly atMs?: number;
}

/** Gives a frame a tag, or takes it away; the same as `setFlag` otherwise. @throws 'bad_request' for too many */
export async function setTag(
  tx: Knex.Transaction,
  frameId: number,
  tag: string,
  { isSet, by, atMs = Date.now() }: TagChange,
): Promise<void> {
  const tags = (await readMarks(tx, frameId)).tags.map(({ value }) => value);
  if (tags.includes(tag) === isSet) return;
  if (isSet && tags.length >= MAX_TAGS) {
    const message = `The frame has ${MAX_TAGS} tags already: take one away first.`;
    throw new AppError('bad_request', message, { parameter: 'tag' });
  }
  const after = isSet ? [...tags, tag].sort() : tags.filter((each) => each !== tag);
  const mark = { kind: 'tag', value: tag, isSet } as const;
  await addMark(tx, frameId, mark, { by, atMs, old: { tags }, detail: { tags: after } });
}

interface Saying {
  readonly by: Actor;
  readonly atMs: number;
  readonly old: object;
  readonly detail: object;
}

async function addMark(
  tx: Knex.Transaction,
  frameId: number,
  mark: Pick<Mark, 'kind' | 'value' | 'isSet'>,
  { by, atMs, old, detail }: Saying,
): Promise<void> {
  const whole: Mark = { ...mark, by: by.username, atMs };
  await insertMarks(tx, frameId, [whole]);
  const action = mark.kind === 'flag' ? 'frame.flagged' : 'frame.tagged';
  await recordDeed(tx, by, { action, subject: `frame:${frameId}`, outcome: 'done', old, detail });
  await insertEvent(tx, action, { frameId, ...whole });
}

/** Writes marks behind those there are, oldest first, and what the frame has by them. */
export async function insertMarks(
  tx: Knex.Transaction,
  frameId: number,
  marks: readonly Mark[],
): Promise<void> {
  for (const { kind, value, isSet, by, atMs } of marks) {
    const made = { made_by: by, made_ms: atMs };
    await tx('marks').insert({ frame_id: frameId, kind, value, is_set: isSet, ...made });
    const row = { frame_id: frameId, ...(kind === 'flag' ? { flag: value } : { tag: value }) };
    const table = kind === 'flag' ? 'flags' : 'tags';
    const where = kind === 'flag' ? { frame_id: frameId } : row;
    await tx(table).where(where).delete();
    if (isSet) await tx(table).insert({ ...row, ...made });
  }
}

/** What people say of a frame now. @param db a transaction, or `catalog.read` */
export async function readMarks(db: Knex, frameId: number): Promise<CurrentMarks> {
  const flag: Row | undefined = await db('flags').where({ frame_id: frameId }).first();
  const tags: Row[] = await db('tags').where({ frame_id: frameId }).orderBy('tag');
  const toCurrent = (row: Row, column: string): CurrentMark => ({
    value: String(row[column]),
    by: String(row.made_by),
    atMs: Number(row.made_ms),
  });
  return {
    flag: flag === undefined ? null : toCurrent(flag, 'flag'),
    tags: tags.map((row) => toCurrent(row, 'tag')),
  };
}

/** All that people have ever said of some frames in a word, oldest first, by frame. */
export async function readMarksOf(
  db: Knex,
  frameIds: readonly number[],
): Promise<ReadonlyMap<number, readonly Mark[]>> {
  const rows: Row[] = await db('marks').whereIn('frame_id', frameIds).orderBy('id');
  const marks = new Map<number, Mark[]>();
  for (const row of rows) {
    const frameId = Number(row.frame_id);
    const mark: Mark = {
      kind: row.kind === 'flag' ? 'flag' : 'tag',
      value: String(row.value),
      isSet: Number(row.is_set) === 1,
      by: String(row.made_by),
      atMs: Number(row.made_ms),
    };
    marks.set(frameId, [...(marks.get(frameId) ?? []), mark]);
  }
  return marks;
}

/**
 * What people say of a frame, and what they said before, for `viewer`. Those who see the frame only
 * because it is public are told neither who said it nor what was said before.
 *
 * @param frame as `viewer` was given it
 */
export async function listVisibleMarks(
  { read }: Catalog,
  frame: { readonly id: number; readonly proposal: string | null },
  viewer: Viewer,
): Promise<CurrentMarks & { readonly history: readonly Mark[] }> {
  const { flag, tags } = await readMarks(read, frame.id);
  if (await isTheirFrame(read, frame, viewer)) {
    return { flag, tags, history: (await readMarksOf(read, [frame.id])).get(frame.id) ?? [] };
  }
  const unsigned = (mark: CurrentMark): CurrentMark => ({ ...mark, by: '' });
  return {
    flag: flag === null ? null : unsigned(flag),
    tags: tags.map(unsigned),
    history: [],
  };
}
