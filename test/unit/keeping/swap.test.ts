import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCatalog, openCatalogReadOnly } from '../../../src/catalog/index.js';
import { replaceDatabase, swapDatabase } from '../../../src/keeping/swap.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-swap-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A database as a process leaves it that was killed: what it says stands in the log alone. */
async function makeCutOff(path: string): Promise<void> {
  const live = join(folder, 'live.sqlite');
  const catalog = openCatalog(`sqlite:${live}`);
  try {
    await catalog.write.raw('create table said (word text)');
    await catalog.write.raw('pragma wal_checkpoint(truncate)');
    await catalog.write('said').insert({ word: 'last' });
    for (const end of ['', '-wal']) await copyFile(live + end, path + end);
  } finally {
    await catalog.close();
  }
}

async function wordsOf(path: string): Promise<unknown[]> {
  const catalog = openCatalogReadOnly(path);
  try {
    const rows: { word: string }[] = await catalog.read('said');
    return rows.map(({ word }) => word);
  } finally {
    await catalog.close();
  }
}

test.each([
  ['restore', replaceDatabase],
  ['reindex', swapDatabase],
])('%s: stopped before the new one has its name, the old one is whole', async (_name, swap) => {
  const [old, draft] = [join(folder, 'old.sqlite'), join(folder, 'draft.sqlite')];
  await makeCutOff(old);
  await mkdir(draft); // a folder: all goes well until it is to take the place of a file
  await expect(swap(draft, old)).rejects.toThrow(/ENOTDIR/);
  expect(existsSync(`${old}-wal`)).toBe(false);
  expect(await wordsOf(old)).toEqual(['last']);
});

test('the old one is kept with what stood in its log', async () => {
  const [old, draft] = [join(folder, 'old.sqlite'), join(folder, 'draft.sqlite')];
  await makeCutOff(old);
  await copyFile(old, draft);
  const kept = await swapDatabase(draft, old);
  expect([await wordsOf(String(kept)), await wordsOf(old)]).toEqual([['last'], []]);
});
