import { existsSync } from 'node:fs';
import {
  holdsDatabase,
  insertUserRecords,
  inTransaction,
  readMark,
  takeOver,
  writeMark,
  type Catalog,
  type JournalIndex,
  type UserRecord,
} from '../catalog/index.js';
import { systemCode } from '../lib/errors.js';

/**
 * The catalogue that is replaced: `absent`; `empty`, an empty file or one in which nothing stands;
 * `unreadable`, damaged or kept locked; `whole`, as far as what is taken over goes.
 */
export type OldCatalogue = 'absent' | 'empty' | 'unreadable' | 'whole';

/** Counter of an unfinished catalogue: what it has taken over is there. */
export const ACCOUNTS_MARK = 'reindex_accounts';

/**
 * Accounts with passwords and tokens from the old catalogue if it can be read; those that only the
 * journal knows are made without.
 *
 * @param onClosed given the name of each account that is made without a password
 */
export async function restoreAccounts(
  { catalog, path }: { readonly catalog: Catalog; readonly path: string },
  index: JournalIndex,
  onClosed: (name: string) => void,
): Promise<OldCatalogue> {
  const oldState = await takeAccounts(catalog, path);
  for (const { epoch } of await index.epochs()) {
    const users = await findUsers(index, epoch);
    const made = await inTransaction(catalog, (tx) => insertUserRecords(tx, users));
    for (const name of made) onClosed(name);
  }
  return oldState;
}

async function takeAccounts(catalog: Catalog, path: string): Promise<OldCatalogue> {
  if (!existsSync(path)) return 'absent';
  // To SQLite an empty file is a database in which nothing stands.
  if (!holdsDatabase(path)) return 'empty';
  // Begun before and interrupted: they are there.
  if ((await readMark(catalog, ACCOUNTS_MARK)) !== undefined) return 'whole';
  let rows: Readonly<Record<string, number>>;
  try {
    rows = await takeOver(catalog, path);
  } catch (error) {
    if (!systemCode(error)?.startsWith('SQLITE_')) throw error;
    return 'unreadable';
  }
  if (Object.values(rows).every((count) => count === 0)) return 'empty';
  await inTransaction(catalog, (tx) => writeMark(tx, ACCOUNTS_MARK, 1));
  return 'whole';
}

async function findUsers(index: JournalIndex, epoch: number): Promise<readonly UserRecord[]> {
  for await (const { state } of index.eachState(epoch)) {
    if (state.kind === 'users') return state.users;
    if ('record' in state || state.kind === 'gone') return []; // frames come last
  }
  return [];
}
