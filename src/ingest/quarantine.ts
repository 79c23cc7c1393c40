import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  insertQuarantined,
  toCatalogError,
  trimQuarantine,
  type Actor,
  type Catalog,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { systemCode, type AppError } from '../lib/errors.js';
import type { Spooled } from './spool.js';

/** Keeps refused uploads with their reason, within the bounds of the settings. */
export interface Quarantine {
  /** Takes the spooled file over if it is kept. Refusing must not fail: trouble here is no trouble. */
  keep(file: Spooled, reason: AppError, by: Actor): Promise<void>;
}

export function createQuarantine(parts: { catalog: Catalog; config: Config }): Quarantine {
  const { catalog, config } = parts;
  const folder = join(config.DATA_DIR, 'quarantine');
  return {
    async keep(file, reason, by) {
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
        await insertQuarantined(catalog, toRow(file, reason, by));
        const { QUARANTINE_FILES, QUARANTINE_BYTES } = config;
        const surplus = await trimQuarantine(catalog, QUARANTINE_FILES, QUARANTINE_BYTES);
        for (const name of surplus) await rm(join(folder, name), { force: true });
      } catch (error) {
        // A full disk or a busy catalogue must not turn "your file is bad" into "the archive is bad".
        if (systemCode(error) === undefined && toCatalogError(error) === undefined) throw error;
        await rm(path, { force: true });
      }
    },
  };
}

function toRow(
  { uploadName, sizeBytes, sha256 }: Spooled,
  { code, message }: AppError,
  by: Actor,
): Parameters<typeof insertQuarantined>[1] {
  return {
    uploadName,
    file: sha256,
    sizeBytes,
    sha256,
    code,
    reason: message,
    uploadedBy: by.userId,
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
