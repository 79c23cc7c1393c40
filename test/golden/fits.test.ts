/**
 * The codec against astropy and cfitsio on real files. The corpus lies outside the repository
 * (FITS_CORPUS, default ../shared/fits); its README says how the goldens were made.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eachStrip, openFits, planeOf } from '../../src/fits/index.js';
import type { Card, FitsFile, Hdu } from '../../src/fits/index.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const corpus = process.env.FITS_CORPUS ?? join(root, '../shared/fits');
const manifestPath = join(corpus, 'manifest.json');
const present = existsSync(manifestPath);

/** Numbers, or text for NaN, infinities, and objects for what JSON cannot say. */
type GoldenValue = unknown;

interface GoldenImage {
  readonly empty?: boolean;
  readonly dtype?: string;
  readonly n_pixels?: number;
  readonly n_nan?: number;
  readonly n_finite?: number;
  readonly min?: GoldenValue;
  readonly max?: GoldenValue;
  readonly mean?: GoldenValue;
  readonly samples?: readonly (readonly [y: number, x: number, value: GoldenValue])[];
}

interface Golden {
  readonly hdus: readonly {
    readonly index: number;
    readonly header: readonly (readonly [string, GoldenValue, string])[] | null;
    readonly commentary: readonly (readonly [string, string])[] | null;
    readonly image?: GoldenImage | null;
    readonly data_error?: string;
  }[];
}

interface ManifestFile {
  readonly path: string;
  readonly group: string;
  readonly goldens: string;
  readonly hdus:
    | readonly {
        readonly type: string;
        readonly bitpix: number;
        readonly shape: readonly number[];
        readonly header_offset?: number;
      }[]
    | null;
}

const manifest = present
  ? (JSON.parse(readFileSync(manifestPath, 'utf8')) as { files: readonly ManifestFile[] })
  : { files: [] };

const goldenOf = (file: ManifestFile): Golden =>
  JSON.parse(readFileSync(join(corpus, file.goldens), 'utf8')) as Golden;

