/**
 * The codec against astropy and cfitsio on real files: HDUs, headers, pixels, tables, checksums and
 * coordinates of each file, and one table of what was found.
 */
import type { FitsFile, Hdu } from '../../src/fits/index.js';
import {
  corpusTest,
  corpusTestEach,
  openEntry,
  readGolden,
  refusalOf,
  type CorpusEntry,
  type GoldenHdu,
} from '../support/corpus.js';
import { compareChecksums } from './compare/checksums.js';
import { compareHdus, compareHeader, isMendedGroups } from './compare/headers.js';
import { compareImage } from './compare/images.js';
import {
  countOf,
  formatReport,
  newFindings,
  record,
  type Counted,
  type Findings,
} from './compare/report.js';
import { compareTable } from './compare/tables.js';
import { compareWcs } from './compare/wcs.js';

const all: Findings[] = [];

corpusTestEach('%s is read as astropy and cfitsio read it', async (entry) => {
  const findings = newFindings(entry.path);
  all.push(findings);
  await compareFile(entry, findings);
  expect(findings.problems).toEqual([]);
});

corpusTest('there was something of every kind to compare', () => {
  process.stdout.write(formatReport(all));
  const kinds: readonly Counted[] = ['headers', 'images', 'tables', 'sums', 'wcs'];
  for (const kind of kinds) expect([kind, countOf(all, kind)]).not.toEqual([kind, 0]);
});

async function compareFile(entry: CorpusEntry, findings: Findings): Promise<void> {
  const golden = readGolden(entry);
  const file = await openEntry(entry);
  if ('code' in file) {
    findings.readAs = file.code;
    findings.notes.push(file.message);
    // A file may be refused only if astropy finds no HDU in it either.
    if ((entry.hdus ?? []).length > 0) findings.problems.push('refused, but astropy reads it');
    return;
  }
  try {
    findings.readAs =
      file.container === 'plain' ? file.format : `${file.format} in ${file.container}`;
    findings.hdus = file.hdus.length;
    findings.problems.push(...compareHdus(file, entry));
    if (golden.hdus.length !== file.hdus.length) {
      findings.problems.push(`${file.hdus.length} HDUs, not ${golden.hdus.length}`);
    }
    for (const expected of golden.hdus) {
      const hdu = file.hdus[expected.index];
      if (hdu !== undefined) await compareHdu(findings, file, hdu, expected);
    }
  } finally {
    await file.close();
  }
  if ((entry.astropy_limits ?? []).length > 0) findings.notes.push('astropy misreads it');
}

async function compareHdu(
  findings: Findings,
  file: FitsFile,
  hdu: Hdu,
  golden: GoldenHdu,
): Promise<void> {
  const { index } = hdu;
  if (golden.header !== null) record(findings, 'headers', index, compareHeader(hdu, golden));
  if (hdu.kind === 'unknown') {
    // SIMPLE = F, or an extension that nobody registered: astropy shows the bytes as they are.
    findings.notes.push('not a standard HDU, not read');
  } else if (golden.image || golden.data_error !== undefined) {
    await compareData(findings, file, hdu, golden);
  }
  if (golden.groups !== undefined) {
    findings.notes.push('random groups, not read');
    if (hdu.kind !== 'groups' && !isMendedGroups(hdu))
      findings.problems.push(`HDU ${index} is ${hdu.kind}, not groups`);
  }
  if (golden.table) record(findings, 'tables', index, await compareTable(file, hdu, golden.table));
  record(findings, 'sums', index, await compareChecksums(file, hdu, golden.checksums));
  const { problems, worst, note } = await compareWcs(file, hdu, golden.wcs);
  if (golden.wcs && golden.wcs.error === undefined) record(findings, 'wcs', index, problems);
  if (note !== undefined) findings.notes.push(note);
  if (worst !== undefined) findings.worstArcsec = Math.max(findings.worstArcsec ?? 0, worst);
}

/** Pixels, or the refusal to read them where astropy or cfitsio finds them damaged. */
async function compareData(
  findings: Findings,
  file: FitsFile,
  hdu: Hdu,
  { image, data_error: dataError }: GoldenHdu,
): Promise<void> {
  try {
    const problems = await compareImage(file, hdu, image ?? {});
    if (dataError !== undefined) problems.push(`read, though damaged: ${dataError}`);
    record(findings, 'images', hdu.index, problems);
  } catch (error) {
    const { code, message } = refusalOf(error);
    if (dataError !== undefined) findings.notes.push(`not read, nor by astropy: ${message}`);
    record(findings, 'images', hdu.index, dataError === undefined ? [`${code}: ${message}`] : []);
  }
}
