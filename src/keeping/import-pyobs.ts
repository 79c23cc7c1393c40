import {
  findUser,
  hasKey,
  insertUserRecords,
  inTransaction,
  openPyobs,
  OPERATOR,
  recordDeed,
  type Catalog,
  type PyobsDatabase,
  type PyobsFrame,
  type PyobsUser,
  type Role,
} from '../catalog/index.js';
import { AS_IT_STANDS } from '../ingest/index.js';
import { AppError } from '../lib/errors.js';
import { splitFitsName } from '../lib/paths.js';
import type { Store } from '../store/index.js';
import { openTree, toPassedOver, type TreeTotal } from './adopt.js';
import { journalFolder, writeJournal } from './journal.js';
import { fileLoose, type LooseKey, type LooseParts, type LooseResult } from './loose.js';

/** What became of a row, a file or an account of the other archive. */
export type Imported =
  | LooseResult
  /** `missing-file`: a row without its file; `no-row`: a file without a row, which was left alone. */
  | {
      readonly status: 'missing-file' | 'no-row' | 'account';
      readonly key: string;
      readonly sizeBytes: number;
      readonly text: string;
    };

export interface ImportOptions {
  /** `postgres://…` or `sqlite:<path>`. */
  readonly database: string;
  /** Folder of its files (ARCHIVE_ROOT of the pyobs-archive). */
  readonly root: string;
  readonly isDry: boolean;
  readonly onTotal: (total: TreeTotal) => void;
}

/** How a pyobs-archive named the file of a frame; later versions always pack. */
const EXTENSIONS = ['.fits.fz', '', '.fits', '.fits.gz', '.fit', '.fts'];

/**
 * Takes over a pyobs-archive: frames with their names, their time of coming in, their projects and
 * relations; accounts, closed and without password. The files stay where they are, as with `adoptTree`.
 *
 * @throws 'bad_request' if either the database or the folder is not what it should be
 */
export async function* importPyobs(
  parts: LooseParts,
  { database, root, isDry, onTotal }: ImportOptions,
): AsyncIterable<Imported> {
  const db = await openPyobs(database);
  try {
    const { store, prefix } = await openTree(parts, root, { isDry, onTotal });
    const here = { ...parts, store };
    yield* importUsers(parts.catalog, await db.listUsers(), isDry);
    const missing: Imported[] = [];
    const claimed = new Set<string>();
    const keys = eachRow(db, store, prefix, { missing, claimed });
    for await (const result of fileLoose(here, keys, { by: OPERATOR, isDry })) {
      yield result;
      yield* missing.splice(0);
    }
    yield* missing;
    const others: Imported[] = [];
    const listed = store.list(prefix, (other) => others.push(toPassedOver(other)));
    for await (const { key, sizeBytes } of listed) {
      if (claimed.has(key) || (await hasKey(parts.catalog, key))) continue;
      const text = 'No row of the database is about this file. `platevault adopt` takes it in.';
      yield { status: 'no-row', key, sizeBytes, text };
    }
    yield* others;
    if (!isDry) await writeJournal(parts.catalog, journalFolder(store));
  } finally {
    await db.close();
  }
}

async function* eachRow(
  db: PyobsDatabase,
  store: Store,
  prefix: string,
  { missing, claimed }: { missing: Imported[]; claimed: Set<string> },
): AsyncIterable<LooseKey> {
  for await (const frames of db.eachFrame()) {
    for (const frame of frames) {
      const found = await findFile(store, prefix, frame);
      if (found === undefined) {
        const key = joinKey(prefix, frame.path, frame.basename);
        const text = `Row ${frame.id} ('${frame.basename}') has no file.`;
        missing.push({ status: 'missing-file', key, sizeBytes: 0, text });
        continue;
      }
      claimed.add(found.key);
      yield found;
    }
  }
}

async function findFile(
  store: Store,
  prefix: string,
  frame: PyobsFrame,
): Promise<LooseKey | undefined> {
  const { basename } = splitFitsName(frame.basename);
  for (const extension of EXTENSIONS) {
    const name = extension === '' ? frame.basename : basename + extension;
    const key = joinKey(prefix, frame.path, name);
    const found = await statOf(store, key);
    if (found === undefined || found.sizeBytes === 0) continue;
    const related = frame.related.map((each) => splitFitsName(each).basename);
    const known = { basename, related, createdMs: found.modifiedMs };
    return { key, sizeBytes: found.sizeBytes, known, ...projectOf(frame) };
  }
  return undefined;
}

/** There, a project may come from elsewhere than the header: then it is laid over it. */
function projectOf({ project }: PyobsFrame): Pick<LooseKey, 'withProposal'> {
  if (project === null) return {};
  return { withProposal: { ...AS_IT_STANDS, overrides: new Map([['PROJECT', project]]) } };
}

/** A row may name anything; what is no path below the root has no file there. */
async function statOf(store: Store, key: string): ReturnType<Store['stat']> {
  try {
    return await store.stat(key);
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'store_unavailable') throw error;
    return undefined;
  }
}

function joinKey(...parts: readonly string[]): string {
  return parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

async function* importUsers(
  catalog: Catalog,
  users: readonly PyobsUser[],
  isDry: boolean,
): AsyncIterable<Imported> {
  for (const user of users) {
    const { username } = user;
    if ((await findUser(catalog, username)) !== undefined) continue;
    const record = { username, role: roleOf(user), createdMs: user.joinedMs };
    if (!isDry) await importUser(catalog, record);
    const text = `Account '${username}' (${record.role}) is closed until it has a password: \`platevault user passwd ${username}\`, then \`platevault user enable ${username}\`.`;
    yield { status: 'account', key: username, sizeBytes: 0, text };
  }
}

async function importUser(
  catalog: Catalog,
  record: Parameters<typeof insertUserRecords>[1][number],
): Promise<void> {
  await inTransaction(catalog, async (tx) => {
    const made = await insertUserRecords(tx, [record]);
    if (made.length === 0) return;
    const subject = `user:${record.username}`;
    const detail = { role: record.role, from: 'pyobs-archive' };
    await recordDeed(tx, OPERATOR, { action: 'user.added', subject, outcome: 'done', detail });
  });
}

function roleOf({ isSuperuser, isStaff }: PyobsUser): Role {
  if (isSuperuser) return 'admin';
  // There, staff may upload.
  return isStaff ? 'writer' : 'user';
}
