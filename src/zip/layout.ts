import {
  centralHeader,
  centralHeaderBytes,
  endRecords,
  localHeader,
  localHeaderBytes,
  type ZipEntry,
} from './records.js';

export type { ZipEntry } from './records.js';

/** A run of the bytes of a zip: given, or to be read from a member. */
export type ZipPart =
  | { readonly bytes: Uint8Array }
  /** Bytes [start, end) of member `entry`, counted from 0. */
  | { readonly entry: number; readonly start: number; readonly end: number };

/**
 * Where every byte of a zip is, before any is read. The same members make the same bytes, so that a
 * broken download goes on where it stopped. About 16 bytes of memory for each member.
 */
export interface ZipLayout {
  readonly sizeBytes: number;
  /** The parts of bytes [start, end) in order, found without looking at what is before. */
  parts(range: { readonly start: number; readonly end: number }): Iterable<ZipPart>;
}

/** Entries of the central directory are given in runs of about so many bytes. */
export const RUN_BYTES = 16_384;

/** Entries laid out before others have their turn on the event loop: a few milliseconds. */
const AT_ONCE = 2048;

/**
 * Lays out a zip of stored members in one folder, with ZIP64 records where sizes, places or numbers
 * need them (APPNOTE.TXT 6.3.10 §4.4.1.4).
 *
 * @param entries kept, not copied; their names are distinct
 */
export async function createZipLayout(
  entries: readonly ZipEntry[],
  folder: string,
): Promise<ZipLayout> {
  const pathOf = (entry: ZipEntry): string => `${folder}/${entry.name}`;
  // Local headers and members, then the central directory: each list ends with where it ends.
  const starts = new Float64Array(entries.length + 1);
  const central = new Float64Array(entries.length + 1);
  let [at, directoryBytes] = [0, 0];
  const folderBytes = Buffer.byteLength(folder) + 1;
  for (const [index, entry] of entries.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await new Promise(setImmediate);
    const nameBytes = folderBytes + Buffer.byteLength(entry.name);
    starts[index] = at;
    central[index] = directoryBytes;
    directoryBytes += centralHeaderBytes(nameBytes, entry, at);
    at += localHeaderBytes(nameBytes, entry) + entry.sizeBytes;
  }
  starts[entries.length] = at;
  central[entries.length] = directoryBytes;
  const end = endRecords({ entries: entries.length, offset: at, sizeBytes: directoryBytes });

  function* members(start: number, stop: number): Generator<ZipPart> {
    for (let index = lastAtOrBefore(starts, start); index < entries.length; index += 1) {
      const entry = entries[index];
      const offset = starts[index];
      if (entry === undefined || offset === undefined || offset >= stop) return;
      const header = localHeader(entry, pathOf(entry));
      const content = offset + header.length;
      if (start < content) yield { bytes: cut(header, start - offset, stop - offset) };
      const from = Math.max(0, start - content);
      const to = Math.min(entry.sizeBytes, stop - content);
      if (to > from) yield { entry: index, start: from, end: to };
    }
  }

  /** Positions are counted from the start of the directory. */
  function* directory(start: number, stop: number): Generator<ZipPart> {
    let run: Buffer[] = [];
    let first = lastAtOrBefore(central, start);
    let length = 0;
    for (let index = first; index < entries.length && (central[index] ?? 0) < stop; index += 1) {
      const entry = entries[index];
      if (entry === undefined) break;
      const header = centralHeader(entry, pathOf(entry), starts[index] ?? 0);
      run.push(header);
      length += header.length;
      if (length < RUN_BYTES) continue;
      const offset = central[first] ?? 0;
      yield { bytes: cut(Buffer.concat(run), start - offset, stop - offset) };
      [run, first, length] = [[], index + 1, 0];
    }
    const offset = central[first] ?? 0;
    if (length > 0) yield { bytes: cut(Buffer.concat(run), start - offset, stop - offset) };
  }

  const endOffset = at + directoryBytes;
  return {
    sizeBytes: endOffset + end.length,
    *parts(range) {
      const start = Math.max(0, range.start);
      const stop = Math.min(range.end, endOffset + end.length);
      if (start >= stop) return;
      if (start < at) yield* members(start, stop);
      if (start < endOffset && stop > at) yield* directory(Math.max(0, start - at), stop - at);
      if (stop > endOffset) yield { bytes: cut(end, start - endOffset, stop - endOffset) };
    },
  };
}

/** Bytes [start, end) of those there are. */
function cut(bytes: Buffer, start: number, end: number): Uint8Array {
  return bytes.subarray(Math.max(0, start), Math.max(0, end));
}

/** Index of the last of the ascending values that is not above `value`; values[0] is 0. */
function lastAtOrBefore(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((values[middle] ?? Infinity) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
