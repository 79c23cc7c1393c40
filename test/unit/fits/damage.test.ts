import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatCards, openFits } from '../../../src/fits/index.js';
import { planCutout } from '../../../src/products/cutout.js';
import { fromUnitVector } from '../../../src/sky/index.js';
import { makeFits, rawFits } from '../../fixtures/make-fits.js';
import { card } from '../../fixtures/make-table.js';
import { packZip } from '../../fixtures/pack.js';

/** Damage that the fuzz test found to do harm, once. */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'damage-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function save(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'damaged.fits');
  await writeFile(path, bytes);
  return path;
}

test.each([
  ['its directory', 8],
  ['the last record', 48],
])('a zip archive that names a place beyond all files for %s is refused', async (_, offset) => {
  const bytes = packZip([{ name: 'a.fits', bytes: makeFits() }], { zip64: true });
  const signature = offset === 8 ? [0x50, 0x4b, 6, 7] : [0x50, 0x4b, 6, 6];
  bytes.writeBigUInt64LE(2n ** 64n - 1n, bytes.lastIndexOf(Buffer.from(signature)) + offset);
  await expect(openFits(await save(bytes))).rejects.toMatchObject({ code: 'fits_invalid' });
});

test.each(['CONTINUE', 'END', 'HIERARCH'])('no value is written under the word %s', (keyword) => {
  expect(() => formatCards([keyword, 'text'])).toThrow('is not a keyword');
});

test.each(['CONTINUE', 'END'])(
  '%s with a value is kept as a comment by a cut-out',
  async (word) => {
    const cards = [card('SIMPLE', 'T'), card('BITPIX', 8), card('NAXIS', 1), card('NAXIS1', 4)];
    const odd = `${word.padEnd(8)}= 'nothing`;
    const file = await openFits(
      await save(rawFits({ cards: [...cards, odd], data: Buffer.alloc(4) })),
    );
    try {
      const box = { kind: 'pixels', x: 0, y: 0, width: 2, height: 1 } as const;
      const { pieces } = await planCutout(file, { box });
      const header = pieces[0]?.kind === 'bytes' ? Buffer.from(pieces[0].bytes).toString() : '';
      expect(header).toContain(`COMMENT ${odd}`);
    } finally {
      await file.close();
    }
  },
);

test.each([
  ['rows', 20, 2 ** 46],
  ['pixels in a row', 2 ** 46, 20],
])('a cut-out of more %s than any file has is refused, not planned', async (_, width, height) => {
  const cards = [card('SIMPLE', 'T'), card('BITPIX', 8), card('NAXIS', 2)];
  const size = [card('NAXIS1', width), card('NAXIS2', height)];
  const file = await openFits(await save(rawFits({ cards: [...cards, ...size] })));
  try {
    const box = { kind: 'pixels', x: 0, y: 0, width, height } as const;
    const plan = async (): Promise<object> => planCutout(file, { box });
    await expect(plan()).rejects.toMatchObject({ code: 'too_large' });
  } finally {
    await file.close();
  }
});

test('a right ascension just below 0 is not 360', () => {
  expect(fromUnitVector([1, -1e-20, 0]).raDeg).toBe(0);
});
