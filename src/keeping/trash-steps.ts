import type { ShelfStep } from '../store/index.js';

/**
 * The steps of deleting a frame, bringing it back, and removing it for good, in order; each stands for
 * the moment after it. A process may die at any of them, and tests make it die there: the next start
 * finds the state before or the state after, and leaves rows and files that agree.
 */
export const TRASH_STEPS = {
  /** `trashed`: the rows are written, not committed; `out-of-lists`: committed. */
  delete: ['trashed', 'out-of-lists', 'shelf-moved', 'shelved', 'move-noted'],
  /** `returning`: it is written down that files may be in their old places. */
  restore: ['returning', 'shelf-linked', 'shelf-taken', 'files-back', 'restored', 'in-lists'],
  /** `purged`: the rows are written, not committed; `given-up`: committed. */
  purge: ['purged', 'given-up', 'shelf-filled', 'shelf-cleared', 'row-removed'],
} as const;

export type TrashStep = (typeof TRASH_STEPS)[keyof typeof TRASH_STEPS][number] | ShelfStep;
