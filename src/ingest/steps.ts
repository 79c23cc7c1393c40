import { STORE_STEPS } from '../store/index.js';

/**
 * The steps of storing a file, in order; each stands for the moment after it. A process may die at any
 * of them, and tests make it die there: what was acknowledged is whole, and all else is gone.
 */
export const STEPS = [
  /** First bytes of the upload are in the spool. */
  'receiving',
  /** All of it, flushed. */
  'spooled',
  'inspected',
  /** Only with COMPRESS. */
  'packed',
  /** Its place is chosen. */
  'named',
  /** It is written down which file is about to lie there without a row. */
  'intended',
  ...STORE_STEPS,
  /** Rows are written, not committed. */
  'recorded',
  'committed',
  /** What was written down is done with. */
  'settled',
  /** The spool is empty; the answer has not left. */
  'cleared',
  /** Of a file that is refused: before it is put into quarantine, and after. */
  'refused',
  'quarantined',
] as const;

export type Step = (typeof STEPS)[number];
