import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBackground } from './background.js';
import {
  createDeedLog,
  createLogins,
  createPassport,
  createSigner,
  makeSecretKey,
  readSecretKey,
} from './auth/index.js';
import {
  createCalibrations,
  loadCalibrationRules,
  type CalibrationRules,
} from './calibration/index.js';
import {
  asDamage,
  databasePath,
  hasKey,
  holdLock,
  holdsDatabase,
  isBeingTrashed,
  migrate,
  openCatalog,
  requireDatabaseFile,
  requireSound,
  wasCutOff,
  type Catalog,
} from './catalog/index.js';
import { loadConfig, type Config, type LoadedConfig } from './config/index.js';
import type { Services } from './http/index.js';
import {
  checkTemplates,
  createIngest,
  createReader,
  loadProfiles,
  sourceLimits,
  sweepQuarantine,
  type Step,
} from './ingest/index.js';
import { createHandlers, startJobs, type JobRunner } from './jobs/index.js';
import {
  createMending,
  createRevisions,
  createTrash,
  journalFolder,
  lookAtJournal,
  openRoot,
  requireNewArchive,
  startJournal,
  type Mending,
  type RootOptions,
  type Trash,
  type TrashStep,
} from './keeping/index.js';
import { AppError, hasCode } from './lib/errors.js';
import { errorFields, openLog, SILENT, type Log } from './lib/log.js';
import { createPrivate, keepPrivate } from './lib/private-files.js';
import { createNights } from './nights/index.js';
import { createPixelPool, createSpoolThread } from './pixels/index.js';
import { createPreviews } from './preview/index.js';
import { createProducts } from './products/index.js';
import { createMetrics, createOverview, createPartsLook, createReadiness } from './status/index.js';
import { holdsAnyFile, markerPath, readMarker, type Store } from './store/index.js';

export { openToLook } from './keeping/index.js';

/** The folder of the program: `views`, `public`, `config` and `package.json` lie in it. */
export const PROGRAM_DIR = fileURLToPath(new URL('..', import.meta.url));

/** What the commands that work on the archive itself need. */
export interface Archive {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly store: Store;
  close(): Promise<void>;
}

/** Settings from the environment and the `config` folder. @throws 'config_invalid' */
export function readConfig(): LoadedConfig {
  return loadConfig(process.env, join(PROGRAM_DIR, 'config'));
}

export interface ArchiveOptions extends RootOptions {
  /** False for commands that must not make an archive where a mistyped setting leads them. */
  readonly create?: boolean;
  /** True to look through the pages of the catalogue first, as the server does at its start. */
  readonly isChecked?: boolean;
}

/**
 * Opens catalogue and store, and brings the catalogue up to date. Works beside a running server.
 *
 * @throws 'not_found' if there is no archive and none is to be made, 'damaged' if the catalogue is,
 *         'store_unavailable' if the tree is not there or is another one
 */
export async function openArchive(config: Config, options: ArchiveOptions = {}): Promise<Archive> {
  const path = databasePath(config.DATABASE_URL);
  if (options.create === false && !existsSync(path)) {
    throw new AppError('not_found', `There is no archive in ${config.DATA_DIR}.`);
  }
  await requireDatabaseFile(path);
  // A start that is refused leaves nothing behind: no catalogue, and no folder for one.
  if (!holdsDatabase(path)) await requireNewArchive(config.ARCHIVE_ROOT);
  await mkdir(config.DATA_DIR, { recursive: true, mode: 0o700 });
  const isAfterCrash = wasCutOff(path);
  // SQLite gives the files beside it the rights of the first one.
  await createPrivate(path);
  await keepPrivate([path, `${path}-wal`, `${path}-shm`, join(config.DATA_DIR, 'secret.key')]);
  const catalog = openCatalog(config.DATABASE_URL);
  try {
    if (options.isChecked === true) await requireSound(catalog, path, isAfterCrash);
    await migrate(catalog);
    const store = await openRoot(catalog, config.ARCHIVE_ROOT, options);
    return { config, catalog, store, close: () => catalog.close() };
  } catch (error) {
    await catalog.close();
    throw asDamage(error, path);
  }
}

/** Everything the server is made of; `close` ends it in the reverse order. */
export interface ServerContext extends Services {
  readonly jobs: JobRunner;
  /** What whoever starts the server should be told: a sentence each. */
  readonly notices: readonly string[];
  close(): Promise<void>;
}

/**
 * The composition root: settings → the parts of a server, wired.
 *
 * @param at called at each step of storing, deleting and restoring; for tests
 */
