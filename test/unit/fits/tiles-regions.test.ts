import { parseCards } from '../../../src/fits/card.js';
import { makeHdu } from '../../../src/fits/hdu.js';
import { makeHeader } from '../../../src/fits/header.js';
import type { FitsFile, Hdu, Region } from '../../../src/fits/index.js';
import { eachTileBand } from '../../../src/fits/tiles/bands.js';
import { readLayout } from '../../../src/fits/tiles/layout.js';

/** An image of 12 × 10 pixels of 16 bits whose value is their number, in memory; tiles as they are. */
interface Tiled {
  tileWidth: number;
  tileHeight: number;
  /** The order in which the tiles lie in the heap. Default that of the table. */
  order?: (tiles: number) => number[];
  /** Changes the table. */
  damage?: (table: Buffer) => void;
}

const WIDTH = 12;
const HEIGHT = 10;

function tilePixels({ tileWidth, tileHeight }: Tiled): number[][] {
  const tiles: number[][] = [];
  for (let top = 0; top < HEIGHT; top += tileHeight) {
    for (let left = 0; left < WIDTH; left += tileWidth) {
      const pixels: number[] = [];
      for (let y = top; y < Math.min(top + tileHeight, HEIGHT); y += 1) {
        for (let x = left; x < Math.min(left + tileWidth, WIDTH); x += 1)
          pixels.push(x + y * WIDTH);
      }
      tiles.push(pixels);
    }
  }
  return tiles;
}

/** The image, and the ranges of the file that were read. */
function tiledImage(options: Tiled): { file: FitsFile; hdu: Hdu; read: [number, number][] } {
  const tiles = tilePixels(options);
  const table = Buffer.alloc(tiles.length * 8);
  const heap: Buffer[] = [];
  let offset = 0;
  for (const number of options.order?.(tiles.length) ?? tiles.keys()) {
    const pixels = tiles[number] ?? [];
    const bytes = Buffer.alloc(pixels.length * 2);
    pixels.forEach((pixel, index) => bytes.writeInt16BE(pixel, index * 2));
    table.writeInt32BE(bytes.length, number * 8);
    table.writeInt32BE(offset, number * 8 + 4);
    offset += bytes.length;
    heap.push(bytes);
  }
  options.damage?.(table);
  const bytes = Buffer.concat([table, ...heap]);
  const lines = [
    "XTENSION= 'BINTABLE'",
    'BITPIX  = 8',
    'NAXIS   = 2',
    'NAXIS1  = 8',
    `NAXIS2  = ${tiles.length}`,
    `PCOUNT  = ${offset}`,
    'GCOUNT  = 1',
    'TFIELDS = 1',
    "TTYPE1  = 'COMPRESSED_DATA'",
    "TFORM1  = '1PB'",
    'ZIMAGE  = T',
    'ZBITPIX = 16',
    'ZNAXIS  = 2',
    `ZNAXIS1 = ${WIDTH}`,
    `ZNAXIS2 = ${HEIGHT}`,
    `ZTILE1  = ${options.tileWidth}`,
    `ZTILE2  = ${options.tileHeight}`,
    "ZCMPTYPE= 'NOCOMPRESS'",
  ];
  const cards = parseCards(Buffer.from(lines.map((line) => line.padEnd(80)).join('')));
  const hdu = makeHdu(makeHeader(cards), { index: 0, headerOffset: 0, lengthBytes: 0 });
  const read: [number, number][] = [];
  const source = {
    sizeBytes: bytes.length,
    read: (position: number, length: number) => {
      const piece = Uint8Array.from(bytes.subarray(position, position + length));
      read.push([position, position + piece.length]);
      return Promise.resolve(piece);
    },
    extent: (end: number) => Promise.resolve(Math.min(end, bytes.length)),
    close: () => Promise.resolve(),
  };
  const file: FitsFile = {
    format: 'fits',
    container: 'plain',
    sizeBytes: bytes.length,
    hdus: [hdu],
    issues: [],
    source,
    close: source.close,
  };
  return { file, hdu, read };
}

async function readRegion(file: FitsFile, hdu: Hdu, region: Region): Promise<number[]> {
  const pixels: number[] = [];
  for await (const band of eachTileBand(file, hdu, { plane: 0, region })) {
    pixels.push(...Array.from<number | bigint, number>(band.pixels, Number));
  }
  return pixels;
}

function expectedRegion({ x, y, width, height }: Region): number[] {
  const at = (index: number): number =>
    x + (index % width) + (y + Math.floor(index / width)) * WIDTH;
  return Array.from({ length: width * height }, (_, index) => at(index));
}

const ROWS: Tiled = { tileWidth: WIDTH, tileHeight: 1 };
const SQUARES: Tiled = { tileWidth: 4, tileHeight: 4 };
/** Bytes of the table of 10 rows, and of 3 × 3 squares. */
const ROWS_TABLE = 80;
const SQUARES_TABLE = 72;

