import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFits } from '../../src/fits/index.js';
import type { FitsFile } from '../../src/fits/index.js';

/**
 * Real files and what astropy and cfitsio say of them. They lie outside the repository (FITS_CORPUS,
 * default ../shared/fits); its README says how the answers were made.
 */
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const corpus = process.env.FITS_CORPUS ?? join(root, '../shared/fits');
const manifestPath = join(corpus, 'manifest.json');
const isThere = existsSync(manifestPath);

if (!isThere) {
  process.stdout.write(`\nNo FITS corpus at ${corpus}: set FITS_CORPUS. Its tests are skipped.\n`);
}

/** `test`, skipped where there is no corpus. */
export const corpusTest = isThere ? test : test.skip;

/** One file of the manifest, as far as tests look at it. */
export interface CorpusEntry {
  readonly path: string;
  readonly group: string;
  readonly goldens: string;
  readonly hdus: readonly unknown[] | null;
  readonly fitsverify?: string | null;
}

export const corpusEntries: readonly CorpusEntry[] = isThere
  ? (JSON.parse(readFileSync(manifestPath, 'utf8')) as { files: readonly CorpusEntry[] }).files
  : [];

/** The answers for a file; the caller knows their shape. */
export function readGolden(entry: CorpusEntry): unknown {
  return JSON.parse(readFileSync(join(corpus, entry.goldens), 'utf8'));
}

/** Files per group and outcome, to be printed at the end. */
export class Tally {
  private readonly counts = new Map<string, number>();

  add(group: string, outcome: string): void {
    const key = `${group.padEnd(18)} ${outcome}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  print(title: string): void {
    const lines = [...this.counts]
      .sort()
      .map(([key, count]) => `${String(count).padStart(5)} ${key}`);
    process.stdout.write(`\n${title}\n${lines.join('\n')}\n`);
  }
}

/** Opens each file in turn; those that are refused are tallied with the reason. */
export async function eachCorpusFile(
  tally: Tally,
  use: (file: FitsFile, entry: CorpusEntry) => Promise<void>,
): Promise<void> {
  for (const entry of corpusEntries) {
    let file: FitsFile;
    try {
      file = await openFits(join(corpus, entry.path));
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code === undefined) throw error;
      tally.add(entry.group, `refused: ${code}: ${message}`);
      continue;
    }
    try {
      await use(file, entry);
    } finally {
      await file.close();
    }
  }
}
