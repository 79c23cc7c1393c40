import { LRUCache } from 'lru-cache';
import { readChanges, type Catalog, type Viewer } from '../../catalog/index.js';

/** Answers that hold until the catalogue changes. */
export interface Kept<T> {
  /**
   * @param words all that the answer depends on besides the catalogue, so that equal ones are asked once
   */
  read(words: readonly unknown[], viewer: Viewer, ask: () => Promise<T>): Promise<T>;
}

/**
 * Keeps some answers, for those who see everything: what others see depends on the clock and on who they
 * are, and is asked each time. One that could not be had is not kept.
 */
export function keepAnswers<T extends object>(catalog: Catalog, most: number): Kept<T> {
  const kept = new LRUCache<string, Promise<T>>({ max: most });
  return {
    async read(words, viewer, ask) {
      if (!viewer.seesAll) return ask();
      const key = JSON.stringify([await readChanges(catalog), ...words]);
      const known = kept.get(key);
      if (known !== undefined) return known;
      const asked = ask();
      kept.set(key, asked);
      asked.catch(() => kept.delete(key)); // whoever asked is told
      return asked;
    },
  };
}
