/**
 * Files packed by the program against cfitsio: what funpack makes of them is the original, and they
 * are no larger than what fpack makes.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packFits, verifyPacked } from '../../src/products/index.js';
import { makeFits, makeNoise } from '../fixtures/make-fits.js';
import { testWith } from '../support/programs.js';

const withCfitsio = testWith(['fpack', 'funpack'], 'packing against cfitsio');

let folder: string;
let path: { plain: string; packed: string; back: string; other: string };
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'platevault-pack-'));
  const name = (end: string): string => join(folder, end);
  path = { plain: name('a.fits'), packed: name('a.fz'), back: name('b.fits'), other: name('c.fz') };
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const limits = (): { maxExpandedBytes: number; maxExpansionRatio: number; tempDir: string } => ({
  maxExpandedBytes: 2 ** 30,
  maxExpansionRatio: 500,
  tempDir: folder,
});

/** Writes the file, packs it and compares what was packed with it. */
async function pack(fits: Uint8Array): Promise<{ packedBytes: number; images: number }> {
  for (const each of Object.values(path)) rmSync(each, { force: true });
  writeFileSync(path.plain, fits);
  const packed = await packFits(path.plain, path.packed, limits());
  expect(statSync(path.packed).size).toBe(packed.packedBytes);
  expect(packed.packedBytes % 2880).toBe(0);
  await verifyPacked(path.plain, path.packed, limits());
  return packed;
}

function funpack(): Buffer {
  execFileSync('funpack', ['-C', '-O', path.back, path.packed]);
  return readFileSync(path.back);
}

const WIDTHS = { 8: 1, 16: 2, 32: 4, 64: 8, '-32': 4, '-64': 8 } as const;
type Bitpix = 8 | 16 | 32 | 64 | -32 | -64;

interface ImageHdu {
  bitpix: Bitpix;
  axes: readonly number[];
  value: (index: number) => number;
  cards?: readonly string[];
  /** An extension, not the primary HDU. */
  extension?: boolean;
}

/** An HDU with every card as it is given, whatever the standard says of it. */
function imageHdu({ bitpix, axes, value, cards = [], extension = false }: ImageHdu): Buffer {
  const integer = (keyword: string, number: number): string =>
    `${keyword.padEnd(8)}= ${String(number).padStart(20)}`;
  const header = [
    extension ? "XTENSION= 'IMAGE   '           / Image extension" : 'SIMPLE  = T',
    `${integer('BITPIX', bitpix)} / bits per pixel`,
    integer('NAXIS', axes.length),
    ...axes.map((axis, index) => integer(`NAXIS${index + 1}`, axis)),
    ...(extension ? [integer('PCOUNT', 0), integer('GCOUNT', 1)] : []),
    ...cards,
    'END',
  ];
  const count = axes.reduce((product, axis) => product * axis, 1);
  const data = Buffer.alloc(count * WIDTHS[bitpix]);
  for (let i = 0; i < count; i += 1) {
    const at = i * WIDTHS[bitpix];
    if (bitpix === 8) data.writeUInt8(value(i), at);
    else if (bitpix === 16) data.writeInt16BE(value(i), at);
    else if (bitpix === 32) data.writeInt32BE(value(i), at);
    else if (bitpix === 64) data.writeBigInt64BE(BigInt(value(i)), at);
    else if (bitpix === -32) data.writeFloatBE(value(i), at);
    else data.writeDoubleBE(value(i), at);
  }
  const text = header.map((card) => card.padEnd(80)).join('');
  return Buffer.concat([filled(Buffer.from(text, 'latin1'), 0x20), filled(data, 0)]);
}

function filled(bytes: Buffer, fill: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((2880 - (bytes.length % 2880)) % 2880, fill)]);
}

const noise = makeNoise(11);
const sky =
  (level: number, spread: number) =>
  (i: number): number =>
    Math.round(level + spread * (noise() + noise() - 1)) + (i % 997 === 0 ? 40 * spread : 0);
const ends =
  (least: number, most: number) =>
  (i: number): number =>
    [least, most, 0, least, least][(i * 7) % 5] ?? 0;

