import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { eachStrip, mainImage, openFits, readPlane } from '../../../src/fits/index.js';
import type { FitsFile } from '../../../src/fits/index.js';
import { makeFits, makeNoise, rawFits } from '../../fixtures/make-fits.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fits-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

let files = 0;
async function save(bytes: Uint8Array): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.fits`);
  await writeFile(path, bytes);
  return path;
}

async function withFile<T>(
  bytes: Uint8Array,
  use: (file: FitsFile) => T | Promise<T>,
  options?: { maxExpandedBytes?: number; tempDir?: string },
): Promise<T> {
  const file = await openFits(await save(bytes), options);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

const issuesOf = (file: FitsFile): string[] =>
  file.issues.map((issue) => `${issue.level} ${issue.code} ${issue.hdu}`);

test('a file has its HDUs, their headers and their places', async () => {
  const bytes = makeFits({
    cards: { OBJECT: 'M 31' },
    extensions: [
      { cards: [], table: { name: 'CAT', columns: [{ name: 'X', form: 'D', values: [1, 2] }] } },
    ],
  });
  await withFile(bytes, (file) => {
    expect(file.container).toBe('plain');
    expect(file.sizeBytes).toBe(bytes.length);
    expect(file.hdus.map((hdu) => [hdu.kind, hdu.name, hdu.axes, hdu.headerOffset])).toEqual([
      ['image', '', [4, 3], 0],
      ['bintable', 'CAT', [8, 2], 5760],
    ]);
    expect(file.hdus[0]?.header.string('OBJECT')).toBe('M 31');
    expect(file.issues).toEqual([]);
    expect(mainImage(file)?.index).toBe(0);
  });
});

test('the image to show is SCI if there is one with pixels, else the first with pixels', async () => {
  const extra = { axes: [1, 1], bitpix: 8, pixels: Uint8Array.of(7) } as const;
  const bytes = makeFits({
    sci: true,
    extensions: [{ cards: [['EXTNAME', 'BPM']], image: extra }],
  });
  await withFile(bytes, (file) => {
    expect(mainImage(file)?.name).toBe('SCI');
    expect(mainImage({ hdus: file.hdus.filter((hdu) => hdu.name !== 'SCI') })?.name).toBe('BPM');
    expect(mainImage({ hdus: file.hdus.slice(0, 1) })).toBeUndefined();
  });
});

test.each([
  ['the middle of the data', 2880 + 10, ['error truncated 0']],
  ['the start of the data', 2880, ['error truncated 0']],
  ['the fill after the data', 2880 + 24, ['warning padding 0']],
])('a file cut in %s says so', async (_, length, issues) => {
  await withFile(makeFits().subarray(0, length), (file) => {
    expect(issuesOf(file)).toEqual(issues);
    expect(file.hdus).toHaveLength(1);
  });
});

test('a truncated image names the HDU and the bytes that are missing, and is not read', async () => {
  await withFile(makeFits().subarray(0, 2890), async (file) => {
    expect(file.issues[0]?.text).toBe(
      'The file is cut off: 14 of 24 bytes of data are missing in HDU 0.',
    );
    const [hdu] = file.hdus;
    if (hdu === undefined) throw new Error('no HDU');
    await expect(readPlane(file, hdu)).rejects.toMatchObject({ code: 'fits_truncated' });
  });
});

test('an image of petabytes in a small file costs nothing', async () => {
  const bytes = rawFits({
    cards: [
      'SIMPLE  = T',
      'BITPIX  = 8',
      'NAXIS   = 2',
      'NAXIS1  = 100',
      'NAXIS2  = 9000000000000',
    ],
  });
  await withFile(bytes, async (file) => {
    expect(issuesOf(file)).toEqual(['error truncated 0']);
    const [hdu] = file.hdus;
    if (hdu === undefined) throw new Error('no HDU');
    const first = eachStrip(file, hdu).next();
    await expect(first).rejects.toMatchObject({ code: 'fits_truncated' });
  });
});

test('bytes after the last HDU, a bad extension and a cut extension header are findings', async () => {
  const bytes = makeFits();
  await withFile(Buffer.concat([bytes, Buffer.from('garbage')]), (file) => {
    expect(issuesOf(file)).toEqual(['warning trailing 0']);
  });
  const bad = rawFits({ cards: ["XTENSION= 'IMAGE'", 'BITPIX  = 7', 'NAXIS   = 0'] });
  await withFile(Buffer.concat([bytes, bad]), (file) => {
    expect(issuesOf(file)).toEqual(['error header 1']);
  });
  await withFile(Buffer.concat([bytes, bad.subarray(0, 200)]), (file) => {
    expect(issuesOf(file)).toEqual(['error truncated 1']);
  });
});

test('a card that cannot be read is a finding with its keyword and place', async () => {
  const bytes = rawFits({
    cards: ['SIMPLE  = T', 'BITPIX  = 8', 'NAXIS   = 0', 'DATE-OBS= 2012-11-14T19:55:06'],
  });
  await withFile(bytes, (file) => {
    expect(file.issues).toMatchObject([{ code: 'card', keyword: 'DATE-OBS', offset: 240 }]);
    expect(file.hdus[0]?.header.string('DATE-OBS')).toBe('2012-11-14T19:55:06');
  });
});

test.each([
  ['', 'fits_invalid', 'is empty'],
  ['  <!DOCTYPE html><html>', 'fits_invalid', 'HTML page'],
  ['version https://git-lfs.github.com/spec/v1\n', 'fits_invalid', 'Git LFS pointer'],
  ['\xef\xbb\xbfSIMPLE  =', 'fits_invalid', 'byte order mark'],
  ['BZh91AY', 'fits_invalid', 'inside bzip2 is empty'],
  ['BZh0', 'fits_invalid', 'it starts with "BZh0"'],
  ['\x1f\x9d\x90', 'fits_invalid', 'inside Unix compress is empty'],
  ['PK\x03\x04', 'fits_truncated', 'zip archive is cut off'],
  ['\xfd7zXZ\0', 'fits_unsupported', 'compressed with xz'],
  ['\x28\xb5\x2f\xfd', 'fits_unsupported', 'compressed with Zstandard'],
  ['\xaa\xaa\x55\x55', 'fits_unsupported', 'ANA image'],
  ['hello\nworld', 'fits_invalid', 'it starts with "hello?world"'],
  ['S', 'fits_invalid', 'it starts with "S"'],
])('a file that is not FITS is refused with a reason: %p', async (start, code, message) => {
  const path = await save(Buffer.from(start, 'latin1'));
  await expect(openFits(path)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message) as string,
  });
});

describe('gzip', () => {
  const bytes = makeFits({
    width: 500,
    height: 400,
    seed: 3,
    extensions: [{ cards: [['EXTNAME', 'SECOND']] }, { cards: [['EXTNAME', 'THIRD']] }],
  });

  async function pixelsOf(file: FitsFile): Promise<number[]> {
    const hdu = mainImage(file);
    if (hdu === undefined) throw new Error('no image');
    return Array.from((await readPlane(file, hdu)).pixels);
  }

  test('a file is read as its content, under any name and in several members', async () => {
    const plain = await withFile(bytes, pixelsOf);
    const parts = [bytes.subarray(0, 1000), bytes.subarray(1000)].map((part) => gzipSync(part));
    for (const packed of [gzipSync(bytes), Buffer.concat(parts)]) {
      await withFile(packed, async (file) => {
        expect(file.container).toBe('gzip');
        expect(file.sizeBytes).toBe(bytes.length);
        expect(file.hdus.map((hdu) => hdu.name)).toEqual(['', 'SECOND', 'THIRD']);
        expect(await pixelsOf(file)).toEqual(plain);
      });
    }
  });

  test('headers alone need no temporary file, and pixels leave none behind', async () => {
    const tempDir = await mkdtemp(join(folder, 'temp-'));
    await withFile(
      gzipSync(bytes),
      async (file) => {
        expect(await readdir(tempDir)).toEqual([]);
        await pixelsOf(file);
        expect(await readdir(tempDir)).toEqual([]);
      },
      { tempDir },
    );
    expect(await readdir(tempDir)).toEqual([]);
  });

  test('expansion is bounded in bytes', async () => {
    const path = await save(gzipSync(bytes));
    const opened = openFits(path, { maxExpandedBytes: 100_000 });
    await expect(opened).rejects.toMatchObject({ code: 'too_large' });
  });

  test('a stream that breaks off is a truncated file, damaged data are refused', async () => {
    const packed = gzipSync(bytes);
    const half = Math.floor(packed.length / 2);
    await withFile(packed.subarray(0, half), (file) => {
      expect(issuesOf(file)).toEqual(['error truncated 0']);
    });
    const damaged = Buffer.from(packed);
    damaged.fill(0xff, half, half + 200);
    const path = await save(damaged);
    await expect(openFits(path)).rejects.toMatchObject({ code: 'fits_invalid' });
  });

  test('what is not FITS inside is refused', async () => {
    const path = await save(gzipSync(Buffer.from('hello')));
    await expect(openFits(path)).rejects.toThrow('The file inside gzip is not FITS');
    const twice = await save(gzipSync(gzipSync(bytes)));
    await expect(openFits(twice)).rejects.toMatchObject({ code: 'fits_unsupported' });
  });
});

test('any file of random bytes after a good start is read or refused, never worse', async () => {
  const good = makeFits({ extensions: [{ cards: [] }] });
  const random = makeNoise(5);
  for (let round = 0; round < 60; round += 1) {
    const bytes = Buffer.from(good);
    for (let i = 0; i < 40; i += 1) {
      bytes[80 + Math.floor(random() * (bytes.length - 80))] = Math.floor(random() * 256);
    }
    const path = await save(bytes);
    try {
      const file = await openFits(path);
      for (const hdu of file.hdus) {
        if (hdu.kind === 'image') await readPlane(file, hdu, { maxPixels: 1e6 });
      }
      await file.close();
    } catch (error) {
      expect(error).toMatchObject({ name: 'AppError' });
    }
    await rm(path);
  }
});
