import type { Readable } from 'node:stream';
import type { Shelf } from './shelf.js';
import type { Intent, IntendedFile } from './intents.js';
import type { FileTimes } from './plain-file.js';

/** A stored file as it is listed. */
export interface ListedFile {
  readonly key: string;
  readonly sizeBytes: number;
}

/** Something among the files that is none of the archive's. */
export interface PassedOver {
  readonly key: string;
  /** What it is, for people. */
  readonly text: string;
}

/** Where the bytes of frames lie. Keys are relative paths with `/` between the parts. */
export interface Store {
  /** Folder for files that are not stored yet, in the file system of the store. */
  readonly spoolDir: string;
  /** Folder for what the archive keeps of itself beside the frames, such as its lock. */
  readonly stateDir: string;
  /** Where the files of deleted frames lie. */
  readonly shelf: Shelf;
  /**
   * Takes the spooled file over as `key`. All or nothing; durable once resolved. On failure the
   * spooled file is left alone, and removing it stays with the caller.
   * @throws 'key_exists' (never overwrites), 'path_escapes', 'header_invalid', 'store_full',
   *         'store_unavailable'
   */
  put(key: string, spooledPath: string): Promise<void>;
  /** As `put`, over a file that is missing or damaged: at no time is there neither of them. */
  replace(key: string, spooledPath: string): Promise<void>;
  /** Bytes [start, end) of `key`, default all. @throws 'not_found' before the first byte */
  read(key: string, range?: { readonly start: number; readonly end: number }): Promise<Readable>;
  /**
   * The same for sending: quicker, but each run is good only until the next one is asked for.
   * @throws 'not_found' at once; 'damaged' if the file ends before `end`
   */
  runs(
    key: string,
    range: { readonly start: number; readonly end: number },
  ): Promise<AsyncIterable<Uint8Array>>;
  /** What is there but no plain file has no bytes. @returns undefined if there is nothing */
  stat(key: string): Promise<FileTimes | undefined>;
  /** Path of a local file with the bytes of `key`. @throws 'not_found' */
  localPath(key: string): Promise<string>;
  /** Removing a missing key succeeds. Empty folders above it go too. */
  remove(key: string): Promise<void>;
  /**
   * Every stored file below `prefix` (a folder or ''), in no order.
   *
   * @param onOther told of what is passed over: links, which are not followed, and what is no file
   * @throws 'store_unavailable' also if the disk of a part of it is away: half a list says nothing
   */
  list(prefix: string, onOther?: (other: PassedOver) => void): AsyncIterable<ListedFile>;
  /**
   * Resolves if the store can be reached and written; also what asks first if the whole archive is
   * there before rows are changed. @throws 'store_full', 'store_unavailable'
   */
  check(): Promise<void>;
  /**
   * Makes sure that the disk keeps room for what an archive needs to live on: changes of its journal,
   * and of the catalogue that usually lies on the same disk. Else not even a delete would go through.
   * @throws 'store_full', 'store_unavailable'
   */
  requireRoom(): Promise<void>;
  /**
   * To be called before files are put that have no row yet, and before rows go whose files are to be
   * removed; `done` when both agree again. @throws 'store_full', 'store_unavailable'
   */
  intend(files: readonly IntendedFile[]): Promise<Intent>;
  /** As `intend`, for files that are stored already and are to be removed. Needs no room on the disk. */
  intendRemoval(keys: readonly string[]): Promise<Intent>;
  /**
   * Ends what an earlier process left unfinished: empties the spool, and removes the files of its
   * intents to which no row refers. What belongs to another process that is alive stays.
   *
   * @param isKnown whether some row refers to a key
   */
  sweep(isKnown: (key: string) => Promise<boolean>): Promise<Swept>;
}

/** Numbers of files. */
export interface Swept {
  /** Uploads that were not finished. */
  readonly unfinished: number;
  /** Files that lay in the tree without a row. */
  readonly orphans: number;
}
