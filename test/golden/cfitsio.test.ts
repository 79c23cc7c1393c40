import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const USUAL = [300, 70] as const;
const ODD = [71, 33] as const;

/** An image of sky, noise and a star, in any kind of number. */
function makeImage<T extends PixelArray>(
  make: (length: number) => T,
  level: number,
  noise: number,
  axes: readonly [number, number] = USUAL,
): { pixels: T; axes: readonly [number, number] } {
  const [width, height] = axes;
  const random = makeNoise(level);
  const pixels = make(width * height);
  for (let index = 0; index < pixels.length; index += 1) {
    const [x, y] = [index % width, Math.floor(index / width)];
    const star = 40 * noise * Math.exp(-((x - 60) ** 2 + (y - 20) ** 2) / 8);
    pixels[index] = level + noise * (random() + random() + random() - 1.5) + star;
  }
  return { pixels, axes };
}

const unsigned = {
  'unsigned 8 bit': { bitpix: 8, ...makeImage((n) => new Uint8Array(n), 100, 3) },
  'unsigned 16 bit': { bitpix: 16, ...makeImage((n) => new Uint16Array(n), 40_000, 50) },
  'unsigned 16 bit of odd size': {
    bitpix: 16,
    ...makeImage((n) => new Uint16Array(n), 1000, 30, ODD),
  },
} as const;
const integers = {
  ...unsigned,
  '16 bit': { bitpix: 16, ...makeImage((n) => new Int16Array(n), -3_000, 50) },
  '32 bit': { bitpix: 32, ...makeImage((n) => new Int32Array(n), 7_000_000, 9_000) },
  '32 bit of odd size, from end to end': {
    bitpix: 32,
    ...makeImage((n) => new Int32Array(n), -8e8, 7e7, ODD),
  },
} as const;
const floats = {
  '32 bit float': { bitpix: -32, ...makeImage((n) => new Float32Array(n), 500, 11) },
  '64 bit float': { bitpix: -64, ...makeImage((n) => new Float64Array(n), -0.5, 0.01) },
} as const;

/** What fpack is asked for: Rice by rows or by squares, gzip, H-transform; and the masks of IRAF. */
const EXACT = ['-r', '-r -t 37,20', '-g', '-g2', '-h', '-h -w', '-h -t 37,20'];
const MASK = ['-p', '-p -t 37,20'];
const LOSSY = ['-h -s 1', '-h -s -20 -w', '-h -s 4 -t 64,16'];
/** Quantized with each kind of dither. */
const QUANTIZED = [
  ...['-r -q 4', '-r -qz 8', '-r -q0 4', '-r -q 4 -t 64,64', '-g -q 4', '-g2 -q 4', '-g2 -q 0'],
  ...['-h -q 4', '-h -qz 8 -w', '-h -q0 4 -t 37,20', '-h -q 4 -s 2'],
];

interface Image {
  readonly bitpix: 8 | 16 | 32 | -32 | -64;
  readonly axes: readonly [number, number];
  readonly pixels: PixelArray;
}

const combine = (
  images: Readonly<Record<string, Image>>,
  list: readonly string[],
): (readonly [string, string, Image])[] =>
  Object.entries(images).flatMap(([name, image]) =>
    list.map((flags) => [name, flags, image] as const),
  );

const exact = [...combine(integers, EXACT), ...combine(unsigned, MASK)];
const inexact = [...combine(integers, LOSSY), ...combine(floats, QUANTIZED)];

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

/** The pixels as they come from a file of fpack, and as they come from funpack. */
async function compare(
  flags: string,
  image: Image,
  change: (fz: Buffer) => Buffer = (fz) => fz,
): Promise<{ ours: number[]; theirs: number[] }> {
  const [plain, fz, back] = ['plain.fits', 'packed.fits.fz', 'back.fits'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  for (const path of [plain, fz, back]) rmSync(path, { force: true });
  writeFileSync(plain, writeFits([{ cards: [], image }]));
  execFileSync('fpack', [...flags.split(' '), '-O', fz, plain]);
  writeFileSync(fz, change(readFileSync(fz)));
  execFileSync('funpack', ['-O', back, fz]);
  return {
    ours: Array.from(await readPixels(fz)),
    theirs: Array.from(await readPixels(back)),
  };
}

packed.each(exact)('%s through fpack %s reads as it was', async (_name, flags, image) => {
  const { ours, theirs } = await compare(flags, image);
  expect(ours).toEqual(Array.from(image.pixels));
  expect(theirs).toEqual(ours);
});

packed.each(inexact)('%s through fpack %s reads as funpack gives it', async (_, flags, image) => {
  const { ours, theirs } = await compare(flags, image);
  expect(ours).toEqual(theirs);
  expect(ours).toHaveLength(image.pixels.length);
});

/** fpack has no option for it, but writes the parameter: `ZNAME2 = 'SMOOTH'`, `ZVAL2 = 0`. */
function turnOnSmoothing(fz: Buffer): Buffer {
  const at = fz.indexOf('ZVAL2   =                    0');
  expect(at).toBeGreaterThan(0);
  fz[at + 29] = 0x31;
  return fz;
}

packed.each(combine(integers, LOSSY))(
  '%s through fpack %s reads as funpack gives it when smoothing is asked for',
  async (_, flags, image) => {
    const rough = await compare(flags, image);
    const { ours, theirs } = await compare(flags, image, turnOnSmoothing);
    expect(ours).toEqual(theirs);
    expect(ours).not.toEqual(rough.ours);
  },
);
