import { createReadStream, createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInterface } from 'node:readline';
import { createGunzip, createGzip } from 'node:zlib';
import { AppError } from '../lib/errors.js';
import { sha256Of } from '../lib/hash.js';
import type { BackupSource, BackupTarget } from './backup-target.js';

/** Parts of an archive that lie beside each other in a back-up. */
export const AREAS = ['frames', 'trash', 'quarantine', 'journal'] as const;
export type Area = (typeof AREAS)[number];

/** A file of the archive as it is at the time of a snapshot. */
export interface BackupEntry {
  readonly area: Area;
  /** What the area calls it: a key of the store, the name of a file. */
  readonly key: string;
  /** The deleted frame, for files in the trash. */
  readonly frameId?: number;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Where it lies in the back-up. */
  readonly path: string;
}

/** What lies beside the files of a back-up and says what they are. */
export interface Snapshot {
  readonly format: 1;
  /** UTC time of the view on the catalogue, `YYYYMMDDTHHMMSSZ`. */
  readonly name: string;
  readonly createdMs: number;
  /** Of the archive: two cannot share a target. */
  readonly archiveId: string;
  /** Version of the program that made it. */
  readonly program: string;
  readonly files: number;
  readonly bytes: number;
  /** Keys of files that were missing or damaged in the archive, and have no good copy here. */
  readonly lost: readonly string[];
  /** Parts of the archive whose disks were away, and how many files have no copy here for that. */
  readonly away: readonly { readonly part: string; readonly files: number }[];
  readonly catalog: SnapshotPart;
  readonly manifest: SnapshotPart;
}

