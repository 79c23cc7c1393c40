import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  eachRow,
  eachStrip,
  openFits,
  readPlane,
  tableColumns,
  writeFits,
} from '../../../src/fits/index.js';
import type { FitsFile, Hdu, Strip } from '../../../src/fits/index.js';
import { makeFits, rawFits } from '../../fixtures/make-fits.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fits-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Opens the bytes and hands over the HDU at `index`. */
async function withHdu<T>(
  bytes: Uint8Array,
  index: number,
  use: (file: FitsFile, hdu: Hdu) => Promise<T>,
): Promise<T> {
  const path = join(folder, 'one.fits');
  await writeFile(path, bytes);
  const file = await openFits(path);
  try {
    const hdu = file.hdus[index];
    if (hdu === undefined) throw new Error(`no HDU ${index}`);
    return await use(file, hdu);
  } finally {
    await file.close();
  }
}

const kindOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

/** A row of pixels, as bytes in the file. */
function row(bitpix: number, data: Uint8Array, ...more: string[]): Buffer {
  const count = data.length / (Math.abs(bitpix) / 8);
  const cards = ['SIMPLE  = T', `BITPIX  = ${bitpix}`, 'NAXIS   = 1', `NAXIS1  = ${count}`];
  return rawFits({ cards: [...cards, ...more], data });
}

function floats(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeFloatBE(value, index * 4));
  return bytes;
}

const bytes = (...values: number[]): Buffer => Buffer.from(values);

test.each<[string, Buffer, string, number[]]>([
  ['bytes', row(8, bytes(0, 255)), 'Uint8Array', [0, 255]],
  ['signed bytes', row(8, bytes(0, 255), 'BZERO = -128'), 'Int8Array', [-128, 127]],
  ['16 bits', row(16, bytes(0xff, 0xfe, 1, 2, 0, 7)), 'Int16Array', [-2, 258, 7]],
  [
    'unsigned 16 bits, an odd number',
    row(16, bytes(0x80, 0, 0x7f, 0xff, 0, 1), 'BZERO = 32768.0'),
    'Uint16Array',
    [0, 65535, 32769],
  ],
  ['32 bits', row(32, bytes(0xff, 0xff, 0xff, 0xfe, 1, 2, 3, 4)), 'Int32Array', [-2, 0x01020304]],
  [
    'unsigned 32 bits',
    row(32, bytes(0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff), 'BZERO = 2147483648'),
    'Uint32Array',
    [0, 4294967295],
  ],
  ['64 bits', row(64, bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfd)), 'Float64Array', [-3]],
  ['floats', row(-32, floats(1.5, NaN)), 'Float32Array', [1.5, NaN]],
  ['floats with BZERO', row(-32, floats(1.5), 'BZERO = 32768'), 'Float32Array', [32769.5]],
  ['floats with BLANK', row(-32, floats(7, 8), 'BLANK = 7'), 'Float32Array', [7, 8]],
  ['doubles', row(-64, bytes(0x3f, 0xf8, 0, 0, 0, 0, 0, 0)), 'Float64Array', [1.5]],
  ['BLANK', row(16, bytes(0, 1, 0, 2), 'BLANK = 2'), 'Float32Array', [1, NaN]],
  ['BLANK as a float', row(16, bytes(0, 1, 0, 2), 'BLANK = 2.0'), 'Float32Array', [1, NaN]],
  [
    'BLANK in unsigned pixels',
    row(16, bytes(0, 1, 0x80, 0), 'BLANK = -32768', 'BZERO = 32768'),
    'Float32Array',
    [32769, NaN],
  ],
  ['BSCALE', row(16, bytes(0, 3), 'BSCALE = 0.5', 'BZERO = 1'), 'Float32Array', [2.5]],
  ['BSCALE on 32 bits', row(32, bytes(0, 0, 0, 3), 'BSCALE = 0.1'), 'Float64Array', [3 * 0.1]],
  ['BSCALE that is no number', row(8, bytes(3), "BSCALE = 'x'"), 'Uint8Array', [3]],
])('pixels: %s', async (_, file, kind, values) => {
  const { width, height, pixels } = await withHdu(file, 0, (f, hdu) => readPlane(f, hdu));
  expect([width, height, kindOf(pixels)]).toEqual([values.length, 1, kind]);
  expect(Array.from(pixels)).toEqual(values);
});

