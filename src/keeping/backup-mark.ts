import { Readable } from 'node:stream';
import { createHash } from 'node:crypto';
import { findLastBackup, readArchive, type Catalog } from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
import type { BackupSource, BackupTarget } from './backup-target.js';

/** Says what a target holds, for people and for the next back-up. */
const MARK = 'platevault-backup.json';

/** The archive whose back-ups lie on a target; undefined if there are none. @throws 'damaged' */
export async function readTargetMark(target: BackupTarget): Promise<string | undefined> {
  if ((await target.stat(MARK)) === undefined) return undefined;
  const text = Buffer.concat(await (await target.read(MARK)).toArray()).toString('utf8');
  try {
    const { archiveId } = JSON.parse(text) as { archiveId?: unknown };
    if (typeof archiveId === 'string') return archiveId;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new AppError('damaged', `${MARK} in ${target.name} cannot be read.`);
}

/**
 * Makes sure that a target is this archive's. A disk that is not mounted leaves an empty folder, and
 * an archive that was lost leaves a new one with the same settings: neither may end what was kept.
 *
 * @param address of the target, as the catalogue has it in its list of back-ups
 * @returns the id of the archive
 * @throws 'store_unavailable', 'bad_request'
 */
export async function claimTarget(
  catalog: Catalog,
  target: BackupTarget,
  address: string,
): Promise<string> {
  const own = await readArchive(catalog);
  if (own === undefined) {
    const message = 'The catalogue does not know its archive yet: start the server once.';
    throw new AppError('store_unavailable', message);
  }
  const mark = await readTargetMark(target);
  if (mark === own.id) return mark;
  if (mark !== undefined) {
    const message = `${target.name} holds the back-ups of another archive (${mark}); this one is ${own.id}. Nothing was written.`;
    throw new AppError('bad_request', message);
  }
  const text = `${JSON.stringify({ archiveId: own.id })}\n`;
  if ((await findLastBackup(catalog, address)) !== undefined) {
    const message = `${target.name} has lost the back-ups that were there. Is its disk mounted? Nothing was written. To begin anew there, write ${text.trim()} to ${MARK} in it.`;
    throw new AppError('store_unavailable', message);
  }
  await target.write(MARK, textSource(text));
  return own.id;
}

/** A text as something to be written to a target. */
export function textSource(text: string): BackupSource {
  const bytes = Buffer.from(text);
  return {
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    open: () => Promise.resolve(Readable.from([bytes])),
  };
}
