import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { randomInt } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import {
  beginEpoch,
  checkDatabase,
  copyCatalog,
  databasePath,
  deleteAllSessions,
  holdLock,
  inTransaction,
  migrate,
  OPERATOR,
  openCatalog,
  openCatalogReadOnly,
  readHighestIds,
  recordDeed,
  skipAllIds,
  toCatalogError,
  type HighestIds,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError, hasCode, systemCode } from '../lib/errors.js';
import { sha256Of } from '../lib/hash.js';
import {
  holdsAnyFile,
  markerPath,
  markRoot,
  openFsStore,
  readAdopted,
  readMarker,
  syncPath,
  type Store,
} from '../store/index.js';
import { snapshotName, type Snapshot } from './backup-manifest.js';
import type { BackupTarget } from './backup-target.js';
import { chooseSnapshot } from './backup-verify.js';
import { isUnreadable, journalFolder, journalIds, tellJournal } from './journal.js';
import { restoreFiles, type RestoredFile } from './restore-files.js';
import { replaceDatabase } from './swap.js';

export interface RestoreOptions {
  /** Default: the newest. */
  readonly name: string | undefined;
  /** True to only say what would be done. */
  readonly dryRun: boolean;
  /** True to make ARCHIVE_ROOT the root of the archive, where there is none yet. */
  readonly isNewRoot: boolean;
  readonly onFile: (file: RestoredFile) => void;
}

/** What a restore has done, or would do. */
export interface Restored {
  readonly snapshot: Snapshot;
  readonly written: number;
  readonly same: number;
  readonly replaced: number;
  readonly damaged: number;
  /** In adopted trees, where nothing is written. */
  readonly left: number;
  /** Where the catalogue that was there is kept; null if there was none. */
  readonly safetyCopy: string | null;
  /** Where files are kept that were in the way. */
  readonly aside: string;
}

/** What is needed to put a back-up in the place of an archive. */
interface Places {
  readonly config: Config;
  readonly database: string;
  /** Folder for what is made on the way, in the file system of the catalogue. */
  readonly work: string;
  readonly safety: string;
  readonly aside: string;
}

/**
 * Makes an archive what it was at the time of a back-up. Files first, then the catalogue, which is
 * replaced at one stroke: broken off before that, the old catalogue is in force. Nothing is deleted: the
 * catalogue that was there and files that were in the way are kept beside. Frames that came later stay
 * in the tree, where `reindex` finds them.
 *
 * @throws 'busy' while a server runs, 'bad_request' if another archive or other files lie there,
 *         'store_unavailable' if nothing does, and the place is not said to be new, 'not_found',
 *         'damaged' if the catalogue in the back-up is, 'database_version'
 */
export async function restore(
  config: Config,
  target: BackupTarget,
  options: RestoreOptions,
): Promise<Restored> {
  const snapshot = await chooseSnapshot(target, options.name);
  await requirePlace(config.ARCHIVE_ROOT, snapshot.archiveId, options.isNewRoot);
  const places = placesOf(config);
  if (options.dryRun) return putBack(places, target, { ...options, snapshot, store: undefined });
  await mkdir(config.DATA_DIR, { recursive: true });
  await mkdir(config.ARCHIVE_ROOT, { recursive: true });
  const { id } = await markRoot(config.ARCHIVE_ROOT, snapshot.archiveId);
  const store = await openFsStore(config.ARCHIVE_ROOT, { id });
  const lock = await lockOut(store);
  try {
    return await putBack(places, target, { ...options, snapshot, store });
  } finally {
    await rm(places.work, { recursive: true, force: true });
    await lock.release();
  }
}

/**
 * An archive goes where it was, or to a place that is said to be new: what is written under the mount
 * point of a disk that is not there fills another one, and is hidden when it is back.
 */
async function requirePlace(root: string, archiveId: string, isNewRoot: boolean): Promise<void> {
  const marker = await readMarker(root);
  if (marker?.id === archiveId) return;
  const unchanged = 'Nothing was changed.';
  if (marker !== undefined) {
    const message = `${root} holds another archive (${marker.id}) than the back-up (${archiveId}). ${unchanged}`;
    throw new AppError('bad_request', message);
  }
  if (!isNewRoot) {
    const message = `There is no archive in ${root}: it has no marker file. Is its disk mounted? If the archive is to come to this place for the first time, say so with --new-root. ${unchanged}`;
    throw new AppError('store_unavailable', message);
  }
  if (!(await holdsAnyFile(root))) return;
  const mark = JSON.stringify({ id: archiveId });
  const message = `${root} is not new: it holds files. Name an empty folder; or, should they be those of the archive, write ${mark} to ${markerPath(root)}. ${unchanged}`;
  throw new AppError('bad_request', message);
}

function placesOf(config: Config): Places {
  const database = databasePath(config.DATABASE_URL);
  const time = snapshotName(Date.now());
  return {
    config,
    database,
    work: `${database}.restore-work`,
    safety: join(dirname(database), `before-restore-${time}`),
    aside: join(config.ARCHIVE_ROOT, '.platevault', 'replaced', time),
  };
}

async function lockOut(store: Store): Promise<{ release(): Promise<void> }> {
  return holdLock(join(store.stateDir, 'server.lock')).catch((error: unknown) => {
    if (!hasCode(error, 'busy')) throw error;
    throw new AppError('busy', 'A server is at work on this archive. Stop it first.', {}, error);
  });
}

