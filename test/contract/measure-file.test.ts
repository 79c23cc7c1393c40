import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeFits, type WriteHdu } from '../../src/fits/index.js';
import { createPixelPool } from '../../src/pixels/index.js';
import type { MeasureKind, Measures } from '../../src/quality/index.js';
import { makeFits } from '../fixtures/make-fits.js';
import { makeField } from '../fixtures/star-field.js';

/** Measuring as it happens in the workers: from files. */
const pool = createPixelPool({ workers: 1 });
const SIZE = 160;
const FIELD = makeField({
  width: SIZE,
  height: SIZE,
  shape: { kind: 'gaussian', fwhmPx: 3 },
  stars: { count: 16, snr: [40, 300], apartPx: 25, marginPx: 15 },
});
let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'measure-'));
});
afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true });
});

async function measure(
  bytes: Uint8Array | undefined,
  options: { kind?: MeasureKind; maxPixels?: number } = {},
): Promise<Measures> {
  const path = join(folder, `${(count += 1)}.fits`);
  if (bytes !== undefined) await writeFile(path, bytes);
  return pool.run('measureFile', {
    path,
    limits: { maxExpandedBytes: 1e8, maxExpansionRatio: 1000, tempDir: folder },
    maxPixels: 1e6,
    kind: 'sky',
    pixelScaleArcsec: 2,
    saturation: null,
    exposureSec: 30,
    ...options,
  });
}

const pixelAt = (x: number, y: number): number => FIELD.pixels[y * SIZE + x] ?? 0;
const plain = (): Buffer => makeFits({ width: SIZE, height: SIZE, pixel: pixelAt });
const codes = ({ findings }: Measures): string[] => findings.map(({ code }) => code);

test('a file of stars gives what they are, with the version of the method', async () => {
  const measures = await measure(plain());
  expect(measures).toMatchObject({ kind: 'sky', stars: 16, findings: [], saturatedFraction: 0 });
  expect(measures.method).toBeGreaterThanOrEqual(1);
  expect(Math.abs((measures.fwhmPx ?? NaN) - 3)).toBeLessThan(0.09);
  expect(measures.fwhmArcsec).toBeCloseTo(2 * (measures.fwhmPx ?? NaN), 9);
  expect(Math.abs((measures.background ?? NaN) - FIELD.background)).toBeLessThan(2);
  expect(Math.abs((measures.noise ?? NaN) / FIELD.noise - 1)).toBeLessThan(0.05);
  expect(measures.instrumentalMag).toBeLessThan(-5);
});

test('a compressed file and 32-bit floats give the same', async () => {
  const { fwhmPx, background, stars } = await measure(plain());
  expect(await measure(gzipSync(plain()))).toMatchObject({ fwhmPx, background, stars });
  const pixels = Float32Array.from(FIELD.pixels);
  const floats = writeFits([{ cards: [], image: { axes: [SIZE, SIZE], bitpix: -32, pixels } }]);
  const measures = await measure(floats);
  expect(measures.stars).toBe(stars);
  expect(Math.abs((measures.fwhmPx ?? NaN) / (fwhmPx ?? NaN) - 1)).toBeLessThan(0.01);
});

test('what TRIMSEC leaves out is not measured', async () => {
  const overscan = (x: number, y: number): number => (x >= SIZE ? 0 : pixelAt(x, y));
  const wide = { width: SIZE + 20, height: SIZE, pixel: overscan };
  const section = `[1:${SIZE},1:${SIZE}]`;
  const whole = await measure(makeFits(wide));
  expect(codes(whole)).toEqual(['clipped']);
  const trimmed = await measure(makeFits({ ...wide, cards: { TRIMSEC: section } }));
  const { fwhmPx, background } = await measure(plain());
  expect(trimmed).toMatchObject({ fwhmPx, background, findings: [] });
});

test('the pattern of a colour camera is read from the header, unless pixels were binned', async () => {
  const through = (x: number, y: number): number =>
    Math.round(pixelAt(x, y) * ([0.6, 1, 1, 0.45][2 * (y % 2) + (x % 2)] ?? 1));
  const told = async (
    pixel: typeof pixelAt,
    cards: Record<string, string | number>,
  ): Promise<string[]> =>
    codes(await measure(makeFits({ width: SIZE, height: SIZE, pixel, cards })));
  expect(await told(through, { BAYERPAT: 'RGGB' })).toEqual(['mosaic']);
  const shifted = { COLORTYP: 'GRBG', XBAYROFF: 1, XBINNING: 1 };
  expect(await told(through, shifted)).toEqual(['mosaic']);
  expect(await told(pixelAt, { BAYERPAT: 'RGGB', XBINNING: 2, YBINNING: 2 })).toEqual([]);
  expect(await told(pixelAt, { COLORTYP: 'MONO' })).toEqual([]);
  const cards = { BAYERPAT: 'RGGB' };
  const inExtension = makeFits({
    width: SIZE,
    height: SIZE,
    pixel: through,
    primaryCards: cards,
    sci: true,
  });
  expect(codes(await measure(inExtension))).toEqual(['mosaic']);
});

test('of a colour image the first plane is measured, and the answer says so', async () => {
  const planes = new Uint16Array(3 * SIZE * SIZE);
  planes.set(FIELD.pixels);
  const cube: WriteHdu = {
    cards: [],
    image: { axes: [SIZE, SIZE, 3], bitpix: 16, pixels: planes },
  };
  const measures = await measure(writeFits([cube]));
  expect(measures.stars).toBe(16);
  expect(measures.findings).toEqual([
    { code: 'planes', level: 'note', text: 'The image has 3 planes; the first one was measured.' },
  ]);
});

test('calibration frames have levels and no stars', async () => {
  const noise = makeField({ width: SIZE, height: SIZE, sky: 0, offset: 900, readNoise: 7 });
  const bias = await measure(
    makeFits({ width: SIZE, height: SIZE, pixel: (x, y) => noise.pixels[y * SIZE + x] ?? 0 }),
    { kind: 'bias' },
  );
  expect(bias).toMatchObject({ kind: 'bias', stars: null, fwhmPx: null, hotPixels: 0 });
  expect(bias.background).toBeCloseTo(900, -1);
});

describe('files that cannot be measured say why, and nothing is thrown', () => {
  test.each<[string, () => Uint8Array, object, string, RegExp]>([
    ['that break off', () => plain().subarray(0, 20_000), {}, 'truncated', /ends inside the image/],
    ['that are too large', plain, { maxPixels: 10_000 }, 'unmeasured', /more than 10000 pixels/],
    ['without an image', () => writeFits([{ cards: [] }]), {}, 'unmeasured', /no image/],
    ['that are no FITS', () => Buffer.from('good morning'.repeat(300)), {}, 'unmeasured', /./],
    [
      'of a single row',
      () => makeFits({ width: 500, height: 1, pixel: (x) => 100 + (x % 7) }),
      {},
      'too-small',
      /500 × 1 pixels/,
    ],
    [
      'of zeros',
      () => makeFits({ width: SIZE, height: SIZE, pixel: () => 0 }),
      {},
      'blank',
      /All pixels have the value 0/,
    ],
  ])('%s', async (_, make, options, code, text) => {
    const measures = await measure(make(), options);
    expect(codes(measures)).toEqual([code]);
    expect(measures.findings[0]?.text).toMatch(text);
    expect(measures).toMatchObject({ kind: 'sky', stars: null, fwhmPx: null });
  });

  test('but a file that is gone is no finding', async () => {
    await expect(measure(undefined)).rejects.toThrow();
  });
});
