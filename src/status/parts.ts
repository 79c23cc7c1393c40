import { AppError } from '../lib/errors.js';
import { findPartsAway } from '../store/index.js';
import { patiently } from './patience.js';

/** Shorter than that of a whole check: what hangs here is no reason to fail. */
const LIMIT_MS = 3_000;

/**
 * Looks which disks below the root, and which adopted trees, are away: the rest of the archive works
 * without them, so it is nothing to fail for.
 *
 * @returns a function that gives a sentence for each of them
 */
export function createPartsLook(root: string): () => Promise<readonly string[]> {
  const look = async (): Promise<readonly string[]> => {
    try {
      return (await findPartsAway(root)).map(({ text }) => text);
    } catch (error) {
      if (error instanceof AppError) return [error.message];
      throw error;
    }
  };
  const late = `A disk below the root, or an adopted tree, does not answer within ${LIMIT_MS / 1000} s. Are they all mounted?`;
  return patiently(look, [late], LIMIT_MS);
}
