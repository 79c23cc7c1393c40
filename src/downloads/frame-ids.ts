import { AppError } from '../lib/errors.js';

/** Most frames in one selection. */
export const MAX_FRAMES = 100_000;

/**
 * Ids of frames in every spelling that clients use: `frame_ids[]`, `frame_ids`, `frame_ids[0]`, JSON
 * lists, and `3,5-9` as `formatIds` writes it. Each once, ascending, so that the same frames make the
 * same zip; undefined if they are not mentioned.
 *
 * @throws 'bad_request', 'too_large'
 */
export function readIds(source: Iterable<readonly [string, unknown]>): number[] | undefined {
  const values = [...source].flatMap(([name, value]) =>
    /^frame_ids(?:\[\d*\])?$/.test(name) ? [value].flat() : [],
  );
  if (values.length === 0) return undefined;
  const ids = new Set<number>();
  let mentioned = 0;
  const add = (word: string): void => {
    const { first, last } = parseRun(word);
    mentioned += last - first + 1;
    // The same long run, named again and again, is short to write and long to read.
    if (mentioned > MAX_MENTIONED || last - first >= MAX_FRAMES || ids.size > MAX_FRAMES) {
      throw tooMany(MAX_FRAMES);
    }
    for (let id = first; id <= last; id += 1) ids.add(id);
  };
  for (const value of values) {
    if (typeof value === 'string') for (const word of value.split(',')) add(word);
    else if (Number.isSafeInteger(value)) add(String(value));
    else throw badIds();
  }
  return [...ids].sort((a, b) => a - b);
}

/** Most ids in one request, those named twice counted twice. */
const MAX_MENTIONED = 2 * MAX_FRAMES;

function parseRun(word: string): { first: number; last: number } {
  const match = /^\s*(\d{1,15})(?:-(\d{1,15}))?\s*$/.exec(word);
  if (match === null) throw badIds();
  const first = Number(match[1]);
  const last = Number(match[2] ?? first);
  if (last < first) throw badIds();
  return { first, last };
}

/** Ascending ids as short text: `3,5-9`. */
export function formatIds(ids: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const id of ids) {
    const run = runs.at(-1);
    if (run !== undefined && id === run.last + 1) run.last = id;
    else runs.push({ first: id, last: id });
  }
  return runs
    .map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`))
    .join(',');
}

/** @returns the error for a selection of more frames than can be had at once */
export function tooMany(most: number): AppError {
  return new AppError('too_large', `More than ${most} frames match. Ask for fewer at once.`);
}

function badIds(): AppError {
  const message = 'Invalid value for frame_ids: expected ids of frames.';
  return new AppError('bad_request', message, { parameter: 'frame_ids' });
}
