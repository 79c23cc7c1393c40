import { AppError } from '../lib/errors.js';

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
    test: starts(0x1f, 0x8b),
    code: 'fits_unsupported',
    text: 'is compressed with gzip twice; expand it first',
  },
  {
    test: starts(0x42, 0x5a, 0x68),
    code: 'fits_unsupported',
    text: 'is compressed with bzip2, which is not read; expand it, or use gzip or fpack',
  },
  {
    test: starts(0x1f, 0x9d),
    code: 'fits_unsupported',
    text: 'is compressed with Unix compress, which is not read; expand it, or use gzip or fpack',
  },
  {
    test: starts(0xfd, 0x37, 0x7a, 0x58, 0x5a),
    code: 'fits_unsupported',
    text: 'is compressed with xz, which is not read; expand it, or use gzip or fpack',
  },
  {
    test: starts(0x28, 0xb5, 0x2f, 0xfd),
    code: 'fits_unsupported',
    text: 'is compressed with Zstandard, which is not read; expand it, or use gzip or fpack',
  },
  {
    test: starts(0x50, 0x4b, 0x03, 0x04),
    code: 'fits_unsupported',
    text: 'is a zip archive; upload the files in it',
  },
  {
    test: (start) => start.readUInt32LE(0) === 0x5555aaaa || start.readUInt32BE(0) === 0x5555aaaa,
    code: 'fits_unsupported',
    text: 'is an ANA image, not FITS',
  },
];

/** True if the file starts as FITS does. FITS Standard 4.0 §4.4.1.1: SIMPLE comes first. */
export function startsWithFits(start: Uint8Array): boolean {
  return /^SIMPLE *=/.test(Buffer.from(start).toString('latin1', 0, 16));
}

/** True for gzip, RFC 1952 §2.3.1. */
export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

/**
 * The error to throw for a file that is not FITS: what it seems to be, in a sentence for people.
 *
 * @param start the first bytes of the file, up to 512
 * @param place said after "The file", such as "inside gzip"
 */
export function describeContent(start: Uint8Array, place = ''): AppError {
  const buffer = Buffer.from(start);
  const text = buffer.toString('latin1');
  const padded = Buffer.concat([buffer, Buffer.alloc(4)]);
  const who = place === '' ? 'The file' : `The file ${place}`;
  const kind = KINDS.find((one) => one.test(buffer.length === 0 ? buffer : padded, text));
  if (kind !== undefined) return new AppError(kind.code, `${who} ${kind.text}.`);
  const shown = text.slice(0, 24).replace(/[^\x20-\x7e]/g, '?');
  return new AppError('fits_invalid', `${who} is not FITS: it starts with "${shown}".`);
}
