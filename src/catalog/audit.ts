import type { Knex } from 'knex';
import type { Catalog } from './db.js';
import type { Actor } from './visibility.js';

/** What can stand in the audit log, and what it means. */
export const ACTIONS = {
  'frame.stored': 'A frame, or a further version of one, was stored.',
  'frame.trashed': 'A frame was moved to the trash.',
  'frame.restored': 'A frame was taken out of the trash.',
  'frame.purged': 'A frame and its files were removed for good.',
  'frame.corrected': 'Header values of a frame were set right.',
  'upload.refused': 'A file was not taken.',
  'quarantine.fixed': 'A refused file was mended and stored.',
  'quarantine.discarded': 'A refused file was thrown away.',
  'note.written': 'A note was written.',
  'login.done': 'Somebody logged in.',
  'login.refused': 'Name and password did not fit, or too often.',
  'login.ended': 'Somebody logged out, here or everywhere.',
  'password.changed': 'A password was changed.',
  'user.added': 'An account was made.',
  'user.changed': 'Role or state of an account was changed.',
  'token.added': 'A token was made.',
  'token.revoked': 'A token was revoked.',
  'access.refused': 'Somebody asked for what is not theirs.',
  'audit.finished': 'A round of the fixity audit ended.',
  'backup.finished': 'A back-up ended.',
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
 */
export async function recordDeed(db: Knex, actor: Actor, deed: Deed): Promise<void> {
  await db('audit').insert({
    at_ms: Date.now(),
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

/** Which lines, newest first. */
export interface DeedQuery {
  readonly action?: string;
  readonly subject?: string;
  readonly actor?: string;
  /** Only lines with a smaller id: where the page before ended. */
  readonly before?: number;
  readonly limit: number;
}

/** The log, newest line first. For admins: the caller makes sure of that. */
export async function listDeeds(catalog: Catalog, query: DeedQuery): Promise<DeedRow[]> {
  const { action, subject, actor, before, limit } = query;
  const rows = (await catalog
    .read('audit')
    .modify((q) => {
      if (action !== undefined) void q.where({ action });
      if (subject !== undefined) void q.where({ subject });
      if (actor !== undefined) void q.where({ actor });
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