const images: readonly (readonly [string, ImageHdu])[] = [
  ['8-bit sky', { bitpix: 8, axes: [301, 40], value: sky(100, 2) }],
  ['16-bit sky', { bitpix: 16, axes: [512, 200], value: sky(1200, 25) }],
  ['32-bit sky', { bitpix: 32, axes: [333, 65], value: sky(3_000_000, 900) }],
  ['32-bit float', { bitpix: -32, axes: [400, 71], value: (i) => sky(500, 9)(i) + noise() }],
  ['64-bit float', { bitpix: -64, axes: [99, 71], value: (i) => sky(500, 9)(i) + noise() }],
  ['a constant', { bitpix: 16, axes: [64, 64], value: () => -7 }],
  ['bytes from end to end', { bitpix: 8, axes: [65, 9], value: ends(0, 255) }],
  ['16 bits from end to end', { bitpix: 16, axes: [65, 9], value: ends(-32768, 32767) }],
  ['32 bits from end to end', { bitpix: 32, axes: [31, 9], value: ends(-(2 ** 31), 2 ** 31 - 1) }],
  ['32-bit noise', { bitpix: 32, axes: [64, 64], value: () => Math.floor(noise() * 2 ** 31) }],
  ['infinities', { bitpix: -32, axes: [33, 5], value: ends(-Infinity, Infinity) }],
  ['one axis', { bitpix: 16, axes: [1000], value: sky(10, 3) }],
  ['three axes', { bitpix: 16, axes: [37, 11, 3], value: sky(10, 3) }],
  ['four axes, in an extension', { bitpix: -32, axes: [5, 4, 3, 2], value: (i) => i / 3 }],
  ['a column', { bitpix: 32, axes: [1, 50], value: sky(10, 3) }],
  ['one pixel', { bitpix: 8, axes: [1, 1], value: () => 9 }],
];

withCfitsio.each(images)('%s packed comes back from funpack byte by byte', async (name, hdu) => {
  const extension = name.includes('extension');
  const primary = extension
    ? [imageHdu({ bitpix: 8, axes: [], value: () => 0 }).subarray(0, 2880)]
    : [];
  const fits = Buffer.concat([...primary, imageHdu({ ...hdu, extension })]);
  await pack(fits);
  expect(Buffer.compare(funpack(), fits)).toBe(0);
  const how = hdu.bitpix < 0 ? ['-g2', '-q', '0'] : ['-r'];
  execFileSync('fpack', ['-C', ...how, '-O', path.other, path.plain]);
  expect(statSync(path.packed).size).toBeLessThanOrEqual(statSync(path.other).size * 1.03);
});

/** Cards that programs really write, good and bad. */
const CARDS = [
  "OBJECT  = 'M 31 / M 32'        / the galaxy",
  'BZERO   =              32768.0',
  'EXTEND  =                    T / there may be more',
  'COMMENT   a comment',
  '',
  "LONGSTR = 'a string that goes on&'",
  "CONTINUE  'and on&'",
  "CONTINUE  '' / and ends",
  'HIERARCH ESO DET READ SPEED = 3.5 / slow',
  'HISTORY = not a value',
  'EXPTIME =      1.20000000E+02',
  "CHECKSUM= 'aaaaaaaaaaaaaaaa'",
  "DATASUM = '123       '         / as it was",
  'FILTER  =   L',
  '        more text',
];

withCfitsio('all cards come back from funpack in their order', async () => {
  const fits = imageHdu({ bitpix: 16, axes: [30, 20], value: sky(5, 2), cards: CARDS });
  await pack(fits);
  expect(funpack().toString('latin1')).toBe(fits.toString('latin1'));
});

test('cards that are not as the standard says come back, too', async () => {
  const cards = [
    ...CARDS,
    'IRAF-B/P=   7',
    'lower   = 3',
    'A card\nwith\0odd \xe4 bytes',
    'X= 1',
    '',
  ];
  await pack(imageHdu({ bitpix: -64, axes: [30, 20], value: (i) => i, cards }));
});

test('64-bit integers and the bits of a NaN are kept', async () => {
  await pack(imageHdu({ bitpix: 64, axes: [30, 20], value: (i) => i * 2 ** 40 }));
  const fits = imageHdu({ bitpix: -32, axes: [30, 20], value: () => 1.5 });
  for (const at of [2880, 2888]) fits.writeUInt32BE(0xffa12345 + at, at);
  await pack(fits);
});