/** Files per group and outcome, printed at the end. */
class Tally {
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

if (!present) {
  process.stdout.write(`\nNo FITS corpus at ${corpus}: set FITS_CORPUS. Its tests are skipped.\n`);
}
const corpusTest = present ? test : test.skip;

/**
 * Opens each file of the corpus in turn; files that are refused are tallied with the reason. Only
 * files may be refused in which astropy finds nothing, or whose compression is not read.
 */
async function eachFile(
  tally: Tally,
  use: (file: FitsFile, entry: ManifestFile, golden: Golden) => Promise<void>,
): Promise<void> {
  for (const entry of manifest.files) {
    let file: FitsFile;
    try {
      file = await openFits(join(corpus, entry.path));
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      const excused = code === 'fits_unsupported' || (entry.hdus ?? []).length === 0;
      if (code === undefined || !excused) throw error;
      tally.add(entry.group, `refused: ${code}: ${message}`);
      continue;
    }
    try {
      await use(file, entry, goldenOf(entry));
    } finally {
      await file.close();
    }
  }
}

const TYPES: Readonly<Record<Hdu['kind'], string>> = {
  image: 'ImageHDU',
  'compressed-image': 'CompressedImage',
  bintable: 'BinTableHDU',
  'compressed-table': 'BinTableHDU',
  table: 'TableHDU',
  groups: 'GroupsHDU',
  unknown: '_NonstandardHDU',
};

corpusTest('the HDUs of every file are those of astropy, or the file is refused', async () => {
  const tally = new Tally();
  const differing: unknown[] = [];
  await eachFile(tally, (file, entry) => {
    const found = file.hdus.map((hdu) => ({
      type: hdu.kind === 'image' && hdu.index === 0 ? 'PrimaryHDU' : TYPES[hdu.kind],
      bitpix: hdu.bitpix,
      shape: [...hdu.axes].reverse(),
      offset: hdu.headerOffset,
    }));
    const expected = (entry.hdus ?? []).map((hdu, index) => ({
      type: hdu.type,
      bitpix: hdu.bitpix,
      shape: hdu.shape,
      offset: hdu.header_offset ?? found[index]?.offset,
    }));
    if (JSON.stringify(found) === JSON.stringify(expected)) tally.add(entry.group, 'equal');
    else if (groupsWithoutAxes(file))
      tally.add(entry.group, 'GROUPS with NAXIS = 0, mended by astropy');
    else {
      tally.add(entry.group, 'differing');
      differing.push({ path: entry.path, found, expected });
    }
    return Promise.resolve();
  });
  tally.print('HDU lists');
  expect(differing).toEqual([]);
});

/** Random groups without axes: astropy changes the header it shows, the codec does not. */
function groupsWithoutAxes(file: FitsFile): boolean {
  const header = file.hdus[0]?.header;
  return header?.value('GROUPS') === true && header.value('NAXIS') === 0;
}

corpusTest('the cards of every header are those of astropy', async () => {
  const tally = new Tally();
  const differing: unknown[] = [];
  await eachFile(tally, (file, entry, golden) => {
    let different = 0;
    for (const { index, header, commentary } of golden.hdus) {
      const hdu = file.hdus[index];
      if (hdu === undefined || header === null || groupsWithoutAxes(file)) continue;
      const cards = hdu.header.cards.filter((card) => card.kind !== 'commentary');
      const length = Math.max(cards.length, header.length);
      for (let i = 0; i < length; i += 1) {
        const card = cards[i];
        if (sameCard(card, header[i])) continue;
        different += 1;
        differing.push({ path: entry.path, index, card, golden: header[i] });
      }
      const texts = hdu.header.cards
        .filter((card) => card.kind === 'commentary')
        .map((card) => [card.keyword, asAstropy(String(card.value))]);
      const expected = (commentary ?? []).map(([keyword, text]) => [keyword, text.trimEnd()]);
      if (JSON.stringify(texts) !== JSON.stringify(expected)) {
        different += 1;
        differing.push({ path: entry.path, index, texts, expected });
      }
    }
    tally.add(entry.group, different === 0 ? 'equal' : 'differing');
    return Promise.resolve();
  });
  tally.print('Headers');
  expect(differing).toEqual([]);
});

/** astropy shows bytes that are not ASCII as question marks. */
const asAstropy = (text: string): string => text.replace(/[^\n\x20-\x7e]/g, '?').trimEnd();

/** Equal, or different in one of the ways where the codec keeps more of the card than astropy. */
function sameCard(
  card: Card | undefined,
  golden: readonly [string, GoldenValue, string] | undefined,
): boolean {
  if (card === undefined || golden === undefined) return false;
  const [keyword, value, comment] = golden;
  if (typeof value === 'object' && value !== null && 'unparsable' in value) {
    return card.kind === 'bad';
  }
  // Record-valued cards: astropy takes "D2IM1 = 'AXIS.1: 1'" for a number called D2IM1.AXIS.1.
  if (typeof card.value === 'string' && keyword.startsWith(`${card.keyword}.`)) {
    const field = keyword.slice(card.keyword.length + 1);
    return (
      card.value.startsWith(`${field}: `) && Number(card.value.slice(field.length + 2)) === value
    );
  }
  if (card.keyword !== keyword || asAstropy(card.comment) !== comment.trimEnd()) return false;
  if (typeof card.value === 'string' && typeof value === 'string') {
    const text = asAstropy(card.value);
    // An ampersand at the end of a long string belongs to it; astropy drops it. And a text
    // without value indicator keeps its leading blanks there.
    return text === value || text === `${value}&` || (card.kind === 'bad' && text === value.trim());
  }
  return JSON.stringify(toGolden(card.value)) === JSON.stringify(value);
}

function toGolden(value: Card['value']): GoldenValue {
  if (value === null) return { undefined: true };
  if (typeof value === 'bigint') return { bigint: String(value) };
  return typeof value === 'object' ? { complex: value } : value;
}

corpusTest(
  'the pixels of every image are those of astropy and cfitsio',
  async () => {
    const tally = new Tally();
    const differing: unknown[] = [];
    await eachFile(tally, async (file, entry, golden) => {
      for (const { index, image, data_error: dataError } of golden.hdus) {
        const hdu = file.hdus[index];
        if (hdu === undefined || (!image && dataError === undefined)) continue;
        try {
          const problems = await compareImage(file, hdu, image ?? {});
          if (!image) problems.push('read, though the data are damaged');
          tally.add(entry.group, problems.length === 0 ? 'equal' : 'differing');
          if (problems.length > 0) differing.push({ path: entry.path, index, problems });
        } catch (error) {
          const { code, message } = error as { code?: string; message: string };
          if (code === undefined) throw error;
          tally.add(entry.group, `not read: ${code}: ${message}`);
          const excused = code === 'fits_unsupported' || dataError !== undefined;
          if (!excused) differing.push({ path: entry.path, index, code, message });
        }
      }
    });
    tally.print('Images');
    expect(differing).toEqual([]);
  },
  300_000,
);

/** What differs from the golden, in words; [] if nothing does. */
async function compareImage(file: FitsFile, hdu: Hdu, golden: GoldenImage): Promise<string[]> {
  if (golden.samples === undefined) {
    const first = await eachStrip(file, hdu).next();
    return first.done === true ? [] : ['there are pixels'];
  }
  const { width, height, planes } = planeOf(hdu);
  const problems: string[] = [];
  const found = { pixels: 0, nan: 0, finite: 0, min: Infinity, max: -Infinity, sum: 0 };
  const count = golden.n_pixels === width * height * planes ? planes : 1;
  for (let plane = 0; plane < count; plane += 1) {
    for await (const { firstRow, rows, pixels } of eachStrip(file, hdu, { plane })) {
      for (const value of pixels) {
        found.pixels += 1;
        if (Number.isNaN(value)) found.nan += 1;
        if (!Number.isFinite(value)) continue;
        found.finite += 1;
        found.sum += value;
        if (value < found.min) found.min = value;
        if (value > found.max) found.max = value;
      }
      if (plane > 0) continue;
      for (const [y, x, value] of golden.samples) {
        if (y < firstRow || y >= firstRow + rows) continue;
        const pixel = pixels[(y - firstRow) * width + x] ?? NaN;
        if (!sameNumber(pixel, blanked(hdu, toNumber(value)))) {
          problems.push(`[${y}, ${x}] is ${pixel}, not ${String(value)}`);
        }
      }
    }
  }
  if (found.pixels !== golden.n_pixels) problems.push(`${found.pixels} pixels`);
  // Where the codec honours a BLANK that astropy ignores, its statistics are of other pixels.
  if (hdu.header.card('BLANK')?.kind === 'float') return problems;
  if (found.nan !== golden.n_nan) problems.push(`${found.nan} NaN, not ${String(golden.n_nan)}`);
  if (found.finite !== golden.n_finite) problems.push(`${found.finite} finite`);
  if (found.finite === 0) return problems;
  const [min, max, mean] = [golden.min, golden.max, golden.mean].map(toNumber);
  if (!sameNumber(found.min, min ?? NaN)) problems.push(`min ${found.min}, not ${String(min)}`);
  if (!sameNumber(found.max, max ?? NaN)) problems.push(`max ${found.max}, not ${String(max)}`);
  const scale = Math.max(Math.abs(found.min), Math.abs(found.max));
  if (!(Math.abs(found.sum / found.finite - (mean ?? NaN)) <= 1e-9 * scale)) {
    problems.push(`mean ${found.sum / found.finite}, not ${String(mean)}`);
  }
  return problems;
}

/** The golden value, or NaN where it stands for a BLANK that is given as a float. */
function blanked(hdu: Hdu, value: number): number {
  const { header } = hdu;
  if (header.card('BLANK')?.kind !== 'float') return value;
  const blank = Math.fround(
    Math.fround((header.number('BLANK') ?? NaN) * Math.fround(header.number('BSCALE') ?? 1)) +
      Math.fround(header.number('BZERO') ?? 0),
  );
  return value === blank ? NaN : value;
}

/** Every number exactly, bit for bit; only 64-bit integers are rounded to doubles on both sides. */
const sameNumber = (left: number, right: number): boolean =>
  left === right || Object.is(left, right);

function toNumber(value: GoldenValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'object' && value !== null && 'bigint' in value) return Number(value.bigint);
  const text = String(value).toLowerCase();
  if (text === 'nan') return NaN;
  return text.startsWith('-') ? -Infinity : Infinity;
}
