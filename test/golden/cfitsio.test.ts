import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  mainImage,
  openFits,
  readPlane,
  writeFits,
  type PixelArray,
} from '../../src/fits/index.js';
import { makeNoise } from '../fixtures/make-fits.js';
import { testWith } from '../support/programs.js';

const packed = testWith(['fpack', 'funpack'], 'comparison with cfitsio');

const [WIDTH, HEIGHT] = [300, 70];

/** An image of sky, noise and a star, in any kind of number. */
function makeImage<T extends PixelArray>(
  make: (length: number) => T,
  level: number,
  noise: number,
): T {
  const random = makeNoise(level);
  const pixels = make(WIDTH * HEIGHT);
  for (let index = 0; index < pixels.length; index += 1) {
    const [x, y] = [index % WIDTH, Math.floor(index / WIDTH)];
    const star = 40 * noise * Math.exp(-((x - 90) ** 2 + (y - 30) ** 2) / 8);
    pixels[index] = level + noise * (random() + random() + random() - 1.5) + star;
  }
  return pixels;
}

const integers = {
  'unsigned 8 bit': { bitpix: 8, pixels: makeImage((n) => new Uint8Array(n), 100, 3) },
  'unsigned 16 bit': { bitpix: 16, pixels: makeImage((n) => new Uint16Array(n), 40_000, 50) },
  '16 bit': { bitpix: 16, pixels: makeImage((n) => new Int16Array(n), -3_000, 50) },
  '32 bit': { bitpix: 32, pixels: makeImage((n) => new Int32Array(n), 7_000_000, 9_000) },
} as const;
const floats = {
  '32 bit float': { bitpix: -32, pixels: makeImage((n) => new Float32Array(n), 500, 11) },
  '64 bit float': { bitpix: -64, pixels: makeImage((n) => new Float64Array(n), -0.5, 0.01) },
} as const;

/** What fpack is asked for: Rice by rows or by squares, gzip, quantized with each kind of dither. */
const EXACT = ['-r', '-r -t 37,20', '-g', '-g2'];
const QUANTIZED = ['-r -q 4', '-r -qz 8', '-r -q0 4', '-r -q 4 -t 64,64', '-g -q 4', '-g2 -q 0'];

const cases = [
  ...Object.entries(integers).flatMap(([name, image]) =>
    EXACT.map((flags) => [name, flags, image] as const),
  ),
  ...Object.entries(floats).flatMap(([name, image]) =>
    QUANTIZED.map((flags) => [name, flags, image] as const),
  ),
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'platevault-cfitsio-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function readPixels(path: string): Promise<PixelArray> {
  const file = await openFits(path);
  try {
    const hdu = mainImage(file);
    if (hdu === undefined) throw new Error(`no image in ${path}`);
    return (await readPlane(file, hdu)).pixels;
  } finally {
    await file.close();
  }
}

packed.each(cases)('%s through fpack %s reads as funpack gives it', async (_name, flags, image) => {
  const name = `${flags.replace(/\W+/g, '_')}-${image.bitpix}-${image.pixels.constructor.name}`;
  const [plain, fz, back] = ['fits', 'fits.fz', 'back.fits'].map((end) =>
    join(folder, `${name}.${end}`),
  ) as [string, string, string];
  writeFileSync(plain, writeFits([{ cards: [], image: { axes: [WIDTH, HEIGHT], ...image } }]));
  execFileSync('fpack', [...flags.split(' '), '-O', fz, plain]);
  execFileSync('funpack', ['-O', back, fz]);
  const [ours, theirs] = [await readPixels(fz), await readPixels(back)];
  expect(ours.length).toBe(WIDTH * HEIGHT);
  expect(Array.from(ours)).toEqual(Array.from(theirs));
  if (image.bitpix > 0) expect(Array.from(ours)).toEqual(Array.from(image.pixels));
});