test.each<[string, Tiled, Region, [number, number][]]>([
  [
    'rows',
    ROWS,
    { x: 3, y: 2, width: 2, height: 3 },
    [
      [16, 40],
      [ROWS_TABLE + 2 * 24, ROWS_TABLE + 5 * 24],
    ],
  ],
  [
    'one row',
    ROWS,
    { x: 0, y: 9, width: 12, height: 1 },
    [
      [72, 80],
      [296, 320],
    ],
  ],
  [
    'squares, those of each band together',
    SQUARES,
    { x: 5, y: 3, width: 6, height: 2 },
    [
      [8, 48], // the rows of tiles 1 to 5
      [SQUARES_TABLE + 32, SQUARES_TABLE + 96], // tiles 1 and 2
      [SQUARES_TABLE + 128, SQUARES_TABLE + 192], // tiles 4 and 5
    ],
  ],
  [
    'squares from side to side, all bands together',
    SQUARES,
    { x: 1, y: 5, width: 11, height: 5 },
    [
      [24, 72],
      [SQUARES_TABLE + 96, SQUARES_TABLE + 240], // the last band is of half the height
    ],
  ],
])(
  'of a region the bytes of its tiles are read, and no others: %s',
  async (_, tiled, region, ranges) => {
    const { file, hdu, read } = tiledImage(tiled);
    expect(await readRegion(file, hdu, region)).toEqual(expectedRegion(region));
    expect(read).toEqual(ranges);
  },
);

/** One tile of the whole image, without its data. */
function wholeTile(bitpix: number, width: number, height: number): Hdu {
  const lines = [
    "XTENSION= 'BINTABLE'",
    'BITPIX  = 8',
    'NAXIS   = 2',
    'NAXIS1  = 8',
    'NAXIS2  = 1',
    'TFIELDS = 1',
    "TTYPE1  = 'COMPRESSED_DATA'",
    "TFORM1  = '1PB'",
    'ZIMAGE  = T',
    `ZBITPIX = ${bitpix}`,
    'ZNAXIS  = 2',
    `ZNAXIS1 = ${width}`,
    `ZNAXIS2 = ${height}`,
    `ZTILE1  = ${width}`,
    `ZTILE2  = ${height}`,
    "ZCMPTYPE= 'GZIP_2'",
  ];
  const cards = parseCards(Buffer.from(lines.map((line) => line.padEnd(80)).join('')));
  return makeHdu(makeHeader(cards), { index: 1, headerOffset: 0, lengthBytes: 0 });
}

test('a tile is bounded by its bytes, not by its pixels alone', () => {
  const plan = (bitpix: number, height: number) => () =>
    readLayout(wholeTile(bitpix, 8192, height), { x: 0, y: 0, width: 8192, height });
  for (const bitpix of [16, 32, -32]) expect(plan(bitpix, 8192)).not.toThrow();
  expect(plan(-64, 4096)).not.toThrow();
  for (const bitpix of [64, -64]) {
    expect(plan(bitpix, 4097)).toThrow('The tiles of HDU 1 take more than 256 MB each.');
  }
});

test.each<[string, (tiles: number) => number[]]>([
  ['backwards', (tiles) => Array.from({ length: tiles }, (_, i) => tiles - 1 - i)],
  ['odd ones first', (tiles) => [1, 3, 5, 7, ...Array.from({ length: tiles }, (_, i) => i)]],
])('tiles that lie in another order in the heap are read as well: %s', async (_, order) => {
  for (const tiled of [ROWS, SQUARES]) {
    const { file, hdu } = tiledImage({ ...tiled, order });
    for (const region of [
      { x: 0, y: 0, width: WIDTH, height: HEIGHT },
      { x: 5, y: 3, width: 6, height: 4 },
    ]) {
      expect(await readRegion(file, hdu, region)).toEqual(expectedRegion(region));
    }
  }
});

test.each<[string, number, number]>([
  ['a huge length', 2 ** 31 - 1, 0],
  ['a place far out of the heap', 24, 2 ** 31 - 1],
  ['a negative length', -5, 0],
  ['no length', 0, 0],
])('a last tile with %s is refused, the tiles before it are not', async (_, count, start) => {
  const damage = (table: Buffer): void => {
    table.writeInt32BE(count, 9 * 8);
    table.writeInt32BE(start, 9 * 8 + 4);
  };
  const { file, hdu, read } = tiledImage({ ...ROWS, damage });
  const bands = eachTileBand(file, hdu, {
    plane: 0,
    region: { x: 0, y: 7, width: WIDTH, height: 3 },
  });
  const first = await bands.next();
  const second = await bands.next();
  expect([first.value?.firstRow, second.value?.firstRow]).toEqual([7, 8]);
  await expect(bands.next()).rejects.toMatchObject({ code: 'fits_invalid' });
  const size = ROWS_TABLE + 240;
  expect(read.every(([from, to]) => from >= 0 && to <= size)).toBe(true);
});
