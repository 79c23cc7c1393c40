import type { Knex } from 'knex';

/** Who asks. Every function that returns frames takes one as its last parameter. */
export interface Viewer {
  readonly userId: number | null;
  readonly username: string;
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
