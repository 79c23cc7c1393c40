import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFits } from '../../../src/fits/index.js';
import type { FitsFile } from '../../../src/fits/index.js';
import {
  columnsShape,
  countRows,
  tableShape,
  tableText,
} from '../../../src/products/table-text.js';
import { card, rawTable, type RawTable } from '../../fixtures/make-table.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fits-text-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function withTable<T>(table: RawTable, use: (file: FitsFile) => T | Promise<T>): Promise<T> {
  const path = join(folder, 'table.fits');
  await writeFile(path, rawTable(table));
  const file = await openFits(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

function textOf(table: RawTable, format: 'csv' | 'json', range = {}): Promise<string> {
  const run = { hdu: 1, firstRow: 0, rows: 1000, format, ...range };
  return withTable(table, async (file) => Buffer.from(await tableText(file, run)).toString());
}

const texts = (...values: string[]): RawTable => ({
  forms: ['9A'],
  rows: values.map((value) => Buffer.from(value.padEnd(9), 'latin1')),
});

test.each([
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "x"', '"say ""x"""'],
  ['a\nb', '"a\nb"'],
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@x', "'@x"],
  ['\tx', "'\tx"],
  ['-1,2', '"\'-1,2"'],
  ['\n=1', '"\'\n=1"'],
  ['  =1', "'  =1"],
  ['\n1', '"\n1"'],
  ['caf\xe9', 'caf\xe9'],
])('the text %j is %j in CSV', async (value, expected) => {
  expect(await textOf(texts(value), 'csv')).toBe(`${expected}\n`);
});

const numbers = (): RawTable => {
  const row = Buffer.alloc(8 + 2 + 8 + 8);
  row.writeDoubleBE(NaN, 0);
  row.writeInt16BE(-5, 8);
  row.writeBigInt64BE(-(2n ** 60n), 10);
  row.writeFloatBE(1.5, 18);
  row.writeFloatBE(-2, 22);
  return { forms: ['D', 'I', 'K', 'C'], rows: [row] };
};

test('numbers in CSV keep their signs', async () => {
  expect(await textOf(numbers(), 'csv')).toBe('NaN,-5,-1152921504606846976,1.5 -2\n');
});

test('in JSON what is no number is null, and what is too long is text', async () => {
  expect(JSON.parse(`[${await textOf(numbers(), 'json')}]`)).toEqual([
    { COL1: null, COL2: -5, COL3: '-1152921504606846976', COL4: [1.5, -2] },
  ]);
});

test('a run of rows is one text, with commas between the objects of JSON only', async () => {
  const table = texts('a', 'b', 'c', 'd');
  expect(await textOf(table, 'csv', { firstRow: 1, rows: 2 })).toBe('b\nc\n');
  expect(await textOf(table, 'json', { firstRow: 1, rows: 2 })).toBe('{"COL1":"b"},\n{"COL1":"c"}');
  expect(await textOf(table, 'json', { firstRow: 4 })).toBe('');
});

test('columns are told with their units, types and shapes', async () => {
  const forms = ['D', '6I', '8A', '8A2', 'PE(3)', 'X', 'I', 'I', 'L'];
  const table: RawTable = {
    forms,
    rows: [Buffer.alloc(8 + 12 + 8 + 8 + 8 + 1 + 2 + 2 + 1)],
    cards: [
      card('TUNIT1', "'m'"),
      card('TDIM2', "'(3,2)'"),
      card('TSCAL7', 0.5),
      card('TZERO8', 32768),
      card('TTYPE1', "'=x'"),
      card('EXTNAME', "'CAT'"),
    ],
  };
  await withTable(table, (file) => {
    const shape = tableShape(file, undefined);
    expect(shape?.columns.map(({ type, shape: axes }) => [type, axes])).toEqual([
      ['float64', []],
      ['int16', [2, 3]],
      ['text', []],
      ['text', [4]],
      ['float32', [null]],
      ['bit', []],
      ['float64', []],
      ['uint16', []],
      ['logical', []],
    ]);
    expect(shape).toMatchObject({ hdu: 1, name: 'CAT', rows: 1 });
    expect(shape?.csvHeader).toBe("'=x,COL2,COL3,COL4,COL5,COL6,COL7,COL8,COL9\n");
    expect(columnsShape(file.hdus[1] ?? fail('no table'))[0]).toEqual({
      name: '=x',
      unit: 'm',
      type: 'float64',
      shape: [],
    });
    return Promise.resolve();
  });
});

function fail(text: string): never {
  throw new Error(text);
}

test('without a table of that name or place there is none', async () => {
  await withTable(texts('a'), (file) => {
    expect(tableShape(file, undefined)).toBeUndefined();
    expect(() => tableShape(file, 0)).toThrow('no table');
    expect(() => tableShape(file, 7)).toThrow('no table');
  });
});

test.each([
  ['B', '-128', 'int8'],
  ['B', '0', 'uint8'],
  ['I', '32768', 'uint16'],
  ['I', '5', 'int32'],
  ['J', '2147483648', 'uint32'],
  ['K', '9223372036854775808', 'uint64'],
  ['K', '9.223372036854775808E18', 'uint64'],
  ['PI(2)', '32768', 'uint16'],
  ['I', '0.5', 'float64'],
])('integers of type %s with TZERO %s are %s', async (form, tzero, type) => {
  const table = { forms: [form], rows: [Buffer.alloc(8)], cards: [card('TZERO1', tzero)] };
  await withTable(table, (file) => {
    expect(tableShape(file, 1)?.columns[0]?.type).toBe(type);
  });
});

test.each(['9007199254740993', '-9007199254740993'])(
  'the TZERO %s of 64-bit integers is exact',
  async (tzero) => {
    const row = Buffer.alloc(8);
    row.writeBigInt64BE(4n);
    const table = { forms: ['K'], rows: [row], cards: [card('TZERO1', tzero)] };
    expect(await textOf(table, 'csv')).toBe(`${BigInt(tzero) + 4n}\n`);
  },
);

/** Runs one after another, as a stream of them is made. */
async function allRuns(table: RawTable, format: 'csv' | 'json'): Promise<Buffer[]> {
  return withTable(table, async (file) => {
    const runs: Buffer[] = [];
    for (let firstRow = 0; firstRow < table.rows.length;) {
      const rows = table.rows.length - firstRow;
      const text = await tableText(file, { hdu: 1, firstRow, rows, format });
      const done = countRows(text, format);
      expect(done).toBeGreaterThan(0);
      firstRow += done;
      runs.push(Buffer.from(text));
    }
    return runs;
  });
}

/** All rows point at the same 15000 numbers. */
function sharedHeap(rows: number): RawTable {
  const descriptor = Buffer.alloc(8);
  descriptor.writeInt32BE(15_000, 0);
  const heap = Buffer.alloc(60_000, 0x41);
  return { forms: ['1PE(15000)'], rows: new Array<Buffer>(rows).fill(descriptor), heap };
}

const longTexts = (rows: number): RawTable => ({
  forms: ['70000A'],
  rows: new Array<Buffer>(rows).fill(Buffer.alloc(70_000, '"\n')),
});

test.each([
  ['shared cells in the heap', 'csv', sharedHeap(40)],
  ['shared cells in the heap', 'json', sharedHeap(40)],
  ['long texts', 'csv', longTexts(80)],
  ['long texts', 'json', longTexts(80)],
] as const)('%s come as %s in runs of a few MB that hold every row', async (_, format, table) => {
  const runs = await allRuns(table, format);
  expect(runs.length).toBeGreaterThan(1);
  expect(Math.max(...runs.map(({ length }) => length))).toBeLessThan(12 * 2 ** 20);
  if (format === 'csv') return;
  const rows: unknown = JSON.parse(`[${runs.map(String).join(',\n')}]`);
  expect(rows).toHaveLength(table.rows.length);
});

test('a row that is too long for a text is refused', async () => {
  const table = { forms: ['5000000B'], rows: [Buffer.alloc(5_000_000)] };
  await expect(textOf(table, 'csv')).rejects.toMatchObject({ code: 'too_large' });
});

test('line ends within quotes end no row', () => {
  expect(countRows(Buffer.from('1,"a ""\n"" b"\n2,\n'), 'csv')).toBe(2);
  expect(countRows(Buffer.from('{"a":"\\""},\n{"a":1}'), 'json')).toBe(2);
  expect(countRows(Buffer.alloc(0), 'json')).toBe(0);
});
