import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { eachRow, openFits, unpackedHeapBytes, unpackHeap } from '../../../src/fits/index.js';
import type { CellValue, FitsFile, Hdu } from '../../../src/fits/index.js';
import { rawFits } from '../../fixtures/make-fits.js';
import { card, primaryCards, tableCards } from '../../fixtures/make-table.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fits-packed-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Packed {
  readonly forms: readonly string[];
  readonly algorithms: readonly string[];
  readonly rowBytes: number;
  readonly rows: number;
  readonly tileRows: number;
  /** The packed columns of each tile. */
  readonly tiles: readonly (readonly Uint8Array[])[];
  /** What stands in the heap before the tiles: packed cells. */
  readonly cells?: Uint8Array;
  readonly heapBytes?: number;
}

/** A compressed table from its packed parts. */
function packedTable(
  table: Packed,
  damage: (cards: string[]) => string[] = (cards) => cards,
): Buffer {
  const heap: Uint8Array[] = [table.cells ?? Buffer.alloc(0)];
  let at = heap[0]?.length ?? 0;
  const rows = table.tiles.map((columns) =>
    Buffer.concat(
      columns.map((bytes) => {
        const descriptor = Buffer.alloc(16);
        descriptor.writeBigInt64BE(BigInt(bytes.length), 0);
        descriptor.writeBigInt64BE(BigInt(at), 8);
        heap.push(bytes);
        at += bytes.length;
        return descriptor;
      }),
    ),
  );
  const cards = damage([
    ...tableCards({ forms: table.forms.map(() => '1QB'), rows, heap: Buffer.concat(heap) }),
    card('ZTABLE', 'T'),
    card('ZTILELEN', table.tileRows),
    card('ZNAXIS1', table.rowBytes),
    card('ZNAXIS2', table.rows),
    card('ZPCOUNT', table.heapBytes ?? 0),
    ...table.forms.map((form, index) => card(`ZFORM${index + 1}`, `'${form}'`)),
    ...table.algorithms.map((name, index) => card(`ZCTYP${index + 1}`, `'${name}'`)),
  ]);
  return rawFits({ cards: primaryCards }, { cards, data: Buffer.concat([...rows, ...heap]) });
}

async function withTable<T>(
  bytes: Buffer,
  use: (file: FitsFile, hdu: Hdu) => Promise<T>,
): Promise<T> {
  const path = join(folder, 'packed.fits');
  await writeFile(path, bytes);
  const file = await openFits(path);
  try {
    const hdu = file.hdus[1];
    if (hdu === undefined) throw new Error('no table');
    return await use(file, hdu);
  } finally {
    await file.close();
  }
}

function read(bytes: Buffer, range = {}): Promise<Record<string, CellValue>[]> {
  return withTable(bytes, async (file, hdu) => {
    const rows: Record<string, CellValue>[] = [];
    for await (const row of eachRow(file, hdu, range)) rows.push(row);
    return rows;
  });
}

const simple: Packed = {
  forms: ['B', 'I'],
  algorithms: ['NOCOMPRESS', 'GZIP_2'],
  rowBytes: 3,
  rows: 3,
  tileRows: 2,
  tiles: [
    [Buffer.from([1, 2]), gzipSync(Buffer.from([0, 1, 9, 0]))],
    [Buffer.from([3]), gzipSync(Buffer.from([2, 1]))],
  ],
};

test('tiles of columns become rows', async () => {
  expect(await read(packedTable(simple))).toEqual([
    { COL1: 1, COL2: 9 },
    { COL1: 2, COL2: 256 },
    { COL1: 3, COL2: 513 },
  ]);
  expect(await read(packedTable(simple), { firstRow: 1, rows: 1 })).toEqual([
    { COL1: 2, COL2: 256 },
  ]);
});

const replace = (keyword: string, value: string | number) => (cards: string[]) =>
  cards.map((text) => (text.startsWith(keyword.padEnd(8)) ? card(keyword, value) : text));

