import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../lib/errors.js';
import { syncPath } from './flush.js';
import { asStoreError, isAbsent } from './trouble.js';

/**
 * What a small file of JSON beside the frames says; undefined if there is none.
 *
 * @param parse undefined for what should not stand in it
 * @param example for people, of what should
 * @throws 'store_unavailable', also if it is damaged
 */
export function readStateFile<T>(
  path: string,
  parse: (json: unknown) => T | undefined,
  example: string,
): T | undefined {
  let cause: unknown;
  try {
    const found = parse(JSON.parse(readFileSync(path, 'utf8')));
    if (found !== undefined) return found;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (!(error instanceof SyntaxError)) return asStoreError(error);
    cause = error;
  }
  const message = `${path} is damaged: it should hold ${example}.`;
  throw new AppError('store_unavailable', message, {}, cause);
}

/** Replaces such a file at one stroke. Durable once resolved. @throws 'store_full', 'store_unavailable' */
export async function writeStateFile(path: string, value: unknown): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`, { flag: 'wx' });
    await syncPath(draft);
    await rename(draft, path);
    await syncPath(dirname(path));
  } catch (error) {
    await rm(draft, { force: true });
    asStoreError(error);
  }
}
