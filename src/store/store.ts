import type { Readable } from 'node:stream';

/** Where the bytes of frames lie. Keys are relative paths with `/` between the parts. */
export interface Store {
  /** Folder for files that are not stored yet, in the file system of the store. */
  readonly spoolDir: string;
  /** Folder for what the archive keeps of itself beside the frames, such as its lock. */
  readonly stateDir: string;
  /**
   * Takes the spooled file over as `key`. All or nothing; durable once resolved. On failure the
   * spooled file is left alone, and removing it stays with the caller.
   * @throws 'key_exists' (never overwrites), 'path_escapes', 'store_full', 'store_unavailable'
   */
  put(key: string, spooledPath: string): Promise<void>;
  /** Bytes [start, end) of `key`, default all. @throws 'not_found' before the first byte */
  read(key: string, range?: { readonly start: number; readonly end: number }): Promise<Readable>;
  stat(
    key: string,
  ): Promise<{ readonly sizeBytes: number; readonly modifiedMs: number } | undefined>;
  /** Path of a local file with the bytes of `key`. @throws 'not_found' */
  localPath(key: string): Promise<string>;
  /** Removing a missing key succeeds. Empty folders above it go too. */
  remove(key: string): Promise<void>;
  /** Every stored file below `prefix` (a folder or ''), in no order. */
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly sizeBytes: number }>;
  /** Resolves if the store can be reached and written. @throws 'store_full', 'store_unavailable' */
  check(): Promise<void>;
  /** Removes what an earlier process left in the spool. @returns number of files removed */
  sweep(): Promise<number>;
}
