import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFits } from '../../../src/fits/index.js';
import type { FitsFile } from '../../../src/fits/index.js';
import { columnsShape, tableShape, tableText } from '../../../src/products/table-text.js';
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
      ['int16', []],
      ['logical', []],
    ]);
    expect(shape).toMatchObject({ hdu: 1, name: 'CAT', rows: 1, cellsPerRow: 14 });
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
