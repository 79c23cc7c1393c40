import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eachRow, eachTableChunk, openFits, tableColumns } from '../../../src/fits/index.js';
import type { CellValue, TableColumn } from '../../../src/fits/index.js';
import { card, rawTable, type RawTable } from '../../fixtures/make-table.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fits-table-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Read {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly Record<string, CellValue>[];
}

async function read(table: RawTable, range = {}): Promise<Read> {
  const path = join(folder, 'table.fits');
  await writeFile(path, rawTable(table));
  const file = await openFits(path);
  try {
    const hdu = file.hdus[1];
    if (hdu === undefined) throw new Error('no table');
    const rows: Record<string, CellValue>[] = [];
    for await (const row of eachRow(file, hdu, range)) rows.push(row);
    return { columns: tableColumns(hdu), rows };
  } finally {
    await file.close();
  }
}

/** Numbers one after another, big-endian. */
function bytesOf(
  numbers: readonly number[],
  width: number,
  write: (view: DataView, at: number, value: number) => void,
): Buffer {
  const bytes = Buffer.alloc(numbers.length * width);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const [index, value] of numbers.entries()) write(view, index * width, value);
  return bytes;
}

const int32 = (...numbers: number[]): Buffer =>
  bytesOf(numbers, 4, (view, at, value) => {
    view.setInt32(at, value);
  });
const float32 = (...numbers: number[]): Buffer =>
  bytesOf(numbers, 4, (view, at, value) => {
    view.setFloat32(at, value);
  });
const float64 = (...numbers: number[]): Buffer =>
  bytesOf(numbers, 8, (view, at, value) => {
    view.setFloat64(at, value);
  });

function int64(...numbers: bigint[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 8);
  for (const [index, value] of numbers.entries()) bytes.writeBigInt64BE(value, index * 8);
  return bytes;
}

/** TFORM, bytes of the cell, the value it has, and cards that change it. */
const cells: readonly [form: string, bytes: Buffer, value: CellValue, cards?: string[]][] = [
  ['L', Buffer.from('T'), true],
  ['4L', Buffer.from('FT\0X'), [false, true, null, null]],
  ['X', Buffer.from([0x80]), true],
  [
    '11X',
    Buffer.from([0b10100000, 0b00100000]),
    [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1].map((x) => x === 1),
  ],
  ['B', Buffer.from([200]), 200],
  ['B', Buffer.from([100]), -28, [card('TZERO1', -128)]],
  ['I', Buffer.from([0x80, 0]), 0, [card('TZERO1', 32768)]],
  ['2I', Buffer.from([0xff, 0xff, 0, 7]), [-1, 7]],
  ['2I', Buffer.from([0xff, 0xff, 0, 7]), [null, 7], [card('TNULL1', -1)]],
  ['I', Buffer.from([0, 10]), 8, [card('TSCAL1', 0.5), card('TZERO1', 3)]],
  ['J', int32(-5), 2147483643, [card('TZERO1', 2147483648)]],
  ['K', int64(-(2n ** 62n)), -(2n ** 62n)],
  ['K', int64(-1n), 2n ** 63n - 1n, [card('TZERO1', '9223372036854775808')]],
  ['K', int64(-(2n ** 63n)), null, [card('TNULL1', '-9223372036854775808')]],
  ['K', int64(3n), 1.5, [card('TSCAL1', 0.5)]],
  ['6A', Buffer.from('ab c  '), 'ab c'],
  ['6A', Buffer.from('ab\0xyz'), 'ab'],
  ['A6', Buffer.from('abcdef'), 'abcdef'],
  ['6A2', Buffer.from('abc d '), ['ab', 'c', 'd']],
  ['6A', Buffer.from('abc d '), ['abc', ' d'], [card('TDIM1', "'(3,2)'")]],
  ['E', float32(1.5), 1.5],
  ['2D', float64(0.1, NaN), [0.1, NaN]],
  ['C', float32(1, -2), [1, -2]],
  ['C', float32(1, -2), [12, -4], [card('TSCAL1', 2), card('TZERO1', 10)]],
  ['M', float64(1, -2), [1, -2]],
  ['4B', Buffer.from([1, 2, 3, 4]), [1, 2, 3, 4], [card('TDIM1', "'(2,2)'")]],
];

