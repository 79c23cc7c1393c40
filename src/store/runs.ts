import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../lib/errors.js';

/** Smaller runs cost more turns of the loop than they save memory. */
const RUN_BYTES = 1024 * 1024;
/** Pairs of buffers that are kept for the next download. */
const KEPT_PAIRS = 4;

type Pair = readonly [Buffer, Buffer];

/** Reads files in runs; the buffers are used again. */
export type RunReader = (
  handle: FileHandle,
  range: { readonly start: number; readonly end: number },
) => AsyncGenerator<Uint8Array>;

/**
 * A megabyte that is new for each read costs as much as the reading: its pages have to be had from the
 * system and given back. So two buffers take turns, one being filled while the other is being sent.
 */
export function createRunReader(): RunReader {
  const kept: Pair[] = [];
  return async function* readRuns(handle, { start, end }) {
    const pair = kept.pop() ?? [
      Buffer.allocUnsafeSlow(RUN_BYTES),
      Buffer.allocUnsafeSlow(RUN_BYTES),
    ];
    let reading: Promise<Buffer> | undefined;
    try {
      for (let at = start, turn = 0; at < end; turn += 1) {
        const run: Buffer = await (reading ?? readRun(handle, pair[0], { start: at, end }));
        at += run.length;
        const other = turn % 2 === 0 ? pair[1] : pair[0];
        reading = at < end ? readRun(handle, other, { start: at, end }) : undefined;
        reading?.catch(() => undefined); // told when it is asked for
        yield run;
      }
    } finally {
      await reading?.catch(() => undefined);
      if (kept.length < KEPT_PAIRS) kept.push(pair);
      await handle.close();
    }
  };
}

/** @throws 'damaged' if the file ends before it should */
async function readRun(
  handle: FileHandle,
  buffer: Buffer,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Buffer> {
  const length = Math.min(buffer.length, end - start);
  const { bytesRead } = await handle.read(buffer, 0, length, start);
  if (bytesRead === 0) throw new AppError('damaged', 'A stored file is not as long as it was.');
  return buffer.subarray(0, bytesRead);
}
