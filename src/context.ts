import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPassport, createSigner } from './auth/index.js';
import { migrate, openCatalog, type Catalog } from './catalog/index.js';
import { loadConfig, type Config, type LoadedConfig } from './config/index.js';
import type { Services } from './http/index.js';
import { checkTemplates, createIngest, loadProfiles } from './ingest/index.js';
import { createHandlers, startJobs, type JobRunner } from './jobs/index.js';
import { systemCode } from './lib/errors.js';
import { createLog, type Log } from './lib/log.js';
import { createPixelPool } from './pixels/index.js';
import { createPreviews } from './preview/index.js';
import { openFsStore, type Store } from './store/index.js';

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

/** Opens catalogue and store, and brings the catalogue up to date. Works beside a running server. */
export async function openArchive(config: Config): Promise<Archive> {
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
  const profiles = await loadProfiles([join(PROGRAM_DIR, 'config', 'mapping'), config.MAPPING_DIR]);
  const log = openLog(config);
  const archive = await openArchive(config);
  const { catalog, store } = archive;

  const left = await store.sweep();
  if (left > 0) log.info('unfinished uploads removed', { files: left });
  const pool = createPixelPool({ workers: config.PIXEL_WORKERS });
  const previews = createPreviews({
    directory: join(config.DATA_DIR, 'previews'),
    maxBytes: config.PREVIEW_CACHE_BYTES,
    pool,
    maxExpandedBytes: config.MAX_EXPANDED_BYTES,
    tempDir: store.spoolDir,
    log,
  });
  const ingest = createIngest({
    catalog,
    store,
    config,
    profiles,
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
    jobs,
    signer: createSigner(await secretKey(config)),
    passport: createPassport(catalog),
    log,
    version: await programVersion(),
    async close() {
      await jobs.close();
      await previews.close();
      await pool.close();
      await archive.close();
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

/** The configured key, or one that is made at the first start and kept. */
async function secretKey(config: Config): Promise<string> {
  if (config.SECRET_KEY !== '') return config.SECRET_KEY;
  const path = join(config.DATA_DIR, 'secret.key');
  try {
    await writeFile(path, `${randomBytes(32).toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  return (await readFile(path, 'utf8')).trim();
}
