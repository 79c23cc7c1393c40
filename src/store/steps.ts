/**
 * The steps in which a file comes to its place. A process may die between any two of them, and tests
 * make it die there.
 */
export const STORE_STEPS = ['foldered', 'linked', 'flushed', 'put'] as const;

export type StoreStep = (typeof STORE_STEPS)[number];
