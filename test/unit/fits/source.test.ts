import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openSource } from '../../../src/fits/source.js';
import { makeFits } from '../../fixtures/make-fits.js';
import { packBzip2 } from '../../fixtures/pack.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'source-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

let files = 0;
async function save(bytes: Uint8Array): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.fits`);
  await writeFile(path, bytes);
  return path;
}

const bytes = makeFits({ width: 160, height: 100, seed: 3 });

test('reads at the same time, forwards and backwards, all give their own bytes', async () => {
  for (const packed of [gzipSync(bytes), packBzip2(bytes)]) {
    const path = await save(packed);
    const limits = { maxExpandedBytes: 1e7, maxExpansionRatio: 500, tempDir: folder };
    const { source } = await openSource(path, limits);
    const places = [0, 9000, 30_000, 2880, 31_000, bytes.length - 5, 100, bytes.length + 9];
    const read = await Promise.all(places.map((place) => source.read(place, 1000)));
    read.forEach((piece, index) => {
      const place = places[index] ?? 0;
      expect(Buffer.from(piece).equals(bytes.subarray(place, place + 1000))).toBe(true);
    });
    expect(await source.extent(1e9)).toBe(bytes.length);
    await source.close();
    await source.close();
  }
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('after a failure the content does not seem to end', async () => {
  const packed = packBzip2(bytes, { blockBytes: 9000 });
  packed[packed.length - 3] = (packed.at(-3) ?? 0) ^ 1;
  const limits = { maxExpandedBytes: 1e7, maxExpansionRatio: 500, tempDir: folder };
  const { source } = await openSource(await save(packed), limits);
  for (const place of [1e6, 2e6, 0]) {
    await expect(source.read(place, 10)).rejects.toMatchObject({ code: 'fits_invalid' });
  }
  await expect(source.extent(1e6)).rejects.toMatchObject({ code: 'fits_invalid' });
  await source.close();
});
