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
  /**
   * True if every frame is shown: to admins, and to accounts that are not held to proposals. An account
   * without it is shown what is public, what belongs to `proposals`, and what it has uploaded itself.
   */
  readonly seesAll: boolean;
  /** As in the column of frames (PROPID). */
  readonly proposals: readonly string[];
}

/** The archive itself, where it looks at its frames: it sees all of them. */
export const ARCHIVE_VIEWER: Viewer = {
  ...ARCHIVE,
  role: 'admin',
  scope: 'admin',
  seesPublic: true,
  seesAll: true,
  proposals: [],
};

export const ROLES = ['anonymous', 'user', 'writer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const SCOPES = ['read', 'upload', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** True if nothing at all is shown: to visitors, unless the archive shows them what is public. */
export function seesNothing({ role, seesPublic }: Viewer): boolean {
  return role === 'anonymous' && !seesPublic;
}

/** True for an account that is held to proposals; never for the operator and the archive itself. */
export function isHeld(by: Actor | Viewer): by is Viewer {
  return 'role' in by && !by.seesAll;
}

/** Facets of some proposals, as SQL behind `in`; its binding is `proposalList`. */
export const PROPOSAL_FACETS =
  '(select id from facets where proposal in (select value from json_each(?)))';

/** The proposals of a viewer as a binding. */
export function proposalList({ proposals }: Viewer): string {
  return JSON.stringify(proposals);
}

/**
 * The first versions that an account has brought, as SQL behind `from`; with the alias `own` its
 * condition is OWN_BY. A later version makes no frame one's own: it may be that of somebody else.
 */
export const OWN_VERSIONS = 'versions as own indexed by versions_first';
export const OWN_BY = 'own.uploaded_by = ? and own.number = 1';

/**
 * Leaves only the frames that `viewer` may see. For `.modify()` on a query over `frames`.
 *
 * @param now epoch ms; queries that must agree with each other are given the same
 */
export function visibleTo(query: Knex.QueryBuilder, viewer: Viewer, now = Date.now()): void {
  if (viewer.seesAll) return;
  if (seesNothing(viewer)) {
    void query.whereRaw('1 = 0');
    return;
  }
  // With `+`, because the index of public dates is no way to the frames of a list.
  if (viewer.role === 'anonymous') {
    void query.whereRaw('+frames.public_date_ms <= ?', [now]);
    return;
  }
  // The cheap tests first: all but the last can be told by the indexes that lists are read by.
  void query.whereRaw(
    `(+frames.public_date_ms <= ? or +frames.facet_id in ${PROPOSAL_FACETS}
      or exists (select 1 from ${OWN_VERSIONS} where ${OWN_BY} and own.frame_id = frames.id))`,
    [now, proposalList(viewer), viewer.userId],
  );
}

/**
 * As `visibleTo`, of deleted frames: what an account held to proposals saw before it was deleted. Of a
 * frame of which only the tree told nobody knows the proposal; then it is shown to who uploaded it.
 */
export function trashedFor(query: Knex.QueryBuilder, by: Actor | Viewer): void {
  if (!isHeld(by)) return;
  void query.whereRaw(
    `(content ->> '$.facts.publicDateMs' <= ?
      or content ->> '$.facts.proposal' in (select value from json_each(?))
      or exists (select 1 from json_each(record, '$.versions') as version
        where version.value ->> 'number' = 1
          and lower(version.value ->> 'uploadedBy') = lower(?)))`,
    [Date.now(), proposalList(by), by.username],
  );
}

/** An account held to proposals sees what it sent itself: what was refused has no proposal to go by. */
export function refusedFor(query: Knex.QueryBuilder, by: Actor | Viewer): void {
  if (isHeld(by)) void query.whereRaw('uploaded_by = ?', [by.userId]);
}

/**
 * Whether `viewer`, who may see a frame, sees it for more than that it is public: then also what it
 * was before, which may be from when it was hidden.
 *
 * @param frame.broughtBy the account that uploaded its first version; null if nobody knows
 */
export function isTheirs(
  viewer: Viewer,
  { proposal, broughtBy }: { readonly proposal: string | null; readonly broughtBy: number | null },
): boolean {
  if (viewer.seesAll) return true;
  if (viewer.role === 'anonymous') return false;
  const isOfProposal = proposal !== null && viewer.proposals.includes(proposal);
  return isOfProposal || (broughtBy !== null && broughtBy === viewer.userId);
}

/** As `isTheirs`, of a frame as `viewer` was given it. */
export async function isTheirFrame(
  db: Knex,
  { id, proposal }: { readonly id: number; readonly proposal: string | null },
  viewer: Viewer,
): Promise<boolean> {
  if (isTheirs(viewer, { proposal, broughtBy: null })) return true;
  const first: { uploaded_by: number | null } | undefined = await db('versions')
    .where({ frame_id: id, number: 1 })
    .first('uploaded_by');
  return isTheirs(viewer, { proposal, broughtBy: first?.uploaded_by ?? null });
}
