import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { createPixelPool, type PixelPool } from '../../src/pixels/index.js';
import { createPreviews, DEFAULT_OPTIONS, type Previews } from '../../src/preview/index.js';

/**
 * Every file of the corpus gives a picture, or a picture that says why there is none. The corpus and
 * its manifest (made with astropy) are not part of the repository: FITS_CORPUS, default ../shared/fits.
 */
const root = resolve(process.env['FITS_CORPUS'] ?? '../shared/fits');
const manifest = join(root, 'manifest.json');
const isThere = existsSync(manifest);

interface Entry {
  readonly path: string;
  readonly sha256: string;
  readonly validity: string;
  readonly first_image_hdu?: number | null;
  readonly image?: {
    readonly shape?: readonly number[];
    readonly n_finite?: number;
    readonly min?: number;
    readonly max?: number;
  } | null;
  readonly hdus?: readonly { readonly index: number; readonly compressed?: string | null }[];
}

const entries: readonly Entry[] = isThere
  ? (JSON.parse(readFileSync(manifest, 'utf8')) as { files: Entry[] }).files
  : [];

/** Kinds that a later version will read. */
const NOT_YET = ['HCOMPRESS_1', 'PLIO_1'];
/** Containers that are not read: the picture says so. */
const OTHER_CONTAINERS = /\.(?:bz2|Z)$/;

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

/** True if the manifest has an image with values, in a container and compression that are read. */
function shouldBeDrawn(entry: Entry): boolean {
  const hdu = entry.hdus?.find(({ index }) => index === entry.first_image_hdu);
  return (
    entry.validity === 'valid' &&
    (entry.image?.n_finite ?? 0) > 0 &&
    !OTHER_CONTAINERS.test(entry.path) &&
    !NOT_YET.includes(hdu?.compressed ?? '')
  );
}

/** One plane, so that the extremes of the manifest are those of what is drawn. */
function isFlat({ image }: Entry): boolean {
  const shape = image?.shape ?? [];
  return shape.length <= 2 || shape.slice(0, -2).every((length) => length === 1);
}

(isThere ? describe : describe.skip)('the corpus of real files', () => {
  test.each(entries.map((entry) => [entry.path, entry] as const))('%s', async (path, entry) => {
    const source = { path: join(root, path), sha256: entry.sha256 };
    const picture = await previews.get(source, DEFAULT_OPTIONS);
    const { format, width, height } = await sharp(Buffer.from(picture.bytes)).metadata();
    expect({ format, width, height }).toEqual({
      format: 'png',
      width: 200,
      height: picture.height,
    });
    expect(picture.height).toBeLessThanOrEqual(800);
    (seen[picture.problem ?? 'a picture'] ??= []).push(path);
    if (shouldBeDrawn(entry)) expect(picture.problem).toBeUndefined();
  });

  const flat = entries.filter((entry) => shouldBeDrawn(entry) && isFlat(entry));
  test.each(flat.map((entry) => [entry.path, entry] as const))(
    'the extremes of %s are those that astropy finds',
    async (path, entry) => {
      const source = { path: join(root, path), sha256: entry.sha256 };
      const hdu = entry.first_image_hdu ?? 0;
      const options = { ...DEFAULT_OPTIONS, hdu, limits: { kind: 'minmax' } } as const;
      const { shown } = await previews.get(source, options);
      const { min = NaN, max = NaN } = entry.image ?? {};
      const error = 1e-6 * Math.max(Math.abs(min), Math.abs(max));
      expect(Math.abs((shown?.low ?? NaN) - min)).toBeLessThanOrEqual(error);
      expect(Math.abs((shown?.high ?? NaN) - max)).toBeLessThanOrEqual(error);
    },
  );
});

if (!isThere) test.skip(`no corpus at ${root}: set FITS_CORPUS`, () => undefined);
