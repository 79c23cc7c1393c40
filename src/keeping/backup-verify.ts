import { AppError } from '../lib/errors.js';
import { sha256Of } from '../lib/hash.js';
import { mapConcurrently } from '../lib/pool.js';
import { createCursor } from './backup-carry.js';
import {
  describeAway,
  FILES,
  listSnapshotNames,
  readManifest,
  readSnapshot,
  usualPath,
  type BackupEntry,
  type Snapshot,
  type SnapshotPart,
} from './backup-manifest.js';
import type { BackupTarget, TargetFile } from './backup-target.js';

/** Something in a back-up that is not as it was written. */
export interface BackupFault {
  /**
   * `lost`: not in the back-up, because the archive itself had lost it when it was made; `away`: a part
   * of the archive that is not in it, because its disk was away.
   */
  readonly kind: 'missing' | 'size' | 'content' | 'damaged' | 'lost' | 'away';
  /** Path on the target; of what is not there, what the archive calls it. */
  readonly path: string;
  readonly text: string;
}

export interface VerifyOptions {
  /** True to read every file; else only their lengths are compared. */
  readonly readData: boolean;
  readonly onProgress?: (files: number) => void;
}

const BATCH = 64;
const LANES = 4;

/** The complete back-ups of a target, newest first. @throws 'damaged' */
export async function listSnapshots(target: BackupTarget): Promise<Snapshot[]> {
  const names = (await listSnapshotNames(target)).reverse();
  return mapConcurrently(names, LANES, (name) => readSnapshot(target, name));
}

/** The name that was asked for, or that of the newest back-up. @throws 'not_found' */
export async function chooseSnapshot(
  target: BackupTarget,
  name: string | undefined,
): Promise<Snapshot> {
  const chosen = name ?? (await listSnapshotNames(target)).at(-1);
  if (chosen === undefined) {
    throw new AppError('not_found', `There is no back-up in ${target.name}.`);
  }
  return readSnapshot(target, chosen);
}

/** Whether everything that a back-up needs is there, as it was written. Changes nothing. */
export async function* verifyBackup(
  target: BackupTarget,
  snapshot: Snapshot,
  { readData, onProgress }: VerifyOptions,
): AsyncIterable<BackupFault> {
  for (const key of snapshot.lost) {
    const text = 'The archive itself had lost this file when the back-up was made.';
    yield { kind: 'lost', path: key, text };
  }
  for (const part of snapshot.away) {
    yield { kind: 'away', path: part.part, text: describeAway({ away: [part] }).join('') };
  }
  for (const part of [snapshot.catalog, snapshot.manifest]) {
    const fault = await partFault(target, part);
    if (fault !== undefined) yield fault;
    // Without its list nothing is known of the files.
    if (fault !== undefined && part === snapshot.manifest) return;
  }
  let files = 0;
  for await (const batch of inBatches(target, snapshot)) {
    const faults = await mapConcurrently(batch, LANES, ({ entry, present }) =>
      fileFault(target, entry, present, readData),
    );
    files += batch.length;
    onProgress?.(files);
    for (const fault of faults) if (fault !== undefined) yield fault;
  }
}

/** Catalogue and list are always read: all else depends on them. */
async function partFault(
  target: BackupTarget,
  { path, sizeBytes, sha256 }: SnapshotPart,
): Promise<BackupFault | undefined> {
  const present = await target.stat(path);
  return fileFault(target, { path, sizeBytes, sha256 }, present, true);
}

async function fileFault(
  target: BackupTarget,
  { path, sizeBytes, sha256 }: SnapshotPart,
  present: TargetFile | undefined,
  readData: boolean,
): Promise<BackupFault | undefined> {
  if (present === undefined) {
    return { kind: 'missing', path, text: 'The file is missing in the back-up.' };
  }
  if (present.sizeBytes !== sizeBytes) {
    const text = `The file has ${present.sizeBytes} bytes instead of ${sizeBytes}.`;
    return { kind: 'size', path, text };
  }
  if (!readData || (await sha256Of(await target.read(path))) === sha256) return undefined;
  const text = 'The bytes have changed. Remove the file: the next back-up copies it anew.';
  return { kind: 'content', path, text };
}

interface Placed {
  readonly entry: BackupEntry;
  readonly present: TargetFile | undefined;
}

/** What is listed beside what is there. */
async function* inBatches(target: BackupTarget, snapshot: Snapshot): AsyncIterable<Placed[]> {
  const files = createCursor(target.list(FILES), (file) => file.path);
  let batch: Placed[] = [];
  let last: { path: string; present: TargetFile | undefined } | undefined;
  for await (const entry of readManifest(target, snapshot)) {
    const usual = usualPath(entry);
    if (last?.path !== usual) last = { path: usual, present: (await files.take(usual))[0] };
    const present = entry.path === usual ? last.present : await target.stat(entry.path);
    batch.push({ entry, present });
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
