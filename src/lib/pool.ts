import { AppError } from './errors.js';

/**
 * Runs `work` over `items` with at most `limit` at once and gives the results in the order of the
 * items. After a rejection no more is begun; what has begun is waited for, then the first rejects.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      const item = items[index] as T;
      results[index] = await work(item, index);
    }
  };
  const stopOnFailure = (error: unknown): never => {
    next = items.length;
    throw error;
  };
  const lanes = Array.from({ length: Math.min(limit, items.length) }, () =>
    lane().catch(stopOnFailure),
  );
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
  return results;
}

export type Limiter = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Lets at most `limit` callers run at once; the others wait in order.
 *
 * @param bounds.waitMs time that a caller waits at most; @param bounds.waiting callers that may wait
 * @returns a function that throws 'busy' for those who would wait longer, or are too many
 */
export function createLimiter(
  limit: number,
  bounds: { readonly waitMs: number; readonly waiting: number },
): Limiter {
  let running = 0;
  const queue: { start: () => void }[] = [];

  const enter = (): Promise<void> => {
    if (running < limit) {
      running += 1;
      return Promise.resolve();
    }
    if (queue.length >= bounds.waiting) return Promise.reject(tooBusy());
    return new Promise((resolve, reject) => {
      const place: { start: () => void } = { start: resolve };
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(place), 1);
        reject(tooBusy());
      }, bounds.waitMs);
      place.start = () => {
        clearTimeout(timer);
        resolve();
      };
      queue.push(place);
    });
  };

  return async (work) => {
    await enter();
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next === undefined) running -= 1;
      else next.start();
    }
  };
}

function tooBusy(): AppError {
  return new AppError('busy', 'The archive is busy. Try again in a moment.');
}
