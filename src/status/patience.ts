import { setTimeout as wait } from 'node:timers/promises';

/** A disk that has gone may never answer. */
export const LIMIT_MS = 5_000;

/**
 * A look that is waited for once, however often somebody asks: one that hangs holds a thread that
 * downloads need.
 *
 * @param late what is told to those who have waited for `limitMs`
 */
export function patiently<T>(
  look: () => Promise<T>,
  late: T,
  limitMs: number = LIMIT_MS,
): () => Promise<T> {
  let running: Promise<T> | undefined;
  return async () => {
    running ??= look().finally(() => {
      running = undefined;
    });
    const stop = new AbortController();
    const told = wait(limitMs, late, { ref: false, signal: stop.signal });
    told.catch(() => undefined); // it is broken off when the look was quicker
    try {
      return await Promise.race([running, told]);
    } finally {
      stop.abort();
    }
  };
}
