import { describeContent, isGzip, startsWithFits } from './magic.js';
import { openGzipSource } from './gzip-source.js';
import { openPlainSource } from './plain-source.js';
import type { ByteSource, SourceLimits } from './types.js';

/** A source and how the bytes are kept in the file. */
export interface OpenedSource {
  readonly container: 'plain' | 'gzip';
  readonly source: ByteSource;
}

/**
 * Opens a file by its content, whatever its name says: plain FITS, or FITS inside gzip.
 *
 * @throws 'fits_invalid' for anything that is not FITS, with a sentence that says what it seems to
 *         be; 'fits_unsupported' for other compressions; 'too_large' beyond the limits
 */
export async function openSource(path: string, limits: SourceLimits): Promise<OpenedSource> {
  const plain = await openPlainSource(path);
  try {
    const start = await plain.read(0, 512);
    if (startsWithFits(start)) return { container: 'plain', source: plain };
    if (!isGzip(start)) throw describeContent(start);
  } catch (error) {
    await plain.close();
    throw error;
  }
  await plain.close();
  return { container: 'gzip', source: await openCheckedGzip(path, limits) };
}

async function openCheckedGzip(path: string, limits: SourceLimits): Promise<ByteSource> {
  const source = await openGzipSource(path, limits);
  try {
    const start = await source.read(0, 512);
    if (!startsWithFits(start)) throw describeContent(start, 'inside gzip');
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}