export async function openServer(
  config: Config,
  at?: (step: Step | TrashStep) => void,
): Promise<ServerContext> {
  checkTemplates(config);
  const profiles = await readProfiles(config);
  const rules = await readCalibrationRules(config);
  const log = config.LOG === 'on' ? openLog(config.LOG_LEVEL) : SILENT;
  // Everything that may stop the start comes before anything that must be ended again.
  await readSecretKey(config);
  const hook = at === undefined ? {} : { at };
  const archive = await openArchive(config, { isChecked: true, ...hook });
  const { catalog, store } = archive;
  const { lock, key } = await takeArchive(archive);
  const signer = createSigner(key);

  const isKnown = async (key: string): Promise<boolean> =>
    (await hasKey(catalog, key)) || (await isBeingTrashed(catalog, key));
  const left = await store.sweep(isKnown);
  if (left.unfinished + left.orphans > 0) log.info('unfinished uploads removed', { ...left });
  const pool = createPixelPool({ workers: config.PIXEL_WORKERS });
  const limits = sourceLimits(config, store);
  const previews = createPreviews({
    directory: join(config.DATA_DIR, 'previews'),
    maxBytes: config.PREVIEW_CACHE_BYTES,
    pool,
    limits,
    log,
  });
  const wake = (): void => {
    jobs.wake();
    background.measuring.wake();
  };
  const ingest = createIngest({
    catalog,
    store,
    config,
    profiles,
    pool,
    spoolThread: createSpoolThread(),
    onStored: wake,
    ...hook,
  });
  const isBusy = (): boolean => ingest.isReceiving() || catalog.isCrowded();
  const jobs = startJobs(catalog, createHandlers({ catalog, store, previews }), isBusy, log);
  const reader = createReader({ config, store, profiles, pool });
  const { exclusively } = ingest;
  const trash = createTrash({ ...archive, reader, exclusively, onRestored: wake, ...hook });
  await finishWhatWasBegun({ catalog, config, store, trash, log });
  const journalFault = await lookAtJournal(catalog, journalFolder(store));
  const notices = journalFault === undefined ? [] : [`${journalFault.text} ${JOURNAL_HELP}`];
  const journal = startJournal({ catalog, store, log });
  const deeds = createDeedLog(catalog, log);
  const logins = createLogins(catalog, deeds, signer);

  const version = await programVersion();
  const calibrations = createCalibrations(catalog, rules);
  const nights = createNights({ catalog, config, calibrations, reader });
  const whole = { ...archive, rules, nights, version, pool, limits, reader, log, isBusy };
  const background = startBackground(whole);
  const overview = createOverview(catalog, config, background.measuring);

  return {
    config,
    catalog,
    store,
    ingest,
    reader,
    trash,
    revisions: createRevisions({ catalog, store, reader, onRestored: wake }),
    mending: createMending({ catalog, config, store, ingest, pool }),
    previews,
    products: createProducts(pool, limits),
    calibrations,
    nights,
    jobs,
    ...background,
    notices: [...notices, ...(await createPartsLook(config.ARCHIVE_ROOT)())],
    signer,
    passport: createPassport(logins),
    logins,
    deeds,
    log,
    version,
    overview,
    readiness: createReadiness({ catalog, store, config }),
    metrics: createMetrics({ config, version, overview, previewCounts: () => previews.counts() }),
    async close() {
      await ingest.close();
      await background.close();
      await jobs.close();
      await previews.close();
      await pool.close();
      await deeds.close();
      await journal.close();
      await archive.close();
      await lock.release();
    },
  };
}

const JOURNAL_HELP = 'See `platevault check`; `platevault journal rebuild` writes it anew at once.';

/** The trash of an archive, for commands. Works beside a running server. */
export async function openTrash(config: Config): Promise<Archive & { readonly trash: Trash }> {
  const profiles = await readProfiles(config);
  const archive = await openArchive(config, { create: false });
  const { catalog, store } = archive;
  const pool = createPixelPool({ workers: 1 });
  const reader = createReader({ config, store, profiles, pool });
  const trash = createTrash({ catalog, store, config, reader, exclusively: (work) => work() });
  return {
    ...archive,
    trash,
    async close() {
      await pool.close();
      await archive.close();
    },
  };
}

/** Refused files, for commands. Works beside a running server. */
export async function openMending(
  config: Config,
): Promise<Archive & { readonly mending: Mending }> {
  checkTemplates(config);
  const profiles = await readProfiles(config);
  const archive = await openArchive(config, { create: false });
  const { catalog, store } = archive;
  const pool = createPixelPool({ workers: 1 });
  const spoolThread = createSpoolThread();
  const onStored = (): void => undefined; // the server finds the job by itself
  const ingest = createIngest({ catalog, store, config, profiles, pool, spoolThread, onStored });
  return {
    ...archive,
    mending: createMending({ catalog, config, store, ingest, pool }),
    async close() {
      await ingest.close();
      await pool.close();
      await archive.close();
    },
  };
}

