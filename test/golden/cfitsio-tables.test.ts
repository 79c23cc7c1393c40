/** Compressed tables against the programs of cfitsio. */
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eachRow, eachTableChunk, openFits, unpackHeap } from '../../src/fits/index.js';
import type { FitsFile, Hdu } from '../../src/fits/index.js';
import { unpackedTableCards } from '../../src/products/table-header.js';
import { makeNoise } from '../fixtures/make-fits.js';
import { card, rawTable } from '../fixtures/make-table.js';
import { testWith } from '../support/programs.js';

const packed = testWith(['fpack', 'funpack'], 'comparison with compressed tables of cfitsio');

const ROWS = 250;
/** Judged by the table that was packed: funpack does not read the complex columns of fpack. */
const FORMS = ['L', '11X', 'B', '3I', 'J', 'K', '10A', '2E', 'D', 'C', 'M', '0J'];
const BYTES = [1, 2, 1, 6, 4, 8, 10, 8, 8, 8, 16, 0];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'platevault-tables-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Numbers that grow slowly, with noise in their lowest bytes. */
function makeRow(row: number, random: () => number): Buffer {
  const bytes = Buffer.alloc(BYTES.reduce((sum, length) => sum + length, 0));
  bytes.write(row % 3 === 0 ? 'T' : 'F', 0);
  bytes.writeUInt16BE((Math.floor(random() * 2048) << 5) >>> 0, 1);
  bytes.writeUInt8(row % 256, 3);
  for (const index of [0, 1, 2])
    bytes.writeInt16BE(Math.floor(random() * 600) - 300, 4 + 2 * index);
  bytes.writeInt32BE(row * 1000 - 4000, 10);
  bytes.writeBigInt64BE(BigInt(row) * 10n ** 12n, 14);
  bytes.write(`row ${row}`.padEnd(10), 22);
  for (const index of [0, 1]) bytes.writeFloatBE(row + random(), 32 + 4 * index);
  bytes.writeDoubleBE(row + random(), 40);
  for (const index of [0, 1]) bytes.writeFloatBE(random() - 0.5, 48 + 4 * index);
  for (const index of [0, 1]) bytes.writeDoubleBE(random() - 0.5, 56 + 8 * index);
  return bytes;
}

const ALGORITHMS = ['GZIP_1', 'GZIP_2', 'RICE_1', ''];

packed.each(ALGORITHMS)(
  'fixed columns packed with "%s" are those that were packed',
  async (algorithm) => {
    const random = makeNoise(3);
    const numbered = FORMS.flatMap((form, index) => {
      const isRice = algorithm === 'RICE_1' && !/[BIJ]$/.test(form);
      return algorithm === '' || isRice || /[CM]$/.test(form)
        ? []
        : [card(`FZALG${index + 1}`, `'${algorithm}'`)];
    });
    const file = rawTable({
      forms: FORMS,
      rows: Array.from({ length: ROWS }, (_, row) => makeRow(row, random)),
      cards: [card('FZTILELN', 100), card('TZERO4', 32768), 'COMMENT kept', ...numbered],
    });
    await compare(file, `fixed-${algorithm}`);
  },
);

/** A column of each kind of array, in rows of 0 to 69 elements. */
function arrayTable(cards: string[]): Buffer {
  const kinds = [
    ['PB', 1],
    ['PI', 2],
    ['PJ', 4],
    ['QK', 8],
    ['PE', 4],
    ['QD', 8],
    ['PA', 1],
  ] as const;
  const random = makeNoise(7);
  const heap: Buffer[] = [];
  let at = 0;
  const rows = Array.from({ length: ROWS }, (_, row) => {
    const count = row % 70;
    const cells = kinds.map(([form, width]) => {
      const bytes = Buffer.alloc(count * width);
      for (let i = 0; i < bytes.length; i += 1) {
        bytes[i] = i % width === width - 1 ? 32 + Math.floor(random() * 8) : 64;
      }
      const descriptor = Buffer.alloc(form.startsWith('Q') ? 16 : 8);
      if (form.startsWith('Q')) {
        descriptor.writeBigInt64BE(BigInt(count), 0);
        descriptor.writeBigInt64BE(BigInt(at), 8);
      } else {
        descriptor.writeInt32BE(count, 0);
        descriptor.writeInt32BE(at, 4);
      }
      heap.push(bytes);
      at += bytes.length;
      return descriptor;
    });
    return Buffer.concat(cells);
  });
  return rawTable({
    forms: kinds.map(([form]) => `${form}(69)`),
    rows,
    cards,
    heap: Buffer.concat(heap),
  });
}

packed('variable-length columns are those that were packed', async () => {
  await compare(arrayTable([card('FZTILELN', 60)]), 'arrays');
  await compare(arrayTable([]), 'arrays-in-one-tile');
});

/** Rows, bytes and header of the packed file are those of the plain one. */
async function compare(bytes: Buffer, name: string): Promise<void> {
  const [plainPath, packedPath] = [join(folder, `${name}.fits`), join(folder, `${name}.fz`)];
  writeFileSync(plainPath, bytes);
  execFileSync('fpack', ['-table', '-O', packedPath, plainPath], {
    stdio: 'ignore',
    timeout: 30_000,
  });
  await withTable(packedPath, async (file, hdu) => {
    expect(hdu.kind).toBe('compressed-table');
    await withTable(plainPath, async (original, table) => {
      assert.deepStrictEqual(await readRows(file, hdu), await readRows(original, table));
      const range = { firstRow: 95, rows: 20 };
      assert.deepStrictEqual(
        await readRows(file, hdu, range),
        await readRows(original, table, range),
      );
      const expected = await original.source.read(table.dataOffset, table.dataBytes);
      expect(Buffer.compare(await unpack(file, hdu), expected)).toBe(0);
      expect(unpackedTableCards(hdu)).toEqual(table.header.cards.map(({ text }) => text));
    });
  });
}

async function withTable(
  path: string,
  use: (file: FitsFile, hdu: Hdu) => Promise<void>,
): Promise<void> {
  const file = await openFits(path);
  try {
    const [, hdu] = file.hdus;
    if (hdu === undefined) throw new Error(`no table in ${path}`);
    await use(file, hdu);
  } finally {
    await file.close();
  }
}

async function readRows(file: FitsFile, hdu: Hdu, range = {}): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const row of eachRow(file, hdu, range)) rows.push(row);
  return rows;
}

async function unpack(file: FitsFile, hdu: Hdu): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const { bytes } of eachTableChunk(file, hdu)) parts.push(bytes);
  return Buffer.concat([...parts, await unpackHeap(file, hdu)]);
}
