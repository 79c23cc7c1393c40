import { AppError } from '../lib/errors.js';
import type { Container } from './types.js';

interface Kind {
  readonly test: (start: Buffer, text: string) => boolean;
  readonly code: 'fits_invalid' | 'fits_unsupported';
  readonly text: string;
}

const starts = (...bytes: number[]): Kind['test'] => {
  return (start) => bytes.every((byte, index) => start[index] === byte);
};

const KINDS: readonly Kind[] = [
  {
    test: (start) => start.length === 0,
    code: 'fits_invalid',
    text: 'is empty',
  },
  {
    test: (_, text) => text.startsWith('version https://git-lfs'),
    code: 'fits_invalid',
    text: 'is a Git LFS pointer, not the file it points to',
  },
  {
    test: (_, text) => /^\s*<(?:!doctype html|html|head|body)/i.test(text),
    code: 'fits_invalid',
    text: 'is an HTML page, perhaps an error message saved under the name of a FITS file',
  },
  {
    test: starts(0xef, 0xbb, 0xbf, 0x53, 0x49, 0x4d, 0x50, 0x4c, 0x45),
    code: 'fits_invalid',
    text: 'starts with a text byte order mark: a text program has rewritten it, so its data cannot be trusted',
  },
  {
    test: starts(0xfd, 0x37, 0x7a, 0x58, 0x5a),
    code: 'fits_unsupported',
    text: 'is compressed with xz, which is not read; expand it, or use gzip, bzip2 or fpack',
  },
  {
    test: starts(0x28, 0xb5, 0x2f, 0xfd),
    code: 'fits_unsupported',
    text: 'is compressed with Zstandard, which is not read; expand it, or use gzip, bzip2 or fpack',
  },
  {
    test: (start) => start.readUInt32LE(0) === 0x5555aaaa || start.readUInt32BE(0) === 0x5555aaaa,
    code: 'fits_unsupported',
    text: 'is an ANA image, not FITS',
  },
];

const CONTAINERS: readonly { readonly container: Container; readonly test: Kind['test'] }[] = [
  { container: 'gzip', test: starts(0x1f, 0x8b) }, // RFC 1952 §2.3.1
  { container: 'bzip2', test: (_, text) => /^BZh[1-9]/.test(text) },
  { container: 'compress', test: starts(0x1f, 0x9d) },
  { container: 'zip', test: (_, text) => /^PK(?:\x03\x04|\x05\x06|\x07\x08)/.test(text) },
];

/** What people call a container. */
export const CONTAINER_NAMES: Readonly<Record<Container, string>> = {
  plain: 'plain file',
  gzip: 'gzip',
  bzip2: 'bzip2',
  compress: 'Unix compress',
  zip: 'zip',
};

/** What a file is wrapped in, by its first bytes; 'plain' if it starts as none of the others. */
export function containerOf(start: Uint8Array): Container {
  const bytes = Buffer.from(start);
  const text = bytes.toString('latin1', 0, 16);
  return CONTAINERS.find(({ test }) => test(bytes, text))?.container ?? 'plain';
}

/** What is read of a content, by its first bytes; undefined if it is neither. */
export function formatOf(start: Uint8Array): 'fits' | 'xisf' | undefined {
  const text = Buffer.from(start).toString('latin1', 0, 16);
  if (/^SIMPLE *=/.test(text)) return 'fits'; // FITS Standard 4.0 §4.4.1.1: SIMPLE comes first
  return text.startsWith('XISF0100') ? 'xisf' : undefined; // XISF 1.0 §9.2
}

/**
 * The error to throw for a file that is not FITS: what it seems to be, in a sentence for people.
 *
 * @param start the first bytes of the file, up to 512
 * @param outer what the file was taken out of
 */
export function describeContent(start: Uint8Array, outer: Container = 'plain'): AppError {
  const buffer = Buffer.from(start);
  const text = buffer.toString('latin1');
  const padded = Buffer.concat([buffer, Buffer.alloc(4)]);
  const who = outer === 'plain' ? 'The file' : `The file inside ${CONTAINER_NAMES[outer]}`;
  const inner = containerOf(start);
  if (inner !== 'plain') {
    const text = `${who} is compressed once more, with ${CONTAINER_NAMES[inner]}; expand it first.`;
    return new AppError('fits_unsupported', text);
  }
  const kind = KINDS.find((one) => one.test(buffer.length === 0 ? buffer : padded, text));
  if (kind !== undefined) return new AppError(kind.code, `${who} ${kind.text}.`);
  const shown = text.slice(0, 24).replace(/[^\x20-\x7e]/g, '?');
  return new AppError('fits_invalid', `${who} is not FITS: it starts with "${shown}".`);
}
