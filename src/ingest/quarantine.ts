import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { insertQuarantined, trimQuarantine, type Catalog } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { systemCode, type AppError } from '../lib/errors.js';
import type { Spooled } from './spool.js';

/** Keeps refused uploads with their reason, within the bounds of the settings. */
export interface Quarantine {
  /** Takes the spooled file over if it is kept. Refusing must not fail: trouble here is no trouble. */
  keep(file: Spooled, reason: AppError, uploadedBy: number | null): Promise<void>;
}

export function createQuarantine(parts: { catalog: Catalog; config: Config }): Quarantine {
  const { catalog, config } = parts;
  const folder = join(config.DATA_DIR, 'quarantine');
  return {
    async keep(file, reason, uploadedBy) {
      if (
        file.sizeBytes === 0 ||
        file.sizeBytes > config.QUARANTINE_BYTES ||
        config.QUARANTINE_FILES === 0
      )
        return;
      const path = join(folder, file.sha256);
      try {
        await mkdir(folder, { recursive: true });
        await move(file.path, path);
      } catch (error) {
        // A full disk must not turn "your file is bad" into "the archive is bad".
        if (systemCode(error) === undefined) throw error;
        return;
      }
      await insertQuarantined(catalog, {
        uploadName: file.uploadName,
        file: file.sha256,
        sizeBytes: file.sizeBytes,
        sha256: file.sha256,
        code: reason.code,
        reason: reason.message,
        uploadedBy,
      });
      const surplus = await trimQuarantine(
        catalog,
        config.QUARANTINE_FILES,
        config.QUARANTINE_BYTES,
      );
      for (const name of surplus) await rm(join(folder, name), { force: true });
    },
  };
}

/** Rename, or a copy where the two folders are on different disks. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    await copyFile(from, to);
    await rm(from, { force: true });
  }
}