async function strips(file: FitsFile, hdu: Hdu, options: object): Promise<Strip[]> {
  const found: Strip[] = [];
  for await (const strip of eachStrip(file, hdu, options)) found.push(strip);
  return found;
}

test('strips follow one another from FITS row 1, the last one shorter', async () => {
  const file = makeFits({ width: 3, height: 5, pixel: (x, y) => 10 * y + x });
  await withHdu(file, 0, async (f, hdu) => {
    const found = await strips(f, hdu, { rowsPerStrip: 2 });
    expect(found.map((strip) => [strip.firstRow, strip.rows])).toEqual([
      [0, 2],
      [2, 2],
      [4, 1],
    ]);
    expect(found.flatMap((strip) => Array.from(strip.pixels))).toEqual([
      0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41, 42,
    ]);
  });
});

test('a large image comes in strips of about 4 MB', async () => {
  await withHdu(makeFits({ width: 2000, height: 3000, pixel: () => 1 }), 0, async (f, hdu) => {
    const found = await strips(f, hdu, {});
    expect(found.length).toBe(3);
    expect(Math.max(...found.map((strip) => strip.pixels.byteLength))).toBeLessThan(4.2e6);
  });
});

test('planes are counted in the order of the file', async () => {
  const pixels = Uint8Array.from({ length: 24 }, (_, index) => index);
  const file = writeFits([{ cards: [], image: { axes: [2, 3, 2, 2], bitpix: 8, pixels } }]);
  await withHdu(file, 0, async (f, hdu) => {
    expect(Array.from((await readPlane(f, hdu, { plane: 3 })).pixels)).toEqual([
      18, 19, 20, 21, 22, 23,
    ]);
    await expect(readPlane(f, hdu, { plane: 4 })).rejects.toMatchObject({ code: 'bad_request' });
    await expect(readPlane(f, hdu, { maxPixels: 5 })).rejects.toMatchObject({ code: 'too_large' });
  });
});

test('an image without pixels has no strips', async () => {
  const file = rawFits({
    cards: ['SIMPLE  = T', 'BITPIX  = 16', 'NAXIS   = 2', 'NAXIS1  = 0', 'NAXIS2  = 0'],
  });
  await withHdu(file, 0, async (f, hdu) => {
    expect(await strips(f, hdu, {})).toEqual([]);
  });
});

/** A cube of 5 x 4 x 3 pixels (value: its number) in tiles of 2 x 3 x 2, as NOCOMPRESS or GZIP_1. */
function tiledCube(
  algorithm: string,
  damage: (heap: Buffer, table: Buffer) => void = () => {},
): Buffer {
  const axes = [5, 4, 3] as const;
  const tile = [2, 3, 2] as const;
  const tiles: Buffer[] = [];
  for (let z = 0; z < axes[2]; z += tile[2]) {
    for (let y = 0; y < axes[1]; y += tile[1]) {
      for (let x = 0; x < axes[0]; x += tile[0]) {
        const values: number[] = [];
        for (let k = z; k < Math.min(z + tile[2], axes[2]); k += 1) {
          for (let j = y; j < Math.min(y + tile[1], axes[1]); j += 1) {
            for (let i = x; i < Math.min(x + tile[0], axes[0]); i += 1) {
              values.push(i + axes[0] * (j + axes[1] * k));
            }
          }
        }
        const raw = Buffer.from(values.flatMap((value) => [0, value]));
        tiles.push(algorithm === 'GZIP_1' ? gzipSync(raw) : raw);
      }
    }
  }
  const table = Buffer.alloc(tiles.length * 8);
  let offset = 0;
  tiles.forEach((one, index) => {
    table.writeInt32BE(one.length, index * 8);
    table.writeInt32BE(offset, index * 8 + 4);
    offset += one.length;
  });
  const heap = Buffer.concat(tiles);
  damage(heap, table);
  const cards = [
    "XTENSION= 'BINTABLE'",
    'BITPIX  = 8',
    'NAXIS   = 2',
    'NAXIS1  = 8',
    `NAXIS2  = ${tiles.length}`,
    `PCOUNT  = ${heap.length}`,
    'GCOUNT  = 1',
    'TFIELDS = 1',
    "TTYPE1  = 'COMPRESSED_DATA'",
    "TFORM1  = '1PB(99)'",
    'ZIMAGE  = T',
    'ZBITPIX = 16',
    'ZNAXIS  = 3',
    'ZNAXIS1 = 5',
    'ZNAXIS2 = 4',
    'ZNAXIS3 = 3',
    'ZTILE1  = 2',
    'ZTILE2  = 3',
    'ZTILE3  = 2',
    `ZCMPTYPE= '${algorithm}'`,
  ];
  return Buffer.concat([
    rawFits({ cards: ['SIMPLE  = T', 'BITPIX  = 8', 'NAXIS   = 0'] }),
    rawFits({ cards, data: Buffer.concat([table, heap]) }),
  ]);
}