test('rows longer than a tile are cut', async () => {
  const fits = imageHdu({ bitpix: 8, axes: [2 ** 20 + 5, 2], value: (i) => i % 251 });
  expect((await pack(fits)).packedBytes).toBeLessThan(fits.length);
});

withCfitsio('other HDUs are copied byte by byte, images beside them packed', async () => {
  const table = { name: 'CAT', columns: [{ name: 'x', form: 'D', values: [1, 2.5, 3] }] } as const;
  const fits = makeFits({ width: 50, height: 40, sci: true, extensions: [{ cards: [], table }] });
  expect((await pack(fits)).images).toBe(1);
  expect(Buffer.compare(funpack(), fits)).toBe(0);
  // The primary HDU and the table are the first and last parts of the file.
  const packed = readFileSync(path.packed);
  expect(packed.subarray(0, 2880)).toEqual(fits.subarray(0, 2880));
  expect(packed.subarray(-5760)).toEqual(fits.subarray(-5760));
});

test('missing fill at the end of the file is the only thing that is added', async () => {
  const fits = imageHdu({ bitpix: 16, axes: [30, 20], value: sky(5, 2) });
  await pack(fits.subarray(0, 2880 + 1200));
});

const plainImage = { bitpix: 16, axes: [4, 4], value: () => 1 } as const;
const groups = Buffer.concat([
  imageHdu({
    bitpix: 8,
    axes: [0],
    value: () => 0,
    cards: ['GROUPS  =                    T', 'PCOUNT  = 0', 'GCOUNT  = 1'],
  }),
  Buffer.alloc(2880), // one byte of data
]);

test.each<[string, Uint8Array, string]>([
  ['no image', imageHdu({ bitpix: 8, axes: [], value: () => 0 }).subarray(0, 2880), 'no image'],
  [
    'random groups',
    Buffer.concat([groups, imageHdu({ ...plainImage, extension: true })]),
    'random groups',
  ],
  ['a card that a table has', imageHdu({ ...plainImage, cards: ["TTYPE1  = 'A'"] }), 'TTYPE1'],
  ['a card that compression has', imageHdu({ ...plainImage, cards: ['ZBLANK  = 3'] }), 'ZBLANK'],
  [
    'the name of no name',
    imageHdu({ ...plainImage, cards: ["EXTNAME = 'COMPRESSED_IMAGE'"] }),
    'EXTNAME',
  ],
  ['cards of two kinds of HDU', imageHdu({ ...plainImage, cards: ['ZTENSION= 3'] }), 'ZTENSION'],
  ['lost data', imageHdu(plainImage).subarray(0, 2890), 'cut off'],
  [
    'bytes at its end',
    Buffer.concat([imageHdu(plainImage), Buffer.alloc(100, 65)]),
    'after the last',
  ],
])('a file with %s is not packed', async (_, fits, reason) => {
  writeFileSync(path.plain, fits);
  const packing = packFits(path.plain, path.packed, limits());
  await expect(packing).rejects.toMatchObject({ code: 'fits_unsupported' });
  await expect(packing).rejects.toThrow(reason);
});

test('the first difference from the original is named', async () => {
  const cards = ["OBJECT  = 'M31'", 'GAIN    = 2'];
  const fits = imageHdu({ bitpix: 16, axes: [30, 20, 2], value: sky(5, 2), cards });
  await pack(fits);
  const compare = async (change: (bytes: Buffer) => void): Promise<void> => {
    const changed = Buffer.from(fits);
    change(changed);
    writeFileSync(path.plain, changed);
    await verifyPacked(path.plain, path.packed, limits());
  };
  await expect(compare(() => undefined)).resolves.toBeUndefined();
  const pixel = compare((bytes) => bytes.writeInt16BE(999, 2880 + 2 * (600 + 31)));
  await expect(pixel).rejects.toMatchObject({ code: 'damaged' });
  await expect(pixel).rejects.toThrow('pixel (2, 2) of plane 2 of HDU 0');
  const card = compare((bytes) => bytes.write('3', bytes.indexOf('GAIN    = 2') + 10));
  await expect(card).rejects.toThrow('card 8 of HDU 0 is not "GAIN    = 3"');
});
