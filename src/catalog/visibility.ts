import type { Knex } from 'knex';

/** Who does something, and from where: what the audit log and the journal tell of them. */
export interface Actor {
  /** null for visitors, and for the commands of the operator. */
  readonly userId: number | null;
  /** Empty for visitors. */
  readonly username: string;
  /** Network address of the client, as far as it is to be believed (TRUST_PROXY); empty without one. */
  readonly address: string;
}

/** Commands given on the box itself: whoever may run them holds the files already. */
export const OPERATOR: Actor = { userId: null, username: 'operator', address: '' };

/** What the archive does by itself, by its settings. */
export const ARCHIVE: Actor = { userId: null, username: 'archive', address: '' };

/** Who asks. Every function that returns frames takes one as its last parameter. */
export interface Viewer extends Actor {
  readonly role: Role;
  /** What the token in use is good for; 'admin' (everything the role allows) for a session. */
  readonly scope: Scope;
  /** Whether frames whose public date has passed are shown to anyone (setting ANONYMOUS). */
  readonly seesPublic: boolean;
}

export const ROLES = ['anonymous', 'user', 'writer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const SCOPES = ['read', 'upload', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * Leaves only the frames that `viewer` may see. For `.modify()` on a query over `frames`.
 *
 * @param now epoch ms; queries that must agree with each other are given the same
 */
export function visibleTo(query: Knex.QueryBuilder, viewer: Viewer, now = Date.now()): void {
  if (viewer.role !== 'anonymous') return;
  // With `+`, because the index of public dates is no way to the frames of a list.
  if (viewer.seesPublic) void query.whereRaw('+frames.public_date_ms <= ?', [now]);
  else void query.whereRaw('1 = 0');
}
