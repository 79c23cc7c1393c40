import type { Catalog } from './db.js';

/** What a person has chosen for the pages; what is absent was never chosen. */
export interface Preferences {
  /** A theme of the pages. */
  readonly theme?: string;
  /** False: letters alone are no keys. */
  readonly letters?: boolean;
}

/** {} for an account that is not there, or has chosen nothing. */
export async function readPreferences(catalog: Catalog, userId: number): Promise<Preferences> {
  const row: { preferences: string } | undefined = await catalog
    .read('users')
    .where({ id: userId })
    .first('preferences');
  return row === undefined ? {} : toPreferences(JSON.parse(row.preferences));
}

/** Keeps a choice beside the others. Not a deed: it changes nothing for anybody else. */
export async function writePreferences(
  catalog: Catalog,
  userId: number,
  change: Preferences,
): Promise<void> {
  const before = await readPreferences(catalog, userId);
  await catalog
    .write('users')
    .where({ id: userId })
    .update({ preferences: JSON.stringify({ ...before, ...change }) });
}

function toPreferences(value: unknown): Preferences {
  if (typeof value !== 'object' || value === null) return {};
  const { theme, letters } = value as Record<string, unknown>;
  return {
    ...(typeof theme === 'string' ? { theme } : {}),
    ...(typeof letters === 'boolean' ? { letters } : {}),
  };
}
