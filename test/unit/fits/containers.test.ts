import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expandTo, openFits, readPlane } from '../../../src/fits/index.js';
import type { Container, FitsFile, SourceLimits } from '../../../src/fits/index.js';
import { makeFits } from '../../fixtures/make-fits.js';
import { packBzip2, packCompress, packZip } from '../../fixtures/pack.js';
import type { ZipEntry } from '../../fixtures/pack.js';
import { testWith } from '../../support/programs.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'containers-test-'));
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
  options?: Partial<SourceLimits>,
): Promise<T> {
  const file = await openFits(await save(bytes), options);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** The pixels of two images, the second first: a step forward and one back. */
async function pixelsOf(file: FitsFile): Promise<number[]> {
  const [first, , third] = file.hdus;
  if (first === undefined || third === undefined) throw new Error('HDUs are missing');
  const planes = [await readPlane(file, third), await readPlane(file, first)];
  return planes.flatMap(({ pixels }) => Array.from(pixels));
}

const image = { axes: [5, 7], bitpix: 16, pixels: new Int16Array(35).map((_, i) => i) } as const;
const bytes = makeFits({
  width: 160,
  height: 100,
  seed: 3,
  extensions: [{ cards: [['EXTNAME', 'SECOND']] }, { cards: [['EXTNAME', 'THIRD']], image }],
});
const named = (name: string, content: Uint8Array): ZipEntry => ({ name, bytes: content });

const PACK: readonly (readonly [Container, string, (content: Uint8Array) => Buffer])[] = [
  ['gzip', 'of one member', (content) => gzipSync(content)],
  [
    'gzip',
    'of several members, with fill after the last',
    (content) => {
      const parts = [
        content.subarray(0, 1000),
        content.subarray(1000, 1000),
        content.subarray(1000),
      ];
      return Buffer.concat([...parts.map((part) => gzipSync(part)), Buffer.alloc(1000)]);
    },
  ],
  ['bzip2', 'of several blocks', (content) => packBzip2(content, { blockBytes: 9000 })],
  [
    'bzip2',
    'of several streams, with other bytes after the last',
    (content) => {
      const parts = [content.subarray(0, 10_000), content.subarray(10_000)];
      return Buffer.concat([...parts.map((part) => packBzip2(part)), Buffer.from('garbage')]);
    },
  ],
  ['compress', 'with codes of 9 to 16 bits', (content) => packCompress(content)],
  ['compress', 'cleared often', (content) => packCompress(content, { clearAt: 700 })],
  [
    'compress',
    'with a full table, cleared at its end',
    (content) => packCompress(content, { maxBits: 12, clearAt: 4096 }),
  ],
  [
    'compress',
    'without CLEAR',
    (content) => packCompress(content, { maxBits: 10, blockMode: false }),
  ],
  ['zip', 'deflated', (content) => packZip([named('a.fits', content)])],
  ['zip', 'stored', (content) => packZip([{ ...named('a.fits', content), stored: true }])],
  ['zip', 'of zip64', (content) => packZip([named('a.fits', content)], { zip64: true })],
  [
    'zip',
    'with folders and notes',
    (content) =>
      packZip([
        named('night/', Buffer.alloc(0)),
        named('__MACOSX/night/._a.fits', content),
        named('night/README', Buffer.from('SIMPLE')),
        named('../../night/a', content),
        { ...named('secret', Buffer.from('x')), encrypted: true },
      ]),
  ],
];

describe.each(PACK)('%s %s', (container, _, pack) => {
  const packed = pack(bytes);

  test('is read as its content, under any name, forwards and backwards', async () => {
    const plain = await withFile(bytes, pixelsOf);
    await withFile(packed, async (file) => {
      expect([file.container, file.format]).toEqual([container, 'fits']);
      expect(file.sizeBytes).toBe(bytes.length);
      expect(file.hdus.map((hdu) => hdu.name)).toEqual(['', 'SECOND', 'THIRD']);
      expect(file.issues).toEqual([]);
      expect(await pixelsOf(file)).toEqual(plain);
    });
  });

  test('needs no temporary file for its headers, and leaves none behind', async () => {
    const tempDir = await mkdtemp(join(folder, 'temp-'));
    const look = async (file: FitsFile): Promise<void> => {
      expect(await readdir(tempDir)).toEqual([]);
      await pixelsOf(file);
      expect(await readdir(tempDir)).toEqual([]);
    };
    await withFile(packed, look, { tempDir });
    expect(await readdir(tempDir)).toEqual([]);
  });

  test('is expanded to a file, once', async () => {
    const target = join(folder, `expanded-${files}`);
    const path = await save(packed);
    const limits = { maxExpandedBytes: bytes.length, maxExpansionRatio: 500 };
    await expandTo(path, target, limits);
    expect((await readFile(target)).equals(bytes)).toBe(true);
    await expect(expandTo(path, target, limits)).rejects.toMatchObject({ code: 'key_exists' });
    expect((await readFile(target)).equals(bytes)).toBe(true);
    await rm(target);
    const tight = { ...limits, maxExpandedBytes: bytes.length - 1 };
    await expect(expandTo(path, target, tight)).rejects.toMatchObject({ code: 'too_large' });
    await expect(readFile(target)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('is bounded in what it expands to', async () => {
    const path = await save(packed);
    await expect(openFits(path, { maxExpandedBytes: 20_000 })).rejects.toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('20000 bytes') as string,
    });
  });

  test('is refused if it holds something else', async () => {
    const hello = await save(pack(Buffer.from('hello '.repeat(2000))));
    await expect(openFits(hello)).rejects.toMatchObject({
      code: 'fits_invalid',
      message: expect.stringMatching(/is not FITS|is FITS/) as string,
    });
  });

  test('of any damage is read or refused, never worse', async () => {
    for (let round = 0; round < 20; round += 1) {
      const damaged = Buffer.from(packed);
      const at = 4 + ((round * 7919) % (packed.length - 4));
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (round % 8));
      const path = await save(damaged);
      try {
        const file = await openFits(path, { maxExpandedBytes: 4e6 });
        await file.close();
      } catch (error) {
        expect(error).toMatchObject({ name: 'AppError' });
      }
      await rm(path);
    }
  });
});

test.each([
  ['gzip', gzipSync(bytes)],
  ['bzip2', packBzip2(bytes, { blockBytes: 9000 })],
  ['compress', packCompress(bytes)],
] as const)('%s that breaks off is a shorter file', async (_, packed) => {
  await withFile(packed.subarray(0, packed.length / 2), (file) => {
    expect(file.issues.map(({ code, level }) => `${level} ${code}`)).toEqual(['error truncated']);
    expect(file.sizeBytes).toBeGreaterThan(9000);
  });
  await withFile(packed.subarray(0, -3), (file) => {
    expect(file.hdus.length).toBeGreaterThan(0);
  });
  for (const length of [4, 5, 12]) {
    const path = await save(packed.subarray(0, length));
    await expect(openFits(path)).rejects.toMatchObject({ name: 'AppError' });
  }
});

test('zip that breaks off is refused as cut off', async () => {
  const packed = packZip([named('a.fits', bytes)]);
  const path = await save(packed.subarray(0, -30));
  await expect(openFits(path)).rejects.toMatchObject({
    code: 'fits_truncated',
    message: expect.stringContaining('directory is missing') as string,
  });
});

test.each([
  ['gzip', gzipSync(bytes), -6],
  ['bzip2', packBzip2(bytes), -3],
  ['bzip2', packBzip2(bytes), 12],
  ['zip', packZip([{ ...named('a.fits', bytes), stored: true }]), 20_000],
] as const)('%s with a wrong check sum is refused', async (_, packed, at) => {
  const damaged = Buffer.from(packed);
  const place = at < 0 ? packed.length + at : at;
  damaged[place] = (damaged[place] ?? 0) ^ 0x10;
  await expect(openFits(await save(damaged))).rejects.toMatchObject({
    code: 'fits_invalid',
    message: expect.stringContaining('damaged') as string,
  });
});

test.each<[string, string, string, Buffer]>([
  [
    'several FITS files',
    'fits_unsupported',
    'several FITS files, such as "a" and "b"',
    packZip([named('a', bytes), named('b', bytes)]),
  ],
  [
    'an encrypted file',
    'fits_unsupported',
    'is encrypted',
    packZip([{ ...named('a', bytes), encrypted: true }]),
  ],
  [
    'another method',
    'fits_unsupported',
    'method 12',
    packZip([{ ...named('a', bytes), method: 12 }]),
  ],
  ['no file', 'fits_invalid', 'no file in it', packZip([named('folder/', Buffer.alloc(0))])],
  ['nothing', 'fits_invalid', 'no file in it', packZip([])],
  [
    'no FITS file',
    'fits_invalid',
    'None of the 2 files',
    packZip([named('a', Buffer.from('x')), named('b', Buffer.alloc(0))]),
  ],
  [
    'very many files',
    'fits_unsupported',
    'more than 100',
    packZip(Array.from({ length: 101 }, (_, i) => named(`${i}`, Buffer.from('x')))),
  ],
  ['a wrong length', 'fits_invalid', 'damaged', wrongLength()],
])('a zip archive with %s is refused', async (_, code, message, packed) => {
  await expect(openFits(await save(packed))).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message) as string,
  });
});

