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

/** Lets at most `limit` callers run at once; the others wait in order. */
export function createLimiter(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
