import { rm } from 'node:fs/promises';
import { surveyFits, type SourceLimits, type Survey } from '../fits/index.js';
import { fingerprintOf, type Fingerprint } from '../lib/hash.js';
import { renderPreview } from '../preview/render.js';
import { readBlock, readSkyNodes } from '../products/look.js';
import { packFits, verifyPacked } from '../products/pack.js';
import {
  checkFile,
  describeTable,
  expandFile,
  makePieces,
  planProduct,
  readLookups,
  unpackFile,
  writeRows,
} from '../products/tasks.js';
import { measureFile } from '../quality/tasks.js';

/** What workers can do: name → function of one clonable input and a signal. */
export const TASKS = {
  render: renderPreview,
  survey: ({ path, limits }: { path: string; limits: SourceLimits }): Promise<Survey> =>
    surveyFits(path, limits),
  packFile,
  expandFile,
  unpackFile,
  planProduct,
  makePieces,
  describeTable,
  writeRows,
  checkFile,
  readLookups,
  readBlock,
  readSkyNodes,
  measureFile,
  fingerprint: ({ path }: { path: string }): Promise<Fingerprint> => fingerprintOf(path),
} as const satisfies Record<string, (input: never, signal: AbortSignal) => Promise<object>>;

/** Input and output of each task, for the types of the pool. */
export type PixelTasks = {
  readonly [K in keyof typeof TASKS]: {
    readonly input: Parameters<(typeof TASKS)[K]>[0];
    readonly output: Awaited<ReturnType<(typeof TASKS)[K]>>;
  };
};

/**
 * Packs a file, unpacks the result and compares it with the original, pixel by pixel and card by
 * card. On failure nothing is left behind.
 *
 * @throws 'fits_unsupported' for a file that cannot be packed; 'damaged' if it would not come back
 */
async function packFile(input: {
  path: string;
  limits: SourceLimits;
  target: string;
}): Promise<Fingerprint> {
  const { path, limits, target } = input;
  try {
    await packFits(path, target, limits);
    await verifyPacked(path, target, limits);
    return await fingerprintOf(target);
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}