/** Says in its directory that the file in it is shorter than it is. */
function wrongLength(): Buffer {
  const packed = packZip([named('a.fits', bytes)]);
  packed.writeUInt32LE(20_000, packed.indexOf('PK\x01\x02') + 24);
  return packed;
}

test.each<[string, Buffer]>([
  ['gzip inside bzip2', packBzip2(gzipSync(bytes))],
  ['zip inside gzip', gzipSync(packZip([named('a.fits', bytes)]))],
  ['Unix compress inside zip', packZip([named('a.fits.Z', packCompress(bytes))])],
  ['xz inside gzip', gzipSync(Buffer.from('\xfd7zXZ\0', 'latin1'))],
])('%s is refused', async (_, packed) => {
  await expect(openFits(await save(packed))).rejects.toMatchObject({ code: 'fits_unsupported' });
});

/** A small image with 270 MB of zeros after it, in many equal members or streams. */
function bomb(pack: (content: Uint8Array) => Buffer, zeroBytes: number): Buffer {
  const copies = Math.ceil((270 * 1024 * 1024) / zeroBytes);
  const zeros = pack(Buffer.alloc(zeroBytes));
  return Buffer.concat([pack(makeFits()), ...Array.from({ length: copies }, () => zeros)]);
}

test.each([
  ['gzip', bomb((content) => gzipSync(content), 10_000_000)],
  ['bzip2', bomb((content) => packBzip2(content, { blockBytes: 500_000 }), 500_000)],
] as const)('%s that expands far beyond its own size is refused', async (_, packed) => {
  const path = await save(packed);
  await expect(openFits(path)).rejects.toMatchObject({
    code: 'too_large',
    message: expect.stringContaining('500-fold') as string,
  });
  const file = await openFits(path, { maxExpansionRatio: 100_000_000 });
  expect(file.issues.map(({ code }) => code)).toEqual(['trailing']);
  await file.close();
});

