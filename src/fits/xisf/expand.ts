import { pipeline } from 'node:stream/promises';
import { createInflate } from 'node:zlib';
import { AppError, isAborted, systemCode } from '../../lib/errors.js';
import type { XisfCompression } from '../types.js';

/** A compressed part of a block: where its bytes come from and what it becomes. */
export interface PackedPart {
  readonly codec: XisfCompression['codec'];
  readonly packedBytes: number;
  readonly expandedBytes: number;
  /** Bytes [start, end) of the part as it is kept. */
  read(start: number, end: number): Promise<Uint8Array>;
}

const READ_BYTES = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** Most times its own size that a codec can expand anything to. RFC 1951 §3.2; LZ4 block format. */
const MAX_RATIO: Readonly<Record<XisfCompression['codec'], number>> = {
  zlib: 1040,
  lz4: 255,
  lz4hc: 255,
  zstd: 0,
};

/**
 * Refuses a part that claims to become more than its codec can make of its bytes, or to have been
 * far less before, so that a claim alone never takes memory.
 *
 * @throws 'fits_invalid', or 'fits_unsupported' for zstd
 */
export function checkPart({ codec, packedBytes, expandedBytes }: Omit<PackedPart, 'read'>): void {
  if (codec === 'zstd') {
    const text =
      'The XISF image is compressed with zstd, which is not read; save it with lz4 or zlib.';
    throw new AppError('fits_unsupported', text);
  }
  const isPossible = expandedBytes <= packedBytes * MAX_RATIO[codec] + 64;
  if (isPossible && packedBytes <= expandedBytes * 1.1 + 4096) return;
  throw damaged(`${packedBytes} bytes cannot expand to ${expandedBytes}`);
}

/**
 * The bytes a part expands to, exactly as many as it claims. XISF 1.0 §10.6.
 *
 * @param target where to, if there is a place for them already; else they get one of their own
 * @throws 'fits_invalid' if the part is damaged or does not have the length it claims
 */
export async function expandPart(part: PackedPart, target?: Uint8Array): Promise<Uint8Array> {
  checkPart(part);
  if (part.codec === 'zlib') return inflate(part, target ?? new Uint8Array(part.expandedBytes));
  const expanded = await unpackLz4(part);
  target?.set(expanded);
  return target ?? expanded;
}

async function inflate(part: PackedPart, expanded: Uint8Array): Promise<Uint8Array> {
  let filled = 0;
  const collect = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      if (filled + chunk.length > expanded.length) throw damaged('it is longer than it claims');
      expanded.set(chunk, filled);
      filled += chunk.length;
    }
  };
  try {
    await pipeline(() => eachPiece(part), createInflate({ chunkSize: CHUNK_BYTES }), collect);
  } catch (error) {
    if (systemCode(error)?.startsWith('Z_') === true) throw damaged('it is not zlib', error);
    // Bytes after the end of the stream stop the pipeline, but harm nothing.
    const isWhole = filled === expanded.length && isAborted(error);
    if (!isWhole) throw error;
  }
  if (filled < expanded.length) throw damaged('it is shorter than it claims');
  return expanded;
}

async function* eachPiece(part: PackedPart): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < part.packedBytes; at += READ_BYTES) {
    yield await part.read(at, Math.min(at + READ_BYTES, part.packedBytes));
  }
}

/** The library wants the expanded length in front of the block, four bytes, little-endian. */
async function unpackLz4(part: PackedPart): Promise<Uint8Array> {
  const uncompress = await loadLz4();
  const sized = Buffer.allocUnsafe(4 + part.packedBytes);
  sized.writeUInt32LE(part.expandedBytes, 0);
  sized.set(await part.read(0, part.packedBytes), 4);
  let expanded: Uint8Array;
  try {
    expanded = await uncompress(sized);
  } catch (error) {
    throw damaged('it is not LZ4', error);
  }
  if (expanded.length !== part.expandedBytes) throw damaged('it is shorter than it claims');
  return new Uint8Array(expanded.buffer, expanded.byteOffset, expanded.byteLength);
}

/** Loaded when first needed: where there is no binary for the machine, all else still works. */
async function loadLz4(): Promise<(data: Uint8Array) => Promise<Uint8Array>> {
  try {
    const { default: lz4 } = await import('lz4-napi');
    return (data) => lz4.uncompress(data);
  } catch (error) {
    const text = 'The XISF image is compressed with LZ4, which this machine has no library for.';
    throw new AppError('fits_unsupported', text, {}, error);
  }
}

function damaged(what: string, cause?: unknown): AppError {
  return new AppError(
    'fits_invalid',
    `The block of the XISF image is damaged: ${what}.`,
    {},
    cause,
  );
}
