import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { Config } from '../config/index.js';
import { AppError } from '../lib/errors.js';
import { openFolderTarget } from './backup-target-folder.js';

/** Bytes on their way to a target. */
export interface BackupSource {
  readonly sizeBytes: number;
  readonly sha256: string;
  /** May be called again after a failure. */
  readonly open: () => Promise<Readable>;
}

/** Where back-ups lie. Paths are relative, with `/` between the parts. */
export interface BackupTarget {
  /** For people; no secrets. */
  readonly name: string;
  /** Every file whose path begins with `prefix`, in the order of the bytes of the paths. */
  list(prefix: string): AsyncIterable<TargetFile>;
  stat(path: string): Promise<TargetFile | undefined>;
  /** @throws 'not_found' before the first byte */
  read(path: string): Promise<Readable>;
  /**
   * Writes a file whole or not at all, and makes sure that what lies there then has the SHA-256.
   * @throws 'damaged' if the source is not what it should be, 'key_exists' if there is such a file
   *         and the target can tell, 'store_full', 'store_unavailable'
   */
  write(path: string, source: BackupSource): Promise<void>;
  /** Removing what is missing succeeds. */
  remove(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface TargetFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * Opens `s3://bucket/prefix`, or a folder, which must be there: one that is made where a disk should
 * be mounted would be filled instead of it.
 *
 * @throws 'bad_request' if it is neither, 'not_found' if it is not there, 'store_unavailable'
 */
export async function openTarget(address: string, config: Config): Promise<BackupTarget> {
  const s3 = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(address);
  if (s3 === null) {
    if (/^[a-z0-9+]+:\/\//i.test(address)) {
      const message = `Back-ups go to a folder or to s3://bucket/prefix, not to '${address}'.`;
      throw new AppError('bad_request', message);
    }
    return openFolderTarget(address);
  }
  // Loaded only where it is used: it costs start time and memory.
  const { openS3Target } = await import('./backup-target-s3.js');
  return openS3Target(
    { bucket: s3[1] ?? '', prefix: (s3[2] ?? '').replace(/^\/+|\/+$/g, '') },
    config,
  );
}

/** One spelling for each target: an absolute path, or an address without slashes at its end. */
export function normalizeAddress(address: string): string {
  if (address === '') return '';
  return address.startsWith('s3://') ? address.replace(/\/+$/, '') : resolve(address);
}

/** Order of paths by their bytes, as S3 and SQLite have it; JavaScript compares UTF-16 units. */
export function comparePaths(a: string, b: string): number {
  if (/^[\u0000-\u007f]*$/.test(a) && /^[\u0000-\u007f]*$/.test(b))
    return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
