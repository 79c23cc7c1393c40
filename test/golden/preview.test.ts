/** Every file of the corpus gives a picture, or a picture that says why there is none. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { openFits } from '../../src/fits/index.js';
import { createPixelPool, type PixelPool } from '../../src/pixels/index.js';
import { createPreviews, DEFAULT_OPTIONS, type Previews } from '../../src/preview/index.js';
import {
  corpusEntries,
  corpusPath,
  corpusTestEach,
  hasPicture,
  toNumber,
  type CorpusEntry,
} from '../support/corpus.js';

const seen: Record<string, string[]> = {};
let folder: string;
let pool: PixelPool;
let previews: Previews;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'golden-'));
  pool = createPixelPool({ workers: 2 });
  const limits = { maxExpandedBytes: 2 ** 30, maxExpansionRatio: 500, tempDir: folder };
  previews = createPreviews({ directory: join(folder, 'c'), maxBytes: 1e8, pool, limits });
});
afterAll(async () => {
  await previews.close();
  await pool.close();
  await rm(folder, { recursive: true });
  const lines = Object.entries(seen).map(([kind, names]) => `${names.length} × ${kind}`);
  process.stdout.write(`previews of the corpus:\n  ${lines.sort().join('\n  ')}\n`);
});

/** An image of one plane, so that the extremes of the manifest are those of what is drawn. */
function isFlat({ image, first_image_hdu: first }: CorpusEntry): boolean {
  const shape = image?.shape ?? [];
  if (typeof first !== 'number') return false; // none, or only ones of one axis
  return shape.length <= 2 || shape.slice(0, -2).every((length) => length === 1);
}

corpusTestEach('%s has a picture, or one that says why not', async (entry) => {
  const source = { path: corpusPath(entry), sha256: entry.sha256 };
  const picture = await previews.get(source, DEFAULT_OPTIONS);
  const { format, width, height } = await sharp(Buffer.from(picture.bytes)).metadata();
  expect({ format, width, height }).toEqual({ format: 'png', width: 200, height: picture.height });
  expect(picture.height).toBeLessThanOrEqual(800);
  (seen[picture.problem ?? 'a picture'] ??= []).push(entry.path);
  expect(picture.problem === undefined).toBe(hasPicture(entry));
});

corpusTestEach(
  'the extremes of %s are those that astropy finds',
  async (entry) => {
    const source = { path: corpusPath(entry), sha256: entry.sha256 };
    const hdu = entry.first_image_hdu ?? 0;
    const options = { ...DEFAULT_OPTIONS, hdu, limits: { kind: 'minmax' } } as const;
    const { shown } = await previews.get(source, options);
    const [min, max] = [toNumber(entry.image?.min), toNumber(entry.image?.max)];
    if (await hasIgnoredBlank(entry, hdu)) {
      expect(shown?.low).toBeGreaterThan(min); // the minimum of astropy is the blank itself
      return;
    }
    const error = 1e-6 * Math.max(Math.abs(min), Math.abs(max));
    expect(Math.abs((shown?.low ?? NaN) - min)).toBeLessThanOrEqual(error);
    expect(Math.abs((shown?.high ?? NaN) - max)).toBeLessThanOrEqual(error);
  },
  { entries: corpusEntries.filter((entry) => hasPicture(entry) && isFlat(entry)) },
);

/** True if BLANK is written as a float, which the program understands and astropy ignores. */
async function hasIgnoredBlank(entry: CorpusEntry, hdu: number): Promise<boolean> {
  const file = await openFits(corpusPath(entry));
  await file.close();
  return file.hdus[hdu]?.header.card('BLANK')?.kind === 'float';
}
