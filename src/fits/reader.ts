import { tmpdir } from 'node:os';
import { AppError, hasCode } from '../lib/errors.js';
import { makeHdu, nextOffset } from './hdu.js';
import { BLOCK_BYTES, readHeader } from './header.js';
import type { FoundHeader } from './header.js';
import { createPace } from './pace.js';
import { openSource } from './source.js';
import type { ByteSource, Card, FitsFile, Hdu, Issue, IssueCode, SourceLimits } from './types.js';
import { openXisf } from './xisf/index.js';

const DEFAULT_MAX_EXPANDED_BYTES = 4 * 1024 ** 3;
const DEFAULT_MAX_EXPANSION_RATIO = 500;
const MAX_HDUS = 10_000;
const MAX_ALL_HEADERS_BYTES = 16 * 1024 * 1024;
const MAX_CARD_ISSUES = 1000;
const AHEAD_BYTES = 64 * 1024;

/**
 * Opens a FITS or XISF file and reads all its headers, but no data. Lenient: what can be read is
 * given, and what is wrong is in `issues`. After an issue `truncated` or `header` there are no further
 * HDUs. FITS Standard 4.0 §3; XISF 1.0.
 *
 * @param options.maxExpandedBytes most bytes a compressed file may expand to, default 4 GiB
 * @param options.maxExpansionRatio most times its own size a compressed file may expand to once
 *        that is more than 256 MB, default 500
 * @param options.tempDir folder for the expanded copy of a compressed file, default the system's
 * @throws 'fits_invalid' if it is neither or its first header is unusable, 'fits_unsupported' for
 *         compressions that are not read, 'fits_truncated' if it ends within the first block,
 *         'too_large' if it expands beyond the limits, has more than 10 000 HDUs, more than 8 MB in
 *         one header or 16 MB in all of them
 */
export async function openFits(
  path: string,
  options: Partial<SourceLimits> = {},
): Promise<FitsFile> {
  const { container, format, source } = await openSource(path, {
    maxExpandedBytes: options.maxExpandedBytes ?? DEFAULT_MAX_EXPANDED_BYTES,
    maxExpansionRatio: options.maxExpansionRatio ?? DEFAULT_MAX_EXPANSION_RATIO,
    tempDir: options.tempDir ?? tmpdir(),
  });
  try {
    const { hdus, issues } = format === 'xisf' ? await openXisf(source) : await walk(source);
    const close = (): Promise<void> => source.close();
    return { format, container, sizeBytes: source.sizeBytes, hdus, issues, source, close };
  } catch (error) {
    await source.close();
    throw error;
  }
}

type HeaderSource = Pick<ByteSource, 'read' | 'extent'>;

interface Walk {
  readonly hdus: Hdu[];
  readonly issues: Issue[];
  cardBytes: number;
}

async function walk(original: ByteSource): Promise<Walk> {
  const source = readAhead(original);
  const pace = createPace();
  const found: Walk = { hdus: [], issues: [], cardBytes: 0 };
  for (let offset = 0; ;) {
    const hdu = await readHdu(source, offset, found);
    if (hdu === undefined) return found;
    found.hdus.push(hdu);
    if (found.hdus.length > MAX_HDUS) {
      throw new AppError('too_large', `The file has more than ${MAX_HDUS} HDUs.`);
    }
    if (found.cardBytes > MAX_ALL_HEADERS_BYTES) {
      throw new AppError('too_large', 'The headers together are longer than 16 MB.');
    }
    if (!(await checkData(source, hdu, found))) return found;
    offset = nextOffset(hdu);
    await pace();
  }
}

/** The same source, read in larger pieces: small HDUs come many to a piece. */
function readAhead(source: ByteSource): HeaderSource {
  let start = 0;
  let held: Uint8Array = new Uint8Array(0);
  return {
    read: async (position, length) => {
      if (length > AHEAD_BYTES) return source.read(position, length);
      const isHeld = position >= start && position + length <= start + held.length;
      if (!isHeld) {
        held = await source.read(position, AHEAD_BYTES);
        start = position;
      }
      return held.subarray(position - start, position - start + length);
    },
    extent: (end) => source.extent(end),
  };
}

/** The HDU at `offset`; undefined, with an issue where one is due, if there is none to read. */
async function readHdu(
  source: HeaderSource,
  offset: number,
  found: Walk,
): Promise<Hdu | undefined> {
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
    found.cardBytes += read.cardBytes;
    if (!read.hasEnd && index > 0) {
      const text = `The file ends inside the header of HDU ${index}.`;
      found.issues.push(issue('truncated', index, offset, text));
      return undefined;
    }
    const place = { index, headerOffset: offset, lengthBytes: read.lengthBytes };
    const hdu = makeHdu(read.header, place);
    addHeaderIssues(read, hdu, found.issues);
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

function addHeaderIssues(read: FoundHeader, hdu: Hdu, issues: Issue[]): void {
  if (read.header.value('SIMPLE') === false && hdu.index === 0) {
    const text =
      'SIMPLE is F: the file says that it does not follow the standard; its data may not be what they seem.';
    issues.push({ ...issue('card', 0, hdu.headerOffset, text), keyword: 'SIMPLE' });
  }
  for (const card of read.header.cards) {
    if (card.kind !== 'bad') continue;
    if (issues.length >= MAX_CARD_ISSUES) break;
    issues.push(badCardIssue(card, hdu.index));
  }
  if (!read.hasEnd) {
    const text = 'The header has no END card; the file ends with it.';
    issues.push({ ...issue('end_missing', hdu.index, hdu.headerOffset, text), level: 'error' });
  }
}

function badCardIssue(card: Card, hdu: number): Issue {
  const text = `The card cannot be read as the standard says: ${card.text.slice(0, 80).trimEnd()}`;
  return { ...issue('card', hdu, card.offset, text), keyword: card.keyword };
}

/** Compares the data a header announces with the file; false if the walk ends here. */
async function checkData(source: HeaderSource, hdu: Hdu, found: Walk): Promise<boolean> {
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
