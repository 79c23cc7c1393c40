import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFits } from '../../../src/fits/index.js';
import { imageProblem } from '../../../src/preview/problem.js';
import { makeFits } from '../../fixtures/make-fits.js';
import { makeXisf } from '../../fixtures/make-xisf.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preview-problem-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const noise = (x: number, y: number): number => (x * 7919 + y * 104_729) % 65_521;
const size = { width: 64, height: 64, pixel: noise };

test.each([
  ['FITS', makeFits(size).subarray(0, 2880 + 4096), '4.1 kB'],
  ['XISF', makeXisf(size).subarray(0, -4096), '4.1 kB'],
  ['compressed XISF', makeXisf({ ...size, compression: 'zlib' }).subarray(0, -500), '500 bytes'],
])(
  'a %s image that is cut off says how much of the file is missing',
  async (_kind, bytes, much) => {
    const path = join(folder, 'cut');
    await writeFile(path, bytes);
    const file = await openFits(path);
    expect(imageProblem(file, file.hdus[0], 1e6)).toBe(
      `The file ends ${much} too early. The header can still be read.`,
    );
    await file.close();
  },
);
