import { LRUCache } from 'lru-cache';

/** How often something may be done, and what follows when it is done more often. */
export interface Allowance {
  /** Times in one window. */
  readonly times: number;
  readonly windowMs: number;
  /**
   * Time to wait once there were more.
   *
   * @param round how many waits in a row this is, from 1
   * @param leftMs what is left of the window
   */
  waitMs(round: number, leftMs: number): number;
  /** Keys kept at most; the ones longest unused go first. */
  readonly keys: number;
}

/** Counts by key what may be done only so often. */
export interface Tally {
  /** Counts one more. @returns ms to wait before it may be done; 0 for now */
  take(key: string): number;
  /** One that was counted does not count. */
  giveBack(key: string): void;
  forget(key: string): void;
}

interface Entry {
  count: number;
  windowEndsMs: number;
  waitEndsMs: number;
  rounds: number;
}

/** After this time without a wait the next one is as short as the first. */
const FORGIVEN_MS = 86_400_000;

/**
 * A cache of so many keys that takes room as they come: one with a `max` takes that of all of them at
 * once, a megabyte for fifty thousand.
 */
export function createRecent<T extends object | number>(keys: number): LRUCache<string, T> {
  return new LRUCache<string, T>({ maxSize: keys, sizeCalculation: () => 1 });
}

/**
 * A tally in memory, bounded however many keys somebody makes up.
 *
 * @param now a clock in ms that never goes back
 */
export function createTally(allowance: Allowance, now = () => performance.now()): Tally {
  const { times, windowMs } = allowance;
  const entries = createRecent<Entry>(allowance.keys);

  const entryOf = (key: string, atMs: number): Entry => {
    const entry = entries.get(key) ?? { count: 0, windowEndsMs: 0, waitEndsMs: 0, rounds: 0 };
    entries.set(key, entry);
    if (atMs >= entry.windowEndsMs) {
      entry.count = 0;
      entry.windowEndsMs = atMs + windowMs;
    }
    if (atMs > entry.waitEndsMs + FORGIVEN_MS) entry.rounds = 0;
    return entry;
  };

  return {
    take(key) {
      const atMs = now();
      const entry = entryOf(key, atMs);
      if (atMs < entry.waitEndsMs) return entry.waitEndsMs - atMs;
      entry.count += 1;
      if (entry.count <= times) return 0;
      entry.rounds += 1;
      const wait = allowance.waitMs(entry.rounds, entry.windowEndsMs - atMs);
      entry.waitEndsMs = atMs + wait;
      // Whoever has waited begins anew.
      entry.windowEndsMs = 0;
      return wait;
    },
    giveBack(key) {
      const entry = entries.get(key);
      if (entry !== undefined) entry.count = Math.max(0, entry.count - 1);
    },
    forget(key) {
      entries.delete(key);
    },
  };
}
