import type { Knex } from 'knex';
import { inTransaction, type Catalog } from './db.js';
import { OPERATOR, type Actor } from './visibility.js';

/** What can stand in the audit log, and what it means. */
export const ACTIONS = {
  'frame.stored': 'A frame, or a further version of one, was stored.',
  'frame.trashed': 'A frame was moved to the trash.',
  'frame.restored': 'A frame was taken out of the trash.',
  'frame.purged': 'A frame and its files were removed for good.',
  'frame.corrected': 'Header values of a frame were set right.',
  'frame.flagged': 'A frame was taken for good, doubtful or bad, or that was withdrawn.',
  'frame.tagged': 'A frame got a tag, or lost one.',
  'version.restored': 'A former version of a frame was made the current one again.',
  'upload.refused': 'A file was not taken.',
  'quarantine.retried': 'A refused file was tried again, and refused again.',
  'quarantine.fixed': 'A refused file was mended and stored.',
  'quarantine.discarded': 'A refused file was thrown away.',
  'note.written': 'A note was written.',
  'rule.made': 'A value was made a rule for uploads that lack it.',
  'rule.removed': 'Such a rule was taken away.',
  'share.made': 'Frames were shared under a link.',
  'share.revoked': 'A shared link was ended.',
  'share.fetched': 'The frames of a shared link were fetched.',
  'login.done': 'Somebody logged in.',
  'login.refused': 'Name and password did not fit, or too often.',
  'login.ended': 'Somebody logged out, here or everywhere.',
  'password.changed': 'A password was changed.',
  'user.added': 'An account was made.',
  'user.changed': 'Role or state of an account was changed.',
  'token.added': 'A token was made.',
  'token.revoked': 'A token was revoked.',
  'access.refused': 'Somebody asked for what is not theirs.',
  'log.pruned': 'Lines of this log older than AUDIT_LOG_DAYS were removed.',
  'audit.finished': 'A round of the fixity audit ended.',
  'audit.found': 'A stored file is not what it should be.',
  'backup.finished': 'A back-up ended.',
  'job.retried': 'Background work that had failed was begun anew.',
  'archive.restored': 'The catalogue was made anew, from a back-up or from the tree.',
} as const;

export type Action = keyof typeof ACTIONS;

/** One line of the log. Neither passwords, tokens nor file contents belong into `old` and `detail`. */
export interface Deed {
  readonly action: Action;
  /** What it was done to, such as `frame:12`, `user:anna`, `quarantine:3`. */
  readonly subject: string;
  readonly outcome: 'done' | 'refused';
  /** The value before the change. */
  readonly old?: unknown;
  readonly detail?: unknown;
}

export interface DeedRow extends Deed {
  readonly id: number;
  readonly atMs: number;
  readonly actor: Actor;
}

/** Longest text of `old` and `detail`: a header is evidence, a flood of them is not. */
const MAX_TEXT = 16_384;

/**
 * Writes one line of the log.
 *
 * @param db the transaction of the change, so that there is neither without the other; for refusals
 *        `catalog.write`
 * @param atMs when it was done, if it is written down later
 */
export async function recordDeed(
  db: Knex,
  actor: Actor,
  deed: Deed,
  atMs = Date.now(),
): Promise<void> {
  await db('audit').insert({
    at_ms: atMs,
    user_id: actor.userId,
    actor: actor.username,
    address: actor.address,
    action: deed.action,
    subject: deed.subject,
    outcome: deed.outcome,
    old: toText(deed.old),
    detail: toText(deed.detail),
  });
}

/** Writes several lines at once, for what is noted in the background: one flush for all of them. */
export async function recordDeeds(
  catalog: Catalog,
  deeds: readonly { readonly actor: Actor; readonly deed: Deed; readonly atMs: number }[],
): Promise<void> {
  if (deeds.length === 0) return;
  await catalog.write.transaction(async (tx) => {
    for (const { actor, deed, atMs } of deeds) await recordDeed(tx, actor, deed, atMs);
  });
}

/**
 * Retention: removes the lines from before `beforeMs`, and leaves one about it. The only way in which
 * the database lets lines go; the limit never goes back.
 */
export async function pruneDeeds(catalog: Catalog, beforeMs: number): Promise<number> {
  const old = await catalog.read('audit').where('at_ms', '<', beforeMs).first('id');
  if (old === undefined) return 0;
  return inTransaction(catalog, async (tx) => {
    await tx('counters')
      .where({ name: 'audit_kept_from_ms' })
      .where('value', '<', beforeMs)
      .update({ value: beforeMs });
    const lines = await tx('audit').where('at_ms', '<', beforeMs).delete();
    const detail = { before: new Date(beforeMs).toISOString(), lines };
    await recordDeed(tx, OPERATOR, {
      action: 'log.pruned',
      subject: 'log',
      outcome: 'done',
      detail,
    });
    return lines;
  });
}

/** Which lines, newest first. */
export interface DeedQuery {
  readonly action?: string;
  readonly subject?: string;
  readonly actor?: string;
  /** Epoch ms: from this instant on. */
  readonly fromMs?: number;
  /** Epoch ms: before this instant. */
  readonly untilMs?: number;
  /** Only lines with a smaller id: where the page before ended. */
  readonly before?: number;
  readonly limit: number;
}

/** The log, newest line first. For admins: the caller makes sure of that. */
export async function listDeeds(catalog: Catalog, query: DeedQuery): Promise<DeedRow[]> {
  const { action, subject, actor, fromMs, untilMs, before, limit } = query;
  const rows = (await catalog
    .read('audit')
    .modify((q) => {
      if (action !== undefined) void q.where({ action });
      if (subject !== undefined) void q.where({ subject });
      if (actor !== undefined) void q.where({ actor });
      if (fromMs !== undefined) void q.where('at_ms', '>=', fromMs);
      if (untilMs !== undefined) void q.where('at_ms', '<', untilMs);
      if (before !== undefined) void q.where('id', '<', before);
    })
    .orderBy('id', 'desc')
    .limit(limit)) as AuditRow[];
  return rows.map(toDeed);
}

interface AuditRow {
  readonly id: number;
  readonly at_ms: number;
  readonly user_id: number | null;
  readonly actor: string;
  readonly address: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: string;
  readonly old: string | null;
  readonly detail: string | null;
}

function toDeed(row: AuditRow): DeedRow {
  return {
    id: row.id,
    atMs: row.at_ms,
    actor: { userId: row.user_id, username: row.actor, address: row.address },
    action: row.action as Action,
    subject: row.subject,
    outcome: row.outcome as Deed['outcome'],
    ...(row.old === null ? {} : { old: parse(row.old) }),
    ...(row.detail === null ? {} : { detail: parse(row.detail) }),
  };
}

/** A text that was cut is no JSON any more: it is shown as it is. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

function toText(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value).slice(0, MAX_TEXT);
}
