import { expandInto, openExpandedSource } from './expanded-source.js';
import type { ExpansionLimits } from './expanded-source.js';
import { containerOf, describeContent, formatOf } from './magic.js';
import { openPlainSource } from './plain-source.js';
import type { ByteSource, Container, FitsFile, SourceLimits } from './types.js';

const START_BYTES = 512;

/** A source, how the bytes are kept in the file, and what they are. */
export interface OpenedSource {
  readonly container: Container;
  readonly format: FitsFile['format'];
  readonly source: ByteSource;
}

/**
 * Opens a file by its content, whatever its name says: FITS or XISF, plain or inside gzip, bzip2,
 * Unix compress or zip.
 *
 * @throws 'fits_invalid' for anything else, with a sentence that says what it seems to be;
 *         'fits_unsupported' for other compressions; 'too_large' beyond the limits
 */
export async function openSource(path: string, limits: SourceLimits): Promise<OpenedSource> {
  const plain = await openPlainSource(path);
  const container = await closeOnFailure(plain, async () => {
    return containerOf(await plain.read(0, START_BYTES));
  });
  let source = plain;
  if (container !== 'plain') {
    await plain.close();
    source = await openExpandedSource(path, container, limits);
  }
  const format = await closeOnFailure(source, async () => {
    const start = await source.read(0, START_BYTES);
    const found = formatOf(start);
    if (found === undefined) throw describeContent(start, container);
    return found;
  });
  return { container, format, source };
}

/**
 * Writes the content of a file to a new file at `targetPath`: a plain file as it is, another taken out
 * of its container. For work that goes back and forth in a compressed file.
 *
 * @throws 'too_large' beyond the limits, 'fits_invalid' or 'fits_unsupported' if the container
 *         cannot be read, 'key_exists' if `targetPath` exists, 'store_full'; nothing is left then
 */
export async function expandTo(
  path: string,
  targetPath: string,
  limits: ExpansionLimits,
): Promise<void> {
  const plain = await openPlainSource(path);
  const start = await closeOnFailure(plain, () => plain.read(0, START_BYTES));
  await plain.close();
  await expandInto(path, containerOf(start), targetPath, limits);
}

async function closeOnFailure<T>(source: ByteSource, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    await source.close();
    throw error;
  }
}
