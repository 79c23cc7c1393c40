/** Compressed tables of real files, beside the same tables as they were before. */
import assert from 'node:assert';
import { eachRow, eachTableChunk, openFits, unpackHeap } from '../../src/fits/index.js';
import type { FitsFile, Hdu } from '../../src/fits/index.js';
import { unpackedTableCards } from '../../src/products/table-header.js';
import {
  corpusEntries,
  corpusPath,
  corpusTest,
  eachCorpusFile,
  Tally,
  type CorpusEntry,
} from '../support/corpus.js';

/** Files of the corpus that are there both packed and plain. */
const pairs = corpusEntries.flatMap((packed) => {
  const plain = corpusEntries.find(({ path }) => `${path}.fz` === packed.path);
  return plain === undefined ? [] : [[packed, plain] as const];
});

corpusTest(
  'compressed tables are those that were packed: rows, bytes, heap and header',
  async () => {
    const tally = new Tally();
    let tables = 0;
    for (const [packedEntry, plainEntry] of pairs) {
      await withFiles(packedEntry, plainEntry, async (packed, plain) => {
        for (const hdu of packed.hdus) {
          const original = plain.hdus[hdu.index];
          if (hdu.kind !== 'compressed-table' || original === undefined) continue;
          tables += 1;
          assert.deepStrictEqual(await readRows(packed, hdu), await readRows(plain, original));
          const bytes = await plain.source.read(original.dataOffset, original.dataBytes);
          expect(Buffer.compare(await unpack(packed, hdu), bytes)).toBe(0);
          const outcome = isSameHeader(hdu, original) ? 'header equal' : 'header of its own';
          tally.add(packedEntry.path, outcome);
        }
      });
    }
    tally.print('Compressed tables beside plain ones');
    expect(tables).toBeGreaterThan(0);
  },
);

corpusTest('every row of every compressed table can be read', async () => {
  const tally = new Tally();
  let tables = 0;
  await eachCorpusFile(tally, async (file, entry) => {
    for (const hdu of file.hdus) {
      if (hdu.kind !== 'compressed-table') continue;
      tables += 1;
      const rows = await readRows(file, hdu);
      expect(rows).toHaveLength(hdu.header.number('ZNAXIS2') ?? -1);
      tally.add(entry.group, `read: ${entry.path}`);
    }
  });
  tally.print('Compressed tables');
  expect(tables).toBeGreaterThan(0);
});

async function withFiles(
  packedEntry: CorpusEntry,
  plainEntry: CorpusEntry,
  use: (packed: FitsFile, plain: FitsFile) => Promise<void>,
): Promise<void> {
  const packed = await openFits(corpusPath(packedEntry));
  const plain = await openFits(corpusPath(plainEntry));
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