test.each(cells)('a cell %s of %j is %p', async (form, bytes, value, cards = []) => {
  const { rows } = await read({ forms: [form], rows: [bytes], cards });
  expect(rows).toEqual([{ COL1: value }]);
});

test('columns of no width hold nothing, and the others are read', async () => {
  const { rows } = await read({ forms: ['0J', 'B', '0A'], rows: [Buffer.from([7])] });
  expect(rows).toEqual([{ COL1: [], COL2: 7, COL3: '' }]);
});

const descriptor = (count: number, start: number): Buffer => int32(count, start);
const wideDescriptor = (count: bigint, start: bigint): Buffer => int64(count, start);

const arrays: readonly [form: string, cell: Buffer, heap: Buffer, value: CellValue][] = [
  ['PB(3)', descriptor(3, 1), Buffer.from([0, 1, 2, 3]), [1, 2, 3]],
  ['1PI', descriptor(1, 0), Buffer.from([0, 9]), [9]],
  ['PA(5)', descriptor(5, 0), Buffer.from('two  '), 'two'],
  [
    'PX(9)',
    descriptor(9, 0),
    Buffer.from([0x80, 0x80]),
    [1, 0, 0, 0, 0, 0, 0, 0, 1].map((x) => x === 1),
  ],
  ['PL', descriptor(2, 0), Buffer.from('T\0'), [true, null]],
  ['QE(1)', wideDescriptor(1n, 0n), float32(0.5), [0.5]],
  ['PC', descriptor(1, 0), float32(0, 1), [[0, 1]]],
  ['PJ', descriptor(0, 99), Buffer.alloc(0), []],
  ['PA', descriptor(0, 0), Buffer.alloc(0), ''],
];

test.each(arrays)(
  'a variable-length cell %s is an array or text',
  async (form, cell, heap, value) => {
    const { rows } = await read({ forms: [form], rows: [cell], heap });
    expect(rows).toEqual([{ COL1: value }]);
  },
);

test('the heap may begin after a gap', async () => {
  const { rows } = await read({
    forms: ['PB'],
    rows: [descriptor(2, 0)],
    heap: Buffer.from([9, 9, 9, 9, 5, 6]),
    cards: [card('THEAP', 12)],
  });
  expect(rows).toEqual([{ COL1: [5, 6] }]);
});

test.each([
  ['beyond the heap', descriptor(9, 0), 'out of its heap'],
  ['with a negative length', descriptor(-1, 0), 'out of its heap'],
  ['of a wild length', wideDescriptor(2n ** 62n, 0n), 'too large to read'],
])('a descriptor %s is refused', async (_what, cell, message) => {
  const forms = [cell.length === 16 ? 'QD' : 'PD'];
  await expect(read({ forms, rows: [cell], heap: Buffer.alloc(8) })).rejects.toThrow(message);
});

test('names that are missing or taken are COLn, and none is lost', async () => {
  const { rows } = await read({
    forms: ['B', 'B', 'B', 'B'],
    rows: [Buffer.from([1, 2, 3, 4])],
    cards: [card('TTYPE1', "'X'"), card('TTYPE2', "'X'"), card('TTYPE4', "'__proto__'")],
  });
  expect(Object.entries(rows[0] ?? {})).toEqual([
    ['X', 1],
    ['COL2', 2],
    ['COL3', 3],
    ['__proto__', 4],
  ]);
});

test.each([
  ['a form that is none', { forms: ['3Y'], rows: [Buffer.alloc(4)] }, 'cannot be "3Y"'],
  [
    'a repeat beyond every number',
    { forms: [`${'9'.repeat(60)}J`], rows: [Buffer.alloc(4)] },
    'do not fit',
  ],
  ['columns wider than the row', { forms: ['8J'], rows: [Buffer.alloc(4)] }, 'do not fit'],
])('%s is refused', async (_what, table, message) => {
  await expect(read(table)).rejects.toThrow(message);
});

