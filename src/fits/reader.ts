import { tmpdir } from 'node:os';
import { AppError, hasCode } from '../lib/errors.js';
import { makeHdu, nextOffset } from './hdu.js';
import { BLOCK_BYTES, MAX_HEADER_BYTES, readHeader } from './header.js';
import type { FoundHeader } from './header.js';
import { openSource } from './source.js';
import type { ByteSource, Card, FitsFile, Hdu, Issue, IssueCode } from './types.js';

const DEFAULT_MAX_EXPANDED_BYTES = 4 * 1024 ** 3;

/**
 * Opens a FITS file and reads all its headers, but no data. Lenient: what can be read is given, and
 * what is wrong is in `issues`. After an issue `truncated` or `header` there are no further HDUs.
 *
 * @param options.maxExpandedBytes most bytes a gzip file may expand to, default 4 GiB
 * @param options.tempDir folder for the expanded copy of a gzip file, default the system's
 * @throws 'fits_invalid' if it is not FITS or its first header is unusable, 'fits_unsupported' for
 *         other compressions, 'fits_truncated' if it ends within the first block, 'too_large' if
 *         gzip expands beyond the limit
 */
export async function openFits(
  path: string,
  options: { maxExpandedBytes?: number; tempDir?: string } = {},
): Promise<FitsFile> {
  const { container, source } = await openSource(path, {
    maxExpandedBytes: options.maxExpandedBytes ?? DEFAULT_MAX_EXPANDED_BYTES,
    tempDir: options.tempDir ?? tmpdir(),
  });
  try {
    const { hdus, issues } = await walk(source);
    const close = (): Promise<void> => source.close();
    return { container, sizeBytes: source.sizeBytes, hdus, issues, source, close };
  } catch (error) {
    await source.close();
    throw error;
  }
}

interface Walk {
  readonly hdus: Hdu[];
  readonly issues: Issue[];
}

async function walk(source: ByteSource): Promise<Walk> {
  const found: Walk = { hdus: [], issues: [] };
  let headerBytes = 0;
  for (let offset = 0; ;) {
    const hdu = await readHdu(source, offset, found);
    if (hdu === undefined) return found;
    found.hdus.push(hdu);
    headerBytes += hdu.dataOffset - hdu.headerOffset;
    if (headerBytes > MAX_HEADER_BYTES) {
      throw new AppError('fits_invalid', 'The headers together are longer than 8 MB.');
    }
    if (!(await checkData(source, hdu, found))) return found;
    offset = nextOffset(hdu);
  }
}

/** The HDU at `offset`; undefined, with an issue where one is due, if there is none to read. */
async function readHdu(source: ByteSource, offset: number, found: Walk): Promise<Hdu | undefined> {
  const index = found.hdus.length;
  if (index > 0) {
    const start = await source.read(offset, 16);
    if (start.length === 0) return undefined;
    if (!/^XTENSION *=/.test(Buffer.from(start).toString('latin1'))) {
      const extra = (await source.extent(Number.MAX_SAFE_INTEGER)) - offset;
      const text = `${extra} bytes after the last HDU are not FITS.`;
      found.issues.push(issue('trailing', index - 1, offset, text));
      return undefined;
    }
  }
  try {
    const read = await readHeader(source, offset);
    if (!read.hasEnd && index > 0) {
      const text = `The file ends inside the header of HDU ${index}.`;
      found.issues.push(issue('truncated', index, offset, text));
      return undefined;
    }
    const place = { index, headerOffset: offset, lengthBytes: read.lengthBytes };
    const hdu = makeHdu(read.header, place);
    found.issues.push(...headerIssues(read, hdu));
    return hdu;
  } catch (error) {
    // The first header must be good; a later one only ends the walk.
    if (index === 0 || !(error instanceof Error)) throw error;
    if (hasCode(error, 'fits_truncated')) {
      const text = `The file ends inside the header of HDU ${index}.`;
      found.issues.push(issue('truncated', index, offset, text));
    } else if (hasCode(error, 'fits_invalid')) {
      const text = `The header of HDU ${index} cannot be followed: ${error.message}`;
      found.issues.push(issue('header', index, offset, text));
    } else throw error;
    return undefined;
  }
}

function headerIssues(read: FoundHeader, hdu: Hdu): Issue[] {
  const issues = read.header.cards
    .filter((card) => card.kind === 'bad')
    .map((card) => badCardIssue(card, hdu.index));
  if (!read.hasEnd) {
    const text = 'The header has no END card; the file ends with it.';
    issues.push({ ...issue('end_missing', hdu.index, hdu.headerOffset, text), level: 'error' });
  }
  return issues;
}

function badCardIssue(card: Card, hdu: number): Issue {
  const text = `The card cannot be read as the standard says: ${card.text.slice(0, 80).trimEnd()}`;
  return { ...issue('card', hdu, card.offset, text), keyword: card.keyword };
}

/** Compares the data a header announces with the file; false if the walk ends here. */
async function checkData(source: ByteSource, hdu: Hdu, found: Walk): Promise<boolean> {
  const end = hdu.dataOffset + hdu.dataBytes;
  const filled = nextOffset(hdu);
  const have = await source.extent(filled);
  if (have < end) {
    const missing = end - Math.max(have, hdu.dataOffset);
    const text = `The file is cut off: ${missing} of ${hdu.dataBytes} bytes of data are missing in HDU ${hdu.index}.`;
    if (hdu.dataBytes > 0) found.issues.push(issue('truncated', hdu.index, hdu.dataOffset, text));
    else found.issues.push(issue('padding', hdu.index, have, paddingText(hdu, filled - have)));
    return false;
  }
  if (have < filled) {
    found.issues.push(issue('padding', hdu.index, have, paddingText(hdu, filled - have)));
    return false;
  }
  return true;
}

function paddingText(hdu: Hdu, missing: number): string {
  return `${missing} bytes of fill after HDU ${hdu.index} are missing; blocks are ${BLOCK_BYTES} bytes.`;
}

function issue(code: IssueCode, hdu: number, offset: number, text: string): Issue {
  const level = code === 'truncated' || code === 'header' ? 'error' : 'warning';
  return { code, level, hdu, keyword: '', offset, text };
}