/** What commands need that read many files of the tree. */
export interface Tools {
  readonly profiles: Awaited<ReturnType<typeof readProfiles>>;
  readonly pool: ReturnType<typeof createPixelPool>;
  /** Files at a time. */
  readonly lanes: number;
}

/** Hashing a very large file on a slow disk takes its time. */
const READ_FILE_MS = 6 * 3_600_000;

/** The caller closes the pool. @throws 'config_invalid' */
export async function openTools(config: Config): Promise<Tools> {
  const profiles = await readProfiles(config);
  const workers = availableParallelism();
  const pool = createPixelPool({ workers, timeoutMs: READ_FILE_MS });
  return { profiles, pool, lanes: 2 * workers };
}

/**
 * Keeps servers away from a tree whose catalogue is not to be used. A dry run makes nothing in one that
 * is not marked.
 *
 * @throws 'busy' if one is at work, 'store_unavailable' if there is no such folder, or nothing in it
 */
export async function lockTree(
  root: string,
  { isDry }: { readonly isDry: boolean },
): Promise<{ release(): Promise<void> }> {
  if (!existsSync(root)) {
    throw new AppError('store_unavailable', `There is no folder ${root} (ARCHIVE_ROOT).`);
  }
  if ((await readMarker(root)) === undefined && (isDry || !(await holdsAnyFile(root)))) {
    const what = isDry ? 'no marker file of an archive' : 'nothing';
    const message = `There is ${what} in ${root} (ARCHIVE_ROOT). Is its disk mounted? Nothing was made or changed.`;
    throw new AppError('store_unavailable', message);
  }
  const stateDir = dirname(markerPath(root));
  await mkdir(stateDir, { recursive: true });
  return holdServerLock(stateDir, root);
}

/** Profiles of the program, and those of the site. @throws 'config_invalid' */
export function readProfiles(config: Config): ReturnType<typeof loadProfiles> {
  const folders = [join(PROGRAM_DIR, 'config', 'mapping'), config.MAPPING_DIR];
  return loadProfiles(folders, config.RELATED_FRAME_KEYS);
}

/** What a process that died has begun with deleted and with refused files. */
async function finishWhatWasBegun(parts: {
  catalog: Catalog;
  config: Config;
  store: Store;
  trash: Trash;
  log: Log;
}): Promise<void> {
  const { trash, log } = parts;
  try {
    const [deleted, refused] = [await trash.settle(), await sweepQuarantine(parts)];
    if (deleted + refused > 0)
      log.info('deleted and refused files put right', { deleted, refused });
  } catch (error) {
    // They wait as they are; nobody need do without the archive for them.
    log.warn('deleted or refused files not put right', errorFields(error));
  }
}

/** Version of the program, from its `package.json`. */
export async function programVersion(): Promise<string> {
  const text = await readFile(join(PROGRAM_DIR, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * Takes an archive for a server: a second one would sweep away what the first is receiving. Only now
 * that the start is not refused any more, a key is made where there is none.
 */
async function takeArchive(
  archive: Archive,
): Promise<{ readonly lock: { release(): Promise<void> }; readonly key: string }> {
  const { config, store } = archive;
  try {
    await store.check(); // on a disk that can only be read not even the lock could be held
    const lock = await holdServerLock(store.stateDir, config.ARCHIVE_ROOT);
    const key = await makeSecretKey(config).catch(async (error: unknown) => {
      await lock.release();
      throw error;
    });
    return { lock, key };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

async function holdServerLock(
  stateDir: string,
  root: string,
): Promise<{ release(): Promise<void> }> {
  try {
    return await holdLock(join(stateDir, 'server.lock'));
  } catch (error) {
    if (!hasCode(error, 'busy')) throw error;
    const message = `Another server is at work on ${root}. Stop it first.`;
    throw new AppError('busy', message, {}, error);
  }
}

/** The rules of the program, and of the site if it has any. @throws 'config_invalid' */
export function readCalibrationRules({
  CALIBRATION_RULES,
  DATA_DIR,
}: Config): Promise<CalibrationRules> {
  // Only in its usual place may the file be absent: elsewhere its name is misspelt.
  const mayLack = CALIBRATION_RULES === join(DATA_DIR, 'calibration.json');
  const own = mayLack && !existsSync(CALIBRATION_RULES) ? undefined : CALIBRATION_RULES;
  return loadCalibrationRules(join(PROGRAM_DIR, 'config', 'calibration.json'), own);
}
