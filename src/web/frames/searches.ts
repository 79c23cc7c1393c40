import type { RequestHandler, Response } from 'express';
import {
  changeSearches,
  readPreferences,
  type SavedSearch,
  type Viewer,
} from '../../catalog/index.js';
import { bodyText, hasSession, requireAction, requireCsrf } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { hasOddText } from '../../lib/unseen.js';
import { goTo, type Web } from '../page.js';
import { localPath } from '../render.js';
import { listChips, listQuery, parseListState, type ListState } from './list-state.js';

/** How many searches an account keeps, and how long their names and addresses are, characters. */
const MOST_SEARCHES = 50;
const MAX_NAME = 60;
const MAX_QUERY = 4000;
/** Conditions that are told of a search; the others are counted. */
const CHIPS_TOLD = 3;

/** The menu of the searches that a person has given names. */
export interface SearchMenu {
  /** The name of the search that is shown; '' if it has none. */
  readonly current: string;
  readonly searches: readonly {
    readonly name: string;
    readonly url: string;
    /** Its conditions in plain words. */
    readonly words: string;
    readonly isShown: boolean;
  }[];
  /** What is kept if one gives it a name; '' if there is no condition. */
  readonly query: string;
  /** The same in plain words, to be taken for the name. */
  readonly proposal: string;
  readonly maxName: number;
  readonly isFull: boolean;
}

/** What is kept of a list: conditions, order, view and columns; neither its page nor how large it is drawn. */
function keptQuery(state: ListState): string {
  const usual = parseListState(new Map());
  return listQuery({ ...state, offset: 0, limit: usual.limit, plates: undefined });
}

/** The searches of who is signed in; undefined for everybody else. */
export async function readSearches(
  { services, base }: Web,
  res: Response,
  state: ListState,
  { userId }: Viewer,
): Promise<SearchMenu | undefined> {
  if (userId === null || !hasSession(res)) return undefined;
  const { searches = [] } = await readPreferences(services.catalog, userId);
  const shown = keptQuery(state);
  const chips = listChips(state).map(({ label }) => label);
  return {
    current: searches.find(({ query }) => query === shown)?.name ?? '',
    searches: searches.map(({ name, query }) => ({
      name,
      url: `${base}/frames/?${query}`,
      words: wordsOf(query),
      isShown: query === shown,
    })),
    query: chips.length === 0 ? '' : shown,
    proposal: chips.slice(0, CHIPS_TOLD).join(', ').slice(0, MAX_NAME),
    maxName: MAX_NAME,
    isFull: searches.length >= MOST_SEARCHES,
  };
}

function wordsOf(query: string): string {
  const chips = listChips(readState(query)).map(({ label }) => label);
  const more = chips.length - CHIPS_TOLD;
  return chips.slice(0, CHIPS_TOLD).join(', ') + (more > 0 ? `, ${more} more` : '');
}

/** @throws 'bad_request' */
function readState(query: string): ListState {
  const given = new URLSearchParams(query);
  return parseListState(new Map([...given.keys()].map((name) => [name, given.getAll(name)])));
}

/** `POST /frames/searches/`: keeps the conditions of a list under a name, renames or deletes one. */
export function changeSearch(web: Web): RequestHandler {
  return async (req, res) => {
    const { userId } = requireAction(res, 'own-account');
    requireCsrf(web.services, req, res);
    if (userId === null) throw new AppError('forbidden', 'Only accounts keep searches.');
    const deed = bodyText(req, 'do');
    const was = bodyText(req, 'was');
    const name = bodyText(req, 'name').trim().replace(/\s+/g, ' ');
    const change = toChange(deed, { was, name, query: bodyText(req, 'query') });
    await changeSearches(web.services.catalog, userId, change);
    const back = localPath(bodyText(req, 'back'), '/frames/');
    goTo(web, req, res, `${web.base}${back}${back.includes('?') ? '&' : '?'}done=search:${deed}`);
  };
}

type Change = (before: readonly SavedSearch[]) => readonly SavedSearch[];

/** @throws 'bad_request', the returned function 'not_found' too */
function toChange(
  deed: string,
  { was, name, query }: { readonly was: string; readonly name: string; readonly query: string },
): Change {
  if (deed === 'delete') return (before) => withoutSearch(before, was);
  if (deed !== 'save' && deed !== 'rename') {
    throw refusal('Searches are kept, renamed or deleted; this is none of that.');
  }
  requireName(name);
  if (deed === 'save') {
    const kept = { name, query: requireQuery(query) };
    return (before) => withSearch(before, kept);
  }
  return (before) => {
    const old = before.find((search) => search.name === was);
    const others = withoutSearch(before, was);
    return old === undefined ? others : withSearch(others, { ...old, name });
  };
}

function withoutSearch(before: readonly SavedSearch[], name: string): readonly SavedSearch[] {
  const left = before.filter((search) => search.name !== name);
  if (left.length < before.length) return left;
  const message = `You have no search “${name.slice(0, MAX_NAME)}” any more. Nothing was changed: reload the list.`;
  throw new AppError('not_found', message);
}

function withSearch(before: readonly SavedSearch[], kept: SavedSearch): readonly SavedSearch[] {
  if (before.some(({ name }) => name === kept.name)) {
    throw refusal(
      `You have a search “${kept.name}” already. Go back and give this one another name.`,
    );
  }
  if (before.length >= MOST_SEARCHES) {
    throw refusal(
      `You keep ${MOST_SEARCHES} searches already, which is the most. Delete one first.`,
    );
  }
  return [...before, kept].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

function requireName(name: string): void {
  if (name === '') throw refusal('The search has no name yet. Go back and give it one.');
  if (name.length > MAX_NAME) {
    throw refusal(
      `The name has ${name.length} characters, and ${MAX_NAME} fit. Go back and shorten it.`,
    );
  }
  if (hasOddText(name)) {
    throw refusal('The name has characters that cannot be shown. Go back and leave them out.');
  }
}

function requireQuery(query: string): string {
  if (query.length > MAX_QUERY) {
    throw refusal(
      'These are too many conditions to be kept. Keep the address as a bookmark instead.',
    );
  }
  const state = readState(query);
  if (state.filters.size === 0) {
    throw refusal('There is no condition to keep: filter the list first, then give it a name.');
  }
  return keptQuery(state);
}

function refusal(message: string): AppError {
  return new AppError('bad_request', message, { parameter: 'search' });
}

const TOLD: Readonly<Record<string, string>> = {
  save: 'The search is kept with your account.',
  rename: 'The search has its new name.',
  delete: 'The search is deleted. No frame was touched.',
};

/** What was done to a search, from the address that one comes back by, as a sentence; '' if nothing. */
export function readSearchTold(text: string): string {
  const deed = /^search:([a-z]+)$/.exec(text)?.[1] ?? '';
  return Object.hasOwn(TOLD, deed) ? (TOLD[deed] ?? '') : '';
}
