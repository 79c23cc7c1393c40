import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Config } from '../config/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import { sha256Of } from '../lib/hash.js';
import type { BackupSource, BackupTarget } from './backup-target.js';

interface Place {
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
}

interface Bucket extends Place {
  readonly client: S3Client;
  /** Whether the server refuses what does not have the SHA-256 it was told; tried out once. */
  readonly proves: () => Promise<boolean>;
}

/** From here on a file goes in parts; a server must take 5 GiB in one piece. */
const PARTS_FROM_BYTES = 64 * 1024 ** 2;
const MIN_PART_BYTES = 16 * 1024 ** 2;
/** S3 takes 10 000 parts. */
const MAX_PARTS = 9_000;
const TRIES = 3;
const RETRY_MS = 500;

/**
 * Back-ups in a bucket of an S3 server. The SHA-256 of what is sent is part of the signature, and a
 * server refuses what does not have it; whether this one does is tried out first. From one that does
 * not, everything is read back.
 *
 * Its functions throw 'not_found' if there is no such bucket, 'forbidden' and 'store_unavailable'.
 */
export function openS3Target(place: Place, config: Config): BackupTarget {
  const client = connect(config);
  let proved: Promise<boolean> | undefined;
  const bucket: Bucket = {
    ...place,
    client,
    // Not before something is written: who restores may have a key that only reads.
    proves: () => (proved ??= proves(client, place)),
  };
  const keyOf = (path: string): string => (place.prefix === '' ? path : `${place.prefix}/${path}`);
  const at = (path: string) => ({ Bucket: place.bucket, Key: keyOf(path) });

  return {
    name: `s3://${place.bucket}${place.prefix === '' ? '' : `/${place.prefix}`}`,

    async *list(prefix) {
      for (let after: string | undefined; ;) {
        const page = await client
          .send(
            new ListObjectsV2Command({
              Bucket: place.bucket,
              Prefix: keyOf(prefix),
              ...(after === undefined ? {} : { StartAfter: after }),
            }),
          )
          .catch(asTargetError);
        for (const { Key = '', Size = 0 } of page.Contents ?? []) {
          yield { path: Key.slice(keyOf('').length), sizeBytes: Size };
          after = Key;
        }
        if (page.IsTruncated !== true || after === undefined) return;
      }
    },

    async stat(path) {
      const found = await client.send(new HeadObjectCommand(at(path))).catch((error: unknown) => {
        if (statusOf(error) === 404) return undefined;
        return asTargetError(error);
      });
      return found === undefined ? undefined : { path, sizeBytes: found.ContentLength ?? 0 };
    },

    read: (path) => read(client, at(path)),
    write: (path, source) => write(bucket, at(path), source),

    async remove(path) {
      await client.send(new DeleteObjectCommand(at(path))).catch((error: unknown) => {
        if (statusOf(error) !== 404) asTargetError(error);
      });
    },

    close() {
      client.destroy();
      return Promise.resolve();
    },
  };
}

interface ObjectPlace {
  readonly Bucket: string;
  readonly Key: string;
}

function connect(config: Config): S3Client {
  const { S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = config;
  const silent = (): undefined => undefined;
  return new S3Client({
    region: S3_REGION,
    forcePathStyle: config.S3_PATH_STYLE,
    // Servers that are not Amazon know no checksums in trailers; ours stands in the signature.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Console is for commands; what goes wrong is thrown.
    logger: { debug: silent, info: silent, warn: silent, error: silent, trace: silent },
    ...(S3_ENDPOINT === '' ? {} : { endpoint: S3_ENDPOINT }),
    ...(S3_ACCESS_KEY_ID === ''
      ? {}
      : { credentials: { accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY } }),
  });
}

/** Sends a few bytes with the SHA-256 of others: a server that takes them does not compare. */
async function proves(client: S3Client, { bucket, prefix }: Place): Promise<boolean> {
  const Key = `${prefix === '' ? '' : `${prefix}/`}.probe`;
  const body = Buffer.from('Does this server compare?');
  const wrong = createHash('sha256').update('other bytes').digest('hex');
  try {
    await putSigned(client, { Bucket: bucket, Key }, body, { sha256: wrong, length: body.length });
  } catch (error) {
    const status = statusOf(error);
    // Refused for its bytes, or for another reason: that is told by what is sent next.
    const right = createHash('sha256').update(body).digest('hex');
    const length = body.length;
    await putSigned(client, { Bucket: bucket, Key }, body, { sha256: right, length }).catch(
      asTargetError,
    );
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key })).catch(asTargetError);
    return status === 400;
  }
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key })).catch(asTargetError);
  return false;
}

