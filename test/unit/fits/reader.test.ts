import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openFits, readPlane } from '../../../src/fits/index.js';
import type { FitsFile } from '../../../src/fits/index.js';
import { makeFits, rawFits } from '../../fixtures/make-fits.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reader-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

let files = 0;
async function openBytes(bytes: Uint8Array): Promise<FitsFile> {
  files += 1;
  const path = join(folder, `${files}.fits`);
  await writeFile(path, bytes);
  return openFits(path);
}

const PRIMARY = rawFits({ cards: ['SIMPLE  = T', 'BITPIX  = 8', 'NAXIS   = 0'] });

function extension(...cards: string[]): Buffer {
  const needed = ["XTENSION= 'IMAGE'", 'BITPIX  = 8', 'NAXIS   = 0', 'PCOUNT  = 0', 'GCOUNT  = 1'];
  return rawFits({ cards: [...needed, ...cards] });
}

test('10 000 HDUs are read, plain and in gzip; one more is refused', async () => {
  const one = extension("EXTNAME = 'TINY'");
  const most = Buffer.concat([PRIMARY, ...Array.from({ length: 9999 }, () => one)]);
  for (const bytes of [most, gzipSync(most, { level: 1 })]) {
    const started = performance.now();
    const file = await openBytes(bytes);
    expect(performance.now() - started).toBeLessThan(10_000); // about 0.3 s on an idle machine
    expect([file.hdus.length, file.hdus.at(-1)?.name, file.issues]).toEqual([10_000, 'TINY', []]);
    await file.close();
  }
  await expect(openBytes(Buffer.concat([most, one]))).rejects.toMatchObject({
    code: 'too_large',
    message: 'The file has more than 10000 HDUs.',
  });
});

test('headers of more than 16 MB together are refused', async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => `K${i}`.padEnd(8) + `= ${i}`);
  const large = extension(...lines);
  const bytes = Buffer.concat([PRIMARY, ...Array.from({ length: 8 }, () => large)]);
  await expect(openBytes(bytes)).rejects.toMatchObject({ code: 'too_large' });
});

test('very many bad cards give a bounded list of findings', async () => {
  const lines = Array.from({ length: 5000 }, () => 'BAD     = not quoted');
  const file = await openBytes(Buffer.concat([PRIMARY, extension(...lines)]));
  expect(file.hdus[1]?.header.cards).toHaveLength(5005);
  expect(file.issues).toHaveLength(1000);
  await file.close();
});

test('random groups are recognised and skipped by their own measure', async () => {
  const groups = rawFits({
    cards: [
      'SIMPLE  = T',
      'BITPIX  = -32',
      'NAXIS   = 3',
      'NAXIS1  = 0',
      'NAXIS2  = 3',
      'NAXIS3  = 70',
      'GROUPS  = T',
      'PCOUNT  = 6',
      'GCOUNT  = 10',
    ],
    data: Buffer.alloc(4 * 10 * (6 + 210)),
  });
  const file = await openBytes(Buffer.concat([groups, extension("EXTNAME = 'AFTER'")]));
  expect(file.hdus.map((hdu) => [hdu.kind, hdu.dataBytes, hdu.name])).toEqual([
    ['groups', 8640, ''],
    ['image', 0, 'AFTER'],
  ]);
  expect(file.issues).toEqual([]);
  await file.close();
});

test('a file with SIMPLE = F is read, and says so', async () => {
  const bytes = makeFits();
  bytes.write('F', 29);
  const file = await openBytes(bytes);
  expect(file.issues).toMatchObject([
    { code: 'card', level: 'warning', keyword: 'SIMPLE', hdu: 0 },
  ]);
  const [hdu] = file.hdus;
  if (hdu === undefined) throw new Error('no HDU');
  expect((await readPlane(file, hdu)).pixels).toHaveLength(12);
  await file.close();
});

test('an HDU far behind its neighbour, at the end of the file, is found', async () => {
  const pixels = new Uint8Array(300_000);
  const image = { axes: [300_000], bitpix: 8, pixels } as const;
  const bytes = makeFits({ extensions: [{ cards: [], image }, { cards: [['EXTNAME', 'LAST']] }] });
  const file = await openBytes(bytes);
  expect(file.hdus.map((hdu) => hdu.name)).toEqual(['', '', 'LAST']);
  expect(file.sizeBytes).toBe(bytes.length);
  await file.close();
});