test.each(['NOCOMPRESS', 'GZIP_1'])('tiles that do not fit evenly: %s', async (algorithm) => {
  await withHdu(tiledCube(algorithm), 1, async (file, hdu) => {
    expect([hdu.kind, hdu.bitpix, hdu.axes, hdu.compression]).toEqual([
      'compressed-image',
      16,
      [5, 4, 3],
      algorithm,
    ]);
    for (const plane of [2, 0, 1]) {
      for (const rowsPerStrip of [1, 2, 3, 4, 99]) {
        const found = await strips(file, hdu, { plane, rowsPerStrip });
        const values = found.flatMap((strip) => Array.from(strip.pixels));
        expect(values).toEqual(Array.from({ length: 20 }, (_, index) => index + 20 * plane));
        expect(found[0]?.rows).toBe(Math.min(rowsPerStrip, 4));
      }
    }
  });
});

test.each<[string, (heap: Buffer, table: Buffer) => void, string]>([
  ['a descriptor beyond the heap', (_, table) => table.writeInt32BE(5000, 4), 'out of its heap'],
  ['a negative length', (_, table) => table.writeInt32BE(-1, 0), 'out of its heap'],
  ['an empty tile', (_, table) => table.writeInt32BE(0, 0), 'has no data'],
  ['a tile that is too short', (_, table) => table.writeInt32BE(9, 0), '9 bytes'],
])('a compressed image with %s is refused', async (_, damage, message) => {
  await withHdu(tiledCube('NOCOMPRESS', damage), 1, async (file, hdu) => {
    await expect(readPlane(file, hdu)).rejects.toThrow(message);
  });
});

test('a compressed image that claims more tiles than rows, or huge tiles, is refused', async () => {
  const change = (from: string, to: string): Buffer =>
    Buffer.from(tiledCube('NOCOMPRESS').toString('latin1').replace(from, to), 'latin1');
  await withHdu(change('ZNAXIS1 = 5  ', 'ZNAXIS1 = 500'), 1, async (file, hdu) => {
    await expect(readPlane(file, hdu)).rejects.toThrow('its table has 12 rows');
  });
  const huge = change('ZNAXIS1 = 5         ', 'ZNAXIS1 = 5000000000').toString('latin1');
  const one = Buffer.from(huge.replace('ZTILE1  = 2         ', 'ZTILE1  = 5000000000'), 'latin1');
  await withHdu(one, 1, async (file, hdu) => {
    await expect(eachStrip(file, hdu).next()).rejects.toMatchObject({ code: 'too_large' });
  });
});

