import type { Request } from 'express';
import type { Readable, Writable } from 'node:stream';
import { AppError } from '../lib/errors.js';
import { LIMITS } from './limits.js';

/** Headers of one part of a form; names in small letters, the last of several counts. */
export type PartHeaders = ReadonlyMap<string, string>;

/** What the parser of forms does not tell: the headers of each part, and the parts it leaves out. */
export interface PartWatch {
  /** To be called before the parser gets its first byte. */
  listen(parser: Writable): void;
  /** Headers of the file part that has just begun. */
  headers(): PartHeaders;
  /** Parts with content that are no field and no named file: they would be lost without a word. */
  faults(): readonly AppError[];
}

/** What a FITS file begins with: a field that does is a file part without its name. */
const FITS_START = 'SIMPLE  =';
/** After so many there is no need to tell more. */
const MAX_FAULTS = 20;

/** Watches the body of a form as it is read by somebody else. */
export function watchParts(req: Request): PartWatch {
  const faults: AppError[] = [];
  const refuse = (what: string): void => {
    if (faults.length < MAX_FAULTS) faults.push(new AppError('bad_request', what));
  };
  // The parser tells of files and fields in the order of the parts, and of nothing else.
  const told: PartHeaders[] = [];
  let current: PartHeaders = new Map();
  const read = createPartReader(boundaryOf(req), (headers) => {
    if (/^\s*form-data\b/i.test(headers.get('content-disposition') ?? '')) told.push(headers);
    else refuse('A part has no `Content-Disposition: form-data` and was not stored.');
  });
  req.on('data', read);

  return {
    listen(parser) {
      parser.prependListener('file', (_name: unknown, stream: Readable, info: FileInfo) => {
        current = told.shift() ?? new Map();
        if (info.filename) return;
        // Browsers send an empty one where no file was chosen.
        stream.once('data', () => {
          refuse('A file has no name and was not stored: give its part a `filename`.');
        });
      });
      parser.prependListener('field', (name: unknown, value: unknown) => {
        told.shift();
        if (typeof value !== 'string' || !value.startsWith(FITS_START)) return;
        const field = typeof name === 'string' ? name : '';
        refuse(`The field '${field}' holds a FITS file, not stored: give its part a \`filename\`.`);
      });
    },
    headers: () => current,
    faults() {
      if (told.length > 0) refuse('A part has a Content-Disposition that cannot be read.');
      told.length = 0;
      return faults;
    },
  };
}

interface FileInfo {
  readonly filename?: string;
}

/** The boundary of a multipart body; '' if there is none, and then there are no parts. */
function boundaryOf(req: Request): string {
  const match = /;\s*boundary=(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/i.exec(
    req.headers['content-type'] ?? '',
  );
  return match?.[1]?.replace(/\\(.)/g, '$1') ?? match?.[2] ?? '';
}

const CRLF = Buffer.from('\r\n');
const BLANK_LINE = Buffer.from('\r\n\r\n');

/**
 * Finds the headers of parts in the bytes of a multipart body, RFC 2046 §5.1.1, chunk by chunk. What is
 * between them is only passed over.
 */
export function createPartReader(
  boundary: string,
  onPart: (headers: PartHeaders) => void,
): (chunk: Buffer) => void {
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  let state: 'content' | 'delimiter' | 'headers' | 'end' = boundary === '' ? 'end' : 'content';
  // The first delimiter needs no line before it.
  let held: Buffer = CRLF;
  // Most chunks are content from end to end: those are looked through without being copied.
  const isAllContent = (chunk: Buffer): boolean => {
    if (state !== 'content' || chunk.length < delimiter.length) return false;
    const seam = Buffer.concat([held, chunk.subarray(0, delimiter.length - 1)]);
    return !seam.includes(delimiter) && !chunk.includes(delimiter);
  };
  return (chunk) => {
    if (state === 'end') return;
    if (isAllContent(chunk)) {
      held = Buffer.from(chunk.subarray(chunk.length - delimiter.length + 1));
      return;
    }
    const data = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    for (;;) {
      if (state === 'content') {
        const found = data.indexOf(delimiter, at);
        if (found < 0) {
          held = Buffer.from(data.subarray(Math.max(at, data.length - delimiter.length + 1)));
          return;
        }
        at = found + delimiter.length;
        state = 'delimiter';
      }
      if (state === 'delimiter') {
        if (data.length < at + 2) break;
        const after = data.toString('latin1', at, at + 2);
        state = after === '--' ? 'end' : after === '\r\n' ? 'headers' : 'content';
        if (state === 'end') return;
        if (state === 'content') continue;
      }
      // The line end of the delimiter may be the one before the blank line.
      const end = data.indexOf(BLANK_LINE, at);
      if (end < 0) {
        if (data.length - at > LIMITS.partHeaderBytes) state = 'end'; // the parser refuses it
        break;
      }
      onPart(parseHeaders(data.toString('utf8', at + 2, end)));
      at = end + 2; // what ends the headers may begin the next delimiter
      state = 'content';
    }
    held = Buffer.from(data.subarray(at));
  };
}

function parseHeaders(text: string): PartHeaders {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}
