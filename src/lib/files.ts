import { stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { systemCode } from './errors.js';

/** What is known of a file; undefined if there is none. */
export async function statFile(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
