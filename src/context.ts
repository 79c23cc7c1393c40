import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPassport, createSigner } from './auth/index.js';
import {
  createCalibrations,
  loadCalibrationRules,
  type CalibrationRules,
} from './calibration/index.js';
import { databasePath, holdLock, migrate, openCatalog, type Catalog } from './catalog/index.js';
import { loadConfig, type Config, type LoadedConfig } from './config/index.js';
import type { Services } from './http/index.js';
import { checkTemplates, createIngest, loadProfiles, sourceLimits } from './ingest/index.js';
import { createHandlers, startJobs, type JobRunner } from './jobs/index.js';
import { AppError } from './lib/errors.js';
import { createLog, type Log } from './lib/log.js';
import { createPixelPool } from './pixels/index.js';
import { createPreviews } from './preview/index.js';
import { createProducts } from './products/index.js';
import { openFsStore, syncPath, type Store } from './store/index.js';

/** The folder of the program: `views`, `public`, `config` and `package.json` lie in it. */
export const PROGRAM_DIR = fileURLToPath(new URL('..', import.meta.url));

const MIN_KEY_LENGTH = 16;

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

/**
 * Opens catalogue and store, and brings the catalogue up to date. Works beside a running server.
 *
 * @param options.create false for commands that only look: they must not make an archive where a
 *        mistyped setting leads them
 * @throws 'not_found' if there is no archive and none is to be made
 */
export async function openArchive(config: Config, options = { create: true }): Promise<Archive> {
  if (!options.create && !existsSync(databasePath(config.DATABASE_URL))) {
    throw new AppError('not_found', `There is no archive in ${config.DATA_DIR}.`);
  }
  await mkdir(config.DATA_DIR, { recursive: true });
  const catalog = openCatalog(config.DATABASE_URL);
  try {
    await migrate(catalog);
    const store = await openFsStore(config.ARCHIVE_ROOT);
    return { config, catalog, store, close: () => catalog.close() };
  } catch (error) {
    await catalog.close();
    throw error;
  }
}

/** Everything the server is made of; `close` ends it in the reverse order. */
export interface ServerContext extends Services {
  readonly jobs: JobRunner;
  close(): Promise<void>;
}

/** The composition root: settings → the parts of a server, wired. */
export async function openServer(config: Config): Promise<ServerContext> {
  checkTemplates(config);
  const profiles = await loadProfiles(
    [join(PROGRAM_DIR, 'config', 'mapping'), config.MAPPING_DIR],
    config.RELATED_FRAME_KEYS,
  );
  const rules = await readCalibrationRules(config);
  const log = openLog(config);
  // Everything that may stop the start comes before anything that must be ended again.
  await mkdir(config.DATA_DIR, { recursive: true });
  const signer = createSigner(await secretKey(config));
  const archive = await openArchive(config);
  const { catalog, store } = archive;
  const lock = await lockArchive(archive);

  const left = await store.sweep();
  if (left > 0) log.info('unfinished uploads removed', { files: left });
  const pool = createPixelPool({ workers: config.PIXEL_WORKERS });
  const limits = sourceLimits(config, store);
  const previews = createPreviews({
    directory: join(config.DATA_DIR, 'previews'),
    maxBytes: config.PREVIEW_CACHE_BYTES,
    pool,
    limits,
    log,
  });
  const ingest = createIngest({
    catalog,
    store,
    config,
    profiles,
    pool,
    onStored: () => {
      jobs.wake();
    },
  });
  const jobs = startJobs(
    catalog,
    createHandlers({ catalog, store, previews }),
    () => ingest.isReceiving(),
    log,
  );

  return {
    config,
    catalog,
    store,
    ingest,
    previews,
    products: createProducts(pool, limits),
    calibrations: createCalibrations(catalog, rules),
    jobs,
    signer,
    passport: createPassport(catalog),
    log,
    version: await programVersion(),
    async close() {
      await jobs.close();
      await previews.close();
      await pool.close();
      await archive.close();
      await lock.release();
    },
  };
}

/** Version of the program, from its `package.json`. */
export async function programVersion(): Promise<string> {
  const text = await readFile(join(PROGRAM_DIR, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function openLog(config: Config): Log {
  return createLog((line) => {
    if (config.LOG === 'on') process.stderr.write(`${line}\n`);
  });
}

/** One server for one archive: a second one would sweep away what the first is receiving. */
async function lockArchive(archive: Archive): Promise<{ release(): Promise<void> }> {
  try {
    return await holdLock(join(archive.store.stateDir, 'server.lock'));
  } catch (error) {
    await archive.close();
    const message = `Another server is at work on ${archive.config.ARCHIVE_ROOT}. Stop it first.`;
    throw new AppError('busy', message, {}, error);
  }
}

/** The rules of the program, and of the site if it has any. @throws 'config_invalid' */
function readCalibrationRules({ CALIBRATION_RULES, DATA_DIR }: Config): Promise<CalibrationRules> {
  // Only in its usual place may the file be absent: elsewhere its name is misspelt.
  const mayLack = CALIBRATION_RULES === join(DATA_DIR, 'calibration.json');
  const own = mayLack && !existsSync(CALIBRATION_RULES) ? undefined : CALIBRATION_RULES;
  return loadCalibrationRules(join(PROGRAM_DIR, 'config', 'calibration.json'), own);
}

/** The configured key, or one that is made at the first start and kept. */
async function secretKey(config: Config): Promise<string> {
  if (config.SECRET_KEY !== '') return config.SECRET_KEY;
  const path = join(config.DATA_DIR, 'secret.key');
  if (!existsSync(path)) {
    // Whole or not at all: half a key would sign, and be guessed.
    const draft = `${path}.${String(process.pid)}`;
    await writeFile(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    await syncPath(draft);
    await rename(draft, path);
  }
  const key = (await readFile(path, 'utf8')).trim();
  if (key.length < MIN_KEY_LENGTH) {
    const message = `${path} does not hold a key. Remove it to have one made: all sessions then end.`;
    throw new AppError('config_invalid', message);
  }
  return key;
}
