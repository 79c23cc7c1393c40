import { crc32 } from 'node:zlib';
import { fromRandomAccessReaderPromise, RandomAccessReader } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { AppError, hasCode, systemCode } from '../lib/errors.js';
import { deflatedChunks, fileChunks } from './chunks.js';
import { formatOf } from './magic.js';
import { openPlainSource } from './plain-source.js';
import type { ByteSource } from './types.js';

const MAX_MEMBERS = 100;
const STORED = 0;
const DEFLATED = 8;
const START_BYTES = 512;

/** The member of a zip archive that is read: where its data are, and what they should become. */
interface Member {
  readonly name: string;
  readonly offset: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly crc: number;
  readonly method: number;
}

/**
 * The content of the one FITS or XISF file in a zip archive (also zip64). Folders and the notes that
 * macOS adds do not count; of several members, one must be FITS or XISF by its content.
 *
 * @throws 'fits_unsupported' for several such files, for encryption and for methods other than
 *         stored and deflated; 'fits_truncated' if the directory at the end is missing;
 *         'fits_invalid' for an empty or damaged archive
 */
export async function* expandZip(path: string): AsyncGenerator<Uint8Array> {
  const member = await findMember(path);
  let length = 0;
  let sum = 0;
  for await (const chunk of memberChunks(path, member)) {
    length += chunk.length;
    sum = crc32(chunk, sum);
    if (length > member.sizeBytes) break;
    yield chunk;
  }
  if (length !== member.sizeBytes || sum !== member.crc) {
    throw new AppError('fits_invalid', 'The file in the zip archive is damaged.');
  }
}

function memberChunks(path: string, member: Member): AsyncGenerator<Uint8Array> {
  const range = { start: member.offset, end: member.offset + member.packedBytes };
  return member.method === STORED ? fileChunks(path, range) : deflatedChunks(path, range);
}

async function findMember(path: string): Promise<Member> {
  const members = await listMembers(path);
  const [only] = members;
  if (only === undefined) throw new AppError('fits_invalid', 'The zip archive has no file in it.');
  if (members.length === 1) return checked(only).member;
  const candidates = [];
  for (const one of members) if (await looksLikeData(path, one)) candidates.push(one);
  const [first, second] = candidates;
  if (first === undefined) {
    const text = `None of the ${members.length} files in the zip archive is FITS.`;
    throw new AppError('fits_invalid', text);
  }
  if (second !== undefined) throw severalFiles(first.member.name, second.member.name);
  return first.member;
}

/** A member, and why it cannot be read if that is so. */
interface Listed {
  readonly member: Member;
  readonly problem: string | undefined;
}

/**
 * Bytes of an archive for yauzl. Its own reader throws where nothing can catch it, and so ends the
 * process, if a damaged archive names a place beyond 2^53.
 */
class ArchiveReader extends RandomAccessReader {
  constructor(private readonly source: ByteSource) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.source.read(position, length).then((bytes) => {
      buffer.set(bytes, offset);
      callback(bytes.length < length ? new Error('unexpected end') : null);
    }, callback);
  }
}

async function listMembers(path: string): Promise<Listed[]> {
  const source = await openPlainSource(path);
  let archive: ZipFile | undefined;
  try {
    // Names are not used as paths, so they need no check.
    const options = { decodeStrings: false, autoClose: false };
    const reader = new ArchiveReader(source);
    archive = await fromRandomAccessReaderPromise(reader, source.sizeBytes, options);
    const members: Listed[] = [];
    let entries = 0;
    for await (const entry of archive.eachEntry()) {
      entries += 1;
      if (entries > MAX_MEMBERS) {
        const text = `The zip archive has more than ${MAX_MEMBERS} entries; upload the FITS files in it.`;
        throw new AppError('fits_unsupported', text);
      }
      const name = entry.fileNameRaw.toString('utf8');
      if (name.endsWith('/') || name.startsWith('__MACOSX/')) continue;
      members.push(await listed(archive, entry, name));
    }
    return members;
  } catch (error) {
    throw zipError(error);
  } finally {
    archive?.close();
    await source.close();
  }
}

async function listed(archive: ZipFile, entry: Entry, name: string): Promise<Listed> {
  const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true });
  const method = entry.compressionMethod;
  const member = {
    name,
    offset: fileDataStart,
    packedBytes: entry.compressedSize,
    sizeBytes: entry.uncompressedSize,
    crc: entry.crc32,
    method,
  };
  if (entry.isEncrypted()) return { member, problem: 'is encrypted' };
  const isRead = method === STORED || method === DEFLATED;
  return { member, problem: isRead ? undefined : `is compressed by method ${method}` };
}

function checked(one: Listed): Listed {
  if (one.problem === undefined) return one;
  const text = `The file in the zip archive ${one.problem}, which is not read; upload the file itself.`;
  throw new AppError('fits_unsupported', text);
}

async function looksLikeData(path: string, one: Listed): Promise<boolean> {
  if (one.problem !== undefined) return false;
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of memberChunks(path, one.member)) {
      parts.push(chunk);
      length += chunk.length;
      if (length >= START_BYTES) break;
    }
  } catch (error) {
    if (!hasCode(error, 'fits_invalid')) throw error; // a damaged note beside the file matters to nobody
  }
  return formatOf(Buffer.concat(parts)) !== undefined;
}

function severalFiles(first: string, second: string): AppError {
  const text = `The zip archive has several FITS files, such as ${shown(first)} and ${shown(second)}; upload them one by one.`;
  return new AppError('fits_unsupported', text);
}

const shown = (name: string): string => `"${name.slice(0, 80).replace(/[^\x20-\x7e]/g, '?')}"`;

/** yauzl tells what is wrong with an archive in words only. */
function zipError(error: unknown): unknown {
  if (hasCode(error, 'fits_unsupported') || systemCode(error) !== undefined) return error;
  const text =
    typeof error === 'object' && error !== null && 'message' in error ? error.message : '';
  if (/end of central directory/i.test(String(text))) {
    return new AppError(
      'fits_truncated',
      'The zip archive is cut off: its directory is missing.',
      {},
      error,
    );
  }
  return new AppError('fits_invalid', 'The zip archive is damaged.', { reason: text }, error);
}
