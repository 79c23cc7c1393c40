import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeFits, type WriteCard, type WriteHdu, type WriteImage } from '../../src/fits/index.js';
import { createPixelPool } from '../../src/pixels/index.js';
import { DEFAULT_OPTIONS, type RenderOptions } from '../../src/preview/index.js';
import { rawFits } from '../fixtures/make-fits.js';

/** Drawing as it happens in the workers, seen from the pixels of the picture. */
const pool = createPixelPool({ workers: 1 });
let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preview-'));
});
afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true });
});

async function draw(bytes: Uint8Array | undefined, options: Partial<RenderOptions> = {}) {
  const path = join(folder, `${(count += 1)}.fits`);
  if (bytes !== undefined) await writeFile(path, bytes);
  const bounds = {
    maxExpandedBytes: 1e8,
    maxExpansionRatio: 500,
    tempDir: folder,
    maxPixels: 1e6,
  };
  const picture = await pool.run('render', { ...DEFAULT_OPTIONS, ...options, path, bounds });
  const decoded = sharp(Buffer.from(picture.bytes));
  const { channels } = await decoded.metadata();
  if (channels === 1) decoded.toColourspace('b-w'); // else sharp makes colours of greys
  const { data, info } = await decoded.raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number[] => {
    const start = (y * info.width + x) * info.channels;
    return [...data.subarray(start, start + info.channels)];
  };
  return { ...picture, info, at };
}

function fits(image: WriteImage, cards: readonly WriteCard[] = [], more: readonly WriteHdu[] = []) {
  return writeFits([{ cards, image }, ...more]);
}

function floats(axes: readonly number[], pixel: (index: number) => number): WriteImage {
  const length = axes.reduce((product, axis) => product * axis, 1);
  return { axes, bitpix: -32, pixels: Float32Array.from({ length }, (_, i) => pixel(i)) };
}

test('a bright first row ends at the bottom of the picture', async () => {
  const bytes = fits(floats([100, 100], (i) => (i < 1000 ? 500 : i % 7)));
  const picture = await draw(bytes, { width: 50 });
  expect(picture).toMatchObject({ width: 50, height: 50, contentType: 'image/png' });
  expect(picture.info).toMatchObject({ width: 50, height: 50, channels: 1 });
  expect(picture.at(25, 49)).toEqual([255]);
  expect(picture.at(25, 20)[0]).toBeLessThan(200);
});

test('the limits are those of pyobs: 5 % off at each end of all pixels', async () => {
  const picture = await draw(fits(floats([10, 10], (i) => i)));
  expect(picture.shown).toEqual({ hdu: 0, plane: 0, low: 5, high: 94 });
  expect([picture.width, picture.height]).toEqual([200, 200]); // enlarged
  expect(picture.at(0, 199)).toEqual([0]);
  expect(picture.at(199, 0)).toEqual([255]);
});

test('given limits win, each for itself', async () => {
  const bytes = fits(floats([10, 10], (i) => i));
  const picture = await draw(bytes, { low: -10, limits: { kind: 'minmax' } });
  expect(picture.shown).toMatchObject({ low: -10, high: 99 });
});

test('only TRIMSEC is drawn', async () => {
  const bytes = fits(
    floats([10, 10], (i) => (i % 10 < 5 ? i : 1e6)),
    [['TRIMSEC', '[1:5,1:10]']],
  );
  const picture = await draw(bytes, { width: 50 });
  expect([picture.width, picture.height]).toEqual([50, 100]);
  expect(picture.shown?.high).toBeLessThan(100);
});

test.each(['png', 'webp', 'jpeg'] as const)('%s', async (format) => {
  const picture = await draw(fits(floats([30, 20], (i) => i)), { format, width: 30 });
  expect(picture.contentType).toBe(`image/${format}`);
  expect(picture.info).toMatchObject({ width: 30, height: 20 });
});

test('a colour map gives colour, inverted from the other end', async () => {
  const bytes = fits(floats([2, 1], (i) => i));
  const plain = await draw(bytes, { colour: 'viridis', width: 16 });
  const inverted = await draw(bytes, { colour: 'viridis', invert: true, width: 16 });
  expect(plain.at(0, 0)).toEqual([0x44, 0x01, 0x54]);
  expect(inverted.at(0, 0)).toEqual([0xfd, 0xe7, 0x25]);
});

