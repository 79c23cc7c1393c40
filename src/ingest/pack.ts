import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OriginalBytes } from '../catalog/index.js';
import type { SourceLimits } from '../fits/index.js';
import { hasCode } from '../lib/errors.js';
import type { Fingerprint } from '../lib/hash.js';
import { ownedName } from '../lib/owned-names.js';
import { syncPath } from '../store/index.js';
import type { Inspected } from './inspect.js';
import type { Container } from './naming.js';
import type { Spooled } from './spool.js';

/** What packing needs of the pool of workers. */
export interface PackPool {
  /** Packs a file, unpacks the result again and compares it with the original. */
  run(
    task: 'packFile',
    input: { path: string; limits: SourceLimits; target: string },
    options?: { priority?: 'ingest' },
  ): Promise<Fingerprint>;
}

/** The bytes that will be stored: those of the upload, or those they were packed into. */
export interface Kept extends Fingerprint {
  readonly path: string;
  readonly container: Container;
  /** What was uploaded, if it was packed. */
  readonly original: OriginalBytes | null;
  readonly warnings: readonly string[];
}

/** The upload itself, to be stored byte for byte. */
export function asItCame(
  file: Spooled,
  inspected: Inspected,
  warnings: readonly string[] = [],
): Kept {
  return { ...file, container: inspected.container, original: null, warnings };
}

/** Whether `pack` would try. */
export function isPackable({ hdus, container }: Pick<Inspected, 'hdus' | 'container'>): boolean {
  const images = hdus.filter((hdu) => hdu.kind === 'image' && hdu.dataBytes > 0);
  // Other programs cannot unpack 64-bit integers yet.
  const isReadable = images.length > 0 && images.every((hdu) => hdu.bitpix !== 64);
  return container === 'plain' && isReadable;
}

/**
 * Packs the images of a plain file without loss (setting COMPRESS). A file that would not come back
 * exactly, or not be smaller, is kept as it came.
 */
export async function pack(
  file: Spooled,
  inspected: Inspected,
  { limits, pool }: { limits: SourceLimits; pool: PackPool },
): Promise<Kept> {
  if (!isPackable(inspected)) return asItCame(file, inspected);
  const target = join(limits.tempDir, ownedName('.part'));
  try {
    const input = { path: file.path, limits, target };
    const packed = await pool.run('packFile', input, { priority: 'ingest' });
    if (packed.sizeBytes < file.sizeBytes) {
      await syncPath(target);
      const { sizeBytes, sha256, md5 } = file;
      const original = { sizeBytes, sha256, md5 };
      return { ...packed, path: target, container: 'tiles', original, warnings: [] };
    }
    await rm(target, { force: true });
    return asItCame(file, inspected);
  } catch (error) {
    await rm(target, { force: true });
    // The file itself is sound: it was read before. What cannot be packed is kept unpacked.
    if (hasCode(error, 'fits_unsupported')) return asItCame(file, inspected);
    if (!hasCode(error, 'damaged')) throw error;
    const reason = error instanceof Error ? error.message : '';
    return asItCame(file, inspected, [`Stored without compression: ${reason}`]);
  }
}