/** A file of a snapshot, as it lies on the target. */
export interface SnapshotPart {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

const NAME = /^\d{8}T\d{6}Z$/;
export const SNAPSHOTS = 'snapshots/';
export const FILES = 'files/';

/** Where a file lies unless another one lies there. */
export function usualPath({ area, key }: Pick<BackupEntry, 'area' | 'key'>): string {
  // A deleted frame keeps the place that it has in earlier back-ups.
  if (area === 'frames' || area === 'trash') return `${FILES}${key}`;
  return `${FILES}.platevault/${area}/${key}`;
}

/** Where it lies if another one was there under the same name. */
export function secondPath(entry: Pick<BackupEntry, 'area' | 'key' | 'sha256'>): string {
  return `${usualPath(entry)}@${entry.sha256.slice(0, 16)}`;
}

/** `20260301T033000Z` */
export function snapshotName(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** Epoch ms of the name of a snapshot. */
export function snapshotMs(name: string): number {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(name) ?? [];
  const [year = 0, month = 0, day = 0, hour, minute, second] = parts.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** @throws 'bad_request' unless it is the name of a snapshot */
export function parseSnapshotName(text: string): string {
  if (NAME.test(text)) return text;
  const message = `'${text}' is no name of a back-up: they look like 20260301T033000Z.`;
  throw new AppError('bad_request', message);
}

/** Names of all complete snapshots of a target, oldest first. */
export async function listSnapshotNames(target: BackupTarget): Promise<string[]> {
  const names: string[] = [];
  for await (const { path } of target.list(SNAPSHOTS)) {
    const name = /^snapshots\/([^/]+)\/snapshot\.json$/.exec(path)?.[1];
    if (name !== undefined && NAME.test(name)) names.push(name);
  }
  return names.sort();
}

/** @throws 'not_found', 'damaged' */
export async function readSnapshot(target: BackupTarget, name: string): Promise<Snapshot> {
  const path = snapshotPath(name);
  const stream = await target.read(path).catch((error: unknown) => {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    throw new AppError('not_found', `There is no back-up '${name}' in ${target.name}.`, {}, error);
  });
  const text = Buffer.concat(await stream.toArray()).toString('utf8');
  try {
    const found = JSON.parse(text) as Partial<Snapshot>;
    // Earlier versions counted what was away among what was lost.
    const snapshot = { away: [], ...found };
    if (isSnapshot(snapshot) && snapshot.name === name) return snapshot;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new AppError('damaged', `${path} is not what a back-up writes.`);
}

function isSnapshot(found: Partial<Snapshot>): found is Snapshot {
  return (
    found.format === 1 &&
    Array.isArray(found.lost) &&
    Array.isArray(found.away) &&
    typeof found.files === 'number' &&
    typeof found.catalog?.path === 'string' &&
    typeof found.manifest?.path === 'string'
  );
}

/** A sentence for each part of the archive that was away when a back-up was made. */
export function describeAway({ away }: Pick<Snapshot, 'away'>): string[] {
  return away.map(
    ({ part, files }) =>
      `The disk of ${part} was away: ${files} files of it are not in this back-up, and not lost. The next one has them, once the disk is back.`,
  );
}

/** Path of the file that makes a snapshot one: it is written last. */
export function snapshotPath(name: string): string {
  return `${SNAPSHOTS}${name}/snapshot.json`;
}

/** The lines of a manifest as they come, packed into a file. @returns how many, and their bytes */
export async function writeManifest(
  path: string,
  entries: AsyncIterable<BackupEntry>,
): Promise<{ files: number; bytes: number }> {
  let [files, bytes] = [0, 0];
  const lines = async function* (): AsyncIterable<string> {
    for await (const entry of entries) {
      files += 1;
      bytes += entry.sizeBytes;
      yield formatEntry(entry);
    }
  };
  await pipeline(lines(), createGzip(), createWriteStream(path, { flush: true }));
  return { files, bytes };
}

function formatEntry({ area, key, frameId, sizeBytes, sha256, path }: BackupEntry): string {
  const parts = {
    sha256,
    size: sizeBytes,
    key,
    ...(area === 'frames' ? {} : { area }),
    ...(frameId === undefined ? {} : { frame: frameId }),
    ...(path === usualPath({ area, key }) ? {} : { path }),
  };
  return `${JSON.stringify(parts)}\n`;
}

/**
 * The files of a snapshot, in the order in which it wrote them: that of the bytes of their usual paths.
 *
 * @throws 'damaged' if the manifest is not what was written, at its end at the latest
 */
export async function* readManifest(
  target: BackupTarget,
  snapshot: Snapshot,
): AsyncIterable<BackupEntry> {
  const { path, sha256 } = snapshot.manifest;
  const damaged = (): AppError =>
    new AppError('damaged', `The manifest of back-up ${snapshot.name} is damaged.`);
  const packed = await target.read(path);
  // Read twice: what a damaged manifest says must not be believed for a moment.
  if ((await sha256Of(packed)) !== sha256) throw damaged();
  let files = 0;
  for await (const entry of readManifestFile(await target.read(path))) {
    files += 1;
    yield entry;
  }
  if (files !== snapshot.files) throw damaged();
}

/** The lines of a packed manifest. @throws 'damaged' */
export async function* readManifestFile(packed: Readable): AsyncIterable<BackupEntry> {
  const gunzip = createGunzip();
  let fault: unknown;
  const done = pipeline(packed, gunzip).catch((error: unknown) => {
    fault = error;
  });
  for await (const line of createInterface({ input: gunzip, crlfDelay: Infinity })) {
    yield parseEntry(line);
  }
  await done;
  if (fault !== undefined) {
    throw new AppError('damaged', 'A manifest of the back-up cannot be read.', {}, fault);
  }
}

function parseEntry(line: string): BackupEntry {
  const { sha256, size, key, area, frame, path } = JSON.parse(line) as Record<string, unknown>;
  if (typeof sha256 !== 'string' || typeof size !== 'number' || typeof key !== 'string') {
    throw new AppError('damaged', 'A line of a manifest cannot be read.');
  }
  const where = { area: AREAS.find((each) => each === area) ?? 'frames', key };
  return {
    ...where,
    ...(typeof frame === 'number' ? { frameId: frame } : {}),
    sizeBytes: size,
    sha256,
    path: typeof path === 'string' ? path : usualPath(where),
  };
}

/** A local file as something to be written to a target. */
export async function sourceOf(path: string, sizeBytes: number): Promise<BackupSource> {
  const open = (): Promise<Readable> =>
    Promise.resolve(createReadStream(path, { highWaterMark: 1024 * 1024 }));
  return { sizeBytes, sha256: await sha256Of(await open()), open };
}
