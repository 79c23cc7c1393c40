import { setImmediate } from 'node:timers/promises';

/** Longest stretch of work between two turns of the event loop, milliseconds. */
const STRETCH_MS = 5;

/** Items between two looks at the clock. */
const STEP = 250;

/** Waits for a turn of the event loop if it is time for one. */
export type Pace = () => Promise<void> | undefined;

/**
 * A pause for long work on the main thread: call it between small steps. Most calls return at once;
 * every few milliseconds one lets the event loop run, so that requests and timers are not held up.
 */
export function createPace(stretchMs = STRETCH_MS): Pace {
  let since = performance.now();
  return () => {
    if (performance.now() - since < stretchMs) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
}

/**
 * Does something with each item of a list that may be very long, some at a time, and lets the event
 * loop run in between.
 *
 * @param work is given some items in a row, in the order of the list
 */
export async function inSteps<T>(
  items: readonly T[],
  work: (some: readonly T[]) => void,
  pace = createPace(),
): Promise<void> {
  for (let from = 0; from < items.length; from += STEP) {
    work(items.length <= STEP ? items : items.slice(from, from + STEP));
    await pace();
  }
}
