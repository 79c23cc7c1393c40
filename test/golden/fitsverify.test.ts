/** Files that the program writes, before the program of the keepers of the standard: fitsverify. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFits, writeFits, type WriteCard, type WriteHdu } from '../../src/fits/index.js';
import { packFits } from '../../src/products/index.js';
import {
  expandFile,
  makePieces,
  planProduct,
  type ProductRequest,
} from '../../src/products/tasks.js';
import { makeFits, makeNoise } from '../fixtures/make-fits.js';
import { corpusPath, corpusTestEach, openEntry, readGolden } from '../support/corpus.js';
import { testWith } from '../support/programs.js';

const WHAT = 'files that the program writes against fitsverify';
const judged = testWith(['fitsverify'], WHAT);
const judgedPacked = testWith(['fitsverify', 'fpack'], WHAT);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'platevault-fitsverify-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const limits = () => ({ maxExpandedBytes: 2 ** 30, maxExpansionRatio: 500, tempDir: folder });

/** A path in the folder where there is nothing yet. */
function place(name: string): string {
  const path = join(folder, name);
  rmSync(path, { force: true });
  return path;
}

/** What fitsverify complains of, errors and warnings, without the numbers of cards. */
function complaintsOf(path: string): string[] {
  const { stdout, stderr } = spawnSync('fitsverify', [path], { encoding: 'latin1' });
  expect(stdout).toMatch(/Verification found|Abort Verification/);
  return `${stdout}\n${stderr}`
    .split('\n')
    .filter((line) => /^\*{3} (?:Error|Warning)|Abort Verification/.test(line))
    .map((line) => line.replace(/#\d+/g, '#'));
}

const errorsOf = (path: string): string[] =>
  complaintsOf(path).filter((line) => !line.startsWith('*** Warning'));

/** Makes a product of a file as the workers do. */
async function make(path: string, request: ProductRequest): Promise<string> {
  const file = { path, limits: limits() };
  const plan = await planProduct({ ...file, request });
  const { bytes } = await makePieces({ ...file, pieces: plan.pieces });
  expect(bytes.length).toBe(plan.sizeBytes);
  const target = place('product.fits');
  writeFileSync(target, bytes);
  return target;
}

judged('what is wrong in a file is seen', () => {
  const path = place('spoiled.fits');
  writeFileSync(path, makeFits().subarray(0, 2881));
  expect(complaintsOf(path)).not.toEqual([]);
  const fits = makeFits();
  fits.write('lower', fits.indexOf('BZERO'));
  writeFileSync(path, fits);
  expect(errorsOf(path)).not.toEqual([]);
});

const SKY: readonly WriteCard[] = [
  ['DATE-OBS', '2026-03-01T20:00:00'],
  ['WCSAXES', 2],
  ['CTYPE1', 'RA---TAN'],
  ['CTYPE2', 'DEC--TAN'],
  ['CUNIT1', 'deg'],
  ['CUNIT2', 'deg'],
  ['CRVAL1', 150],
  ['CRVAL2', 2],
  ['CRPIX1', 60.5],
  ['CRPIX2', 40.5],
  ['CD1_1', -0.001],
  ['CD1_2', 0],
  ['CD2_1', 0],
  ['CD2_2', 0.001],
];
const TABLE: WriteHdu = {
  cards: [],
  table: { name: 'CAT', columns: [{ name: 'x', form: 'D', values: [1, 2.5, 3] }] },
};
const WIDTH = 120;
const HEIGHT = 80;

function floats(planes: number): Float32Array {
  const noise = makeNoise(5);
  return Float32Array.from({ length: WIDTH * HEIGHT * planes }, (_, i) =>
    i % 501 === 0 ? NaN : 100 + noise(),
  );
}

const size = { width: WIDTH, height: HEIGHT };
const cube = { axes: [WIDTH, HEIGHT, 3], bitpix: -32, pixels: floats(3) } as const;
const frames: readonly (readonly [what: string, fits: Uint8Array])[] = [
  ['a plain frame', makeFits({ ...size, cards: [['OBJECT', 'plain']] })],
  ['a frame with WCS', makeFits({ ...size, cards: SKY })],
  [
    'an image in an extension, with a table',
    makeFits({ ...size, cards: SKY, sci: true, extensions: [TABLE] }),
  ],
  ['a cube of floats with NaN', writeFits([{ cards: SKY, image: cube }])],
];

const box = (x: number, y: number, width: number, height: number): ProductRequest => ({
  kind: 'cutout',
  box: { kind: 'pixels', x, y, width, height },
});
const products: readonly (readonly [what: string, request: ProductRequest])[] = [
  ['unpacked', { kind: 'unpack' }],
  ['cut out', box(10, 20, 30, 16)],
  ['cut out over its edge', box(-5, 70, 300, 50)],
  ['cut out as one pixel', box(WIDTH - 1, HEIGHT - 1, 1, 1)],
];

describe.each(frames)('of %s', (_, fits) => {
  judged(
    'the packed file, and all that is made of it and of the plain one, is faultless',
    async () => {
      const [plain, packed] = [place('plain.fits'), place('packed.fits.fz')];
      writeFileSync(plain, fits);
      await packFits(plain, packed, limits());
      expect([complaintsOf(plain), complaintsOf(packed)]).toEqual([[], []]);
      for (const [what, request] of products) {
        for (const path of [plain, packed]) {
          const complaints = complaintsOf(await make(path, request));
          expect([what, path, complaints]).toEqual([what, path, []]);
        }
      }
    },
  );

  judgedPacked.each(['-r', '-g1', '-g2', '-h', '-r -t 37,20', '-r -q 4', '-h -q 8'])(
    'what fpack %s made of it is faultless once unpacked or cut out',
    async (flags) => {
      const [plain, packed] = [place('plain.fits'), place('fpack.fits.fz')];
      writeFileSync(plain, fits);
      execFileSync('fpack', [...flags.split(' '), '-O', packed, plain], { stdio: 'ignore' });
      const file = await openFits(packed);
      await file.close();
      expect(file.hdus.some(({ kind }) => kind === 'compressed-image')).toBe(true);
      for (const [what, request] of products) {
        const complaints = complaintsOf(await make(packed, request));
        expect([what, complaints]).toEqual([what, []]);
      }
    },
  );
});

judgedPacked('masks packed by PLIO are faultless once unpacked or cut out', async () => {
  const [plain, packed] = [place('plain.fits'), place('plio.fits.fz')];
  writeFileSync(plain, makeFits({ ...size, cards: SKY, pixel: (x, y) => (x + y) % 7 }));
  execFileSync('fpack', ['-p', '-O', packed, plain], { stdio: 'ignore' });
  for (const [, request] of products) expect(complaintsOf(await make(packed, request))).toEqual([]);
});

corpusTestEach(
  '%s unpacked, cut out and packed has no errors but its own',
  async (entry) => {
    const opened = await openEntry(entry);
    if ('code' in opened) {
      expect(entry.hdus ?? []).toEqual([]); // nothing can be made of a file that is none
      return;
    }
    await opened.close();
    const path = opened.container === 'plain' ? corpusPath(entry) : place('expanded.fits');
    if (opened.container !== 'plain') {
      await expandFile({ path: corpusPath(entry), limits: limits(), target: path });
    }
    const own = new Set(errorsOf(path));
    // Cards of a packed image are not those of an image to fitsverify, until it is unpacked.
    const packedCards = opened.hdus
      .filter(({ kind }) => kind === 'compressed-image')
      .flatMap(({ header }) => header.cards.map(({ keyword }) => keyword));
    const isOwn = (error: string): boolean => {
      const keyword = /^\*{3} Error: +Keyword #, ([A-Z0-9_-]+)/.exec(error)?.[1] ?? '';
      return own.has(error) || packedCards.includes(keyword);
    };
    const expectNoMore = async (
      what: string,
      refusals: readonly string[],
      made: () => Promise<string>,
    ): Promise<void> => {
      try {
        const errors = errorsOf(await made()).filter((error) => !isOwn(error));
        expect([what, errors]).toEqual([what, []]);
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === undefined || !refusals.includes(code)) throw error;
      }
    };
    const isDamaged = readGolden(entry).hdus.some((hdu) => hdu.data_error !== undefined);
    const damage = isDamaged ? ['fits_invalid', 'fits_truncated', 'too_large'] : [];
    await expectNoMore('unpacked', damage, () => make(path, { kind: 'unpack' }));
    // Not every file has an image, or one that can be packed so that it comes back as it was.
    const cut = box(-3, -2, 20, 9);
    await expectNoMore('cut out', ['bad_request', ...damage], () => make(path, cut));
    await expectNoMore('packed', ['fits_unsupported'], async () => {
      const target = place('packed.fits');
      await packFits(path, target, limits());
      return target;
    });
  },
  { it: judged },
);
