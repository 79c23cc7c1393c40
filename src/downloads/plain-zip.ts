import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { Request, Response } from 'express';
import type { StoredFile } from '../catalog/index.js';
import { markBegun, sendMade, viewerOf, type Services } from '../http/index.js';
import { mapConcurrently } from '../lib/pool.js';
import type { ZipsBegun } from './zips-begun.js';
import { createNamer, createZipLayout, readZip, type ZipEntry } from '../zip/index.js';

/** Part of the tag: raised whenever the same files would make other bytes than before. */
const LAYOUT = 1;

/** Files looked at at once: more would keep other requests waiting for the disk. */
const LOOKS = 16;

/** A member of a plain zip: a stored file, or the text that lists what is missing. */
type Member = ZipEntry & ({ readonly key: string } | { readonly text: Buffer });

/** A file of a zip as its texts can name it. */
export interface ZippedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** What a zip holds besides the files, and what it is called. */
export interface ZipDress {
  /** Of the zip without extension, and of the folder in it. */
  readonly folder: string;
  /** Texts about the files that are in it; always the same for the same files. */
  readonly texts: (files: readonly ZippedFile[]) => readonly { name: string; text: string }[];
}

/** What a zip will be. The same for the same request as long as the frames are the same. */
interface Plan {
  readonly folder: string;
  readonly members: readonly Member[];
  readonly etag: string;
  readonly modifiedMs: number;
}

/**
 * Sends files as they are, in one folder. The length is known and any part can be had;
 * asked for again, hours or days later, it is the same zip as long as the frames are the same. Files that are missing or damaged are listed in it.
 */
export async function sendPlainZip(
  services: Services,
  req: Request,
  res: Response,
  slices: AsyncIterable<readonly StoredFile[]>,
  begun: ZipsBegun,
  dress?: ZipDress,
): Promise<void> {
  const { members, folder, etag, modifiedMs } = await planZip(services, slices, dress);
  if (begun.isInDoubt(req, viewerOf(res), etag)) {
    // Only an error is safe (RFC 6585 §3): wget takes even the whole for the zip that it has begun.
    res.status(428).set('Cache-Control', 'no-store').json({ detail: NEEDS_TAG });
    return;
  }
  const layout = await createZipLayout(members, folder);
  markBegun(res);
  await sendMade(req, res, {
    filename: `${folder}.zip`,
    contentType: 'application/zip',
    sizeBytes: layout.sizeBytes,
    etag,
    modifiedMs,
    // A frame may go and leave the date of the newest as it was.
    isDateWeak: true,
    read: (range) =>
      readZip(layout, range, (index, part) => {
        const member = members[index];
        return member !== undefined && 'key' in member
          ? services.store.runs(member.key, part)
          : Promise.resolve(Readable.from([member?.text.subarray(part.start, part.end)]));
      }),
  });
}

const NEEDS_TAG =
  'Other frames match than when this zip was begun. To go on with a broken one, send the ETag that ' +
  'came with its beginning as If-Match or If-Range; to have the new one, begin anew.';

async function planZip(
  { config, store }: Services,
  slices: AsyncIterable<readonly StoredFile[]>,
  dress: ZipDress | undefined,
): Promise<Plan> {
  const nameOf = createNamer();
  const hash = createHash('sha256');
  const members: Member[] = [];
  const missing: string[] = [];
  const zipped: ZippedFile[] = [];
  let [count, modifiedMs] = [0, 0];
  for await (const slice of slices) {
    const found = await mapConcurrently(slice, LOOKS, (file) => store.stat(file.key));
    slice.forEach((file, index) => {
      const { key, sizeBytes, crc32: sum, sha256, createdMs } = file;
      const name = nameOf(`${file.basename}${file.extension}`);
      const isThere = found[index]?.sizeBytes === sizeBytes;
      hash.update(`${name}\0${isThere ? sha256 : ''}\0${sizeBytes}\0${createdMs}\n`);
      if (isThere) {
        members.push({ name, sizeBytes, crc32: sum, modifiedMs: createdMs, key });
        zipped.push({ name, sizeBytes, sha256 });
      } else missing.push(name);
      modifiedMs = Math.max(modifiedMs, createdMs);
    });
    count += slice.length;
  }
  // The date is that of the newest file, not of today: a download goes on after midnight.
  const folder = dress?.folder ?? zipFolder(config.ZIP_BASENAME, { modifiedMs, count });
  const addText = (wanted: string, text: Buffer): void => {
    const name = nameOf(wanted);
    members.push({ name, sizeBytes: text.length, crc32: crc32(text), modifiedMs, text });
  };
  if (missing.length > 0) addText('MISSING.txt', missingText(missing));
  for (const { name, text } of dress?.texts(zipped) ?? []) {
    addText(name, Buffer.from(text));
    hash.update(`${name}\0${text}`);
  }
  const etag = `"zip${LAYOUT}-${hash.update(folder).digest('hex')}"`;
  return { folder, members, etag, modifiedMs };
}

/** Name of a zip, without extension, and of the folder in it: `<base>-<YYYYMMDD>-<number of frames>`. */
export function zipFolder(
  base: string,
  { modifiedMs, count }: { readonly modifiedMs: number; readonly count: number },
): string {
  const day = new Date(modifiedMs).toISOString().slice(0, 10).replaceAll('-', '');
  return `${base}-${day}-${count}`;
}

/** The list of what is missing, as text. @param lines names of files, with a reason if they have one */
export function missingText(
  lines: readonly string[],
  heading = 'These files are missing or damaged in the archive, and so not in this zip:',
): Buffer {
  return Buffer.from(`${heading}\n\n${lines.join('\n')}\n`);
}
