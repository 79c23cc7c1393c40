import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AppError } from '../lib/errors.js';
import type { Fingerprint } from '../lib/hash.js';

type Algorithm = 'md5' | 'sha256';

/** Headers by which a client says what the bytes must add up to: of a request, or of one of its parts. */
const HEADERS: readonly (readonly [header: string, algorithm: Algorithm, bytes: number])[] = [
  ['Content-MD5', 'md5', 16], // RFC 1864
  ['X-Checksum-SHA256', 'sha256', 32],
];

/** Sums as hexadecimal digits, by algorithm. */
export type Sums = Readonly<Partial<Record<Algorithm, string>>>;

/**
 * The sums that a client has sent along, in hexadecimal digits or base64.
 *
 * @param header gives the value of a header, undefined if it was not sent
 * @throws 'bad_request' for one that cannot be read: it must not pass for none
 */
export function readSums(header: (name: string) => string | undefined): Sums {
  const sums: Partial<Record<Algorithm, string>> = {};
  for (const [name, algorithm, bytes] of HEADERS) {
    const text = header(name)?.trim();
    if (text === undefined) continue;
    const isHex = new RegExp(`^[0-9a-f]{${bytes * 2}}$`, 'i').test(text);
    const value = isHex ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
    if (value.length !== bytes || (!isHex && !isBase64(text))) {
      const message = `${name} cannot be read: it takes ${bytes} bytes as hexadecimal digits or base64.`;
      throw new AppError('bad_request', message);
    }
    sums[algorithm] = value.toString('hex');
  }
  return sums;
}

/** Buffer.from leaves out what is no base64, instead of refusing it. */
function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0;
}

/** The sum that is not that of the bytes; undefined if all of them are. */
export function findMismatch(sums: Sums, found: Pick<Fingerprint, Algorithm>): string | undefined {
  const wrong = HEADERS.find(([, algorithm]) => {
    const sum = sums[algorithm];
    return sum !== undefined && sum !== found[algorithm];
  });
  return wrong?.[0];
}

/** The error for bytes that are not those that were sent. */
export function badSum(header: string): AppError {
  const message = `The bytes that arrived are not those of ${header}. They were not stored: send them again.`;
  return new AppError('bad_request', message);
}

/**
 * Sums of a body as it is read by somebody else, only of those algorithms that were asked for.
 *
 * @returns takes the sums once the body has ended
 */
export function sumBody(body: Readable, wanted: Sums): () => Sums {
  const hashes = HEADERS.filter(([, algorithm]) => wanted[algorithm] !== undefined).map(
    ([, algorithm]) => [algorithm, createHash(algorithm)] as const,
  );
  if (hashes.length > 0) {
    body.on('data', (chunk: Buffer) => {
      for (const [, hash] of hashes) hash.update(chunk);
    });
  }
  return () => Object.fromEntries(hashes.map(([name, hash]) => [name, hash.digest('hex')]));
}
