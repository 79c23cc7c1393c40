import type { Knex } from 'knex';
import type { Catalog } from './db.js';

/** A search that a person has given a name. */
export interface SavedSearch {
  readonly name: string;
  /** Query of the list, without `?`. */
  readonly query: string;
}

/** What a person has chosen for the pages; what is absent was never chosen. */
export interface Preferences {
  /** A theme of the pages. */
  readonly theme?: string;
  /** False: letters alone are no keys. */
  readonly letters?: boolean;
  /** In order of their names, which are all different. */
  readonly searches?: readonly SavedSearch[];
}

/** {} for an account that is not there, or has chosen nothing. */
export async function readPreferences(catalog: Catalog, userId: number): Promise<Preferences> {
  return readIn(catalog.read, userId);
}

/** Keeps a choice beside the others. Not a deed: it changes nothing for anybody else. */
export async function writePreferences(
  catalog: Catalog,
  userId: number,
  change: Preferences,
): Promise<void> {
  await changePreferences(catalog, userId, () => change);
}

/** Changes the searches of an account. @param change gets those there are; what it throws changes nothing */
export async function changeSearches(
  catalog: Catalog,
  userId: number,
  change: (before: readonly SavedSearch[]) => readonly SavedSearch[],
): Promise<void> {
  await changePreferences(catalog, userId, ({ searches = [] }) => ({ searches: change(searches) }));
}

/** Two pages of one person may be changing something at the same time: neither loses it for the other. */
async function changePreferences(
  catalog: Catalog,
  userId: number,
  change: (before: Preferences) => Preferences,
): Promise<void> {
  await catalog.write.transaction(async (tx) => {
    const before = await readIn(tx, userId);
    const preferences = JSON.stringify({ ...before, ...change(before) });
    await tx('users').where({ id: userId }).update({ preferences });
  });
}

async function readIn(db: Knex, userId: number): Promise<Preferences> {
  const row: { preferences: string } | undefined = await db('users')
    .where({ id: userId })
    .first('preferences');
  return row === undefined ? {} : toPreferences(JSON.parse(row.preferences));
}

function toPreferences(value: unknown): Preferences {
  if (typeof value !== 'object' || value === null) return {};
  const { theme, letters, searches } = value as Record<string, unknown>;
  return {
    ...(typeof theme === 'string' ? { theme } : {}),
    ...(typeof letters === 'boolean' ? { letters } : {}),
    ...(Array.isArray(searches) ? { searches: searches.flatMap(toSearch) } : {}),
  };
}

function toSearch(value: unknown): SavedSearch[] {
  if (typeof value !== 'object' || value === null) return [];
  const { name, query } = value as Record<string, unknown>;
  return typeof name === 'string' && typeof query === 'string' ? [{ name, query }] : [];
}
