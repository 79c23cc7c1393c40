import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  findBySha256,
  insertEvent,
  insertFrame,
  insertRelated,
  recordDeed,
  type Actor,
  type Catalog,
  type FrameFacts,
  type Transaction,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { SourceLimits } from '../fits/index.js';
import type { Fingerprint } from '../lib/hash.js';
import { ownedName } from '../lib/owned-names.js';
import type { Store } from '../store/index.js';
import { inspect, sourceLimits, type Inspected, type SurveyPool } from './inspect.js';
import { filePlace } from './naming.js';
import { AS_IT_STANDS, type Reading } from './overrides.js';
import type { Profile } from './profiles.js';
import { factsOf, readAs, settle } from './settle.js';
import { chooseName } from './target.js';

/** What is needed to file what lies in the tree already. */
export interface FilingParts {
  readonly config: Config;
  readonly store: Store;
  readonly profiles: readonly Profile[];
  readonly pool: SurveyPool & FilingPool;
}

/** What is done away from the main thread: several files at a time. */
export interface FilingPool {
  run(task: 'fingerprint', input: { path: string }): Promise<Fingerprint>;
  /** Writes the file that was packed at ingest, as it was, to `target`. */
  run(
    task: 'unpackFile',
    input: { path: string; limits: SourceLimits; target: string },
  ): Promise<object>;
}

/** What a stored file says. */
export interface StoredFacts {
  readonly inspected: Inspected;
  readonly facts: FrameFacts;
}

/** A stored file that is to get a row. */
export interface LooseFile extends StoredFacts {
  readonly key: string;
  readonly fingerprint: Fingerprint;
}

/** What became of one. */
export interface Filed {
  /** `same-bytes`: the archive has them already, as this frame; nothing was changed. */
  readonly status: 'filed' | 'new-version' | 'same-bytes';
  readonly frameId: number;
  readonly basename: string;
  readonly version: number;
  readonly warnings: readonly string[];
}

/**
 * Judges a stored file as ingest does.
 *
 * @param how.reading how a person wants its headers to be read
 * @param how.isPacked true if it was packed at ingest: what is kept of its headers is what they were
 * @throws 'not_found', and what makes ingest refuse a file
 */
export async function readStored(
  parts: FilingParts,
  key: string,
  how: { readonly reading?: Reading; readonly isPacked?: boolean } = {},
): Promise<StoredFacts> {
  const { config, store, pool } = parts;
  const { reading = AS_IT_STANDS, isPacked = false } = how;
  const limits = sourceLimits(config, store);
  const path = await store.localPath(key);
  const inspected = await inspectStored(path, { isPacked, limits, pool });
  return { inspected, facts: factsOf(parts, await readAs(inspected, reading), reading) };
}

/**
 * As `inspect`, of a stored file.
 *
 * @param how.isPacked true to look at what it was packed from
 */
export async function inspectStored(
  path: string,
  how: {
    readonly isPacked: boolean;
    readonly limits: SourceLimits;
    readonly pool: FilingParts['pool'];
  },
): Promise<Inspected> {
  const { isPacked, limits, pool } = how;
  if (!isPacked) return inspect({ path, sizeBytes: (await stat(path)).size }, limits, pool);
  const target = join(limits.tempDir, ownedName('.part'));
  try {
    await pool.run('unpackFile', { path, limits, target });
    return await inspect({ path: target, sizeBytes: (await stat(target)).size }, limits, pool);
  } finally {
    await rm(target, { force: true });
  }
}

/** The sums of a stored file. @throws 'not_found' */
export async function hashStored({ store, pool }: FilingParts, key: string): Promise<Fingerprint> {
  return pool.run('fingerprint', { path: await store.localPath(key) });
}

export interface FilingOptions {
  readonly by: Actor;
  /** Its name, if something tells it; else that of the file. */
  readonly basename?: string;
  /** When it came into an archive, if that was not now. */
  readonly createdMs?: number;
  /** How its headers were read, if not as they stand; kept with the frame. */
  readonly reading?: Reading;
  /** Related frames that its header need not name. */
  readonly related?: readonly string[];
}

/**
 * Files a stored file where it lies, by the rules of ingest for names and versions; not a byte of it is
 * touched. In the caller's transaction, with its deed and event.
 *
 * @throws 'header_invalid' for a name that no frame can have
 */
export async function fileInPlace(
  tx: Transaction,
  parts: FilingParts,
  file: LooseFile,
  options: FilingOptions,
): Promise<Filed> {
  const { by, basename, createdMs, reading = AS_IT_STANDS, related = [] } = options;
  const { key, fingerprint, inspected, facts } = file;
  const { sha256 } = fingerprint;
  const twin = await findBySha256(tx, sha256);
  if (twin !== undefined) {
    const { frameId, version } = twin;
    return { status: 'same-bytes', frameId, basename: twin.basename, version, warnings: [] };
  }
  const uploadName = key.slice(key.lastIndexOf('/') + 1);
  const { container } = inspected;
  const templates = { pathTemplate: '', filenameTemplate: '', lookup: () => undefined };
  const place = filePlace({ ...templates, uploadName, container });
  const name = await nameOf(tx, basename ?? place.basename, facts);
  const { number, warnings } = name;
  const version = {
    key,
    extension: place.extension,
    container,
    ...fingerprint,
    original: null,
    uploadName,
    uploadedBy: by.userId,
  };
  const { frameId } = await insertFrame(
    tx,
    { basename: name.basename, facts, version, hdus: inspected.stored },
    name.frameId === undefined ? undefined : { frameId: name.frameId, number },
    createdMs === undefined ? undefined : { ...timesOf(createdMs), version: { number, createdMs } },
  );
  await settle(tx, parts, { file: { sha256 }, inspected, reading, by }, frameId);
  await insertRelated(tx, frameId, related);
  const detail = { version: number, key, sha256, inPlace: true };
  const subject = `frame:${frameId}`;
  await recordDeed(tx, by, { action: 'frame.stored', subject, outcome: 'done', detail });
  await insertEvent(tx, 'frame.stored', { frameId, version: number, sha256 });
  const status = name.frameId === undefined ? 'filed' : 'new-version';
  return { status, frameId, basename: name.basename, version: number, warnings };
}

function timesOf(createdMs: number): { createdMs: number; updatedMs: number } {
  return { createdMs, updatedMs: createdMs };
}

/** `m31~2` is the second version of `m31`, as the archive itself names files, if that is its exposure. */
async function nameOf(
  db: Catalog['read'],
  basename: string,
  facts: FrameFacts,
): ReturnType<typeof chooseName> {
  const stem = /^(.+)~\d+$/.exec(basename)?.[1];
  if (stem !== undefined) {
    const name = await chooseName(db, stem, facts);
    if (name.frameId !== undefined) return name;
  }
  return chooseName(db, basename, facts);
}