test('a damaged bzip2 header, table or origin is refused', async () => {
  const packed = packBzip2(bytes);
  for (const [at, byte] of [
    [4, 0x32], // neither a block nor an end
    [14, 0x80], // randomised
    [15, 0xff], // an origin beyond the block
    [18, 0x00], // no bytes in use
  ] as const) {
    const damaged = Buffer.from(packed);
    damaged[at] = byte;
    await expect(openFits(await save(damaged))).rejects.toMatchObject({
      code: at === 14 ? 'fits_unsupported' : 'fits_invalid',
    });
  }
});

test('Unix compress with a width out of range or an unknown code is refused', async () => {
  for (const start of [[0x88], [0x91], [0x90, 0xff, 0xff, 0xff]]) {
    const path = await save(Buffer.from([0x1f, 0x9d, ...start]));
    await expect(openFits(path)).rejects.toMatchObject({ code: 'fits_invalid' });
  }
});

test('a plain file is expanded to a copy', async () => {
  const target = join(folder, 'copy');
  const limits = { maxExpandedBytes: bytes.length, maxExpansionRatio: 1 };
  await expandTo(await save(bytes), target, limits);
  expect((await readFile(target)).equals(bytes)).toBe(true);
});

describe('programs of others', () => {
  const noisy = makeFits({ width: 1000, height: 800, seed: 9, extensions: [{ cards: [] }] });
  const expectSame = async (packed: Uint8Array): Promise<void> => {
    const target = join(folder, `same-${files}`);
    const limits = { maxExpandedBytes: 1e8, maxExpansionRatio: 500 };
    await expandTo(await save(packed), target, limits);
    expect((await readFile(target)).equals(noisy)).toBe(true);
  };

  testWith(['bzip2'], 'what bzip2 writes')('bzip2 of every level is read', async () => {
    for (const level of ['-1', '-9']) {
      await expectSame(execFileSync('bzip2', [level, '-c'], { input: noisy }));
    }
  });

  testWith(['bzip2'], 'what bzip2 reads')('the packed fixtures are what bzip2 reads', () => {
    const packed = packBzip2(bytes);
    expect(execFileSync('bzip2', ['-dc'], { input: packed }).equals(bytes)).toBe(true);
  });

  testWith(['gzip'], 'what gzip reads of .Z')('the packed fixtures are what gzip reads', () => {
    for (const options of [{}, { clearAt: 700 }, { maxBits: 10, blockMode: false }]) {
      const packed = packCompress(bytes, options);
      expect(execFileSync('gzip', ['-dc'], { input: packed }).equals(bytes)).toBe(true);
    }
  });

  testWith(['zip'], 'what zip writes')('zip of a file and of a stream is read', async () => {
    const path = await save(noisy);
    const archive = join(folder, 'made.zip');
    execFileSync('zip', ['-q', '-j', archive, path]);
    await expectSame(await readFile(archive));
    await expectSame(execFileSync('zip', ['-q', '-', '-'], { input: noisy }));
  });
});

test('the event loop runs while a large file is expanded', async () => {
  const content = makeFits({ width: 700, height: 600, seed: 4 });
  for (const packed of [packCompress(content), gzipSync(content)]) {
    const path = await save(packed);
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await (await openFits(path)).close();
    isDone = true;
    expect(turns).toBeGreaterThan(3);
  }
});
