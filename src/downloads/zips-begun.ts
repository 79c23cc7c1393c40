import { LRUCache } from 'lru-cache';
import type { Request } from 'express';
import type { Viewer } from '../catalog/index.js';

const KEPT = 2000;
const WEEK_MS = 7 * 86_400_000;

/** Remembers which zips were begun, so that no part of another one is given as their rest. */
export interface ZipsBegun {
  /**
   * Whether what is asked for may be a part of another zip than this client has: it asks for a part
   * without a word of which zip (`curl -C -` and `wget -c` send none), and other bytes have been sent
   * under the same address before.
   */
  isInDoubt(req: Request, viewer: Viewer, etag: string): boolean;
}

/** A zip that was begun before a restart is not remembered: then the range is taken as it stands. */
export function createZipsBegun(): ZipsBegun {
  const begun = new LRUCache<string, Set<string>>({ max: KEPT, ttl: WEEK_MS });
  return {
    isInDoubt(req, viewer, etag) {
      if (req.method !== 'GET') return false; // the body of a POST says what is in the zip
      const key = JSON.stringify([viewer.username, req.originalUrl]);
      const tags = begun.get(key) ?? new Set<string>();
      if (!asksForPart(req)) {
        begun.set(key, tags.add(etag));
        return false;
      }
      const isNamed = req.get('if-range') !== undefined || req.get('if-match') !== undefined;
      return !isNamed && [...tags].some((tag) => tag !== etag);
    },
  };
}

function asksForPart(req: Request): boolean {
  const range = req.get('range');
  return range !== undefined && !/^bytes=\s*0+\s*-[^,]*$/i.test(range);
}
