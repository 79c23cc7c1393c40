import { pipeline, Transform } from 'node:stream';
import type { StorageEngine } from 'multer';
import type { Spooled } from '../ingest/index.js';
import { AppError, hasCode } from '../lib/errors.js';
import type { PartWatch } from './parts.js';
import type { Services } from './services.js';
import { badSum, findMismatch, readSums } from './sums.js';

/** A file part: spooled, or the reason why it was not kept. */
export interface Part extends Spooled {
  readonly refusal?: AppError;
}

/** Codes of faults of one file, for which the others of the request are not to blame. */
const OF_ONE_FILE = ['too_large', 'bad_request'] as const;

/**
 * Writes the files of a form into the spool of the store. One that is too large, or not what its sums
 * say, is read to its end and put away; the others go on.
 */
export function spoolEngine({ config, ingest }: Services, watch: PartWatch): StorageEngine {
  const spool = async (file: Express.Multer.File): Promise<Part> => {
    const headers = watch.headers();
    const bounded = boundBytes(config.MAX_UPLOAD_BYTES);
    // What goes wrong on the way comes out of `ingest.spool` as well.
    pipeline(file.stream, bounded, () => undefined);
    let spooled: Spooled | undefined;
    try {
      spooled = await ingest.spool(bounded, file.originalname);
      const wrong = findMismatch(
        readSums((name) => headers.get(name.toLowerCase())),
        spooled,
      );
      if (wrong !== undefined) throw badSum(wrong);
      return spooled;
    } catch (error) {
      if (spooled !== undefined) await ingest.discard([spooled]);
      const isOfFile = OF_ONE_FILE.some((code) => hasCode(error, code));
      if (!(error instanceof AppError) || !isOfFile) throw error;
      return { ...refused(file.originalname), refusal: error };
    }
  };
  return {
    _handleFile(_req, file, callback) {
      spool(file).then(
        (part) => {
          callback(null, part);
        },
        (error: unknown) => {
          // Read on to the end of the part: a client that is cut off does not see our answer.
          file.stream.resume();
          callback(error);
        },
      );
    },
    _removeFile(_req, file, callback) {
      const part = file as unknown as Part;
      ingest.discard(part.refusal === undefined ? [part] : []).then(() => {
        callback(null);
      }, callback);
    },
  };
}

/** What is told of a file that was not kept. */
function refused(name: string): Spooled {
  const uploadName = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
  return { path: '', uploadName, sizeBytes: 0, sha256: '', md5: '', crc32: 0 };
}

/** Lets so many bytes through and swallows the rest; then it fails at the end, with 'too_large'. */
function boundBytes(maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(null, bytes > maxBytes ? undefined : chunk);
    },
    flush(done) {
      const message = `The file is larger than ${maxBytes} bytes and was not stored.`;
      done(bytes > maxBytes ? new AppError('too_large', message) : null);
    },
  });
}
