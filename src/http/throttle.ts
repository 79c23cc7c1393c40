import { createTally, may, networkOf, tooMany } from '../auth/index.js';
import type { Viewer } from '../catalog/index.js';
import type { Config } from '../config/index.js';

const MINUTE_MS = 60_000;
const ADDRESSES = 50_000;

/**
 * Counts a request of a visitor or of a user against the limit of its address (RATE_LIMIT). Cameras,
 * pipelines and admins are never held up: nothing that sends frames may be throttled.
 *
 * @throws 'too_many'
 */
export type Throttle = (viewer: Viewer) => void;

export function createThrottle({ RATE_LIMIT }: Pick<Config, 'RATE_LIMIT'>): Throttle {
  if (RATE_LIMIT === 0) return () => undefined;
  const tally = createTally({
    times: RATE_LIMIT,
    windowMs: MINUTE_MS,
    waitMs: (_round, leftMs) => leftMs,
    keys: ADDRESSES,
  });
  return (viewer) => {
    if (may({ ...viewer, scope: 'admin' }, 'upload')) return;
    const wait = tally.take(networkOf(viewer.address));
    if (wait > 0) throw tooMany(wait);
  };
}