async function read(client: S3Client, place: ObjectPlace): Promise<Readable> {
  const { Body } = await client.send(new GetObjectCommand(place)).catch((error: unknown) => {
    if (statusOf(error) !== 404) return asTargetError(error);
    throw new AppError('not_found', `The back-up has no '${place.Key}'.`, {}, error);
  });
  if (!(Body instanceof Readable)) throw new Error('the S3 client gave no stream');
  return Body;
}

/** A stream cannot be sent a second time, so each try opens its own. */
async function write(bucket: Bucket, place: ObjectPlace, source: BackupSource): Promise<void> {
  const doesProve = await bucket.proves();
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (source.sizeBytes < PARTS_FROM_BYTES) await writeWhole(bucket.client, place, source);
      else await writeParts(bucket.client, place, source);
      break;
    } catch (error) {
      if (error instanceof AppError) throw error;
      if ((await sha256Of(await source.open())) !== source.sha256) {
        throw new AppError('damaged', 'The file is not what was stored.', {}, error);
      }
      if (attempt >= TRIES || statusOf(error) === 403) asTargetError(error);
      await setTimeout(RETRY_MS * attempt);
    }
  }
  if (doesProve) return;
  if ((await sha256Of(await read(bucket.client, place))) === source.sha256) return;
  const message = 'What was written to the back-up is not what can be read from it.';
  throw new AppError('store_unavailable', message);
}

async function writeWhole(
  client: S3Client,
  place: ObjectPlace,
  { sizeBytes, sha256, open }: BackupSource,
): Promise<void> {
  await putSigned(client, place, await open(), { sha256, length: sizeBytes });
}

interface Signed {
  readonly sha256: string;
  readonly length: number;
}

async function putSigned(
  client: S3Client,
  place: ObjectPlace,
  Body: Readable | Buffer,
  { sha256, length }: Signed,
): Promise<void> {
  const command = new PutObjectCommand({
    ...place,
    Body,
    ContentLength: length,
    Metadata: { sha256 },
  });
  command.middlewareStack.add(signedAs(sha256), { step: 'build', name: 'signedAs' });
  await client.send(command);
}

/** The hash is known beforehand: the client need not work it out, nor leave the body unsigned. */
function signedAs(sha256: string) {
  return <Args extends object, Output>(next: (args: Args) => Promise<Output>) =>
    (args: Args): Promise<Output> => {
      const { request } = args as { request?: { headers?: Record<string, string> } };
      if (request?.headers !== undefined) request.headers['x-amz-content-sha256'] = sha256;
      return next(args);
    };
}

/** Each part is compared by the server; the whole is compared here before the parts become one. */
async function writeParts(
  client: S3Client,
  place: ObjectPlace,
  { sizeBytes, sha256, open }: BackupSource,
): Promise<void> {
  const begun = await client.send(
    new CreateMultipartUploadCommand({ ...place, Metadata: { sha256 } }),
  );
  const upload = { ...place, UploadId: begun.UploadId };
  try {
    const whole = createHash('sha256');
    const parts: { ETag: string | undefined; PartNumber: number }[] = [];
    const partBytes = Math.max(MIN_PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
    for await (const part of inParts(await open(), partBytes)) {
      whole.update(part);
      const PartNumber = parts.length + 1;
      const command = new UploadPartCommand({ ...upload, PartNumber, Body: part });
      const hash = createHash('sha256').update(part).digest('hex');
      command.middlewareStack.add(signedAs(hash), { step: 'build', name: 'signedAs' });
      const { ETag } = await client.send(command);
      parts.push({ ETag, PartNumber });
    }
    if (whole.digest('hex') !== sha256) {
      throw new AppError('damaged', 'The file is not what was stored.');
    }
    await client.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }),
    );
  } catch (error) {
    // Parts that belong to nothing would be kept, and paid for.
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

async function* inParts(pieces: AsyncIterable<Buffer>, bytes: number): AsyncIterable<Buffer> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    held.push(piece);
    length += piece.length;
    if (length < bytes) continue;
    const all = Buffer.concat(held);
    yield all.subarray(0, bytes);
    held = [all.subarray(bytes)];
    length -= bytes;
  }
  if (length > 0) yield Buffer.concat(held);
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  return (error.$metadata as { httpStatusCode?: number } | undefined)?.httpStatusCode;
}

/** What an error of the S3 client means here. */
function asTargetError(error: unknown): never {
  if (error instanceof AppError) throw error;
  const status = statusOf(error);
  const name = error instanceof Error ? error.name : String(error);
  if (status === 403 || status === 401) {
    const message = `The S3 server does not let us in (${name}): see S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY.`;
    throw new AppError('forbidden', message, {}, error);
  }
  if (status === 404) {
    throw new AppError('not_found', `The S3 server has no such bucket (${name}).`, {}, error);
  }
  const why = systemCode(error) ?? name;
  throw new AppError('store_unavailable', `The S3 server cannot be reached (${why}).`, {}, error);
}