/** A table of two rows with columns of every type, and a heap. */
function table(): Buffer {
  const rows = [0, 1].map((number) => {
    const cell = Buffer.alloc(90);
    cell.write(number === 0 ? 'T' : '\0', 0, 'latin1'); // L
    cell[1] = 0b10100000; // 3X
    cell[2] = 200 + number; // B
    cell.writeInt16BE(-5 + number, 3); // I, TNULL -4
    cell.writeInt32BE(7, 5); // J, TSCAL 0.5 TZERO 1
    cell.writeBigInt64BE(-1n, 9); // K, TZERO 2^63
    cell.write('ab  ', 17, 'latin1'); // 5A
    cell.writeFloatBE(1.5, 22); // 2E
    cell.writeFloatBE(NaN, 26);
    cell.writeDoubleBE(2.5, 30); // D
    cell.writeFloatBE(3, 38); // C
    cell.writeFloatBE(4, 42);
    cell.writeDoubleBE(5, 46); // M
    cell.writeDoubleBE(6, 54);
    cell.writeInt32BE(number * 2, 62); // PI
    cell.writeInt32BE(0, 66);
    cell.writeBigInt64BE(3n, 70); // QA
    cell.writeBigInt64BE(4n, 78);
    return cell;
  });
  const heap = Buffer.from([0, 1, 0xff, 0xff, ...Buffer.from('xyz')]);
  const forms = ['L', '3X', 'B', 'I', 'J', 'K', '5A', '2E', 'D', 'C', 'M', 'PI(2)', '1QA(3)', '0J'];
  const cards = [
    "XTENSION= 'BINTABLE'",
    'BITPIX  = 8',
    'NAXIS   = 2',
    'NAXIS1  = 90',
    'NAXIS2  = 2',
    `PCOUNT  = ${heap.length}`,
    'GCOUNT  = 1',
    `TFIELDS = ${forms.length}`,
    ...forms.map((form, index) => `TFORM${index + 1}`.padEnd(8) + `= '${form}'`),
    "TTYPE1  = 'FLAG'",
    "TTYPE4  = 'FLAG'",
    'TNULL4  = -4',
    'TSCAL5  = 0.5',
    'TZERO5  = 1',
    'TZERO6  = 9223372036854775808',
    "TUNIT9  = 'deg'",
  ];
  return Buffer.concat([
    rawFits({ cards: ['SIMPLE  = T', 'BITPIX  = 8', 'NAXIS   = 0'] }),
    rawFits({ cards, data: Buffer.concat([...rows, heap]) }),
  ]);
}

test('rows of a table have values of every type', async () => {
  await withHdu(table(), 1, async (file, hdu) => {
    const rows: unknown[] = [];
    for await (const one of eachRow(file, hdu)) rows.push(one);
    const common = {
      COL2: [true, false, true],
      COL5: 4.5,
      COL6: 2n ** 63n - 1n,
      COL7: 'ab',
      COL8: [1.5, NaN],
      COL9: 2.5,
      COL10: [3, 4],
      COL11: [5, 6],
      COL13: 'xyz',
      COL14: [],
    };
    expect(rows).toEqual([
      { FLAG: true, COL3: 200, COL4: -5, COL12: [], ...common },
      { FLAG: null, COL3: 201, COL4: null, COL12: [1, -1], ...common },
    ]);
    expect(tableColumns(hdu)[8]).toMatchObject({
      name: 'COL9',
      code: 'D',
      unit: 'deg',
      offset: 30,
    });
  });
});

test('a written table is read again', async () => {
  const file = writeFits([
    { cards: [] },
    {
      cards: [['EXTVER', 2]],
      table: {
        name: 'CAT',
        columns: [
          { name: 'x', form: 'D', unit: 'pixel', values: [1.25, 2.5] },
          { name: 'n', form: 'I', values: [-1, 7] },
        ],
      },
    },
  ]);
  await withHdu(file, 1, async (f, hdu) => {
    const rows: unknown[] = [];
    for await (const one of eachRow(f, hdu)) rows.push(one);
    expect(rows).toEqual([
      { x: 1.25, n: -1 },
      { x: 2.5, n: 7 },
    ]);
    await expect(readPlane(f, hdu)).rejects.toMatchObject({ code: 'fits_unsupported' });
  });
});

test('what contradicts itself is not written', () => {
  const image = { axes: [2, 2], bitpix: 8, pixels: new Uint8Array(3) } as const;
  expect(() => writeFits([{ cards: [], image }])).toThrow('hold 4 pixels, not 3');
  expect(() => writeFits([{ cards: [['NAXIS1', 5]] }])).toThrow('follows from the data');
  expect(() => writeFits([{ cards: [], table: { name: 'T', columns: [] } }])).toThrow('extension');
});
