import { setImmediate } from 'node:timers/promises';

/** Longest stretch of work between two turns of the event loop, milliseconds. */
const STRETCH_MS = 5;

/**
 * A pause for long work on the main thread: call it between small steps. Most calls return at once;
 * every few milliseconds one lets the event loop run, so that requests and timers are not held up.
 */
export function createPace(stretchMs = STRETCH_MS): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < stretchMs) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
}
