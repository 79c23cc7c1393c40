import {
  deleteFrame,
  getFrame,
  insertEvent,
  inTransaction,
  type Catalog,
  type Viewer,
} from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
import type { Store } from '../store/index.js';

/**
 * Removes a frame with all its versions: the row first, so that a crash leaves a file without a row
 * (which `check` reports) and never a row without a file. A file that is gone already is no error.
 *
 * @returns keys of files that could not be removed
 * @throws 'not_found' if there is no such frame, or `viewer` may not see it
 */
export async function removeFrame(
  { catalog, store }: { readonly catalog: Catalog; readonly store: Store },
  id: number,
  viewer: Viewer,
): Promise<string[]> {
  const frame = await getFrame(catalog, id, viewer);
  const keys = await inTransaction(catalog, async (tx) => {
    await insertEvent(tx, 'frame.removed', {
      frameId: id,
      basename: frame.basename,
      by: viewer.username,
    });
    return deleteFrame(tx, id);
  });
  const left: string[] = [];
  for (const key of keys) {
    try {
      await store.remove(key);
    } catch (error) {
      // The frame is gone for good; a file that stays behind is only in the way.
      if (!(error instanceof AppError)) throw error;
      left.push(key);
    }
  }
  return left;
}
