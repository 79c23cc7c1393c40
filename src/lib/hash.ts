import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';

/** What identifies the bytes of a file. */
export interface Fingerprint {
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly md5: string;
  readonly crc32: number;
}

/** Takes bytes in order and tells their fingerprint at the end. */
export interface Meter {
  add(bytes: Uint8Array): void;
  /** Once only. */
  fingerprint(): Fingerprint;
}

export function createMeter(): Meter {
  const sha256 = createHash('sha256');
  const md5 = createHash('md5');
  let checksum = 0;
  let sizeBytes = 0;
  return {
    add(bytes) {
      sha256.update(bytes);
      md5.update(bytes);
      checksum = crc32(bytes, checksum);
      sizeBytes += bytes.length;
    },
    fingerprint: () => ({
      sizeBytes,
      sha256: sha256.digest('hex'),
      md5: md5.digest('hex'),
      crc32: checksum,
    }),
  };
}

/** The fingerprint of a file on this machine. */
export async function fingerprintOf(path: string): Promise<Fingerprint> {
  const meter = createMeter();
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    meter.add(chunk as Uint8Array);
  }
  return meter.fingerprint();
}

/** SHA-256 of bytes that come in pieces, hexadecimal. */
export async function sha256Of(pieces: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece as Uint8Array);
  return hash.digest('hex');
}
