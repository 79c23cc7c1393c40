import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, hasCode } from '../lib/errors.js';
import { readStateFile, writeStateFile } from './state-file.js';
import { asUndefined } from './trouble.js';

/**
 * Folders below a tree that lie on disks of their own. One that was seen there once is written down:
 * when it is back on the disk of the folder above it, what is left is a bare mount point, and neither
 * are its files lost nor may others be filed there.
 */
export interface Disks {
  /** Writes down that a folder lies on another disk than the one above it. Durable once resolved. */
  note(key: string): Promise<void>;
  /** Notes a folder if there is need to. */
  look(key: string): Promise<void>;
  /** The same for all folders on the way to it from the top of the tree. */
  lookAlong(key: string): Promise<void>;
  /** Whether a folder is known as one with a disk of its own. */
  isNoted(key: string): boolean;
  /** All folders that are known as such. */
  noted(): readonly string[];
  /**
   * Makes sure that the disk is there on which a key lies.
   * @param key of a file or a folder
   * @throws 'store_unavailable', see `isPartAway`
   */
  require(key: string): Promise<void>;
  /** As `require`, also for the disks of all folders below `prefix`. */
  requireBelow(prefix: string): Promise<void>;
}

/**
 * @param stateDir of the archive, where they are written down
 * @param pathOf path of the folder with a key, '' for the top of the tree; undefined for keys of other trees
 */
export function createDisks(stateDir: string, pathOf: (key: string) => string | undefined): Disks {
  const path = join(stateDir, 'disks.json');
  const unwritten = new Set<string>();
  let noted: ReadonlySet<string> = new Set(readNoted(path));
  const note = async (key: string): Promise<void> => {
    if (noted.has(key)) return;
    const all = new Set([...readNoted(path), ...unwritten, key]);
    await writeStateFile(path, [...all].sort()).catch((error: unknown) => {
      // A tree that can only be read is read all the same; nothing new can be filed there either.
      if (!hasCode(error, 'store_unavailable')) throw error;
      unwritten.add(key);
    });
    noted = all;
  };
  const look = async (key: string): Promise<void> => {
    const devices = await devicesOf(key);
    if (devices !== undefined && devices.own !== devices.above) await note(key);
  };
  /** The devices of a folder and of the one above it; undefined if one of them is not there. */
  const devicesOf = async (key: string): Promise<{ own: number; above: number } | undefined> => {
    const [folder, above] = [pathOf(key), pathOf(folderOf(key))];
    if (folder === undefined || above === undefined) return undefined;
    if ((await lstat(folder).catch(asUndefined))?.isDirectory() !== true) return undefined;
    // From within: a disk that is mounted on demand is mounted by that, and by nothing less.
    const own = await stat(`${folder}/.`).catch(asUndefined);
    const parent = await stat(above).catch(asUndefined);
    return own && parent && { own: own.dev, above: parent.dev };
  };
  const isAway = async (key: string): Promise<boolean> => {
    if (pathOf(key) === undefined) return false; // of an adopted tree that was given up
    const devices = await devicesOf(key);
    return devices === undefined || devices.own === devices.above;
  };
  const requireAll = async (concerns: (folder: string) => boolean): Promise<void> => {
    // Another process may have noted one, or a person have struck one out.
    noted = new Set([...readNoted(path), ...unwritten]);
    for (const folder of noted) {
      if (concerns(folder) && (await isAway(folder))) throw partAway(folder, AWAY_DISK);
    }
  };

  return {
    note,
    look,
    async lookAlong(key) {
      for (let at = key; at !== ''; at = folderOf(at)) await look(at);
    },
    isNoted: (key) => noted.has(key),
    noted: () => [...noted],
    require: (key) => requireAll((folder) => isBelow(key, folder)),
    requireBelow: (prefix) =>
      requireAll((folder) => isBelow(prefix, folder) || isBelow(folder, prefix)),
  };
}

const AWAY_DISK =
  'The folder lay on a disk of its own, and does not now. If that is to stay so, take it out of .platevault/disks.json.';

/**
 * That a part of the archive cannot be reached, while the rest of it can.
 *
 * @param part key of its folder
 * @param how for people, with what to do about it
 */
export function partAway(part: string, how: string): AppError {
  const message = `The disk of ${part} is away. Is it mounted? ${how}`;
  return new AppError('store_unavailable', message, { away: part });
}

/** Key of the folder that an error says cannot be reached, while the rest of the archive can. */
export function partAwayOf(error: unknown): string | undefined {
  if (!(error instanceof AppError)) return undefined;
  return typeof error.data.away === 'string' ? error.data.away : undefined;
}

/** Whether an error says that a part of the archive cannot be reached, while the rest of it can. */
export function isPartAway(error: unknown): boolean {
  return partAwayOf(error) !== undefined;
}

function readNoted(path: string): readonly string[] {
  const parse = (json: unknown): readonly string[] | undefined =>
    Array.isArray(json) && json.every((key) => typeof key === 'string') ? json : undefined;
  return readStateFile(path, parse, '["folder/of/a/disk", …]') ?? [];
}

function folderOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')));
}

/** True if `key` is that of `folder` itself, or below it; '' is above all. */
function isBelow(key: string, folder: string): boolean {
  return folder === '' || key === folder || key.startsWith(`${folder}/`);
}