test.each<[string, (cards: string[]) => string[], string]>([
  ['tiles of no rows', replace('ZTILELEN', 0), 'ZTILELEN'],
  ['too few tiles', replace('ZTILELEN', 1), 'fewer tiles'],
  ['a negative number of rows', replace('ZNAXIS2', -1), 'ZNAXIS2'],
  ['more rows than its bytes can hold', replace('ZNAXIS2', 9e15), 'too little data'],
  ['wider rows than its bytes can hold', replace('ZNAXIS1', 9e8), 'too little data'],
  ['no form of a column', replace('ZFORM1', "''"), 'ZFORM1'],
  ['an unknown algorithm', replace('ZCTYP1', "'LZMA'"), 'compressed with LZMA'],
  ['an algorithm for other types', replace('ZFORM2', "'2A'"), 'are not read'],
  ['columns that are no descriptors', replace('TFORM1', "'16B'"), 'no descriptor'],
])('a compressed table with %s is refused', async (_what, damage, message) => {
  const algorithms = message === 'are not read' ? ['NOCOMPRESS', 'RICE_1'] : simple.algorithms;
  await expect(read(packedTable({ ...simple, algorithms }, damage))).rejects.toThrow(message);
});

test.each([
  ['too long', Buffer.from([1, 2, 3])],
  ['too short', Buffer.from([1])],
  ['empty', Buffer.alloc(0)],
])('a packed column that is %s is refused', async (_what, bytes) => {
  const tiles = [[bytes, simple.tiles[0]?.[1] ?? bytes], ...simple.tiles.slice(1)];
  await expect(read(packedTable({ ...simple, tiles }))).rejects.toThrow('damaged');
});

test('a packed column that is no gzip is refused', async () => {
  const tiles = [[Buffer.from([1, 2]), Buffer.from('no gzip')], ...simple.tiles.slice(1)];
  await expect(read(packedTable({ ...simple, tiles }))).rejects.toThrow('damaged');
});

const words = (...values: bigint[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => bytes.writeBigInt64BE(value, index * 8));
  return bytes;
};

/** Two cells, [1 … 40] and [7]: the first packed to gzip, the second as it is. */
const numbers = Array.from({ length: 40 }, () => 5);
const cell = gzipSync(Buffer.from(numbers), { level: 9 });
const own = words(40n, 1n, 1n, 0n);
const inHeap = words(BigInt(cell.length), 0n, 1n, BigInt(cell.length));

test.each([
  ['as cfitsio orders them', Buffer.concat([own, inHeap])],
  ['in the other order', Buffer.concat([inHeap, own])],
])('the descriptors of arrays are read %s', async (_how, descriptors) => {
  const table = packedTable({
    forms: ['QB'],
    algorithms: ['GZIP_1'],
    rowBytes: 16,
    rows: 2,
    tileRows: 2,
    tiles: [[gzipSync(descriptors)]],
    cells: Buffer.concat([cell, Buffer.from([7])]),
    heapBytes: 41,
  });
  expect(await read(table)).toEqual([{ COL1: numbers }, { COL1: [7] }]);
  const heap = await withTable(table, unpackHeap);
  expect([...heap]).toEqual([7, ...numbers]);
});

test('arrays that point out of either heap are refused', async () => {
  const bad = (heapBytes: number, start: bigint, place: Buffer): Buffer =>
    packedTable({
      forms: ['QB'],
      algorithms: ['GZIP_1'],
      rowBytes: 16,
      rows: 1,
      tileRows: 1,
      tiles: [[gzipSync(Buffer.concat([words(1n, start), place]))]],
      cells: Buffer.from([7]),
      heapBytes,
    });
  await expect(withTable(bad(3, 5000n, words(1n, 0n)), unpackHeap)).rejects.toThrow(
    'out of its heap',
  );
  await expect(read(bad(9, 5n, words(1n, 5000n)))).rejects.toThrow('out of its heap');
});

test('a heap of more than 256 MB is refused before it is made', async () => {
  const heapOf = (heapBytes: number): Promise<number> => {
    const table = packedTable({
      forms: ['QB'],
      algorithms: ['GZIP_1'],
      rowBytes: 16,
      rows: 1,
      tileRows: 1,
      tiles: [[gzipSync(Buffer.concat([words(1n, 0n), words(1n, 0n)]))]],
      cells: Buffer.alloc(2 ** 19),
      heapBytes,
    });
    return withTable(table, (_file, hdu) => Promise.resolve(unpackedHeapBytes(hdu)));
  };
  expect(await heapOf(2 ** 28)).toBe(2 ** 28);
  await expect(heapOf(2 ** 28 + 1)).rejects.toMatchObject({ code: 'too_large' });
});
