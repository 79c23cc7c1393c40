import { realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  holdLock,
  insertBackup,
  recordDeed,
  updateBackup,
  type Actor,
  type BackupRun,
  type Catalog,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError, hasCode, isAborted } from '../lib/errors.js';
import { isInside } from '../lib/paths.js';
import type { Store } from '../store/index.js';
import type { Carried } from './backup-carry.js';
import { describeAway, type Snapshot } from './backup-manifest.js';
import { claimTarget } from './backup-mark.js';
import { pruneBackups, type Pruned } from './backup-retention.js';
import { draftSnapshot, publishSnapshot } from './backup-snapshot.js';
import { openTarget } from './backup-target.js';

export interface BackupParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly config: Config;
  /** Version of the program. */
  readonly version: string;
}

export interface BackupOptions {
  readonly by: Actor;
  /** Waited for before each file that is copied; throws to break off. */
  readonly beforeFile?: () => Promise<void>;
  readonly onProgress?: (carried: { readonly files: number; readonly bytes: number }) => void;
}

/** What a back-up has done. */
export interface BackupResult {
  readonly snapshot: Snapshot;
  readonly target: string;
  /** Copied by this one; the others lay there already. */
  readonly files: number;
  readonly bytes: number;
  readonly pruned: Pruned;
}

/**
 * Backs up all that the catalogue refers to at one moment: every file that is not on the target yet,
 * then a copy of the catalogue, and last the file that makes it a back-up. Broken off at any time, it
 * leaves nothing but files that the next one need not copy again. Works while the server does.
 *
 * @param address as `openTarget` takes it
 * @throws 'busy' if another back-up of this archive runs, and as `openTarget` and targets do
 */
export async function backUp(
  parts: BackupParts,
  address: string,
  options: BackupOptions,
): Promise<BackupResult> {
  const { catalog, config } = parts;
  const lock = await holdLock(join(config.DATA_DIR, 'backup.lock')).catch((error: unknown) => {
    if (!hasCode(error, 'busy')) throw error;
    throw new AppError('busy', 'Another back-up of this archive is running.', {}, error);
  });
  const work = join(config.DATA_DIR, 'backup-work');
  try {
    await rm(work, { recursive: true, force: true });
    const id = await insertBackup(catalog, address);
    const carried: Carried = { files: 0, bytes: 0, bad: [], away: new Map() };
    try {
      const result = await backUpTo(parts, address, { ...options, work, carried });
      await noteEnd(catalog, options.by, { id, address, ...toEnd(result) });
      return result;
    } catch (error) {
      const { files, bytes } = carried;
      const text = isAborted(error) ? 'It was broken off.' : String(messageOf(error));
      const end = { id, address, state: 'failed', files, bytes, error: text } as const;
      await noteEnd(catalog, options.by, end);
      throw error;
    }
  } finally {
    await rm(work, { recursive: true, force: true });
    await lock.release();
  }
}

interface Run extends BackupOptions {
  readonly work: string;
  readonly carried: Carried;
}

async function backUpTo(parts: BackupParts, address: string, run: Run): Promise<BackupResult> {
  const { catalog, config } = parts;
  const { carried, work, onProgress, beforeFile } = run;
  const target = await openTarget(address, config);
  try {
    if (!target.name.startsWith('s3:') && isInside(await rootOf(config), target.name)) {
      const message = `The folder for back-ups lies within the archive: ${target.name}`;
      throw new AppError('bad_request', message);
    }
    const archiveId = await claimTarget(catalog, target, address);
    const options = {
      target,
      work,
      carried,
      beforeFile: async () => {
        onProgress?.(carried);
        await beforeFile?.();
      },
    };
    const draft = await draftSnapshot(parts, options);
    const snapshot = await publishSnapshot(parts, options, draft, archiveId);
    const pruned = await pruneBackups(target, snapshot, config);
    return { snapshot, target: target.name, files: carried.files, bytes: carried.bytes, pruned };
  } finally {
    await target.close();
  }
}

/** The root as the file system knows it: it may be reached by a symbolic link. */
function rootOf({ ARCHIVE_ROOT }: Config): Promise<string> {
  return realpath(ARCHIVE_ROOT).catch(() => ARCHIVE_ROOT);
}

function messageOf(error: unknown): unknown {
  return error instanceof Error ? error.message : error;
}

type End = Pick<BackupRun, 'state' | 'files' | 'bytes' | 'error'> & { readonly name?: string };

/** A back-up without some files is one: all the others are safe. That some lack must be seen. */
function toEnd({ snapshot, files, bytes }: BackupResult): End {
  const lost = snapshot.lost.length;
  const lacks = [
    ...(lost === 0
      ? []
      : [`${lost} files are missing or damaged in the archive, and not in the back-up.`]),
    ...describeAway(snapshot),
  ];
  const error = lacks.length === 0 ? null : lacks.join(' ');
  return { name: snapshot.name, state: 'done', files, bytes, error };
}

async function noteEnd(
  catalog: Catalog,
  by: Actor,
  { id, address, ...end }: End & { readonly id: number; readonly address: string },
): Promise<void> {
  await updateBackup(catalog, id, end);
  await recordDeed(catalog.write, by, {
    action: 'backup.finished',
    subject: `backup:${id}`,
    outcome: 'done',
    detail: { target: address, ...end },
  });
}
