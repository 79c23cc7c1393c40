import { findVersion, type Catalog } from '../catalog/index.js';
import { hasCode } from '../lib/errors.js';
import { THUMBNAIL, type Previews } from '../preview/index.js';
import type { Store } from '../store/index.js';
import type { JobHandler } from './runner.js';

export interface JobParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly previews: Previews;
}

/** Name of a job → what it does. */
export function createHandlers({ catalog, store, previews }: JobParts): Record<string, JobHandler> {
  return {
    /** Draws the thumbnail before anyone asks for it. */
    async preview(payload) {
      const { versionId } = payload as { versionId: number };
      const version = await findVersion(catalog, versionId);
      if (version === undefined) return;
      try {
        const path = await store.localPath(version.key);
        await previews.warm({ path, sha256: version.sha256 }, [THUMBNAIL]);
      } catch (error) {
        // The frame was removed in the meantime: nothing to draw any more.
        if (!hasCode(error, 'not_found')) throw error;
      }
    },
  };
}
