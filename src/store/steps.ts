/**
 * The steps in which a file comes to its place. A process may die between any two of them, and tests
 * make it die there.
 */
export const STORE_STEPS = ['foldered', 'linked', 'flushed', 'put'] as const;

/** Those of a deleted file: it has its other name; it has lost its old one. */
export const SHELF_STEPS = ['shelf-moved', 'shelf-linked', 'shelf-taken'] as const;

export type ShelfStep = (typeof SHELF_STEPS)[number];
export type StoreStep = (typeof STORE_STEPS)[number] | ShelfStep;
