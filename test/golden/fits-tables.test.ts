/** Tables against astropy and cfitsio on real files. */
import assert from 'node:assert';
import { join } from 'node:path';
import {
  eachRow,
  eachTableChunk,
  openFits,
  tableColumns,
  unpackHeap,
} from '../../src/fits/index.js';
import type { FitsFile, Hdu, TableColumn } from '../../src/fits/index.js';
import { unpackedTableCards } from '../../src/products/table-header.js';
import {
  corpus,
  corpusEntries,
  corpusTest,
  eachCorpusFile,
  readGolden,
  Tally,
} from '../support/corpus.js';

/** Numbers, or text for NaN, infinities, and objects for what JSON cannot say. */
type GoldenValue = unknown;

interface Golden {
  readonly hdus: readonly {
    readonly index: number;
    readonly table?: {
      readonly n_rows: number;
      readonly columns: readonly { readonly name: string }[];
      readonly first_rows?: readonly (readonly GoldenValue[])[];
    } | null;
  }[];
}

const TABLES: readonly Hdu['kind'][] = ['bintable', 'table'];

corpusTest('the first rows of every ASCII and binary table are those of astropy', async () => {
  const tally = new Tally();
  const differing: unknown[] = [];
  await eachCorpusFile(tally, async (file, entry) => {
    for (const { index, table } of (readGolden(entry) as Golden).hdus) {
      const hdu = file.hdus[index];
      if (hdu === undefined || !table) continue;
      if (!TABLES.includes(hdu.kind)) {
        tally.add(entry.group, `other: ${hdu.kind}`);
        continue;
      }
      const columns = tableColumns(hdu);
      expect(columns.map((column) => column.name)).toEqual(table.columns.map(({ name }) => name));
      const golden = table.first_rows ?? [];
      let different = 0;
      let rows = 0;
      for await (const row of eachRow(file, hdu)) {
        const expected = golden[rows];
        rows += 1;
        if (expected === undefined) continue;
        for (const [number, column] of columns.entries()) {
          const cell = row[column.name];
          if (sameCell(column, flat(cell), expected[number])) continue;
          different += 1;
          differing.push({ path: entry.path, index, column, cell, expected: expected[number] });
        }
      }
      if (columns.some(({ widthBytes }) => widthBytes > 0) && rows !== table.n_rows) {
        differing.push({ path: entry.path, index, rows, expected: table.n_rows });
      }
      tally.add(entry.group, `${hdu.kind}: ${different === 0 ? 'equal' : 'differing'}`);
    }
  });
  tally.print('Tables');
  expect(differing).toEqual([]);
});

const flat = (value: unknown): unknown[] => (Array.isArray(value) ? value.flatMap(flat) : [value]);

/** Long arrays are given in the goldens by their shape and first elements. */
function sameCell(column: TableColumn, cell: readonly unknown[], golden: GoldenValue): boolean {
  if (typeof golden === 'object' && golden !== null && 'error' in golden) {
    return cell.length === 0 || column.ascii !== undefined; // such as "- 23"
  }
  if (typeof golden === 'object' && golden !== null && 'first' in golden && 'dims' in golden) {
    const first = flat(golden.first);
    const length = flat(golden.dims).reduce<number>((product, dim) => product * Number(dim), 1);
    return cell.length === length && sameCell(column, cell.slice(0, first.length), first);
  }
  const expected = flat(golden);
  return (
    cell.length === expected.length &&
    cell.every((value, index) => sameElement(column, value, expected[index]))
  );
}

function sameElement(column: TableColumn, value: unknown, golden: GoldenValue): boolean {
  if (column.heapCode === 'L' && typeof golden === 'number') {
    return value === (golden === 84 ? true : golden === 70 ? false : null); // astropy gives bytes
  }
  // astropy shows nulls as what stands for them: false, the number of TNULL, in ASCII 0 or nothing.
  if (value === null && column.ascii !== undefined) return golden === 0 || golden === '';
  if (value === null) return golden === false || golden === Number(column.tnull);
  if (typeof value === 'string' && typeof golden === 'string') return value === golden.trimEnd();
  if (typeof value === 'boolean') return value === golden;
  if (typeof value !== 'number' && typeof value !== 'bigint') return false;
  return Object.is(Number(value), toNumber(golden)) || Number(value) === toNumber(golden);
}

function toNumber(value: GoldenValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'object' && value !== null && 'bigint' in value) return Number(value.bigint);
  const text = String(value).toLowerCase();
  if (text === 'nan') return NaN;
  return text.startsWith('-') ? -Infinity : Infinity;
}

/** Files of the corpus that are there both packed and plain. */
const pairs = corpusEntries.flatMap(({ path }) => {
  const plain = corpusEntries.find((other) => `${other.path}.fz` === path);
  return plain === undefined ? [] : [[path, plain.path] as const];
});

corpusTest(
  'compressed tables are those that were packed: rows, bytes, heap and header',
  async () => {
    const tally = new Tally();
    for (const [packedPath, plainPath] of pairs) {
      await withFiles(packedPath, plainPath, async (packed, plain) => {
        for (const hdu of packed.hdus) {
          const original = plain.hdus[hdu.index];
          if (hdu.kind !== 'compressed-table' || original === undefined) continue;
          assert.deepStrictEqual(await readRows(packed, hdu), await readRows(plain, original));
          const bytes = await plain.source.read(original.dataOffset, original.dataBytes);
          expect(Buffer.compare(await unpack(packed, hdu), bytes)).toBe(0);
          tally.add(packedPath, isSameHeader(hdu, original) ? 'header equal' : 'header of its own');
        }
      });
    }
    tally.print('Compressed tables beside plain ones');
  },
);

corpusTest('every row of every compressed table can be read', async () => {
  const tally = new Tally();
  await eachCorpusFile(tally, async (file, entry) => {
    for (const hdu of file.hdus) {
      if (hdu.kind !== 'compressed-table') continue;
      const rows = await readRows(file, hdu);
      expect(rows).toHaveLength(hdu.header.number('ZNAXIS2') ?? -1);
      tally.add(entry.group, `read: ${entry.path}`);
    }
  });
  tally.print('Compressed tables');
});

async function withFiles(
  packedPath: string,
  plainPath: string,
  use: (packed: FitsFile, plain: FitsFile) => Promise<void>,
): Promise<void> {
  const packed = await openFits(join(corpus, packedPath));
  const plain = await openFits(join(corpus, plainPath));
  try {
    await use(packed, plain);
  } finally {
    await packed.close();
    await plain.close();
  }
}

async function readRows(file: FitsFile, hdu: Hdu): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const row of eachRow(file, hdu)) rows.push(row);
  return rows;
}

async function unpack(file: FitsFile, hdu: Hdu): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const { bytes } of eachTableChunk(file, hdu)) parts.push(bytes);
  return Buffer.concat([...parts, await unpackHeap(file, hdu)]);
}

function isSameHeader(hdu: Hdu, original: Hdu): boolean {
  const isOwn = (text: string): boolean => !/^(?:CHECKSUM|DATASUM )=/.test(text);
  const expected = original.header.cards.flatMap((card) => card.text.split('\n')).filter(isOwn);
  return expected.join('\n') === unpackedTableCards(hdu).filter(isOwn).join('\n');
}