interface Run extends RestoreOptions {
  readonly snapshot: Snapshot;
  /** undefined for a dry run. */
  readonly store: Store | undefined;
}

async function putBack(places: Places, target: BackupTarget, run: Run): Promise<Restored> {
  const { config, database } = places;
  const { snapshot, store } = run;
  // The catalogue is looked at first: without it nothing is to be touched.
  const draft = store === undefined ? undefined : await fetchCatalog(places, target, snapshot);
  const sums = { written: 0, same: 0, replaced: 0, damaged: 0, left: 0 };
  const files = restoreFiles({
    target,
    snapshot,
    root: config.ARCHIVE_ROOT,
    dataDir: config.DATA_DIR,
    store,
    asideDir: places.aside,
    hasJournal: await hasJournal(config),
    adopted: readAdopted({ stateDir: join(config.ARCHIVE_ROOT, '.platevault') }),
  });
  for await (const file of files) {
    sums[file.outcome] += 1;
    run.onFile(file);
  }
  const safetyCopy = existsSync(database) ? places.safety : null;
  if (draft !== undefined && store !== undefined) {
    if (safetyCopy !== null) await keepCatalog(database, safetyCopy);
    // Last words of the old one, then those of the new one: whoever speaks last is believed.
    await tellJournal(database, config.ARCHIVE_ROOT);
    await skipGivenIds(draft, database, store);
    await replaceDatabase(draft, database);
    await tellJournal(database, config.ARCHIVE_ROOT);
  }
  return { snapshot, ...sums, safetyCopy, aside: places.aside };
}

async function hasJournal({ ARCHIVE_ROOT }: Config): Promise<boolean> {
  try {
    return (await readdir(join(ARCHIVE_ROOT, '.platevault', 'journal'))).length > 0;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The catalogue of a back-up, sound and of this program's schema, ready to take its place. */
async function fetchCatalog(
  { work }: Places,
  target: BackupTarget,
  { catalog: part, name }: Snapshot,
): Promise<string> {
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const damaged = (error?: unknown): AppError =>
    new AppError('damaged', `The catalogue in back-up ${name} is damaged.`, {}, error);
  const [packed, draft] = [join(work, 'catalog.sqlite.gz'), join(work, 'catalog.sqlite')];
  await pipeline(await target.read(part.path), createWriteStream(packed));
  if ((await sha256Of(createReadStream(packed))) !== part.sha256) throw damaged();
  await pipeline(createReadStream(packed), createGunzip(), createWriteStream(draft)).catch(
    (error: unknown) => {
      throw damaged(error);
    },
  );
  await rm(packed);
  const catalog = openCatalog(`sqlite:${draft}`);
  try {
    const faults = await checkDatabase(catalog);
    if (faults.length > 0) throw damaged(new Error(faults.join('; ')));
    await migrate(catalog);
    // Who was logged in then is not let in again: they may have logged out since.
    await deleteAllSessions(catalog);
    // From here on this catalogue tells the journal other things than the one that went on.
    await beginEpoch(catalog, randomInt(2 ** 47));
    await recordDeed(catalog.write, OPERATOR, {
      action: 'archive.restored',
      subject: 'archive',
      outcome: 'done',
      detail: { from: target.name, backup: name },
    });
  } finally {
    await catalog.close();
  }
  await syncPath(draft);
  return draft;
}

/** Keeps the catalogue that is there: as a copy if it is sound, else with all that belongs to it. */
async function keepCatalog(database: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const copy = join(folder, basename(database));
  if (!(await copySound(database, copy))) {
    await rm(copy, { force: true });
    for (const end of ['', '-wal', '-shm']) {
      if (existsSync(`${database}${end}`)) await copyFile(`${database}${end}`, `${copy}${end}`);
    }
  }
  await syncPath(copy);
  await syncPath(folder);
  await syncPath(dirname(folder));
}

/** @returns false if the catalogue cannot be read, or is not sound */
async function copySound(database: string, copy: string): Promise<boolean> {
  try {
    await copyCatalog(database, copy);
    const catalog = openCatalogReadOnly(copy);
    try {
      return (await checkDatabase(catalog)).length === 0;
    } finally {
      await catalog.close();
    }
  } catch (error) {
    if (toCatalogError(error) === undefined) throw error;
    return false;
  }
}

/**
 * Ids that were given after the back-up are not given again: addresses that were signed for them would
 * open other frames.
 */
async function skipGivenIds(draft: string, database: string, store: Store): Promise<void> {
  const known = [await catalogIds(database), await journalIds(journalFolder(store))];
  const catalog = openCatalog(`sqlite:${draft}`);
  try {
    await inTransaction(catalog, async (tx) => {
      for (const highest of known) if (highest !== undefined) await skipAllIds(tx, highest);
    });
  } finally {
    await catalog.close();
  }
}

/** @returns undefined if the catalogue is not there, or cannot be read */
async function catalogIds(database: string): Promise<HighestIds | undefined> {
  if (!existsSync(database)) return undefined;
  const catalog = openCatalogReadOnly(database);
  try {
    return await readHighestIds(catalog.read);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return undefined;
  } finally {
    await catalog.close();
  }
}
