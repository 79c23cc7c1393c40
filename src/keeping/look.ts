import {
  asDamage,
  databasePath,
  openCatalogReadOnly,
  requireSchema,
  type Catalog,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError } from '../lib/errors.js';
import { openFsStore, readMarker, type Store } from '../store/index.js';

/** An archive that is only looked at. */
export interface Looked {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly store: Store;
  close(): Promise<void>;
}

/**
 * Opens catalogue and store to be looked at: neither is changed, made or brought up to date, and both
 * may lie on disks that cannot be written. Works beside a running server.
 *
 * @throws 'not_found' if there is no archive, 'damaged', 'database_version', 'store_unavailable'
 */
export async function openToLook(config: Config): Promise<Looked> {
  const path = databasePath(config.DATABASE_URL);
  const catalog = openCatalogReadOnly(path, `There is no archive in ${config.DATA_DIR}.`);
  try {
    const marker = await readMarker(config.ARCHIVE_ROOT);
    if (marker === undefined) {
      const message = `There is no archive in ARCHIVE_ROOT (${config.ARCHIVE_ROOT}): it has no marker file. Is its disk mounted?`;
      throw new AppError('store_unavailable', message);
    }
    await requireSchema(catalog);
    const store = await openFsStore(config.ARCHIVE_ROOT, { id: marker.id });
    return { config, catalog, store, close: () => catalog.close() };
  } catch (error) {
    await catalog.close();
    throw asDamage(error, path);
  }
}
