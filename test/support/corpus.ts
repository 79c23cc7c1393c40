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
const corpus = process.env.FITS_CORPUS ?? join(root, '../shared/fits');
const manifestPath = join(corpus, 'manifest.json');
const isThere = existsSync(manifestPath);

if (!isThere) {
  process.stdout.write(`\nNo FITS corpus at ${corpus}: set FITS_CORPUS. Its tests are skipped.\n`);
}

/** `test`, skipped where there is no corpus. */
export const corpusTest = isThere ? test : test.skip;

/** Numbers, text for NaN and infinities, objects for what JSON cannot say. */
export type GoldenValue = unknown;

/** One file of the manifest, as far as tests look at it. */
export interface CorpusEntry {
  readonly path: string;
  readonly sha256: string;
  readonly group: string;
  readonly goldens: string;
  /** What astropy says: 'valid', or why not. */
  readonly validity: string;
  /** As astropy lists them; none if it cannot open the file. */
  readonly hdus: readonly CorpusHdu[] | null;
  /** What astropy 5.2.1 is known to get wrong here. */
  readonly astropy_limits?: readonly string[];
  readonly fitsverify?: string | null;
  readonly first_image_hdu?: number | null;
  /** Of the first image; of its first plane if it has several. */
  readonly image?: GoldenImage | null;
}

export interface CorpusHdu {
  readonly index: number;
  readonly type: string;
  readonly bitpix: number;
  /** Slowest axis first. */
  readonly shape: readonly number[];
  /** Absent where astropy could not tell, as inside a container. */
  readonly header_offset?: number;
}

/** The answers for a file. */
export interface Golden {
  readonly hdus: readonly GoldenHdu[];
}

export interface GoldenHdu {
  readonly index: number;
  readonly header: readonly GoldenCard[] | null;
  readonly commentary: readonly (readonly [keyword: string, text: string])[] | null;
  readonly image?: GoldenImage | null;
  /** Why there are no pixels or rows, though the header announces them. */
  readonly data_error?: string;
  /** Random groups, which are not images. */
  readonly groups?: unknown;
  readonly table?: GoldenTable | null;
  readonly wcs?: GoldenWcs | null;
  readonly checksums?: GoldenChecksums | null;
}

export type GoldenCard = readonly [keyword: string, value: GoldenValue, comment: string];

/** Statistics over finite pixels; of the first plane if `plane_shape` is not `shape`. */
export interface GoldenImage {
  readonly dtype?: string;
  readonly shape?: readonly number[];
  readonly n_pixels?: number;
  readonly n_nan?: number;
  readonly n_inf?: number;
  readonly n_finite?: number;
  readonly min?: GoldenValue;
  readonly max?: GoldenValue;
  readonly mean?: GoldenValue;
  readonly median?: GoldenValue;
  readonly std?: GoldenValue;
  /** Absent for an image without pixels. */
  readonly samples?: readonly (readonly [y: number, x: number, value: GoldenValue])[];
}

export interface GoldenTable {
  readonly kind: 'ascii' | 'binary';
  readonly n_rows: number;
  readonly columns: readonly {
    readonly name: string;
    readonly unit: string | null;
    readonly null: GoldenValue;
    readonly tscal: number | null;
    readonly tzero: GoldenValue;
    readonly dim: string | null;
  }[];
  readonly first_rows: readonly (readonly GoldenValue[])[];
}

type Position = readonly [lon: number | string, lat: number | string];

export interface GoldenWcs {
  /** Why astropy has no WCS. */
  readonly error?: string;
  readonly note?: string;
  readonly ctype?: readonly string[];
  /** Where the linear part of the WCS puts pixels at CRPIX. */
  readonly pixel_scale_arcsec?: readonly number[];
  readonly frame?: string | null;
  readonly nx?: number;
  readonly ny?: number;
  readonly center?: Position;
  readonly center_icrs?: Position;
  readonly corners_pixel_centers?: readonly Position[];
  readonly corners_pixel_centers_icrs?: readonly Position[];
  readonly corners_outer_edges?: readonly Position[];
  readonly corners_outer_edges_icrs?: readonly Position[];
}

/** Computed from the bytes; null where the header has no such keyword. */
export interface GoldenChecksums {
  readonly checksum_ok?: boolean | null;
  readonly datasum_ok?: boolean | null;
}

export const corpusEntries: readonly CorpusEntry[] = isThere
  ? (JSON.parse(readFileSync(manifestPath, 'utf8')) as { files: readonly CorpusEntry[] }).files
  : [];

/**
 * One test for each of some files of the corpus, by its path; without corpus one that is skipped.
 *
 * @param options.entries which files, default all
 * @param options.it another kind of `test`
 */
export function corpusTestEach(
  name: string,
  check: (entry: CorpusEntry) => Promise<void>,
  options: { entries?: readonly CorpusEntry[]; it?: jest.It } = {},
): void {
  const { entries = corpusEntries, it = test } = options;
  if (entries.length === 0) test.skip(name, () => undefined);
  else it.each(entries.map((entry) => [entry.path, entry] as const))(name, (_, e) => check(e));
}

/** Where a file of the corpus is on this machine. */
export function corpusPath({ path }: Pick<CorpusEntry, 'path'>): string {
  return join(corpus, path);
}

export function readGolden(entry: CorpusEntry): Golden {
  return JSON.parse(readFileSync(join(corpus, entry.goldens), 'utf8')) as Golden;
}

/**
 * True if astropy finds an image with values, whatever else it says of the file. HDUs that are not
 * standard (SIMPLE = F) it shows as bytes, which are not a picture.
 */
export function hasPicture(entry: CorpusEntry): boolean {
  return readGolden(entry).hdus.some(({ index, image }) => {
    const isStandard = entry.hdus?.[index]?.type !== '_NonstandardHDU';
    return isStandard && (image?.n_finite ?? 0) > 0;
  });
}

/** The number that a golden means. */
export function toNumber(value: GoldenValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'object' && value !== null && 'bigint' in value) return Number(value.bigint);
  const text = String(value).toLowerCase();
  if (text === 'nan') return NaN;
  if (/^[+-]?inf/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  throw new Error(`${text} is not a number`);
}

/** The same number, bit for bit but for the sign of zero; NaN is NaN. */
export const sameNumber = (left: number, right: number): boolean =>
  left === right || Object.is(left, right);

/** Outcomes per group, to be printed at the end. */
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

/** What the codec says of a file that it refuses; errors of other kinds are thrown on. */
export function refusalOf(error: unknown): { code: string; message: string } {
  const { code, message } = error as { code?: unknown; message: string };
  if (typeof code !== 'string' || !/^fits_|^too_large$/.test(code)) throw error;
  return { code, message };
}

/** Opens a file, or gives the reason why it is refused. */
export async function openEntry(
  entry: Pick<CorpusEntry, 'path'>,
): Promise<FitsFile | { code: string; message: string }> {
  try {
    return await openFits(corpusPath(entry));
  } catch (error) {
    return refusalOf(error);
  }
}

/** Opens each file in turn; those that are refused are tallied with the reason. */
export async function eachCorpusFile(
  tally: Tally,
  use: (file: FitsFile, entry: CorpusEntry) => Promise<void>,
): Promise<void> {
  for (const entry of corpusEntries) {
    const file = await openEntry(entry);
    if ('code' in file) {
      tally.add(entry.group, `refused: ${file.code}: ${file.message}`);
      continue;
    }
    try {
      await use(file, entry);
    } finally {
      await file.close();
    }
  }
}
