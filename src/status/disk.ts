import { stat, statfs } from 'node:fs/promises';
import { keptRoom } from '../store/index.js';

/** How much room there is where a folder lies. */
export interface Disk {
  /** What a process without special rights may still write. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number;
  /** 0 where the file system does not count them. */
  readonly totalInodes: number;
  /** The same for folders of one file system. */
  readonly device: number;
}

/** @throws the error of the system if there is no such folder */
export async function readDisk(path: string): Promise<Disk> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(path);
  return {
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    freeInodes: ffree,
    totalInodes: files,
    device: (await stat(path)).dev,
  };
}

/** Below the smaller of these two it is time to make room. */
const LOW_BYTES = 5 * 1024 ** 3;
const LOW_SHARE = 1 / 20;

const UNITS = ['MiB', 'GiB', 'TiB', 'PiB'];

/** `1.5 of 20.0 GiB`, in the unit that fits the disk. */
export function describeRoom({ freeBytes, totalBytes }: Disk): string {
  const fitting = UNITS.findLastIndex((_, index) => totalBytes >= 1024 ** (index + 2));
  const index = Math.max(0, fitting);
  const [free, total] = [freeBytes, totalBytes].map((bytes) =>
    (bytes / 1024 ** (index + 2)).toFixed(1),
  );
  return `${free ?? ''} of ${total ?? ''} ${UNITS[index] ?? ''}`;
}

/** `full`: nothing more is stored. `low`: somebody has to do something soon. */
export type Room = 'enough' | 'low' | 'full';

export function judgeRoom({ freeBytes, totalBytes, freeInodes, totalInodes }: Disk): Room {
  const hasFiles = totalInodes > 0;
  if (freeBytes < keptRoom(totalBytes)) return 'full';
  if (hasFiles && freeInodes === 0) return 'full';
  if (freeBytes < Math.min(LOW_BYTES, totalBytes * LOW_SHARE)) return 'low';
  return hasFiles && freeInodes < totalInodes / 100 ? 'low' : 'enough';
}
