/**
 * The records of a zip file whose members are stored as they are. The numbers of sections are those
 * of PKWARE's APPNOTE.TXT 6.3.10.
 */

/** A member of a zip, all of it known before a byte is written. */
export interface ZipEntry {
  /** Without folder. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly modifiedMs: number;
}

/** A number that does not fit, or just fills, its 32 bits stands in the ZIP64 field (§4.4.1.4). */
const FULL_32 = 0xffffffff;
const FULL_16 = 0xffff;

const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
/** Field `UT` with one instant: exact and in UTC, which the DOS time of unzip programs is not. */
const INSTANT_BYTES = 9;
const ZIP64_HEAD_BYTES = 4;

/** Written on Unix, so that the permissions below are read. */
const MADE_BY = (3 << 8) | 45;
const PLAIN_FILE = (0o100644 << 16) >>> 0;
/** Names are UTF-8 (bit 11 of §4.4.4). */
const UTF8_NAMES = 0x0800;
const [VERSION_PLAIN, VERSION_ZIP64] = [20, 45] as const;

/** Length of the header before the bytes of a member. */
export function localHeaderBytes(nameBytes: number, entry: ZipEntry): number {
  return LOCAL_BYTES + nameBytes + zip64Bytes(localValues(entry)) + INSTANT_BYTES;
}

/** Length of the entry of a member in the central directory. */
export function centralHeaderBytes(nameBytes: number, entry: ZipEntry, offset: number): number {
  return CENTRAL_BYTES + nameBytes + zip64Bytes(centralValues(entry, offset)) + INSTANT_BYTES;
}

/** The header before the bytes of a member, §4.3.7. @param path with the folder */
export function localHeader(entry: ZipEntry, path: string): Buffer {
  const values = localValues(entry);
  const nameBytes = Buffer.byteLength(path);
  const header = Buffer.alloc(localHeaderBytes(nameBytes, entry));
  header.writeUInt32LE(0x04034b50, 0);
  writeCommon(header, 4, { entry, nameBytes, values });
  writeFields(header, LOCAL_BYTES + header.write(path, LOCAL_BYTES), { entry, values });
  return header;
}

/** The entry of a member in the central directory, §4.3.12. @param offset of its local header */
export function centralHeader(entry: ZipEntry, path: string, offset: number): Buffer {
  const values = centralValues(entry, offset);
  const nameBytes = Buffer.byteLength(path);
  const header = Buffer.alloc(centralHeaderBytes(nameBytes, entry, offset));
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(MADE_BY, 4);
  writeCommon(header, 6, { entry, nameBytes, values });
  header.writeUInt32LE(PLAIN_FILE, 38);
  header.writeUInt32LE(Math.min(offset, FULL_32), 42);
  writeFields(header, CENTRAL_BYTES + header.write(path, CENTRAL_BYTES), { entry, values });
  return header;
}

interface Fields {
  readonly entry: ZipEntry;
  readonly values: readonly number[];
}

/** What both headers have: version, flags, method, time, sum, sizes and lengths, in this order. */
function writeCommon(
  header: Buffer,
  at: number,
  { entry, nameBytes, values }: Fields & { readonly nameBytes: number },
): void {
  const { date, time } = toDosTime(entry.modifiedMs);
  const size = Math.min(entry.sizeBytes, FULL_32);
  header.writeUInt16LE(values.length > 0 ? VERSION_ZIP64 : VERSION_PLAIN, at);
  header.writeUInt16LE(UTF8_NAMES, at + 2);
  header.writeUInt16LE(0, at + 4); // stored
  header.writeUInt16LE(time, at + 6);
  header.writeUInt16LE(date, at + 8);
  header.writeUInt32LE(entry.crc32, at + 10);
  header.writeUInt32LE(size, at + 14);
  header.writeUInt32LE(size, at + 18);
  header.writeUInt16LE(nameBytes, at + 22);
  header.writeUInt16LE(zip64Bytes(values) + INSTANT_BYTES, at + 24);
}

/** A local header has both sizes in the ZIP64 field, or none of them (§4.5.3). */
function localValues({ sizeBytes }: ZipEntry): readonly number[] {
  return sizeBytes >= FULL_32 ? [sizeBytes, sizeBytes] : [];
}

/** The central directory has only what does not fit, in the order of §4.5.3. */
function centralValues(entry: ZipEntry, offset: number): readonly number[] {
  const sizes = localValues(entry);
  return offset >= FULL_32 ? [...sizes, offset] : sizes;
}

function zip64Bytes(values: readonly number[]): number {
  return values.length === 0 ? 0 : ZIP64_HEAD_BYTES + 8 * values.length;
}

/**
 * What follows the name: the numbers that do not fit, and the extended timestamp with the time of
 * modification alone, in seconds, 32 bits with a sign.
 */
function writeFields(header: Buffer, at: number, { entry, values }: Fields): void {
  if (values.length > 0) {
    header.writeUInt16LE(0x0001, at);
    header.writeUInt16LE(8 * values.length, at + 2);
    values.forEach((value, index) => {
      header.writeBigUInt64LE(BigInt(value), at + ZIP64_HEAD_BYTES + 8 * index);
    });
  }
  const instant = at + zip64Bytes(values);
  const seconds = Math.min(Math.max(0, Math.floor(entry.modifiedMs / 1000)), 0x7fffffff);
  header.write('UT', instant, 'latin1');
  header.writeUInt16LE(INSTANT_BYTES - 4, instant + 2);
  header.writeUInt8(1, instant + 4);
  header.writeInt32LE(seconds, instant + 5);
}

/** Date and time of §4.4.6, of the instant in UTC: the same wherever the archive stands. */
function toDosTime(ms: number): { date: number; time: number } {
  const at = new Date(Math.min(Math.max(ms, DOS_FIRST_MS), DOS_LAST_MS));
  const date =
    ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return { date, time };
}

const DOS_FIRST_MS = Date.UTC(1980, 0, 1);
const DOS_LAST_MS = Date.UTC(2107, 11, 31, 23, 59, 58);

/** Where the central directory is. */
export interface Directory {
  readonly entries: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What ends the file: §4.3.16, and where that does not suffice, §4.3.14 and §4.3.15 before it. */
export function endRecords(directory: Directory): Buffer {
  const { entries, offset, sizeBytes } = directory;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(entries, FULL_16), 8);
  end.writeUInt16LE(Math.min(entries, FULL_16), 10);
  end.writeUInt32LE(Math.min(sizeBytes, FULL_32), 12);
  end.writeUInt32LE(Math.min(offset, FULL_32), 16);
  const fits = entries < FULL_16 && sizeBytes < FULL_32 && offset < FULL_32;
  return fits ? end : Buffer.concat([zip64End(directory), zip64Locator(directory), end]);
}

function zip64End({ entries, offset, sizeBytes }: Directory): Buffer {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4); // length of what follows
  record.writeUInt16LE(MADE_BY, 12);
  record.writeUInt16LE(VERSION_ZIP64, 14);
  record.writeBigUInt64LE(BigInt(entries), 24);
  record.writeBigUInt64LE(BigInt(entries), 32);
  record.writeBigUInt64LE(BigInt(sizeBytes), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  return record;
}

function zip64Locator({ offset, sizeBytes }: Directory): Buffer {
  const record = Buffer.alloc(20);
  record.writeUInt32LE(0x07064b50, 0);
  record.writeBigUInt64LE(BigInt(offset + sizeBytes), 8);
  record.writeUInt32LE(1, 16); // number of disks
  return record;
}