test('any run of rows can be read', async () => {
  const rows = Array.from({ length: 40 }, (_, index) => Buffer.from([index]));
  const found = await read({ forms: ['B'], rows }, { firstRow: 7, rows: 3 });
  expect(found.rows.map((row) => row['COL1'])).toEqual([7, 8, 9]);
  expect((await read({ forms: ['B'], rows }, { firstRow: 39, rows: 9 })).rows).toHaveLength(1);
  expect((await read({ forms: ['B'], rows }, { firstRow: 40 })).rows).toEqual([]);
});

test('rows can be had as bytes', async () => {
  const path = join(folder, 'bytes.fits');
  await writeFile(
    path,
    rawTable({ forms: ['2B'], rows: [Buffer.from([1, 2]), Buffer.from([3, 4])] }),
  );
  const file = await openFits(path);
  const hdu = file.hdus[1];
  if (hdu === undefined) throw new Error('no table');
  const chunks = [];
  for await (const { firstRow, rows, bytes } of eachTableChunk(file, hdu, { firstRow: 1 })) {
    chunks.push({ firstRow, rows, bytes: [...bytes] });
  }
  await file.close();
  expect(chunks).toEqual([{ firstRow: 1, rows: 1, bytes: [3, 4] }]);
});

const asciiCells: readonly [form: string, text: string, value: CellValue, cards?: string[]][] = [
  ['A6', ' ab   ', ' ab'],
  ['I5', '  -42', -42],
  ['I5', '- 23 ', -23],
  ['I5', '     ', 0],
  ['I5', '     ', null, [card('TNULL1', "'     '")]],
  ['I5', ' -999', null, [card('TNULL1', "'-999'")]],
  ['I20', ' 9007199254740993   ', 9007199254740993n],
  ['I5', '   x ', null],
  ['F8.2', '   12345', 123.45],
  ['F8.2', '   -1.5 ', -1.5],
  ['F8.2', '      .5', 0.5],
  ['E10.3', '  1.5E+03 ', 1500],
  ['E10.3', '  1234E2  ', 123.4],
  ['D10.3', '  1.5D-02 ', 0.015],
  ['E10.3', '   1.5+3  ', 1500],
  ['E10.3', '   .      ', null],
  ['I4', '  10', 8, [card('TSCAL1', 0.5), card('TZERO1', 3)]],
];

test.each(asciiCells)('in an ASCII table %s, "%s" is %p', async (form, text, value, cards = []) => {
  const { rows } = await read({
    forms: [form],
    rows: [Buffer.from(text)],
    cards: [card('TBCOL1', 1), ...cards],
    extension: 'TABLE',
  });
  expect(rows).toEqual([{ COL1: value }]);
});

test('columns of an ASCII table stand where TBCOLn says, in any order', async () => {
  const { rows, columns } = await read({
    forms: ['I2', 'A3'],
    rows: [Buffer.from('abc 12'), Buffer.from('def 34')],
    cards: [card('TBCOL1', 5), card('TBCOL2', 1), card('TTYPE1', "'N'"), card('TTYPE2', "'T'")],
    extension: 'TABLE',
  });
  expect(rows).toEqual([
    { N: 12, T: 'abc' },
    { N: 34, T: 'def' },
  ]);
  expect(columns.map(({ name, unit }) => [name, unit])).toEqual([
    ['N', ''],
    ['T', ''],
  ]);
});

test('an ASCII column without a place, or beyond the row, is refused', async () => {
  const rows = [Buffer.from('abc')];
  await expect(read({ forms: ['A3'], rows, extension: 'TABLE' })).rejects.toThrow('TBCOL1');
  await expect(
    read({ forms: ['A3'], rows, extension: 'TABLE', cards: [card('TBCOL1', 2)] }),
  ).rejects.toThrow('do not fit');
});
