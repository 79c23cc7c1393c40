import { AppError } from '../lib/errors.js';
import { RUN_BYTES, type ZipLayout } from './layout.js';

/** Opens bytes [start, end) of a member, counted from 0. A run is good until the next is asked for. */
export type OpenEntry = (
  entry: number,
  range: { readonly start: number; readonly end: number },
) => Promise<AsyncIterable<Uint8Array>>;

/** Headers and small members are sent together: a packet for each would cost more than they do. */
const GATHER_BYTES = 65_536;

/**
 * Bytes [start, end) of a zip, made as they are taken; one member is open at a time.
 *
 * @throws 'damaged' if a member gives more or fewer bytes than it was laid out with, and whatever
 *         `open` throws: what has been taken is then not a zip
 */
export async function* readZip(
  layout: ZipLayout,
  range: { readonly start: number; readonly end: number },
  open: OpenEntry,
): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let length = 0;
  const take = (bytes: Uint8Array): Uint8Array | undefined => {
    gathered.push(bytes);
    length += bytes.length;
    return length < GATHER_BYTES ? undefined : flush();
  };
  const flush = (): Uint8Array => {
    const [only] = gathered;
    const all = gathered.length === 1 && only !== undefined ? only : Buffer.concat(gathered);
    [gathered, length] = [[], 0];
    return all;
  };
  for (const part of layout.parts(range)) {
    if ('bytes' in part) {
      const full = take(part.bytes);
      if (full !== undefined) yield full;
      // A long directory, and a client that takes all at once: others must have their turn as well.
      if (part.bytes.length >= RUN_BYTES) await new Promise(setImmediate);
      continue;
    }
    let left = part.end - part.start;
    for await (const bytes of await open(part.entry, part)) {
      left -= bytes.length;
      if (left < 0) break;
      // Large pieces are passed on as they are: no copy of what makes up the bulk.
      if (bytes.length >= GATHER_BYTES && length > 0) yield flush();
      // What waits for others must not lie in a buffer that is used again.
      const full = take(bytes.length >= GATHER_BYTES ? bytes : Uint8Array.from(bytes));
      if (full !== undefined) yield full;
    }
    if (left !== 0) throw new AppError('damaged', 'A stored file is not as long as it was.');
  }
  if (length > 0) yield flush();
}
