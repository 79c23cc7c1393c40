import {
  deleteFrame,
  getFrame,
  insertEvent,
  inTransaction,
  type Catalog,
  type Viewer,
} from '../catalog/index.js';
import type { Store } from '../store/index.js';

/**
 * Removes a frame with all its versions: the row first, so that a crash leaves a file without a row
 * (which `check` reports) and never a row without a file. A file that is gone already is no error.
 *
 * @throws 'not_found' if there is no such frame, or `viewer` may not see it
 */
export async function removeFrame(
  { catalog, store }: { readonly catalog: Catalog; readonly store: Store },
  id: number,
  viewer: Viewer,
): Promise<void> {
  const frame = await getFrame(catalog, id, viewer);
  const keys = await inTransaction(catalog, async (tx) => {
    await insertEvent(tx, 'frame.removed', {
      frameId: id,
      basename: frame.basename,
      by: viewer.username,
    });
    return deleteFrame(tx, id);
  });
  for (const key of keys) await store.remove(key);
}