describe('images of odd shape or content', () => {
  test.each<[string, WriteImage, number]>([
    ['one pixel', floats([1, 1], () => 5), 200],
    ['one row', floats([300, 1], (i) => i), 40],
    ['one axis', floats([300], (i) => i), 40],
    ['one column', floats([1, 300], (i) => i), 800],
    ['a constant', floats([20, 20], () => 7), 200],
    ['mostly equal', floats([20, 20], (i) => (i === 33 ? 9 : 0)), 200],
    ['some NaN and infinity', floats([20, 20], (i) => [NaN, Infinity, -Infinity, i][i % 4]!), 200],
    ['a cube', floats([10, 10, 5], (i) => i), 200],
    ['four axes', floats([10, 10, 1, 1], (i) => i), 200],
  ])('%s', async (_name, image, height) => {
    const picture = await draw(fits(image));
    expect(picture.problem).toBeUndefined();
    expect(picture.info).toMatchObject({ width: 200, height });
  });

  test('a constant is mid grey', async () => {
    expect((await draw(fits(floats([20, 20], () => 7)))).at(3, 3)).toEqual([128]);
  });

  test('three planes of bytes are a colour picture, one of them asked for is grey', async () => {
    const pixels = Uint8Array.from({ length: 48 }, (_, i) => (i < 16 ? 255 : i < 32 ? i : 0));
    const bytes = fits({ axes: [4, 4, 3], bitpix: 8, pixels });
    const options = { low: 0, high: 255, width: 16 };
    const colour = await draw(bytes, options);
    expect(colour.shown).toMatchObject({ plane: undefined });
    const [red, green, blue] = colour.at(0, 0);
    expect([red, blue]).toEqual([255, 0]);
    expect(green).toBeLessThan(40);
    expect((await draw(bytes, { ...options, plane: 2 })).info.channels).toBe(1);
  });

  test('planes are counted from 0', async () => {
    const bytes = fits(floats([10, 10, 2], (i) => i));
    expect((await draw(bytes, { plane: 1 })).shown).toMatchObject({ plane: 1, low: 105 });
  });
});

describe('what cannot be drawn gives a picture that says why', () => {
  const mandatory = ['SIMPLE  =                    T', 'BITPIX  =                   16'];
  const axes = (...lengths: number[]): string[] => [
    `NAXIS   = ${String(lengths.length).padStart(20)}`,
    ...lengths.map((length, i) => `NAXIS${i + 1}  = ${String(length).padStart(20)}`),
  ];
  test.each<[string, Uint8Array, RegExp]>([
    ['no data', rawFits({ cards: [...mandatory, ...axes()] }), /no image/],
    ['no pixels', rawFits({ cards: [...mandatory, ...axes(0, 0)] }), /no image/],
    ['truncated', fits(floats([100, 100], (i) => i)).subarray(0, 9000), /ends .* kB too early/],
    ['too large', rawFits({ cards: [...mandatory, ...axes(1e5, 1e5)] }), /more than are drawn/],
    ['not FITS', Buffer.from('<html>no</html>'.padEnd(5000)), /./],
    ['empty', Buffer.alloc(0), /./],
    ['all NaN', fits(floats([5, 5], () => NaN)), /No pixel/],
  ])('%s', async (_name, bytes, words) => {
    const picture = await draw(bytes, { width: 300 });
    expect(picture.problem).toMatch(words);
    expect(picture.detail).toBeUndefined();
    expect(picture.info.width).toBe(300);
    expect(picture.at(0, 0)).toEqual([12]);
  });

  test('an HDU that is a table', async () => {
    const table = { name: 'CAT', columns: [{ name: 'X', form: 'E', values: [1] }] } as const;
    const bytes = fits(
      floats([5, 5], (i) => i),
      [],
      [{ cards: [], table }],
    );
    expect((await draw(bytes)).problem).toBeUndefined();
    expect((await draw(bytes, { hdu: 1 })).problem).toBe('HDU 1 holds a table, not an image.');
  });
});

test('a file that is gone, and an HDU or plane that is not there, are errors', async () => {
  const bytes = fits(floats([5, 5], (i) => i));
  await expect(draw(undefined)).rejects.toMatchObject({ code: 'not_found' });
  await expect(draw(bytes, { hdu: 1 })).rejects.toMatchObject({
    code: 'bad_request',
    data: { parameter: 'hdu' },
  });
  await expect(draw(bytes, { plane: 1 })).rejects.toMatchObject({
    code: 'bad_request',
    data: { parameter: 'plane' },
  });
});
