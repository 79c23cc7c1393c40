import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import type { Catalog } from './db.js';
import type { Viewer } from './visibility.js';

/** What an account is shown. */
export interface Sight {
  /** Whether it is shown every frame; an admin always is. */
  readonly seesAll: boolean;
  /** Proposals whose frames it is shown in any case, in order. */
  readonly proposals: readonly string[];
}

/** What is shown to an account of which nothing else is said. */
export const EVERYTHING: Sight = { seesAll: true, proposals: [] };

/** Writes down what an account is shown, in the caller's transaction. */
export async function writeSight(
  tx: Knex.Transaction,
  id: number,
  { seesAll, proposals }: Sight,
): Promise<void> {
  await tx('users').where({ id }).update({ sees_all: seesAll });
  await tx('user_proposals').where({ user_id: id }).delete();
  const rows = proposals.map((proposal) => ({ user_id: id, proposal }));
  if (rows.length > 0) await tx('user_proposals').insert(rows);
}

/** Longest name of a proposal, characters, and how many an account may have. */
const MAX_PROPOSAL = 200;
const MAX_PROPOSALS = 100;

/**
 * A list of proposals as people write it: separated by commas or line ends, each once, in order.
 *
 * @throws 'bad_request' for a name that no header can have, or too many
 */
export function parseProposals(text: string): string[] {
  const names = text.split(/[,\n]/).map((name) => name.trim());
  const found = [...new Set(names.filter((name) => name !== ''))].sort();
  const bad = found.find((name) => name.length > MAX_PROPOSAL || /\p{C}/u.test(name));
  if (bad !== undefined) {
    const message = `'${bad.slice(0, 40)}' is no proposal: at most ${MAX_PROPOSAL} characters, all of which can be seen.`;
    throw new AppError('bad_request', message, { parameter: 'proposals' });
  }
  if (found.length <= MAX_PROPOSALS) return found;
  const message = `${found.length} proposals are too many: an account has at most ${MAX_PROPOSALS}.`;
  throw new AppError('bad_request', message, { parameter: 'proposals' });
}

export const SEES = ['all', 'proposals'] as const;

/**
 * What an account is to be shown, as people ask for it. Whoever names proposals and nothing else means
 * that account to be held to them; what is not said stays as it was.
 *
 * @param asked.sees one of SEES
 * @param asked.proposals as `parseProposals` reads them
 * @throws 'bad_request'
 */
export function parseSight(
  asked: { readonly sees?: string | undefined; readonly proposals?: string | undefined },
  before: Sight = EVERYTHING,
): Sight {
  const named = asked.proposals === undefined ? undefined : parseProposals(asked.proposals);
  const isHeld = named === undefined || named.length === 0 ? !before.seesAll : true;
  const word = asked.sees ?? (isHeld ? 'proposals' : 'all');
  const sees = SEES.find((each) => each === word);
  if (sees === undefined) {
    const message = 'What an account sees is one of: all, proposals.';
    throw new AppError('bad_request', message, { parameter: 'sees' });
  }
  return { seesAll: sees === 'all', proposals: named ?? before.proposals };
}

/** The same as one line of text. */
export function formatSight({ seesAll, proposals }: Sight): string {
  if (seesAll) return 'every frame';
  const list = proposals.length === 0 ? '' : `, the proposals ${proposals.join(', ')}`;
  return `public frames${list} and own uploads`;
}

/**
 * The proposals of the frames that `viewer` is shown for more than that they are public, in order: its
 * own, or all that there are for those who see everything.
 */
export async function listProposals(catalog: Catalog, viewer: Viewer): Promise<readonly string[]> {
  if (!viewer.seesAll) return viewer.proposals;
  const rows: { proposal: string }[] = await catalog
    .read('facets')
    .whereNotNull('proposal')
    .where('proposal', '<>', '')
    .where('frames', '>', 0)
    .distinct('proposal')
    .orderBy('proposal');
  return rows.map(({ proposal }) => proposal);
}
