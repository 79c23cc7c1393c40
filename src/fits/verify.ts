import { AppError } from '../lib/errors.js';
import { checkHdu } from './checksum.js';
import { nextOffset } from './hdu.js';
import type { FitsFile, Hdu, Issue } from './types.js';
import { checkEnd, checkLines, splitHeader } from './verify-cards.js';
import { checkDuplicates, checkMandatory, checkReserved, isTable } from './verify-rules.js';
import type { Finding } from './verify-cards.js';
import { checkColumns, checkHeap, checkRows } from './verify-tables.js';

/** Most findings of a kind in an HDU; a file of noise would have millions. */
const MAX_OF_A_KIND = 200;

/**
 * Everything in a file that is not as the standard says, in the order of the file; what opening it
 * found is part of it. `error` breaks a rule, `warning` is unwise or ambiguous. Never throws for what
 * is in the file. FITS Standard 4.0 §3, §4, §7, §8.2, §10.
 *
 * @param options.data false to look at headers and fill only: no checksums, no rows of tables
 */
export async function verify(
  file: FitsFile,
  options: { readonly data?: boolean } = {},
): Promise<Issue[]> {
  const issues = [...file.issues];
  if (file.format !== 'fits') return issues;
  const known = new Set(issues.map((issue) => issue.offset));
  for (const hdu of file.hdus) {
    const counts = new Map<string, number>();
    for await (const finding of checkAll(file, hdu, options.data ?? true)) {
      // A card that could not be read was found when the file was opened: once is enough.
      if (finding.code === 'format' && finding.level === 'warning' && known.has(finding.offset))
        continue;
      const count = (counts.get(finding.code) ?? 0) + 1;
      counts.set(finding.code, count);
      if (count <= MAX_OF_A_KIND) issues.push({ ...finding, hdu: hdu.index });
    }
  }
  return issues.sort((a, b) => a.hdu - b.hdu || a.offset - b.offset);
}

async function* checkAll(file: FitsFile, hdu: Hdu, withData: boolean): AsyncGenerator<Finding> {
  const bytes = await file.source.read(hdu.headerOffset, hdu.dataOffset - hdu.headerOffset);
  const { lines, end } = splitHeader(bytes, hdu.headerOffset);
  yield* checkLines(lines);
  yield* checkEnd(bytes, end, hdu.headerOffset);
  yield* checkMandatory(hdu, lines);
  yield* checkReserved(hdu);
  yield* checkDuplicates(hdu);
  if (isTable(hdu)) yield* checkColumns(hdu);
  yield* checkFill(file, hdu);
  if (!withData) return;
  try {
    if (isTable(hdu)) yield* checkRows(file, hdu);
    yield* checkHeap(file, hdu);
    yield* checkSums(file, hdu);
  } catch (error) {
    // A file that is cut off or damaged was found when it was opened, or is found here.
    if (!(error instanceof AppError)) throw error;
    const offset = hdu.dataOffset;
    yield { code: 'data', level: 'error', keyword: '', offset, text: error.message };
  }
}

async function* checkFill(file: FitsFile, hdu: Hdu): AsyncGenerator<Finding> {
  const start = hdu.dataOffset + hdu.dataBytes;
  const fill = hdu.kind === 'table' ? 0x20 : 0; // FITS Standard 4.0 §7.2.3, §3.3.2
  const bytes = await file.source.read(start, nextOffset(hdu) - start);
  const wrong = bytes.findIndex((byte) => byte !== fill);
  if (wrong < 0) return;
  const text = `The fill after the data is not ${fill === 0 ? 'zeros' : 'blanks'}.`;
  yield { code: 'fill', level: 'error', keyword: '', offset: start + wrong, text };
}

async function* checkSums(file: FitsFile, hdu: Hdu): AsyncGenerator<Finding> {
  const verdicts = await checkHdu(file, hdu);
  const sums = [
    ['CHECKSUM', verdicts.checksum],
    ['DATASUM', verdicts.datasum],
  ] as const;
  for (const [keyword, verdict] of sums) {
    if (verdict !== 'wrong') continue;
    const offset = hdu.header.card(keyword)?.offset ?? hdu.headerOffset;
    const text = `${keyword} is not that of the bytes: they were changed after it was written.`;
    yield { code: 'checksum', level: 'warning', keyword, offset, text };
  }
}
